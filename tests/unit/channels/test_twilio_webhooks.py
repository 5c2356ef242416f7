"""What arrives from Twilio, and what is made of it."""

import json
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as some
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from bot.values import Heard, Location, Media, MediaKind, Press
from channels.base import BodyError, Failure, Inbound, Receipt, SignatureError
from channels.twilio import SIGNATURE, SIGNATURE_SETTINGS, Account, sms, whatsapp
from channels.twilio_webhooks import to_keep

OLD, NEW = "not-a-real-token-old", "not-a-real-token-new"
ACCOUNT = Account("AC" + "0" * 32, (NEW, OLD), "https://griot.example.org")
WHATSAPP, SMS = whatsapp(ACCOUNT, "+10000000001"), sms(ACCOUNT, "+10000000002")
URL = "https://griot.example.org/webhooks/twilio"
SID = "SM" + "0" * 32
AMINA = "+22370000001"


def form(**fields: str) -> dict[str, str]:
    """Return the form of a WhatsApp message of Amina's."""
    return {"MessageSid": SID, "From": f"whatsapp:{AMINA}", "To": "whatsapp:+10000000001", **fields}


def heard(**fields: str) -> Heard:
    """Return what is understood of a message with these fields."""
    [inbound] = WHATSAPP.parse(urlencode(form(**fields)).encode())
    assert isinstance(inbound, Inbound)
    assert inbound.address == AMINA
    return inbound.heard


def status(state: str, **fields: str) -> Receipt:
    """Return what is understood of a status."""
    body = urlencode(
        {"MessageSid": SID, "MessageStatus": state, "To": AMINA, "From": "+10000000002", **fields}
    ).encode()
    [receipt] = SMS.parse(to_keep(body, "17"))
    assert isinstance(receipt, Receipt)
    return receipt


def signature(token: str, url: str = URL, algorithm: str | None = None, **fields: str) -> str:
    """Return the signature of a form."""
    return str(RequestValidator(token).compute_signature(url, form(**fields), algorithm))


@pytest.mark.parametrize("token", [NEW, OLD])
def test_either_token_lets_in(token: str) -> None:
    """While tokens are rotated both are accepted; names of headers in any case."""
    body = urlencode(form(Body="")).encode()
    WHATSAPP.verify(URL, {SIGNATURE.lower(): signature(token, Body="")}, body)


def test_a_shared_key_signs_with_its_own_algorithm() -> None:
    """The settings header names SHA-256; the same signature without it is refused."""
    given = signature(NEW, algorithm="HMAC_SHA256")
    body = urlencode(form()).encode()
    WHATSAPP.verify(URL, {SIGNATURE: given, SIGNATURE_SETTINGS: "key=k1,algorithm=HMAC_SHA256"}, body)
    with pytest.raises(SignatureError):
        WHATSAPP.verify(URL, {SIGNATURE: given}, body)


def test_json_is_signed_by_its_hash() -> None:
    """The address carries the hash of a JSON body; another body is refused."""
    body = json.dumps({"a": 1})
    validator = RequestValidator(OLD)
    url = f"{URL}?bodySHA256={validator.compute_hash(body)}"
    headers = {"Content-Type": "application/json", SIGNATURE: validator.compute_signature(url, {})}
    WHATSAPP.verify(url, headers, body.encode())
    with pytest.raises(SignatureError):
        WHATSAPP.verify(url, headers, b'{"a":2}')


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="missing"),
        pytest.param({SIGNATURE: ""}, id="empty"),
        pytest.param({SIGNATURE: "é" * 28}, id="not ASCII"),
        pytest.param({SIGNATURE: "\udcff"}, id="a lone surrogate"),
        pytest.param({SIGNATURE: signature("another")}, id="another token's"),
        pytest.param({SIGNATURE: signature(NEW) + "="}, id="longer"),
        pytest.param(
            {SIGNATURE: signature(NEW), SIGNATURE_SETTINGS: "algorithm=MD5"}, id="an algorithm unknown"
        ),
        pytest.param({SIGNATURE: signature(NEW), "Content-Type": "application/json"}, id="json without hash"),
    ],
)
def test_anything_else_is_refused(headers: dict[str, str]) -> None:
    """A missing or odd header is a SignatureError, never another exception."""
    with pytest.raises(SignatureError):
        WHATSAPP.verify(URL, headers, urlencode(form(Body="another")).encode())


def test_without_tokens_nobody_is_let_in() -> None:
    """No token, or an empty one, signs nothing."""
    for tokens in ((), ("",)):
        channel = sms(Account("AC0", tokens, ""), "+10000000002")
        with pytest.raises(SignatureError):
            channel.verify(URL, {SIGNATURE: signature("")}, urlencode(form()).encode())


@given(some.binary(max_size=300), some.text(max_size=50))
def test_no_body_and_no_header_is_an_accident(body: bytes, header: str) -> None:
    """Any bytes are refused or not Twilio's, and nothing else."""
    with pytest.raises(SignatureError):
        SMS.verify(URL, {SIGNATURE: header, SIGNATURE_SETTINGS: header}, body)
    try:
        SMS.envelope(body)
    except BodyError:
        return
    SMS.parse(body)


