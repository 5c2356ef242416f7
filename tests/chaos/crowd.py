"""People on three channels who each write two reports, message after message, whatever happens."""

import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from tests.chaos.doors import Doors
from tests.site import add_coordinators
from tests.standin.phone import Phone
from tests.standin.server import StandIn
from tests.standin.twilio_phone import TwilioPhone

CHANNELS = ("telegram", "whatsapp", "sms")
CITIES = (
    "bamako",
    "benguerir",
    "bizerte",
    "kampala",
    "kigali",
    "kumasi",
    "lagos",
    "matola",
    "niamey",
    "nouakchott",
    "seme-podji",
)
KINDS = ("call", "tool", "training", "guidance", "expert", "peer", "other")
URGENCIES = ("week", "month", "later")
YES_NO = ("yes", "no")
SHARES = ("network", "secretariat", "public")
AT_ONCE = 24  # people who write at the same time
RESTING = 0.1  # of the messages are followed by a rest: a send that was lost is repeated meanwhile
RESTS = (2.0, 6.0)  # seconds
FIRST_USER = 520_000_000


@dataclass(frozen=True, slots=True)
class Writer:
    """One person, what they will write, and what must come of it."""

    number: int

    @property
    def channel(self) -> str:
        """Return the channel they write on."""
        return CHANNELS[self.number % len(CHANNELS)]

    @property
    def address(self) -> str:
        """Return their address there."""
        return str(FIRST_USER + self.number) if self.channel == "telegram" else f"+1999{self.number:07d}"

    @property
    def reports(self) -> Mapping[str, Mapping[str, str | None]]:
        """Return the answers of each of their reports, by form."""
        n = self.number
        need = {
            "kind": KINDS[n % 7],
            "topic": f"topic {n}",
            "urgency": URGENCIES[n % 3],
            "tried": f"tried {n}",
            "peers_ok": YES_NO[n % 2],
        }
        practice = {name: f"{name} {n}" for name in ("title", "problem", "what", "result", "advice")}
        return {
            "need_request": need,
            "good_practice": {**practice, "photo": None, "share": SHARES[n // 3 % 3]},
        }

    @property
    def words(self) -> list[str]:
        """Return what they type: both reports, each answer, each read back and sent."""
        n = self.number
        need = [f"{n % 7 + 1}", f"topic {n}", f"{n % 3 + 1}", f"tried {n}", f"{n % 2 + 1}"]
        practice = [f"{name} {n}" for name in ("title", "problem", "what", "result", "advice")]
        share = f"{n // 3 % 3 + 1}"
        return ["report need_request", *need, "1", "report good_practice", *practice, "-", share, "1"]


WORDS = len(Writer(0).words)


class Crowd:
    """So many people; they keep step with what `allows` of their messages."""

    def __init__(self, people: int, doors: Doors, provider: StandIn, base_url: str) -> None:
        self.writers = [Writer(number) for number in range(people)]
        self.active: set[str] = set()  # addresses at the provider of who is writing
        self.written = 0
        self._doors = doors
        self._provider = provider
        self._base_url = base_url
        self._guard = threading.Lock()
        self._over = threading.Event()

    def join(self, database: str) -> None:
        """Add everybody, agreed."""
        for channel in CHANNELS:
            those = [one for one in self.writers if one.channel == channel]
            people = [(CITIES[one.number % len(CITIES)], "en") for one in those]
            add_coordinators(database, people, [one.address for one in those], channel)

    def write(self, pause: float, allows: Callable[[int], bool]) -> None:
        """Let everybody write, with pauses of about so many seconds; return when all was accepted."""
        pool = ThreadPoolExecutor(AT_ONCE)
        try:
            list(pool.map(lambda one: self._write(one, pause, allows), self.writers))
        finally:
            self._over.set()  # also where the run is told to end amid the writing
            pool.shutdown(cancel_futures=True)

    def _write(self, writer: Writer, pause: float, allows: Callable[[int], bool]) -> None:
        say = self.phone(writer)
        whom = f"whatsapp:{writer.address}" if writer.channel == "whatsapp" else writer.address
        chance = random.Random(writer.number)
        self.active.add(whom)
        for text in writer.words:
            while not (self._over.is_set() or allows(self.written)):
                time.sleep(0.05)
            if self._over.is_set():
                return
            say(text)
            with self._guard:
                self.written += 1
            time.sleep(chance.uniform(*RESTS) if chance.random() < RESTING else chance.uniform(0, 2 * pause))
        self.active.discard(whom)

    def phone(self, writer: Writer) -> Callable[[str], object]:
        """Return the way this person says something."""
        if writer.channel == "telegram":
            return Phone(self._doors.telegram, self._provider, int(writer.address)).say
        phone = TwilioPhone(
            self._doors.twilio, self._provider, writer.address, self._base_url, channel=writer.channel
        )
        return phone.say
