"""No line that a process writes holds what people wrote, who they are, a token, a code or a link."""

import json
import logging
import re
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from griot.backup.taking import take_backup
from griot.logs import set_up_logging
from griot.sentry import report_faults
from griot.variables import secret_values
from models.audit import rows_in
from models.base import Db
from models.consent import record_consent
from models.db import open_store, write
from models.invite import invite
from models.media_files import MediaFiles
from models.person import add_person
from models.signin import new_sign_in
from tests.console_stage import token_in
from tests.databases import Databases
from tests.moved import AGREED, BASE_URL, Moved, a_moved_site
from tests.site import SECRET as SITE_SECRET
from tests.site import SECRET_KEY, a_site, set_up
from tests.site import TOKEN as SITE_TOKEN
from tests.standin import Fault, Trouble
from tests.standin.phone import Phone, webhook
from tests.standin.sentry import Sentry
from tests.standin.server import StandIn
from tests.unit.channels.test_arriving import a_photo

MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 27, 9, tzinfo=UTC)
CANARY = "canary"  # within every name, text, token and password
DIGITS = "9876543"  # within every number
AWA, BIA, CAL, OFFICER = 98_765_431, f"+22{DIGITS}2", f"+22{DIGITS}3", 98_765_434
REPORT = ("report", "1", "1", "A canary meeting", "2", "1", "-", "Call the canary", "1")
BREAKING = "CREATE TRIGGER canary BEFORE INSERT ON answer BEGIN SELECT RAISE(ABORT, 'canary in words'); END"
POISON = text("UPDATE inbox SET body = :body WHERE state = 'open'")


@contextmanager
def logged(secrets: frozenset[str]) -> Iterator[None]:
    """Log as a process does in the block, whatever pytest has set up."""
    root = logging.getLogger()
    before = root.handlers[:], root.level, logging.raiseExceptions
    hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
    set_up_logging("json", secrets)
    yield
    logging.captureWarnings(False)
    root.handlers[:], root.level, logging.raiseExceptions = before
    sys.excepthook, threading.excepthook, sys.unraisablehook = hooks


@pytest.fixture
def site(tmp_path: Path, sqlite_databases: Databases) -> Iterator[Moved]:
    """Yield a site with every channel, and a page that raises."""
    address = sqlite_databases.copy_of("site", set_up)
    more = {
        "smtp_url": "smtp://griot:canary-password@127.0.0.1:9",
        "mail_from": "griot@canary.example.org",
        "metrics_token": "canary-token-of-metrics-0123456789",
        "griot_backup_key": "canary-key-of-backups-0123456789abcdef",
    }
    with a_moved_site(tmp_path, address, MONDAY, **more) as found:
        assert found.client is not None
        found.client.application.add_url_rule("/broken/<token>", "broken", breaks)
        yield found
    sqlite_databases.drop(address)


def breaks(token: str) -> str:
    """Raise, as a page of ours might."""
    raise LookupError(token)


def add(site: Moved, role: str, city: str | None, addresses: dict[str, str], *, agreed: bool = True) -> int:
    """Add somebody; return their id."""

    def adding(db: Db) -> int:
        id = add_person(
            db,
            name=f"Zuwena Canary {role}",
            role=role,
            city=city,
            language="en",
            addresses=addresses,
            at=AGREED,
        )
        if agreed:
            how = {"version": "1", "language": "en", "channel": "paper", "how": "test", "at": AGREED}
            record_consent(db, id, agreed=True, **how)
        return id

    id: int = site.write(adding)
    return id


def say(site: Moved, phone: object, *texts: str) -> None:
    """Write one text after another."""
    for each in texts:
        phone.say(each)  # type: ignore[attr-defined]  # a phone of any channel
        site.now += timedelta(minutes=1)
        site.answer()
    site.work()


def join(site: Moved) -> tuple[Phone, str]:
    """Let Awa join with a code, after a wrong one, and agree; return her phone and the code."""
    id = add(site, "coordinator", "bamako", {}, agreed=False)
    code: str = site.write(lambda db: invite(db, id, site.now))
    phone = site.telegram(AWA, "en")
    say(site, phone, "/start CANARY-CODE", f"/start {code}", "1")
    return phone, code