def test_a_thousand_fields_are_enough() -> None:
    """More are neither signed nor read."""
    body = b"a=1&" * 1001
    with pytest.raises(SignatureError):
        SMS.verify(URL, {SIGNATURE: "x"}, body)
    with pytest.raises(BodyError):
        SMS.envelope(body)


def test_the_envelope() -> None:
    """A message is known by its SID and sent by its address; a status is known by what it says."""
    message = WHATSAPP.envelope(urlencode(form(Body="1")).encode())
    assert (message.provider_id, message.sender) == (SID, AMINA)
    said = SMS.envelope(f"MessageSid={SID}&MessageStatus=failed&ErrorCode=30008&m=3".encode())
    assert (said.provider_id, said.sender) == (f"{SID}:failed:30008", "")


@pytest.mark.parametrize("body", [b"", b"Body=1", b"MessageSid=", b'{"MessageSid":"SM1"}', b"MessageSid=%00"])
def test_what_twilio_never_sends(body: bytes) -> None:
    """Without a MessageSid there is nothing to keep."""
    with pytest.raises(BodyError):
        WHATSAPP.envelope(body)


@pytest.mark.parametrize(
    ("fields", "understood"),
    [
        pytest.param({"Body": "a\x00b\r\nc"}, Heard("ab\nc", source=SID), id="a text, cleaned"),
        pytest.param(
            {"Body": "Oui", "ButtonText": "Oui", "ButtonPayload": "a1:91:4:2"},
            Heard(press=Press("a1:91:4", 2), source=SID),
            id="a button",
        ),
        pytest.param(
            {"Body": "Argent", "ListId": "q1.7:12", "ListTitle": "Argent"},
            Heard(press=Press("q1.7", 12), source=SID),
            id="a list",
        ),
        pytest.param(
            {"ButtonText": "Start", "ButtonPayload": "Start"},
            Heard("Start", source=SID),
            id="a foreign button",
        ),
        pytest.param(
            {"NumMedia": "1", "MediaUrl0": "https://m/1", "MediaContentType0": "image/jpeg", "Body": "Ici"},
            Heard("Ici", media=Media(MediaKind.IMAGE, "https://m/1", "", "image/jpeg"), source=SID),
            id="a photo with words",
        ),
        pytest.param(
            {"MediaUrl0": "https://m/1", "MediaContentType0": "application/pdf", "MessageType": "document"},
            Heard(media=Media(MediaKind.FILE, "https://m/1", "", "application/pdf"), source=SID),
            id="a document",
        ),
        pytest.param(
            {"NumMedia": "3", "MediaUrl0": "https://m/1", "MediaContentType0": "image/jpeg"}
            | {"MediaUrl1": "https://m/2", "MediaContentType1": "video/mp4", "MediaUrl2": "https://m/3"},
            Heard(
                media=Media(MediaKind.IMAGE, "https://m/1", "", "image/jpeg"),
                source=SID,
                also=(
                    Media(MediaKind.VIDEO, "https://m/2", "", "video/mp4"),
                    Media(MediaKind.FILE, "https://m/3"),
                ),
            ),
            id="three files in one message",
        ),
        pytest.param(
            {"MediaUrl0": "https://m/1", "MediaContentType0": "image/webp", "MessageType": "sticker"},
            Heard(source=SID),
            id="a sticker",
        ),
        pytest.param(
            {"Latitude": "-1.9441", "Longitude": "30.0619"},
            Heard(location=Location(-1.9441, 30.0619), source=SID),
            id="a place",
        ),
        pytest.param(
            {"Latitude": "nan", "Longitude": "0", "Body": "x"}, Heard("x", source=SID), id="no place"
        ),
        pytest.param(
            {"Body": "STOP", "OptOutType": "STOP"}, Heard("STOP", source=SID, opt_out="STOP"), id="stop"
        ),
        pytest.param({"Body": "x", "OptOutType": "MAYBE"}, Heard("x", source=SID), id="no opt-out"),
        pytest.param({"Body": ""}, Heard(source=SID), id="nothing"),
    ],
)
def test_a_message_is_read(fields: dict[str, str], understood: Heard) -> None:
    """Each field in its place; nothing is fetched."""
    assert heard(**fields) == understood


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"From": "whatsapp:+1203630@g.us"}, id="a group"),
        pytest.param({"MessageType": "reaction", "Body": ""}, id="a type not known"),
        pytest.param({"From": AMINA, "To": "+10000000002", "Body": "x"}, id="an SMS on WhatsApp"),
    ],
)
def test_what_is_not_used(fields: dict[str, str]) -> None:
    """Groups, new types and the other channel's messages are kept without a word."""
    assert WHATSAPP.parse(urlencode(form(**fields)).encode()) == []


@pytest.mark.parametrize("sender", ["Orange", "12345", "", "NE.1033a70"])
def test_nobody_on_sms(sender: str) -> None:
    """Names and short codes cannot be answered."""
    body = urlencode({"MessageSid": SID, "From": sender, "To": "+10000000002", "Body": "x"})
    assert SMS.parse(body.encode()) == []


