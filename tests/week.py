"""A week of the schedule without a database: a world that changes, and a worker that acts on its plan."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache

from bot.ladder import Reached
from bot.planning import plan
from bot.programme import Programme, open_programme
from bot.schedule import Addressee, Deadline, Decided, Verdict, World
from tests.programmes import ASTON, files_of

LONG_AGO = datetime(2026, 9, 1, tzinfo=UTC)


@cache
def aston() -> Programme:
    """Return the default programme."""
    return open_programme(files_of(ASTON))


def a_person(id: int, city: str | None = "niamey", role: str = "coordinator", **other: object) -> Addressee:
    """Return somebody who agreed long ago and can be reached on Telegram."""
    known: dict[str, object] = {
        "language": "fr",
        "state": "active",
        "created_at": LONG_AGO,
        "agreed_at": LONG_AGO,
        "addresses": (Reached("telegram", str(40_000_000 + id), True, None),),
    }
    return Addressee(id=id, role=role, city=city, **{**known, **other})  # type: ignore[arg-type]


def a_world(people: Iterable[Addressee], programme: Programme | None = None, **other: object) -> World:
    """Return a world in which nothing was sent or handed in; milestones are as the programme has them."""
    programme = programme or aston()
    known: dict[str, object] = {
        "deadlines": deadlines_of(programme),
        "channels": ("telegram", "whatsapp", "sms", "email"),
        "ceiling": 3,
    }
    return World(programme, tuple(people), **{**known, **other})  # type: ignore[arg-type]


def deadlines_of(programme: Programme) -> dict[tuple[str, str], Deadline]:
    """Return every milestone of every city, open and known long ago."""
    return {
        (slug, milestone.id): Deadline(programme.due(milestone, city), LONG_AGO)
        for slug, city in programme.cities.items()
        for milestone in programme.milestones.values()
    }


@dataclass
class Simulation:
    """What a worker does between two moments: it wakes whenever its plan says that something leaves."""

    world: World
    now: datetime
    sent: list[tuple[datetime, Verdict]] = field(default_factory=list)

    def run(self, until: datetime) -> list[Verdict]:
        """Work until that moment, included; return what was sent meanwhile, each at its time."""
        before = len(self.sent)
        self._act()
        while (at := self._next(until)) is not None:
            self.now = at
            self._act()
        self.now = until
        self._act()
        return [verdict for _, verdict in self.sent[before:]]

    def sleep(self, until: datetime) -> None:
        """Do nothing until that moment."""
        self.now = until

    def change(self, **values: object) -> None:
        """Let something happen in the world."""
        self.world = replace(self.world, **values)  # type: ignore[arg-type]

    def _next(self, until: datetime) -> datetime | None:
        ahead = plan(self.world, self.now, until)
        times = (each.occurrence.send_at for each in ahead if each.occurrence.send_at > self.now)
        return min((at for at in times if at <= until), default=None)

    def _act(self) -> None:
        for verdict in plan(self.world, self.now, self.now):
            occurrence = verdict.occurrence
            if occurrence.send_at > self.now or verdict.waits:
                continue
            if verdict.leaves:
                self.sent.append((self.now, verdict))
            told = Decided(occurrence.kind, occurrence.person, self.now, is_sent=verdict.leaves)
            self.world = replace(self.world, decided={**self.world.decided, occurrence.key: told})


def days(n: float) -> timedelta:
    """Return so many days."""
    return timedelta(days=n)
