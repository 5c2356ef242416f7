"""Media: what people attached to their answers, fetched from the provider by the worker."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class MediaState(StrEnum):
    """Where an attachment stands."""

    WAITING = "waiting"  # to be fetched
    KEPT = "kept"  # stored under GRIOT_VAR
    REFUSED = "refused"  # too large, or of a type that is not taken
    LOST = "lost"  # the provider no longer has it


IS_WAITING = text("state = 'waiting'")


class Media(Base):
    """One attachment of one answer."""

    __tablename__ = "media"
    __table_args__ = (
        CheckConstraint("state in ('waiting', 'kept', 'refused', 'lost')", name="state"),
        Index("ix_media_due", "due_at", sqlite_where=IS_WAITING, postgresql_where=IS_WAITING),
        Index("ix_media_submission_id", "submission_id"),
        Index("ix_media_person_id", "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    question: Mapped[str]  # path, with the number of the repeat
    channel: Mapped[str]  # that knows how to fetch it
    ref: Mapped[str]  # the provider's: a Telegram file_id, a Twilio address
    kind: Mapped[str]  # image, audio, video, file: as it was sent
    name: Mapped[str] = mapped_column(default="")  # as the sender's phone called it
    state: Mapped[str] = mapped_column(default=MediaState.WAITING)
    content_type: Mapped[str] = mapped_column(default="")  # by content, not as the provider says
    size: Mapped[int | None]  # bytes as stored
    sha256: Mapped[str] = mapped_column(default="")
    path: Mapped[str] = mapped_column(default="")  # below GRIOT_VAR/media
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[str] = mapped_column(default="")
    error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