def report(site: Moved, phone: Phone) -> None:
    """Report, change an answer, and send a photo that cannot be fetched, then one that can."""
    say(site, phone, *REPORT)
    phone.edit(phone.say("a canary that is edited"), "an edited canary")
    site.provider.attach("canary-photo", a_photo())
    for ref in ("canary-missing", "canary-photo"):
        phone.send(photo=[{"file_id": ref, "file_unique_id": ref, "width": 9, "height": 9}], caption=CANARY)
        site.work()
    phone.send(document={"file_id": "canary-photo", "file_unique_id": "d", "file_name": "canary.exe"})
    site.work()


def meet_faults(site: Moved, phone: Phone) -> None:
    """Let the provider refuse with the person's words, a turn raise, and an update be poison."""
    words = f"Bad Request: can't parse the canary of {AWA} at /bot{site.settings.telegram_bot_token}"
    for trouble in (
        Trouble(fault=Fault.REFUSED, value=400, text=words, times=1),
        Trouble(fault=Fault.UNAUTHORIZED, times=1),
    ):
        site.provider.trouble(AWA, trouble)
        say(site, phone, "help")
        site.now += timedelta(minutes=10)
        site.work()
    site.write(lambda db: db.execute(text(BREAKING)))
    say(site, phone, "need", "1", "a canary that cannot be stored", "another canary")
    site.write(lambda db: db.execute(text("DROP TRIGGER canary")))
    phone.say("a canary that is poison")
    site.write(lambda db: db.execute(POISON, {"body": b"\x02canary"}))
    site.now += timedelta(minutes=1)
    site.work()


def knock(site: Moved) -> None:
    """Let strangers knock: with wrong signatures, wrong links, and where a page raises."""
    assert site.client is not None
    post = site.client.post
    update = {"update_id": 7, "message": {"text": "canary", "from": {"id": AWA}}}
    for secret in ("canary", "\udcff"):
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret}
        assert post("/webhooks/telegram", json=update, headers=headers).status_code == 403
    form = {"MessageSid": "SM1", "From": f"whatsapp:{BIA}", "Body": "canary"}
    headers = {"X-Twilio-Signature": "canary"}
    assert post("/webhooks/twilio", data=form, headers=headers).status_code == 403
    for path, status in (
        ("/sign-in/canary-token", 410),
        ("/cities/canary", 303),
        ("/broken/canary-token?who=canary", 500),
    ):
        assert site.client.get(path, base_url=BASE_URL).status_code == status, path


def mend(site: Moved, browser: FlaskClient) -> None:
    """Let an officer do what the page "To look at" offers: the poison is handled once more."""
    page = browser.get("/attention", base_url=BASE_URL)
    offered = re.findall(r'action="(/attention/[^"]+)"', page.text)
    assert offered
    for path in offered:
        said = {"data": {"csrf_token": token_in(page)}, "headers": {"Origin": BASE_URL}}
        assert browser.post(path, base_url=BASE_URL, **said).status_code == 303
    site.now += timedelta(minutes=1)
    site.work()


def on_twilio(site: Moved, channel: str, number: str) -> None:
    """Report on a channel of Twilio's that refuses with the number, and stop there."""
    phone = site.twilio(number, channel)
    say(site, phone, *REPORT[:4])
    for status in (400, 500):
        words = f"The 'To' number {number} is not a valid canary"
        site.provider.trouble(number, Trouble(fault=Fault.REFUSED, value=status, text=words, times=1))
        say(site, phone, "help")
        site.now += timedelta(minutes=10)
        site.work()
    say(site, phone, "STOP")
    site.deliver_statuses()


