"""What the commands say of Twilio, against the stand-in provider; and what the web process leaves alone."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from griot.settings import load_settings
from tests.databases import Databases
from tests.standin import StandIn
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN
from tests.unit.griot.conftest import Griot

ENVIRONMENT = {
    "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
    "TWILIO_AUTH_TOKEN": f"{AUTH_TOKEN}, the-next-token",
    "TWILIO_WHATSAPP_FROM": "+10000000001",
    "BASE_URL": "https://griot.example.org",
    "SECRET_KEY": "key-of-nobody-0123456789abcdef0123456789",
}
WEBHOOK = "https://griot.example.org/webhooks/twilio"


@pytest.fixture(scope="module")
def provider() -> Iterator[StandIn]:
    """Return the module's stand-in."""
    with StandIn() as found:
        yield found


@pytest.fixture
def griot(
    sqlite_databases: Databases, provider: StandIn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Griot:
    """Return the command line with WhatsApp on."""
    monkeypatch.chdir(tmp_path)
    database = sqlite_databases.empty()
    values = {**ENVIRONMENT, "TWILIO_API_URL": provider.url, "TWILIO_CONTENT_URL": provider.url}
    for name, value in {**values, "DATABASE_URL": database}.items():
        monkeypatch.setenv(name, value)
    found = Griot(database)
    found("migrate")
    return found


def told(griot: Griot, what: str) -> list[str]:
    """Return the problems or notes of the doctor."""
    return [each["what"] for each in griot.parsed(griot("doctor", "--json"))[what]]


def test_the_doctor_tries_the_credentials(griot: Griot, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused token is a problem; where messages must be sent, and a channel that is off, are notes."""
    assert not [each for each in told(griot, "problems") if "Twilio" in each]
    notes = told(griot, "notes")
    assert f"Incoming messages must be sent to {WEBHOOK}." in notes
    assert "SMS are off." in notes
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "wrong")
    assert "Twilio refuses: Authenticate." in told(griot, "problems")


def test_webhooks_set_says_what_to_set_at_twilio(griot: Griot) -> None:
    """Without Telegram there is nothing to register; the address is shown."""
    assert WEBHOOK in griot("webhooks", "set").output


@pytest.mark.parametrize(
    ("senders", "whatsapp", "sms"),
    [
        pytest.param({"TWILIO_WHATSAPP_FROM": "+10000000001"}, True, False, id="WhatsApp"),
        pytest.param({"TWILIO_SMS_FROM": "+10000000002"}, False, True, id="SMS"),
        pytest.param({"TWILIO_MESSAGING_SERVICE_SID": "MG0"}, True, True, id="a service for both"),
        pytest.param({}, False, False, id="neither"),
    ],
)
def test_a_channel_is_on_with_its_sender(
    monkeypatch: pytest.MonkeyPatch, senders: dict[str, str], whatsapp: bool, sms: bool
) -> None:
    """SID, token, BASE_URL and a sender or a service; two tokens while rotating."""
    monkeypatch.setenv("SECRET_KEY", "key-of-nobody-0123456789abcdef0123456789")
    given = {**ENVIRONMENT, "TWILIO_WHATSAPP_FROM": "", **senders} if senders else {}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = load_settings()
    assert (settings.has_whatsapp, settings.has_sms) == (whatsapp, sms)
    assert settings.twilio_tokens == ((AUTH_TOKEN, "the-next-token") if senders else ())


LEAVES_ALONE = """
import sys
from channels.base import SignatureError
from channels.twilio import Account, sms
channel = sms(Account("AC0", ("token",), ""), "+10000000002")
try:
    channel.verify("https://griot.example.org/x", {"X-Twilio-Signature": "x"}, b"MessageSid=SM0")
except SignatureError:
    channel.envelope(b"MessageSid=SM0")
import griot.assembly, griot.app, webhooks.routes
assert "twilio.request_validator" in sys.modules
assert not {"twilio.rest", "requests", "aiohttp"} & set(sys.modules), sorted(sys.modules)
"""


def test_the_web_process_does_not_import_the_client() -> None:
    """Verifying and keeping a webhook needs twilio's validator only."""
    subprocess.run([sys.executable, "-c", LEAVES_ALONE], check=True, cwd=Path(__file__).parents[3])


CALLS = """
import sys
import griot.running, channels.twilio_calls, channels.twilio_contents
assert not {"twilio.rest", "requests", "rapidfuzz", "re2", "regex"} & set(sys.modules), sorted(sys.modules)
"""


def test_a_worker_begins_without_what_few_need() -> None:
    """Twilio's client, 13 MiB, is never needed; the others, 6, wait for a form or a typing error."""
    subprocess.run([sys.executable, "-c", CALLS], check=True, cwd=Path(__file__).parents[3])