def test_a_person_without_a_number() -> None:
    """WhatsApp's own id is an address like another."""
    [inbound] = WHATSAPP.parse(urlencode(form(From="whatsapp:NE.1033a70", Body="x")).encode())
    assert isinstance(inbound, Inbound)
    assert inbound.address == "NE.1033a70"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("accepted", "sent"),
        ("queued", "sent"),
        ("sent", "sent"),
        ("delivered", "delivered"),
        ("read", "read"),
    ],
)
def test_a_status_says_how_far_a_message_is(said: str, state: str) -> None:
    """The receipt names the outbox row and Twilio's SID."""
    receipt = status(said)
    assert (receipt.state, receipt.reference, receipt.provider_id, receipt.failure) == (
        state,
        "17",
        SID,
        None,
    )


@pytest.mark.parametrize(
    ("said", "code", "failure"),
    [
        ("undelivered", "63016", Failure.WINDOW_CLOSED),
        ("failed", "63024", Failure.UNREACHABLE),
        ("undelivered", "30003", Failure.LATER),
        ("undelivered", "63014", Failure.OPTED_OUT),
        ("failed", "99999", Failure.OTHER_CHANNEL),
        ("failed", "", Failure.OTHER_CHANNEL),
        ("failed", "²", Failure.OTHER_CHANNEL),
        ("canceled", "", Failure.OTHER_CHANNEL),
    ],
)
def test_a_failure_has_its_reason(said: str, code: str, failure: Failure) -> None:
    """By Twilio's code; one that is not known sends the message on another way."""
    receipt = status(said, **({"ErrorCode": code} if code else {}))
    assert (receipt.state, receipt.failure, receipt.code, bool(receipt.detail)) == (
        "failed",
        failure,
        code,
        True,
    )


def test_of_a_status_no_number_is_kept() -> None:
    """What is kept says how far a message is, and is still told from the other channel's."""
    form = {
        "MessageSid": SID,
        "MessageStatus": "read",
        "From": "whatsapp:+10000000001",
        "To": f"whatsapp:{AMINA}",
    }
    kept = to_keep(urlencode(form).encode(), "17")
    assert b"000000" not in kept.replace(SID.encode(), b"")
    [receipt] = WHATSAPP.parse(kept)
    assert isinstance(receipt, Receipt)
    assert (receipt.state, receipt.reference, SMS.parse(kept)) == ("read", "17", [])
    assert WHATSAPP.envelope(kept) == WHATSAPP.envelope(urlencode(form).encode())


def test_a_message_is_kept_as_it_came() -> None:
    """Also where it is sent to the address of statuses by mistake."""
    body = b"MessageSid=SM1&Body=+x%20&Odd=&Odd=1"
    assert to_keep(body, "17") == body


def test_a_state_not_known_is_no_news() -> None:
    """Twilio adds states without notice."""
    assert SMS.parse(f"MessageSid={SID}&MessageStatus=pondering&To=%2B22370000001".encode()) == []


@pytest.mark.parametrize(
    ("fields", "also"),
    [
        pytest.param({"ExternalUserId": "whatsapp:NE.1033a70"}, "NE.1033a70", id="an id beside a number"),
        pytest.param({"From": "whatsapp:NE.1033a70", "WaId": "22790000001"}, "+22790000001", id="reversed"),
        pytest.param({"From": "whatsapp:NE.1033a70", "WaId": "", "ExternalUserId": "x"}, "", id="hidden"),
        pytest.param({"ExternalUserId": "whatsapp:+22790000009"}, "", id="another number is no id"),
    ],
)
def test_the_other_address_of_whoever_wrote(fields: dict[str, str], also: str) -> None:
    [news] = WHATSAPP.parse(urlencode(form(**fields)).encode())
    assert isinstance(news, Inbound)
    assert news.also == also


def test_by_sms_there_is_no_other_address() -> None:
    body = form(From="+22370000001", To="+10000000000", ExternalUserId="whatsapp:NE.1033a70")
    [news] = SMS.parse(urlencode(body).encode())
    assert isinstance(news, Inbound)
    assert news.also == ""


NAMES, WORDS = some.sampled_from(("Body", "From", "Media Url0", "é", "")), some.text(max_size=5)


@given(pairs=some.lists(some.tuples(NAMES, WORDS), max_size=5), wrong=some.sampled_from(("", "x", "\udcff")))
def test_what_is_signed_is_what_twilios_validator_says(pairs: list[tuple[str, str]], wrong: str) -> None:
    """Repeated names, blank values, any letters: our own look at a signature lets the same ones in."""
    body = urlencode(pairs).encode("utf-8", "surrogatepass")
    form = MultiDict(parse_qsl(body.decode(), keep_blank_values=True))
    right = RequestValidator(NEW).compute_signature(URL, form)
    WHATSAPP.verify(URL, {SIGNATURE: right}, body)
    with pytest.raises(SignatureError):
        WHATSAPP.verify(URL, {SIGNATURE: wrong + right[:-2] if wrong else ""}, body)
    with pytest.raises(SignatureError):
        WHATSAPP.verify(URL, {SIGNATURE: right}, body + b"&Body=more")
