"""A site whose clock the test moves: the real web application and worker, in this process."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select

from bot.schedule import Verdict
from channels.base import Channel
from griot.assembly import close_all, make_app, make_work, open_channels
from griot.metrics import Measures
from griot.running import make_planner
from griot.settings import Settings
from griot.wake import announce
from griot.worker import Work, Worker
from models.base import Db, Json
from models.consent import record_consent
from models.db import Store, open_store, read, write
from models.occurrence import OCCURRENCE
from models.outbox import OUT
from models.person import add_person
from models.programme import ProgrammeShelf
from models.signin import new_sign_in
from models.timetable import upcoming
from scheduler.planner import Planner
from tests.console_stage import token_in
from tests.standin.phone import Phone
from tests.standin.server import StandIn
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN
from tests.standin.twilio_phone import TwilioPhone

BASE_URL = "https://griot.example.org"
TOKEN = "700100200:MOVED-token-of-nobody-0123456789abcdef"
SECRET = "moved-secret_0123456789abcdef0123456789"
AGREED = datetime(2026, 11, 21, tzinfo=UTC)


UNMEASURED = Measures(
    lambda channels: None,
    lambda seconds: None,
    lambda channel, outcome, seconds: None,
    lambda channel, status, seconds: None,
)
Someone = tuple[str, str | None, str, Mapping[str, str]]  # role, city, language, addresses


class Bell:
    """An ear that hears only the worker's own calls end."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self.ring, self.clear = self._event.set, self._event.clear

    def wait(self, seconds: float) -> None:
        """Return when rung, at the latest after so many seconds."""
        self._event.wait(seconds)

    def close(self) -> None:
        """Do nothing: there is nothing to give back."""


@dataclass
class Moved:
    """A site and its clock. `run` lets time pass, second by second where something is due."""

    settings: Settings
    store: Store
    provider: StandIn
    now: datetime
    client: FlaskClient | None = None
    channels: Mapping[str, Channel] = field(default_factory=dict)
    planners: list[Planner] = field(default_factory=list)
    works: list[Work] = field(default_factory=list)  # one a worker, as its planner
    programmes: ProgrammeShelf = field(default_factory=ProgrammeShelf)
    patience: float = 3.0  # seconds that a worker waits for what falls due soon, and after a fault

    def clock(self) -> datetime:
        """Return the time of the site."""
        return self.now

    def start(self, workers: int = 1) -> None:
        """Start so many workers anew, as after a restart; those before are gone without a word."""
        close_all(self.channels)
        self.channels = open_channels(self.settings)
        self.planners = [
            make_planner(self.settings, self.store, self.channels, self.clock) for _ in range(workers)
        ]
        self.works = [
            make_work(self.settings, self.store, self.channels, UNMEASURED, self.clock)
            for _ in range(workers)
        ]

    def run(self, until: datetime) -> None:
        """Let time pass until then, stopping wherever something leaves or may leave."""
        self.work()
        while (at := self._next(until)) is not None:
            self.now = at
            self.work()
        self.now = until
        self.work()

    def work(self) -> None:
        """Let every worker do what is due now."""
        for number in range(len(self.works)):
            self.work_as(number)

    def work_as(self, number: int) -> None:
        """Let one worker do what is due now."""
        worker = Worker(self.works[number], Bell())
        worker.once(partial(self._tick, self.planners[number]), self.patience)

    def answer(self) -> None:
        """Let a worker answer what people wrote, and send; the schedule is not looked at."""
        Worker(self.works[0], Bell()).once(longest_wait=self.patience)

    def _tick(self, planner: Planner) -> None:
        planner.tick(self.now)

    def upcoming(self, days: int = 14) -> list[Verdict]:
        """Return what `griot schedule` would show."""
        channels = self.settings.channels_on
        ceiling = self.settings.griot_unsolicited_per_week

        def look(db: Db) -> list[Verdict]:
            return upcoming(db, self.programmes.programme(db), channels, ceiling, self.now, days)

        return read(self.store, look)

    def sent(self, *kinds: str) -> list[Json]:
        """Return the messages of these kinds that left, in the order in which they were decided."""
        wanted = select(OUT).where(OUT.c.kind.in_(kinds)).order_by(OUT.c.id)
        return read(self.store, lambda db: list(db.connection().execute(wanted).mappings()))

    def occurrences(self) -> list[Json]:
        """Return every occurrence that was decided."""
        rows = select(OCCURRENCE).order_by(OCCURRENCE.c.decided_at, OCCURRENCE.c.key)
        return read(self.store, lambda db: list(db.connection().execute(rows).mappings()))

    def write(self, work: Any) -> Any:
        """Run a function of the models in a transaction."""
        return write(self.store, work)

    def telegram(self, user: int, language: str = "fr") -> Phone:
        """Return a phone with Telegram."""

        def post(body: bytes) -> tuple[int, bytes]:
            return self._post("/webhooks/telegram", body, {"X-Telegram-Bot-Api-Secret-Token": SECRET})

        return Phone(post, self.provider, user, language)

    def twilio(self, number: str, channel: str = "whatsapp") -> TwilioPhone:
        """Return a phone with WhatsApp or text messages."""
        return TwilioPhone(self._post, self.provider, number, BASE_URL, channel=channel)

    def browser(self, person: int) -> FlaskClient:
        """Return a browser in which this person is signed in; its requests need `base_url=BASE_URL`."""
        assert self.client is not None
        browser = self.client.application.test_client()
        path = self.write(lambda db: new_sign_in(db, person, self.now))
        token = token_in(browser.get(path, base_url=BASE_URL))
        headers = {"Origin": BASE_URL}
        answer = browser.post(path, data={"csrf_token": token}, headers=headers, base_url=BASE_URL)
        assert answer.status_code == 303
        return browser

    def deliver_statuses(self) -> None:
        """Let Twilio's statuses arrive."""
        callbacks, self.provider.twilio.callbacks = self.provider.twilio.callbacks, []
        for each in callbacks:
            status, _ = self._post(each.url.removeprefix(BASE_URL), each.body, each.headers)
            assert status == 204

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        assert self.client is not None
        answer = self.client.post(path, data=body, headers=dict(headers), base_url=BASE_URL)
        return answer.status_code, answer.data

    def _next(self, until: datetime) -> datetime | None:
        days = max(1, (until - self.now).days + 1)
        ahead = (each.occurrence.send_at for each in self.upcoming(days))
        return min((at for at in ahead if self.now < at <= until), default=None)


