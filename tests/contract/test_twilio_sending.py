"""What leaves for Twilio, and what a refusal or a silence means."""

import json
import logging
import time
import traceback
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.tapping import tapped_kind
from bot.templates import tapped_texts
from bot.values import Message, Opening, Skip
from channels.base import NEVER_CALLED, Failure, Inbound, Outgoing, SendError, always
from channels.fitting import written
from channels.twilio import Account, Twilio, content_variables, sms, whatsapp
from channels.twilio_contents import Contents
from channels.twilio_webhooks import is_fetched
from tests.standin import Fault, StandIn, Trouble
from tests.standin.twilio import ACCOUNT_SID, AUTH_TOKEN, EVERYBODY, Status

AMINA = "+22370000001"
ON_WHATSAPP = f"whatsapp:{AMINA}"
QUESTION = Message("How is the plan?", ("On track", "Delayed", "Blocked"), token="q1.7")
SERVICE = "MG" + "0" * 32
TEMPLATE = "HX" + "0" * 32


@pytest.fixture
def account(provider: StandIn) -> Account:
    """Return the account, at the stand-in, with a short deadline."""
    url = provider.url
    return Account(ACCOUNT_SID, (AUTH_TOKEN, "old"), "https://griot.example.org/", "", url, url, 1.0)


@pytest.fixture
def on_whatsapp(provider: StandIn, account: Account) -> Iterator[Twilio]:
    """Return WhatsApp, with Amina's window open."""
    provider.hears(ON_WHATSAPP)
    channel = whatsapp(account, "+10000000001")
    yield channel
    channel.close()


@pytest.fixture
def on_sms(account: Account) -> Iterator[Twilio]:
    """Return SMS."""
    channel = sms(account, "+10000000002")
    yield channel
    channel.close()


class Template:
    """A template of the account: a greeting and a button."""

    status: str = "approved"
    is_list = False

    def objection(self, variables: Mapping[str, str]) -> str:
        """Return nothing: it is fit."""
        return ""

    def render(self, variables: Mapping[str, str]) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Return its text and button."""
        return f"Hello {variables['1']}, {variables['2']} is due.", (("Start", f"{variables['3']}:1"),)


@pytest.fixture
def template(provider: StandIn) -> Iterator[str]:
    """Return the SID of the account's only template."""
    provider.twilio.contents = {TEMPLATE: Template()}
    yield TEMPLATE
    provider.twilio.contents = {}


def content_of(provider: StandIn, kind: str) -> str:
    """Return the SID of the account's content of this kind, with the other buttons beside it."""
    contents = Contents(ACCOUNT_SID, AUTH_TOKEN, provider.url, timeout=1.0)
    sids = {text.kind: contents.create(text) for text in tapped_texts()}
    contents.close()
    provider.twilio.contents = provider.content.contents
    return sids[kind]


def refusal(channel: Twilio, out: Outgoing) -> SendError:
    """Return the error that sending ends in."""
    with pytest.raises(SendError) as raised:
        channel.send(out)
    return raised.value


def test_a_begun_call_ends_as_a_sent_one(provider: StandIn, on_whatsapp: Twilio) -> None:
    """The SID comes later, a refusal too; what may not leave any more is never called."""
    out = Outgoing(ON_WHATSAPP.partition(":")[2], Message("Hello"))
    assert on_whatsapp.begin(out, always).result(10).startswith("SM")
    with pytest.raises(SendError, match="the address is none"):
        on_whatsapp.begin(replace(out, address="nobody"), always).result(10)
    with pytest.raises(SendError) as raised:
        on_whatsapp.begin(out, lambda: False).result(10)
    assert (raised.value.failure, raised.value.detail) == (Failure.NOT_SENT, NEVER_CALLED)
    assert len(provider.calls("POST Messages")) == 1


