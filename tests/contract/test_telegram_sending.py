"""What leaves for Telegram, and what a refusal or a silence means."""

import logging
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

import pytest

from bot.values import Message, Skip
from channels.base import NEVER_CALLED, Failure, Outgoing, SendError, always
from channels.telegram import Telegram
from tests.standin import Fault, StandIn, Trouble
from tests.standin.server import TOKEN

AMINA = "500000001"
QUESTION = Message("How is the plan?", ("On track", "Delayed", "Blocked"), token="q1.7")


def send(telegram: Telegram, message: Message, address: str = AMINA) -> str:
    """Send and return the provider's id."""
    return telegram.send(Outgoing(address, message))


def refusal(telegram: Telegram, message: Message = QUESTION, address: str = AMINA) -> SendError:
    """Return the error that sending ends in."""
    with pytest.raises(SendError) as raised:
        send(telegram, message, address)
    return raised.value


def test_many_calls_wait_in_one_thread(provider: StandIn, telegram: Telegram) -> None:
    """However many calls are begun at once, one thread waits for their answers."""
    provider.trouble(trouble=Trouble(delay=0.3))
    send(telegram, QUESTION)
    before = threading.active_count()
    calls = [telegram.begin(Outgoing(str(500000100 + n), QUESTION), always) for n in range(40)]
    assert threading.active_count() == before
    assert len({call.result(10) for call in calls}) == 40


def test_what_may_not_leave_any_more_is_not_called(provider: StandIn, telegram: Telegram) -> None:
    """A process that was frozen between claim and call finds its lease over: never sent."""
    with pytest.raises(SendError) as raised:
        telegram.begin(Outgoing(AMINA, QUESTION), lambda: False).result(10)
    assert (raised.value.failure, raised.value.detail) == (Failure.NOT_SENT, NEVER_CALLED)
    assert not provider.record.calls


def test_sending_imports_no_library() -> None:
    """The library is for commands: a worker would hold 8 MiB for nothing."""
    asked = "import sys, channels.telegram_calls; print('telegram' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


def test_options_are_in_the_text_and_on_buttons(provider: StandIn, telegram: Telegram) -> None:
    """A question carries its options one a line from 1, and a button each in the same order."""
    provider_id = send(telegram, QUESTION)
    [sent] = provider.messages(AMINA)
    assert sent.text == "How is the plan?\n1. On track\n2. Delayed\n3. Blocked"
    assert sent.buttons == (("On track", "q1.7:1"), ("Delayed", "q1.7:2"), ("Blocked", "q1.7:3"))
    assert provider_id == f"{AMINA}:{sent.message_id}"


@pytest.mark.parametrize(
    ("labels", "rows"),
    [
        pytest.param(("Yes", "No", "Later"), (2, 1), id="short labels: two a row"),
        pytest.param(("Yes", "The city council has not met"), (1, 1), id="a long label: one column"),
        pytest.param(("نعم", "لا"), (1, 1), id="Arabic: one column"),
        pytest.param((), (), id="no options: no keyboard"),
    ],
)
def test_rows_of_buttons(
    provider: StandIn, telegram: Telegram, labels: tuple[str, ...], rows: tuple[int, ...]
) -> None:
    """Buttons stand side by side only where their labels have room."""
    send(telegram, Message("Well?", labels, token="t"))
    assert provider.messages(AMINA)[0].rows == rows


def test_the_finish_is_a_last_button_that_is_no_option(provider: StandIn, telegram: Telegram) -> None:
    """Toggled options end with a button of their own row; the text does not number it."""
    send(telegram, Message("Which?", ("A", "B"), finish="Done", token="t"))
    [sent] = provider.messages(AMINA)
    assert sent.text == "Which?\n1. A\n2. B"
    assert (sent.buttons[-1], sent.rows) == (("Done", "t:3"), (2, 1))


