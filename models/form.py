"""Published form versions; immutable."""

from datetime import datetime

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class FormVersion(Base):
    """One version of a form: the file as it was given."""

    __tablename__ = "form_version"
    __table_args__ = (UniqueConstraint("name", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]  # the form_id folded to [a-z0-9_]
    version: Mapped[str]
    title: Mapped[str]
    file_name: Mapped[str]
    file: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[str]  # SHA-256 of the file
    is_current: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