def test_options_are_numbered_lines(provider: StandIn, on_whatsapp: Twilio) -> None:
    """A question is one text; statuses carry the outbox row's id."""
    sid = on_whatsapp.send(Outgoing(AMINA, QUESTION, "17"))
    [call] = provider.calls("POST Messages")
    assert call.fields == {
        "To": ON_WHATSAPP,
        "From": "whatsapp:+10000000001",
        "Body": "How is the plan?\n1. On track\n2. Delayed\n3. Blocked",
        "StatusCallback": "https://griot.example.org/webhooks/twilio/status?m=17",
    }
    assert (call.answer["sid"], call.answer["status"]) == (sid, "queued")
    assert provider.messages(ON_WHATSAPP)[0].text == call.fields["Body"]


@pytest.mark.parametrize(("seconds", "asked"), [(0, None), (1, "1"), (3600, "3600"), (36000, None)])
def test_twilio_keeps_nothing_longer_than_it_is_of_use(
    provider: StandIn, on_sms: Twilio, seconds: int, asked: str | None
) -> None:
    """What a network holds back past its time is dropped there; ten hours is Twilio's own limit."""
    on_sms.send(Outgoing(AMINA, QUESTION, "17", valid_for=seconds))
    [call] = provider.calls("POST Messages")
    assert call.fields.get("ValidityPeriod") == asked


def test_a_messaging_service_instead_of_a_sender(provider: StandIn, account: Account) -> None:
    """The service chooses among its senders; the first status is then `accepted`."""
    channel = sms(replace(account, service=SERVICE), "+10000000002")
    channel.send(Outgoing(AMINA, QUESTION))
    channel.close()
    [call] = provider.calls("POST Messages")
    assert call.fields["MessagingServiceSid"] == SERVICE
    assert "From" not in call.fields
    assert call.answer["status"] == "accepted"


def test_sms_give_up_accents_for_parts(provider: StandIn, on_sms: Twilio, on_whatsapp: Twilio) -> None:
    """Where folding takes fewer parts SMS are folded; WhatsApp never is."""
    message = Message("Où en êtes-vous avec le rapport de la semaine ? Répondez s’il vous plaît.")
    on_sms.send(Outgoing(AMINA, message))
    on_whatsapp.send(Outgoing(AMINA, message))
    folded = "Où en etes-vous avec le rapport de la semaine ? Répondez s'il vous plait."
    assert provider.messages(AMINA)[0].text == folded
    assert provider.messages(ON_WHATSAPP)[0].text == message.text


def test_long_messages_are_fitted(provider: StandIn, on_whatsapp: Twilio) -> None:
    """1600 characters at most: options and the last line stay."""
    message = Message("A" * 3000 + "\nWhich?", tuple(f"Option {n}" for n in range(60)))
    on_whatsapp.send(Outgoing(AMINA, message))
    [sent] = provider.messages(ON_WHATSAPP)
    assert len(sent.text) <= 1600
    assert "Which?\n1. Option 0" in sent.text
    assert sent.text.endswith("60. Option 59")


def test_folding_never_makes_a_text_too_long(provider: StandIn, on_sms: Twilio) -> None:
    """Ellipses grow when folded; a full text stays as it is."""
    on_sms.send(Outgoing(AMINA, Message("…" * 1600)))
    assert provider.messages(AMINA)[0].text == "…" * 1600