def test_how_to_skip_is_said_by_a_button(provider: StandIn, telegram: Telegram) -> None:
    """The words of the text, which other channels show, are left out beside it."""
    message = Message("3/4 A photo? (- to skip)\nOf the site.", skip=Skip("Skip", "(- to skip)"), token="t")
    send(telegram, message)
    [sent] = provider.messages(AMINA)
    assert (sent.text, sent.buttons) == ("3/4 A photo?\nOf the site.", (("Skip", "t:1"),))


def test_marks_are_sent_as_written(provider: StandIn, telegram: Telegram) -> None:
    """The text is plain: what looks like markup is not interpreted, and links get no preview."""
    send(telegram, Message("1 < 2 & *so* _on_ https://example.org"))
    [call] = provider.calls("sendMessage")
    assert call.fields["text"] == "1 < 2 & *so* _on_ https://example.org"
    assert "parse_mode" not in call.fields
    assert call.fields["link_preview_options"] == '{"is_disabled":true}'


def test_more_options_than_buttons(provider: StandIn, telegram: Telegram) -> None:
    """Of 130 options all are in the text, 100 on buttons (Bot API: 100 buttons in all)."""
    send(telegram, Message("Which?", tuple(f"Choice {n}" for n in range(130)), token="t"))
    [sent] = provider.messages(AMINA)
    assert "130. Choice 129" in sent.text
    assert len(sent.buttons) == 100


def test_a_long_message_keeps_its_options_and_its_question(provider: StandIn, telegram: Telegram) -> None:
    """A read-back with an answer of 6,000 characters is taken, its other lines whole."""
    text = "1. Meeting: held\n2. News: " + "word " * 1200 + "\n3. People: 12\nSend these answers?"
    send(telegram, Message(text, ("Send", "Change", "Keep"), token="t"))
    [sent] = provider.messages(AMINA)
    lines = sent.text.split("\n")
    assert (lines[0], lines[2], lines[3]) == ("1. Meeting: held", "3. People: 12", "Send these answers?")
    assert lines[1].endswith("word…")
    assert lines[4:] == ["1. Send", "2. Change", "3. Keep"]


def test_a_toggled_question_changes_in_place(provider: StandIn, telegram: Telegram) -> None:
    """`replaces` edits the message; the same content once more is a success, not an error."""
    first = send(telegram, QUESTION)
    ticked = Message("How is the plan?", ("✓ On track", "Delayed"), token="q1.7", replaces=first)
    assert send(telegram, ticked) == first
    assert send(telegram, ticked) == first
    [shown] = provider.messages(AMINA)
    assert shown.buttons[0] == ("✓ On track", "q1.7:1")


@pytest.mark.parametrize("gone", ["500000001:1", "500000002:1001", "chat:7", ""])
def test_a_message_that_is_gone_is_sent_anew(provider: StandIn, telegram: Telegram, gone: str) -> None:
    """What cannot be edited (deleted, of another chat, of another channel) comes as a new message."""
    provider_id = send(telegram, Message("Hello", replaces=gone))
    assert provider_id == f"{AMINA}:{provider.messages(AMINA)[0].message_id}"


@pytest.mark.parametrize(
    ("fault", "failure", "code"),
    [
        ("throttled", Failure.THROTTLED, "429"),
        ("blocked", Failure.BLOCKED, "403"),
        ("deactivated", Failure.UNREACHABLE, "403"),
        ("not_started", Failure.UNREACHABLE, "403"),
        ("not_found", Failure.UNREACHABLE, "400"),
        ("refused", Failure.REJECTED, "400"),
        ("unauthorized", Failure.MISCONFIGURED, "401"),
        ("server_error", Failure.UNKNOWN, "500"),
        ("bad_gateway", Failure.UNKNOWN, "502"),
        ("unavailable", Failure.NOT_SENT, "503"),
        ("html", Failure.UNKNOWN, "200"),
        ("drop", Failure.UNKNOWN, ""),
        ("stall", Failure.UNKNOWN, ""),
    ],
)
def test_what_an_error_means(
    provider: StandIn, telegram: Telegram, fault: str, failure: Failure, code: str
) -> None:
    """Each answer or silence of the provider is one failure of the closed list, with the provider's code."""
    value = {"throttled": 7, "refused": 400}.get(fault, 0)
    provider.trouble(AMINA, Trouble(fault=Fault(fault), value=value, text="Bad Request: BUTTON_DATA_INVALID"))
    error = refusal(telegram)
    assert (error.failure, error.code) == (failure, code)
    assert error.detail
    assert error.retry_after == (7 if fault == "throttled" else None)
    assert len(provider.calls("sendMessage")) == 1, "no retry of its own"


