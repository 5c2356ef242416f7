"""What Telegram says of the webhook is told; after a long outage last answers are asked for."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from channels.base import Failure, SendError
from channels.telegram import Registration
from griot.settings import data_folder
from griot.voices import voices
from models.db import read, write
from models.fault import faults
from models.outbox import OUT
from models.programme import ProgrammeShelf
from scheduler.jobs.telegram_watch import telegram_watch
from tests.moved import Moved, Someone, a_moved_site, add_people

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday
URL = "https://griot.example.org/webhooks/telegram"
MINUTES = timedelta(minutes=5)
HOUR = timedelta(hours=1)
CITIES = {"en": "kampala", "fr": "bamako", "pt": "matola", "ar": "nouakchott"}
WELL = Registration(URL, 0)


@dataclass
class Telegram:
    """What Telegram answers."""

    says: Registration | None = WELL
    asked: int = 0

    def __call__(self) -> Registration:
        self.asked += 1
        if self.says is None:
            raise SendError(Failure.UNKNOWN, "no answer in time")
        return self.says


@dataclass
class Stage:
    """A site, and the job with a Telegram of the test's own."""

    site: Moved
    telegram: Telegram = field(default_factory=Telegram)
    people: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        spoken = voices(data_folder("locales"))
        self.job = telegram_watch(self.telegram, URL, ProgrammeShelf(), spoken)

    def look(self, says: Registration | None, at: datetime) -> int:
        """Return how many people are asked, after one question to Telegram and its answer."""
        self.telegram.says = says
        write(self.site.store, lambda db: self.job.run(db, at))
        for asking in [one for one in threading.enumerate() if one.name == "watch"]:
            asking.join(10)
        return write(self.site.store, lambda db: self.job.run(db, at))

    def told(self) -> list[str]:
        """Return the names of what is to be mended."""
        return [one.name for one in read(self.site.store, faults)]


@pytest.fixture
def stage(tmp_path: Path, aston_database: str) -> Iterator[Stage]:
    """Yield a coordinator of each language with a report open, and one without."""
    with a_moved_site(tmp_path, aston_database, NOON) as site:
        people: list[Someone] = [
            ("coordinator", city, language, {"telegram": str(600_000_001 + number)})
            for number, (language, city) in enumerate(CITIES.items())
        ]
        people.append(("deputy", "bamako", "fr", {"telegram": "600000009"}))
        ids = add_people(site, people, NOON)
        for number in range(len(CITIES)):
            site.telegram(600_000_001 + number).say("report")
        site.work()
        yield Stage(site, people=ids)


def test_it_asks_every_five_minutes(stage: Stage) -> None:
    """And says nothing while all is well, or nobody answers."""
    stage.look(WELL, NOON)
    stage.look(WELL, NOON + MINUTES / 2)
    assert stage.telegram.asked == 1
    stage.look(None, NOON + MINUTES)
    assert (stage.telegram.asked, stage.told()) == (2, [])


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        pytest.param(Registration("", 0), "webhook:telegram:address", id="lost"),
        pytest.param(Registration("https://other.example", 0), "webhook:telegram:address", id="elsewhere"),
        pytest.param(Registration(URL, 51), "webhook:telegram:pending", id="many-wait"),
        pytest.param(Registration(URL, 3, "Connection refused", NOON), "webhook:telegram:error", id="error"),
    ],
)
def test_what_is_wrong_is_told_until_it_is_not(stage: Stage, says: Registration, fault: str) -> None:
    """Each cause by itself; an error of long ago is over."""
    stage.look(says, NOON + MINUTES)
    assert stage.told() == [fault]
    stage.look(Registration(URL, 0, "Connection refused", NOON), NOON + 3 * MINUTES)
    assert stage.told() == []


def test_after_a_day_last_answers_are_asked_for(stage: Stage) -> None:
    """Once each, in their language, of who has a report open and was not heard since; operators hear too."""
    stage.look(WELL, NOON + MINUTES)
    back = NOON + timedelta(hours=25)
    broken = Registration(URL, 60, "Connection refused", back - HOUR)
    assert stage.look(broken, back - HOUR) == 0
    assert stage.look(Registration(URL, 7), back - HOUR / 2) == 0  # what waits arrives first
    assert stage.look(WELL, back) == len(CITIES)
    assert stage.told() == ["lost:telegram"]
    again = select(OUT.c.person_id, OUT.c.text, OUT.c.kind).where(OUT.c.key.like("again:%"))
    rows = read(stage.site.store, lambda db: db.execute(again.order_by(OUT.c.person_id)).all())
    assert [row.person_id for row in rows] == stage.people[: len(CITIES)]
    words = ("last answer", "dernière", "última", "آخر")
    assert all(word in row.text for row, word in zip(rows, words, strict=True))
    assert stage.look(WELL, back + MINUTES) == 0
    assert len(read(stage.site.store, lambda db: db.execute(again).all())) == len(CITIES)


@pytest.mark.parametrize("hours", [23, 24])
def test_a_shorter_outage_loses_nothing(stage: Stage, hours: int) -> None:
    """Telegram delivers again for a day."""
    stage.look(WELL, NOON)
    assert stage.look(WELL, NOON + timedelta(hours=hours)) == 0
    assert stage.told() == []