def test_a_template_opens_a_closed_window(provider: StandIn, account: Account, template: str) -> None:
    """Its values are numbered and cleaned, the token comes last; there is no Body."""
    channel = whatsapp(account, "+10000000001")
    opening = Opening("prompt", "en", ("Amina\nDiallo", "the      report"))
    out = Outgoing(AMINA, replace(QUESTION, opening=opening), "18", template)
    since = datetime.now(UTC)
    sid = channel.send(out)
    assert channel.find(out, since) == sid
    channel.close()
    [call] = provider.calls("POST Messages")
    assert json.loads(call.fields["ContentVariables"]) == {
        "1": "Amina Diallo",
        "2": "the report",
        "3": "q1.7",
    }
    assert "Body" not in call.fields
    [sent] = provider.messages(ON_WHATSAPP)
    assert (sent.text, sent.buttons) == ("Hello Amina Diallo, the report is due.", (("Start", "q1.7:1"),))


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        pytest.param(("Understood",), "buttons1", id="one button"),
        pytest.param(("Yes", "No"), "buttons2", id="two buttons"),
        pytest.param(("On track", "Delayed", "Blocked"), "buttons3", id="three buttons"),
        pytest.param(("Nothing yet, and no plan", "Late", "Done"), "list3", id="a label for a list only"),
        pytest.param(tuple(f"خيار {number}" for number in range(10)), "list10", id="ten items"),
    ],
)
def test_options_are_tapped_in_the_window(
    provider: StandIn, on_whatsapp: Twilio, options: tuple[str, ...], kind: str
) -> None:
    """The text still holds the numbered options; a tap says the token and the option's number."""
    message = Message("First line.\nHow is the plan?", options, token="q1.7")
    assert tapped_kind(message) == kind
    out = Outgoing(AMINA, message, "17", content_of(provider, kind), is_tapped=True)
    sid = on_whatsapp.send(out)
    shown = provider.messages(ON_WHATSAPP)[-1]
    assert shown.text == written(message)
    assert shown.buttons == tuple((label, f"q1.7:{n}") for n, label in enumerate(options, start=1))
    assert shown.is_list == kind.startswith("list")
    assert on_whatsapp.find(out, datetime.now(UTC) - timedelta(minutes=1)) == sid


OPTIONAL = Message("3/4 A photo? (- to skip)", skip=Skip("Skip", "(- to skip)"), token="q1.7")


def test_a_question_is_skipped_by_a_tap_in_the_window(provider: StandIn, on_whatsapp: Twilio) -> None:
    """Its button says what the words of the text say."""
    assert tapped_kind(OPTIONAL) == "buttons1"
    out = Outgoing(AMINA, OPTIONAL, "17", content_of(provider, "buttons1"), is_tapped=True)
    sid = on_whatsapp.send(out)
    shown = provider.messages(ON_WHATSAPP)[-1]
    assert (shown.text, shown.buttons) == ("3/4 A photo?", (("Skip", "q1.7:1"),))
    assert on_whatsapp.find(out, datetime.now(UTC) - timedelta(minutes=1)) == sid


def test_where_there_is_no_button_words_say_how_to_skip(provider: StandIn, on_whatsapp: Twilio) -> None:
    """By SMS, and on WhatsApp where its Content is not there or was refused."""
    on_whatsapp.send(Outgoing(AMINA, OPTIONAL, "17"))
    assert provider.messages(ON_WHATSAPP)[-1].text == OPTIONAL.text


def test_a_text_too_long_for_its_button_keeps_the_words(provider: StandIn, on_whatsapp: Twilio) -> None:
    message = replace(OPTIONAL, text="word " * 220 + OPTIONAL.text)
    on_whatsapp.send(Outgoing(AMINA, message, "17", content_of(provider, "buttons1"), is_tapped=True))
    assert provider.calls("POST Messages")[-1].fields["Body"].endswith(OPTIONAL.text)


@pytest.mark.parametrize("was_tapped", [True, False])
def test_a_try_that_left_the_other_way_is_found(
    provider: StandIn, on_whatsapp: Twilio, was_tapped: bool
) -> None:
    """With its button before and words now, or the other way round: it is the same message."""
    tapped = Outgoing(AMINA, OPTIONAL, "17", content_of(provider, "buttons1"), is_tapped=True)
    plain = Outgoing(AMINA, OPTIONAL, "17")
    sid = on_whatsapp.send(tapped if was_tapped else plain)
    since = datetime.now(UTC) - timedelta(minutes=1)
    assert on_whatsapp.find(plain if was_tapped else tapped, since) == sid


def test_marks_of_what_people_wrote_format_nothing(provider: StandIn, on_whatsapp: Twilio) -> None:
    message = Message("Noted: *all* of _it_.", token="t")
    on_whatsapp.send(Outgoing(AMINA, message, "17"))
    assert provider.messages(ON_WHATSAPP)[-1].text == "Noted: *\u2060all* of _\u2060it_."
    assert content_variables(Opening("prompt", "fr", ("*Awa*",)), "t")["1"] == "*\u2060Awa*"


