"""Cities of the programme, and what an officer decided for one of them."""

from datetime import date

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Json


class City(Base):
    """One city; `facts` is its entry in the programme's cities.yaml."""

    __tablename__ = "city"

    slug: Mapped[str] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    position: Mapped[int]
    timezone: Mapped[str]
    facts: Mapped[dict[str, Json]]
    is_closed: Mapped[bool] = mapped_column(default=False)  # no longer in the programme's data
    paused_until: Mapped[date | None]  # decided by an officer; kept by `programme load`
    paused_reason: Mapped[str] = mapped_column(default="")
    excused_until: Mapped[date | None]
    excused_reason: Mapped[str] = mapped_column(default="")