def test_a_whole_life_leaves_no_word(site: Moved, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Join, consent, report, edit, photo, faults, strangers, console, digest, WhatsApp, SMS, STOP, backup."""
    officer = add(site, "officer", None, {"telegram": str(OFFICER)})
    add(site, "coordinator", "kampala", {"whatsapp": BIA})
    add(site, "coordinator", "kumasi", {"sms": CAL})
    with logged(secret_values(site.settings)), Sentry() as sentry:
        report_faults(sentry.dsn, secret_values(site.settings))
        phone, code = join(site)
        report(site, phone)
        meet_faults(site, phone)
        knock(site)
        link: str = site.write(lambda db: new_sign_in(db, officer, site.now))
        browser = site.browser(officer)
        for path in ("/", "/cities/bamako", "/attention"):
            assert browser.get(path, base_url=BASE_URL).status_code == 200
        mend(site, browser)
        on_twilio(site, "whatsapp", BIA)
        on_twilio(site, "sms", CAL)
        add(site, "officer", None, {"email": "officer@canary.example.org"})
        site.run(FRIDAY)
        say(site, phone, "STOP")
        take_backup(site.store, MediaFiles(site.settings.griot_var), tmp_path / "b", "k" * 32, site.now)
        _end_of(sentry)
    rows = list(rows_in(site.store))
    assert {"session.begun", "reply.replayed"} <= {row.what for row in rows}
    recorded = "\n".join(f"{row.who} {row.what} {row.subject} {row.details}" for row in rows)
    out, err = capfd.readouterr()
    lines = [json.loads(line) for line in err.splitlines()]
    events = {line["event"] for line in lines}
    assert {"a turn raised", "a message failed", "a request raised", "a channel is left alone"} <= events
    assert all({"time", "level", "event"} <= set(line) for line in lines)
    reported = b"\n".join(sentry.taken).decode()
    assert '"a turn raised"' in reported
    _assert_silent(
        out + err + reported + recorded, (code, link.rpartition("/")[2], *secret_values(site.settings))
    )


def _end_of(sentry: Sentry) -> None:
    """Wait until all is reported, and report no more."""
    import sentry_sdk

    sentry_sdk.flush(5)
    sentry_sdk.get_global_scope().set_client(None)


def _assert_silent(written: str, hidden: tuple[str, ...]) -> None:
    for canary in (CANARY, DIGITS, "Zuwena", "97 65", *hidden):
        at = written.lower().find(canary.lower())
        assert at < 0, written[max(0, at - 300) : at + 100]


def test_the_processes_write_no_word(
    tmp_path: Path, sqlite_databases: Databases, capfd: pytest.CaptureFixture[str]
) -> None:
    """Web, worker and a command, with requests that gunicorn itself refuses, and a table that is gone."""
    address = sqlite_databases.copy_of("site", set_up)
    with StandIn(token=SITE_TOKEN) as provider:
        people = [("kampala", "en")]
        with a_site(tmp_path, provider.url, people, address, LOG_FORMAT="json") as site:
            phone = Phone(webhook(site.url, SITE_SECRET), provider, 500_000_000, name="Zuwena Canary")
            phone.say("report")
            phone.wait_for_reply(20)
            for request in (
                b"GET /sign-in/canary-token HTTP/9.9\r\n\r\n",
                b"GET /sign-in/canary\r\nHost: canary\r\n\r\n",
                b"POST /webhooks/telegram HTTP/1.1\r\nHost: x\r\nBad canary: 1\r\n\r\n",
                b"GET /" + b"canary" * 2_000 + b" HTTP/1.1\r\n\r\n",
            ):
                _send(site.url, request)
            _break(address)
            phone.say("a canary without a table")
            _send(site.url, b"GET /sign-in/canary-token HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
            written = _until(capfd, lambda written: '"a round failed"' in written)
    sqlite_databases.drop(address)
    out, err = capfd.readouterr()
    files = b"".join(file.read_bytes() for file in (tmp_path / "var").rglob("*") if file.is_file())
    _assert_silent(written + out + err + files.decode("latin-1"), (SITE_TOKEN, SITE_SECRET, SECRET_KEY))
    for line in (written + err).splitlines():
        assert {"time", "level", "event"} <= set(json.loads(line))


def _send(url: str, request: bytes) -> None:
    """Send bytes, and read what comes."""
    host, _, port = url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65_536)


def _break(address: str) -> None:
    store = open_store(address)
    write(store, lambda db: db.execute(text("ALTER TABLE chat RENAME TO canary")))
    store.close()


def _until(capfd: pytest.CaptureFixture[str], is_there: Callable[[str], bool]) -> str:
    """Return what was written until now, once it holds what is awaited, at the latest after ten seconds."""
    written, waiting = "", threading.Event()
    for _ in range(200):
        written += "".join(capfd.readouterr())
        if is_there(written):
            return written
        waiting.wait(0.05)
    raise AssertionError(written)