def test_a_body_too_long_for_buttons_goes_without(provider: StandIn, on_whatsapp: Twilio) -> None:
    message = replace(QUESTION, text="word " * 240)
    on_whatsapp.send(Outgoing(AMINA, message, "17", content_of(provider, "buttons3"), is_tapped=True))
    assert provider.calls("POST Messages")[-1].fields["Body"] == written(message)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(replace(QUESTION, finish="Done"), id="several may be chosen"),
        pytest.param(replace(QUESTION, token=""), id="nothing to reply with"),
        pytest.param(replace(QUESTION, options=tuple(map(str, range(11)))), id="eleven options"),
        pytest.param(replace(QUESTION, options=("Yes", "No", "No")), id="the same twice"),
        pytest.param(replace(QUESTION, options=("Yes", " ")), id="an empty label"),
        pytest.param(replace(QUESTION, options=("A", "😀" * 11)), id="too long in UTF-16"),
        pytest.param(replace(QUESTION, options=("A", "B", "C", "x" * 25)), id="too long for a list"),
    ],
)
def test_other_options_are_numbers_only(message: Message) -> None:
    assert tapped_kind(message) == ""


def test_a_closed_window_is_refused(provider: StandIn, on_whatsapp: Twilio) -> None:
    """A text after 24 hours fails with 63016, at once or by a status."""
    provider.twilio.clock = lambda: time.time() + 24 * 3600
    on_whatsapp.send(Outgoing(AMINA, QUESTION, "19"))
    assert provider.messages(ON_WHATSAPP) == []
    [told] = on_whatsapp.parse(provider.twilio.callbacks[-1].body)
    assert getattr(told, "failure", None) == Failure.WINDOW_CLOSED
    provider.twilio.refuses_at_once = True
    error = refusal(on_whatsapp, Outgoing(AMINA, QUESTION))
    assert (error.failure, error.code, error.failure.next_rung) == (Failure.WINDOW_CLOSED, "63016", True)


def test_a_missing_template(on_whatsapp: Twilio) -> None:
    """A template that the account does not have is the operator's; the message takes the next rung."""
    error = refusal(on_whatsapp, Outgoing(AMINA, QUESTION, "", TEMPLATE))
    assert error.failure == Failure.TEMPLATE_REFUSED
    assert error.failure.next_rung
    assert not error.failure.may_retry


def test_who_said_stop_gets_nothing(provider: StandIn, on_sms: Twilio) -> None:
    """21610: Twilio itself keeps the stop words of SMS."""
    provider.twilio.opted_out.add(AMINA)
    error = refusal(on_sms, Outgoing(AMINA, QUESTION))
    assert (error.failure, error.failure.opts_out, error.failure.next_rung) == (
        Failure.OPTED_OUT,
        True,
        False,
    )


@pytest.mark.parametrize(
    ("trouble", "failure", "code", "wait"),
    [
        pytest.param(Trouble(fault=Fault.THROTTLED, value=7), Failure.THROTTLED, "20429", 7.0, id="429"),
        pytest.param(Trouble(fault=Fault.THROTTLED), Failure.THROTTLED, "20429", None, id="429 and no wait"),
        pytest.param(Trouble(fault=Fault.UNAVAILABLE), Failure.NOT_SENT, "20503", None, id="503"),
        pytest.param(Trouble(fault=Fault.SERVER_ERROR), Failure.UNKNOWN, "20500", None, id="500"),
        pytest.param(Trouble(fault=Fault.BAD_GATEWAY), Failure.UNKNOWN, "502", None, id="502 with a page"),
        pytest.param(Trouble(fault=Fault.HTML), Failure.UNKNOWN, "200", None, id="200 with a page"),
        pytest.param(Trouble(fault=Fault.STALL), Failure.UNKNOWN, "", None, id="no answer"),
        pytest.param(Trouble(fault=Fault.DROP), Failure.UNKNOWN, "", None, id="hung up"),
        pytest.param(Trouble(fault=Fault.UNAUTHORIZED), Failure.MISCONFIGURED, "20003", None, id="401"),
        pytest.param(
            Trouble(fault=Fault.REFUSED, value=21614), Failure.UNREACHABLE, "21614", None, id="21614"
        ),
        pytest.param(
            Trouble(fault=Fault.REFUSED, value=29999), Failure.REJECTED, "29999", None, id="unknown"
        ),
    ],
)
@pytest.mark.parametrize("is_rfc9457", [False, True], ids=["plain", "RFC 9457"])
def test_what_goes_wrong(
    provider: StandIn,
    on_sms: Twilio,
    trouble: Trouble,
    failure: Failure,
    code: str,
    wait: float | None,
    is_rfc9457: bool,
) -> None:
    """Each refusal has its failure in either of Twilio's forms, and nothing is repeated by itself."""
    provider.twilio.is_rfc9457 = is_rfc9457
    provider.trouble(AMINA, replace(trouble))
    error = refusal(on_sms, Outgoing(AMINA, QUESTION))
    assert (error.failure, error.code, error.retry_after) == (failure, code, wait)
    assert len(provider.calls("POST Messages")) == 1