def test_a_chat_that_moved(provider: StandIn, telegram: Telegram) -> None:
    """The new address comes with the error."""
    provider.trouble(AMINA, Trouble(fault=Fault.MIGRATED, value=-1002900000123))
    assert refusal(telegram).moved_to == "-1002900000123"


def test_a_message_taken_before_silence_is_unknown(provider: StandIn, telegram: Telegram) -> None:
    """A stall after the provider took the message leaves it shown once, and the outcome unknown."""
    provider.trouble(AMINA, Trouble(fault=Fault.STALL, accepts=True))
    assert refusal(telegram).failure is Failure.UNKNOWN
    assert len(provider.messages(AMINA)) == 1


def test_a_refused_connection_means_never_sent() -> None:
    """Nothing listens: the message did not leave and may be repeated."""
    with StandIn() as closed:
        url = closed.url
    telegram = Telegram(TOKEN, (), url, timeout=1.0)
    error = refusal(telegram)
    telegram.close()
    assert error.failure is Failure.NOT_SENT
    assert error.failure.may_retry


@pytest.mark.parametrize(
    ("message", "address", "failure"),
    [
        pytest.param(Message("  \n"), AMINA, Failure.REJECTED, id="empty"),
        pytest.param(Message("?", ("A",), token="t" * 63), AMINA, Failure.REJECTED, id="65 bytes of data"),
        pytest.param(Message("?"), "+33600000001", Failure.UNREACHABLE, id="a phone number"),
        pytest.param(Message("?"), "", Failure.UNREACHABLE, id="no address"),
    ],
)
def test_what_no_rule_lets_pass_is_not_sent(
    provider: StandIn, telegram: Telegram, message: Message, address: str, failure: Failure
) -> None:
    """The library checks no length: what Telegram would refuse is refused here, without a call."""
    assert refusal(telegram, message, address).failure is failure
    assert not provider.record.calls


def test_a_waiting_chat_delays_no_other(provider: StandIn, telegram: Telegram) -> None:
    """After a stall of one chat the others' messages still leave over kept connections."""
    provider.trouble(AMINA, Trouble(fault=Fault.STALL, times=1))
    refusal(telegram)
    assert send(telegram, QUESTION, "500000002").startswith("500000002:")


def test_closing_gives_up_calls_under_way(provider: StandIn) -> None:
    """A process that ends does not wait for a silent provider; the call's outcome is unknown."""
    telegram = Telegram(TOKEN, (), provider.url, timeout=60.0)
    provider.trouble(AMINA, Trouble(fault=Fault.STALL, accepts=True))
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(refusal, telegram)
        provider.wait(AMINA, 1)
        telegram.close()
        assert sending.result(5).failure is Failure.UNKNOWN


def test_the_token_is_in_no_error_and_no_log(
    provider: StandIn, telegram: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither at DEBUG nor in the text or the trace of an error (platforms: URLs hold the token)."""
    caplog.set_level(logging.DEBUG)
    shown = []
    for fault in ("unauthorized", "drop", "html", "server_error"):
        provider.trouble(AMINA, Trouble(fault=Fault(fault)))
        shown.append("".join(traceback.format_exception(refusal(telegram))))
    broken = Telegram(TOKEN, (), "http://127.0.0.1:99999", timeout=1.0)
    shown.append("".join(traceback.format_exception(refusal(broken))))
    broken.close()
    secret = TOKEN.partition(":")[2]
    assert secret not in "".join(shown)
    assert secret not in caplog.text
    assert "How is the plan?" not in caplog.text
