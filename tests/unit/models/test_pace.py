"""What a sender may write in a minute and a day."""

from datetime import UTC, datetime, timedelta

from models.base import Db
from models.inbox import finish, receive, take
from models.pace import DAY, MINUTE, Early, PaceLimits, too_early
from models.person import add_person

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


def handle(db: Db, count: int, at: datetime, limits: PaceLimits, channel_id: str = "1") -> list[Early]:
    """Let a sender write so many updates; return those that are too early."""
    early: list[Early] = []
    for number in range(count):
        receive(db, "telegram", f"{at.timestamp()}:{number}", f"telegram:{channel_id}", b"{}", at)
        rows = take(db, 10, at)
        early += too_early(db, rows, limits, at)
        finish(db, [row.id for row in rows], at)
    return early


def test_a_stranger_has_ten_a_minute(db: Db) -> None:
    """The eleventh waits for the next minute, and only the first that waits brings a notice."""
    early = handle(db, 12, AT, PaceLimits(60, 1000))
    assert [(one.until, one.is_first) for one in early] == [(AT + MINUTE, True), (AT + MINUTE, False)]
    assert handle(db, 10, AT + MINUTE, PaceLimits(60, 1000)) == []


def test_a_known_person_has_what_the_setting_says(db: Db) -> None:
    """Twenty a minute, then wait."""
    add_person(
        db, name="Demo", role="coordinator", language="en", city="bamako", addresses={"telegram": "1"}, at=AT
    )
    assert len(handle(db, 22, AT, PaceLimits(20, 1000))) == 2


def test_a_day_has_its_limit(db: Db) -> None:
    """Over the day's limit an update waits for the next day."""
    [early] = handle(db, 6, AT, PaceLimits(0, 5))
    assert early.until == AT + DAY


def test_no_limit(db: Db) -> None:
    """Two zeros count nothing."""
    assert handle(db, 40, AT, PaceLimits(0, 0)) == []


def test_a_clock_that_jumped_back_begins_anew(db: Db) -> None:
    """Nobody waits for a window that lies in a future that was undone."""
    handle(db, 12, AT, PaceLimits(60, 1000))
    assert handle(db, 5, AT - timedelta(hours=1), PaceLimits(60, 1000)) == []