def test_one_deadline_covers_the_call(provider: StandIn, on_sms: Twilio) -> None:
    """A stalled call ends at the timeout."""
    provider.trouble(AMINA, Trouble(fault=Fault.STALL))
    began = time.monotonic()
    refusal(on_sms, Outgoing(AMINA, QUESTION))
    assert 0.9 < time.monotonic() - began < 3


def test_nothing_leaves_without_a_connection(account: Account) -> None:
    """A refused connection sent nothing."""
    channel = sms(replace(account, api_url="http://127.0.0.1:9"), "+10000000002")
    assert refusal(channel, Outgoing(AMINA, QUESTION)).failure == Failure.NOT_SENT
    channel.close()


@pytest.mark.parametrize(
    ("out", "failure"),
    [
        pytest.param(Outgoing("NE.1033a70", QUESTION), Failure.UNREACHABLE, id="no number"),
        pytest.param(Outgoing("70000001", QUESTION), Failure.UNREACHABLE, id="no country"),
        pytest.param(Outgoing(AMINA, Message(" ")), Failure.REJECTED, id="nothing to say"),
    ],
)
def test_what_never_is_a_call(provider: StandIn, on_sms: Twilio, out: Outgoing, failure: Failure) -> None:
    """What Twilio would refuse in any case is refused here."""
    assert refusal(on_sms, out).failure == failure
    assert provider.calls("POST Messages") == []


def test_a_person_without_a_number_is_written_to(provider: StandIn, on_whatsapp: Twilio) -> None:
    """WhatsApp's own id is an address like another."""
    provider.hears("whatsapp:NE.1033a70")
    on_whatsapp.send(Outgoing("NE.1033a70", QUESTION))
    assert len(provider.messages("whatsapp:NE.1033a70")) == 1


def test_a_message_that_may_have_left_is_found(provider: StandIn, on_sms: Twilio) -> None:
    """Taken, then no answer: Twilio is asked before it is repeated."""
    out, other = Outgoing(AMINA, QUESTION, "20"), Outgoing(AMINA, Message("Thank you."), "21")
    since = datetime.now(UTC)
    provider.trouble(AMINA, Trouble(fault=Fault.DROP, accepts=True, times=1))
    assert refusal(on_sms, out).failure == Failure.UNKNOWN
    assert on_sms.find(out, since) == provider.twilio.messages[0]["sid"]
    assert on_sms.find(other, since) is None
    assert on_sms.find(Outgoing("+22370000002", QUESTION), since) is None
    assert on_sms.find(out, since + timedelta(seconds=2)) is None  # an older one of the same text
    provider.trouble(AMINA, Trouble(fault=Fault.DROP))
    with pytest.raises(SendError):
        on_sms.find(out, since)


def test_an_odd_list_is_no_answer(provider: StandIn, on_sms: Twilio) -> None:
    """A message without a SID is not Twilio's; one whose time cannot be read is looked at all the same."""
    out, since = Outgoing(AMINA, QUESTION), datetime.now(UTC)
    sid = on_sms.send(out)
    provider.twilio.messages[0]["date_created"] = "yesterday"
    assert on_sms.find(out, since) == sid
    del provider.twilio.messages[0]["sid"]
    with pytest.raises(SendError) as found:
        on_sms.find(out, since)
    assert found.value.failure == Failure.UNKNOWN


