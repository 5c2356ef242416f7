"""Milestones of each city: the date in force, and what an officer decided about it."""

from datetime import date, datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.db import table_of


class CityMilestone(Base):
    """One milestone of one city."""

    __tablename__ = "milestone"

    city: Mapped[str] = mapped_column(ForeignKey("city.slug"), primary_key=True)
    milestone: Mapped[str] = mapped_column(primary_key=True)  # M05
    due: Mapped[date]  # in force: the programme's for this city, or the extended one
    since: Mapped[datetime]  # when the date in force was set: what fell due before is not sent
    extended_to: Mapped[date | None]  # decided by an officer; kept by `programme load`
    extended_reason: Mapped[str] = mapped_column(default="")
    waived_at: Mapped[datetime | None]
    waived_reason: Mapped[str] = mapped_column(default="")
    changed_at: Mapped[datetime]


MILESTONE = table_of(CityMilestone)
