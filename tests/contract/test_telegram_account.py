"""The bot's account: webhook, commands, descriptions, health; and updates fetched in development."""

import json
import threading

import pytest

from channels.base import Envelope, Failure, Inbound, SendError
from channels.telegram import KINDS, Profile, Telegram
from channels.telegram_polling import Polling
from channels.telegram_updates import FETCHED, is_fetched
from tests.standin import Client, Fault, StandIn, Trouble

PROFILES = {
    "": Profile((("help", "What can be done here"),), "Reports by short messages.", "Short reports"),
    "fr": Profile((("help", "Ce que l'on peut faire ici"),), "Des rapports par messages.", "Rapports"),
}


@pytest.fixture
def account(provider: StandIn, telegram: Telegram) -> Telegram:
    """Return the channel of a bot without a webhook."""
    telegram.take_down()
    provider.telegram.updates.clear()
    return telegram


def test_setting_up_twice_is_setting_up(provider: StandIn, account: Telegram) -> None:
    """Webhook with secret and kinds, and each language's commands and descriptions, are registered."""
    for _ in range(2):
        account.set_up("https://griot.example.org/", PROFILES)
    assert provider.telegram.webhook["url"] == "https://griot.example.org/webhooks/telegram"
    assert provider.telegram.webhook["allowed_updates"] == list(KINDS)
    assert provider.telegram.secret.startswith("not-a-real-secret")
    assert json.loads(provider.telegram.profile["commands", "fr"]) == [
        {"command": "help", "description": "Ce que l'on peut faire ici"}
    ]
    assert provider.telegram.profile["description", ""] == "Reports by short messages."


@pytest.mark.parametrize(
    ("base_url", "commands"),
    [
        pytest.param("http://griot.example.org", (), id="not https"),
        pytest.param("https://griot.example.org", (("Help", "x"),), id="a capital in a command"),
    ],
)
def test_a_wrong_setting_up_says_why(
    account: Telegram, base_url: str, commands: tuple[tuple[str, str], ...]
) -> None:
    """Telegram's objection comes back in words."""
    with pytest.raises(SendError) as raised:
        account.set_up(base_url, {"": Profile(commands, "", "")})
    assert raised.value.failure is Failure.REJECTED
    assert raised.value.detail


def test_health_is_what_telegram_says(provider: StandIn, account: Telegram) -> None:
    """Pending updates and the last error are reported with its time."""
    fault = {"pending_update_count": 51, "last_error_date": 1795516860, "last_error_message": "Timeout"}
    provider.telegram.webhook |= fault
    health = account.health()
    assert (health.url, health.pending, health.last_error) == ("", 51, "Timeout")
    assert health.last_error_at is not None
    assert health.last_error_at.isoformat() == "2026-11-24T10:41:00+00:00"


def test_the_name_is_asked_once(provider: StandIn, account: Telegram) -> None:
    """Invitation links need the bot's name."""
    assert [account.username(), account.username()] == ["griot_demo_bot"] * 2
    assert len(provider.calls("getMe")) == 1


def tap(update_id: int) -> dict[str, object]:
    """Return the update of a tap."""
    amina = {"id": 500000001, "is_bot": False, "first_name": "Amina"}
    query = {"id": f"tap-{update_id}", "from": amina, "chat_instance": "-1", "data": "t:1"}
    return {"update_id": update_id, "callback_query": query}


def said(update_id: int, **content: object) -> dict[str, object]:
    """Return the update of a message."""
    amina = {"id": 500000001, "is_bot": False, "first_name": "Amina"}
    chat = {"id": 500000001, "type": "private"}
    message = {"message_id": 101, "from": amina, "chat": chat, "date": 1795516860, "text": "Olá"}
    return {"update_id": update_id, "message": message | content}


def test_fetched_updates_are_stored_then_confirmed(provider: StandIn, account: Telegram) -> None:
    """Each is kept, however odd, and says that it was fetched; a tap's spinner is ended by a call."""
    stored: list[tuple[bytes, Envelope]] = []
    polling = Polling(account, lambda body, envelope: stored.append((body, envelope)))
    updates = [tap(7), said(9), said(10, date="soon", later_invention={"is": [None]}), {"update_id": 11}]
    for update in updates:
        Client(provider.url).update(update)
    assert polling.once(0) == 4
    assert polling.once(0) == 0
    kept = [json.loads(body) for body, _ in stored]
    assert kept == [update | {FETCHED: True} for update in updates]
    assert [is_fetched(update) for update in (*updates, *kept)] == [False] * 4 + [True] * 4
    assert [envelope.provider_id for _, envelope in stored] == [f"700100200:{n}" for n in (7, 9, 10, 11)]
    assert [call.fields["callback_query_id"] for call in provider.calls("answerCallbackQuery")] == ["tap-7"]
    [heard] = account.parse(stored[1][0])
    assert isinstance(heard, Inbound)
    assert heard.heard.text == "Olá"