def test_what_was_missed_is_asked_for(provider: StandIn, on_sms: Twilio, on_whatsapp: Twilio) -> None:
    """Messages in since then, of this channel, oldest first, as webhooks would have brought them."""
    since = datetime.now(UTC) - timedelta(minutes=1)
    first = provider.twilio.loses(ON_WHATSAPP, "whatsapp:+10000000001", "One é")
    provider.twilio.loses(AMINA, "+10000000002", "SMS")
    second = provider.twilio.loses(ON_WHATSAPP, "whatsapp:+10000000001", "", "image/jpeg")
    on_whatsapp.send(Outgoing(AMINA, QUESTION))
    missed = on_whatsapp.missed(since)
    assert [on_whatsapp.envelope(body).provider_id for _, body in missed] == [first, second]
    [one], [two] = (on_whatsapp.parse(body) for _, body in missed)
    assert isinstance(one, Inbound)
    assert isinstance(two, Inbound)
    assert one.heard.text == "One é"
    assert two.heard.media is not None
    assert two.heard.media.content_type == "image/jpeg"
    assert two.heard.media.ref.startswith(f"{provider.url}/2010-04-01/Accounts/")
    assert all(at >= since and is_fetched(body) for at, body in missed)
    assert len(on_sms.missed(since)) == 1
    assert on_sms.missed(since + timedelta(hours=1)) == []


def test_many_threads_send_at_once(provider: StandIn, on_sms: Twilio) -> None:
    """64 calls in flight share one event loop."""
    outs = [Outgoing(f"+2237000{n:04}", QUESTION) for n in range(64)]
    with ThreadPoolExecutor(64) as pool:
        assert len(set(pool.map(on_sms.send, outs))) == 64


def test_a_closed_channel_opens_again(on_sms: Twilio) -> None:
    """Closing twice, and sending afterwards, do no harm."""
    on_sms.send(Outgoing(AMINA, QUESTION))
    on_sms.close()
    on_sms.close()
    on_sms.send(Outgoing(AMINA, QUESTION))


def test_statuses_are_signed_and_planned(provider: StandIn, on_sms: Twilio) -> None:
    """The stand-in's statuses pass the channel's own check, in the order planned."""
    provider.twilio.plans[EVERYBODY] = [Status("delivered"), Status("sent"), Status("failed", "30008")]
    on_sms.send(Outgoing(AMINA, QUESTION, "22"))
    for one in provider.twilio.callbacks:
        on_sms.verify(one.url, one.headers, one.body)
    states = [getattr(on_sms.parse(one.body)[0], "state", "") for one in provider.twilio.callbacks]
    assert states == ["delivered", "sent", "failed"]


def test_credentials_are_checked(provider: StandIn, account: Account) -> None:
    """The right token passes; a wrong one is the operator's to mend."""
    for token, failure in ((AUTH_TOKEN, None), ("wrong", Failure.MISCONFIGURED)):
        channel = sms(replace(account, tokens=(token,)), "+10000000002")
        if failure is None:
            channel.check()
        else:
            with pytest.raises(SendError) as raised:
                channel.check()
            assert raised.value.failure == failure
        channel.close()


def test_no_secret_and_no_number_is_told(
    provider: StandIn, on_sms: Twilio, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither logs nor errors hold token, SID or number."""
    caplog.set_level(logging.DEBUG)
    on_sms.send(Outgoing(AMINA, QUESTION))
    words = f"The number {AMINA} of {ACCOUNT_SID} is unsubscribed"
    provider.trouble(AMINA, Trouble(fault=Fault.REFUSED, value=21610, text=words))
    error = refusal(on_sms, Outgoing(AMINA, QUESTION))
    told = caplog.text + "".join(traceback.format_exception(error)) + error.detail
    assert not [secret for secret in (AUTH_TOKEN, ACCOUNT_SID, AMINA) if secret in told]
