"""WhatsApp templates: what the provider made of each Content of the programme."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.db import table_of


class Template(Base):
    """One Content at the provider, named `griot_<kind>_<language>_v<version>`."""

    __tablename__ = "template"

    name: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    language: Mapped[str]
    version: Mapped[int]
    content_sid: Mapped[str]
    status: Mapped[str]  # unsubmitted, received, pending, approved, rejected, paused, disabled
    reason: Mapped[str] = mapped_column(default="")  # of a rejection, in the provider's words
    checked_at: Mapped[datetime]


TEMPLATE = table_of(Template)