@contextmanager
def a_moved_site(folder: Path, database: str, at: datetime, **more: object) -> Iterator[Moved]:
    """Yield a site on this database, with every channel, at that time."""
    with StandIn(token=TOKEN) as provider:
        values: dict[str, object] = {
            "database_url": database,
            "griot_var": folder / "var",
            "secret_key": "moved-key-0123456789abcdef0123456789abcdef",
            "base_url": BASE_URL,
            "telegram_bot_token": TOKEN,
            "telegram_webhook_secret": SECRET,
            "telegram_api_url": provider.url,
            "twilio_account_sid": ACCOUNT_SID,
            "twilio_auth_token": AUTH_TOKEN,
            "twilio_whatsapp_from": "+10000000001",
            "twilio_sms_from": "+10000000001",
            "twilio_api_url": provider.url,
            "twilio_content_url": provider.url,
            "griot_telegram_chat_interval": 0,
            "griot_telegram_per_second": 0,
            "griot_sms_per_second": 0,
            "griot_whatsapp_per_second": 0,
            "griot_senders": 8,
            **more,
        }
        settings = Settings(_env_file=None, **values)  # type: ignore[call-arg, arg-type]
        store = open_store(database)
        site = Moved(settings, store, provider, at)
        provider.twilio.clock = lambda: site.now.timestamp()
        provider.telegram.webhook["url"] = f"{BASE_URL}/webhooks/telegram"
        app = make_app(settings, store, UNMEASURED, announce, lambda: None, clock=site.clock)
        site.client = app.test_client()
        site.start()
        try:
            yield site
        finally:
            close_all(site.channels)
            store.close()


def add_people(site: Moved, people: Sequence[Someone], at: datetime = AGREED) -> list[int]:
    """Add people who agreed at that time: role, city, language, addresses; return their ids."""

    def add(db: Db) -> Iterable[int]:
        for number, (role, city, language, addresses) in enumerate(people, start=1):
            person = add_person(
                db,
                name=f"Person {number} Demo",
                role=role,
                city=city,
                language=language,
                addresses=addresses,
                at=at,
            )
            record_consent(
                db,
                person,
                agreed=True,
                version="1",
                language=language,
                channel="paper",
                how="test",
                at=at,
            )
            yield person

    ids: list[int] = site.write(lambda db: list(add(db)))
    return ids


def minutes(n: float) -> timedelta:
    """Return so many minutes."""
    return timedelta(minutes=n)