def test_an_answer_that_is_no_list_of_updates(provider: StandIn, account: Telegram) -> None:
    """Whatever is not Telegram's is an error of the provider's, not of ours."""
    Client(provider.url).update({"update_id": "seven"})
    with pytest.raises(SendError) as raised:
        account.calls.updates(0, 0, KINDS)
    assert raised.value.failure is Failure.UNKNOWN


def test_an_update_that_was_not_stored_comes_again(provider: StandIn, account: Telegram) -> None:
    """The offset moves only after the update is durable."""
    full = [True]

    def store(body: bytes, envelope: Envelope) -> None:
        if full.pop() if full else False:
            raise OSError("disk full")

    polling = Polling(account, store)
    Client(provider.url).update(tap(7))
    with pytest.raises(OSError, match="disk full"):
        polling.once(0)
    assert polling.once(0) == 1


@pytest.mark.parametrize(
    "failing", [pytest.param(0, id="the webhook's removal"), pytest.param(1, id="a call")]
)
def test_polling_goes_on_after_an_error(provider: StandIn, account: Telegram, failing: int) -> None:
    """Throttling is reported; once it is over the webhook is removed and updates arrive."""
    account.set_up("https://griot.example.org", {})
    stop, reported, stored = threading.Event(), list[Exception](), list[str]()

    def store(body: bytes, envelope: Envelope) -> None:
        stored.append(envelope.provider_id)
        if len(stored) > failing:
            stop.set()
        else:
            provider.trouble(trouble=Trouble(fault=Fault.THROTTLED, value=0, times=1))
            Client(provider.url).update(said(8))

    if not failing:
        provider.trouble(trouble=Trouble(fault=Fault.THROTTLED, value=0, times=1))
    Client(provider.url).update(said(7))
    Polling(account, store).run(stop, reported.append, pause=0.01)
    assert [error.failure for error in reported if isinstance(error, SendError)] == [Failure.THROTTLED]
    assert stored == ["700100200:7", "700100200:8"][: failing + 1]


def test_polling_goes_on_after_an_update_was_not_stored(provider: StandIn, account: Telegram) -> None:
    """Whatever the inbox raises is reported; the update, and the next one, come again."""
    stop, reported, stored = threading.Event(), list[Exception](), list[str]()

    def store(body: bytes, envelope: Envelope) -> None:
        if not reported:
            raise OSError("disk full")
        stored.append(envelope.provider_id)
        if len(stored) == 2:
            stop.set()

    for number in (7, 8):
        Client(provider.url).update(said(number))
    Polling(account, store).run(stop, reported.append, pause=0.01)
    assert [str(error) for error in reported] == ["disk full"]
    assert stored == ["700100200:7", "700100200:8"]


def test_a_spinner_that_does_not_end_holds_nothing_up(provider: StandIn, account: Telegram) -> None:
    """A tap that is durable is confirmed, also when the call that ends its spinner fails."""
    stop, reported, stored = threading.Event(), list[Exception](), list[str]()

    def store(body: bytes, envelope: Envelope) -> None:
        stored.append(envelope.provider_id)
        if len(stored) == 2:
            stop.set()
        else:
            provider.trouble(trouble=Trouble(fault=Fault.SERVER_ERROR, times=1))

    for update in (tap(7), said(8)):
        Client(provider.url).update(update)
    Polling(account, store).run(stop, reported.append, pause=0.01)
    assert len(reported) == 1
    assert stored == ["700100200:7", "700100200:8"]


def test_polling_beside_a_webhook_is_misconfigured(account: Telegram) -> None:
    """Telegram allows one of the two (409)."""
    account.set_up("https://griot.example.org", {})
    with pytest.raises(SendError) as raised:
        Polling(account, lambda body, envelope: None).once(0)
    assert (raised.value.failure, raised.value.code) == (Failure.MISCONFIGURED, "409")
