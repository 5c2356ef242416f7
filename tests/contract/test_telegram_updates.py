"""What arrives from Telegram, and what is made of it."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.values import Heard, Location, Media, MediaKind, Press
from channels.base import BodyError, Inbound, Reach, Receipt, SignatureError
from channels.telegram import SECRET_HEADER, Telegram
from tests.standin.server import TOKEN

SECRET = "not-a-real-secret-0123456789abcdef"
AMINA = {"id": 500000001, "is_bot": False, "first_name": "Amina", "language_code": "pt-BR"}
CHAT = {"id": 500000001, "first_name": "Amina", "type": "private"}
TELEGRAM = Telegram(TOKEN, [SECRET])


def body(kind: str, event: object, update_id: object = 810000001) -> bytes:
    """Return an update's body."""
    return json.dumps({"update_id": update_id, kind: event}).encode()


def message(**content: object) -> dict[str, object]:
    """Return a private message of Amina."""
    return {"message_id": 101, "from": AMINA, "chat": CHAT, "date": 1795516860} | content


def heard(**content: object) -> Heard:
    """Return what is understood of a message with this content."""
    [inbound] = TELEGRAM.parse(body("message", message(**content)))
    assert isinstance(inbound, Inbound)
    return inbound.heard


def test_the_secret_lets_in() -> None:
    """The configured secret passes."""
    TELEGRAM.verify("", {SECRET_HEADER: SECRET}, b"")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="missing"),
        pytest.param({SECRET_HEADER: ""}, id="empty"),
        pytest.param({SECRET_HEADER: SECRET[:-1]}, id="shorter"),
        pytest.param({SECRET_HEADER: SECRET + " "}, id="longer"),
        pytest.param({SECRET_HEADER: "é" * 20}, id="not ASCII"),
        pytest.param({SECRET_HEADER: "\udcff"}, id="a lone surrogate"),
    ],
)
def test_anything_else_is_refused(headers: dict[str, str]) -> None:
    """A missing or odd header is a SignatureError, never another exception."""
    with pytest.raises(SignatureError):
        TELEGRAM.verify("", headers, b"")


def test_no_secret_lets_nobody_in() -> None:
    """Without a configured secret even an empty header is refused."""
    with pytest.raises(SignatureError):
        Telegram(TOKEN, ()).verify("", {SECRET_HEADER: ""}, b"")


def test_the_envelope_of_a_message() -> None:
    """The id is unique per bot; the sender is the chat."""
    envelope = TELEGRAM.envelope(body("message", message(text="Hello")))
    assert envelope.provider_id == "700100200:810000001"
    assert (envelope.sender, envelope.acknowledge) == ("500000001", "")


def test_the_envelope_of_a_tap_ends_the_spinner() -> None:
    """The 200 of a tap carries answerCallbackQuery."""
    envelope = TELEGRAM.envelope(body("callback_query", {"id": "77", "from": AMINA, "data": "t:1"}))
    assert envelope.sender == "500000001"
    assert json.loads(envelope.acknowledge) == {"method": "answerCallbackQuery", "callback_query_id": "77"}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"update_id=1", id="a form"),
        pytest.param(b"\xff\xfe\xfa", id="no text"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"5", id="a number"),
        pytest.param(b"{}", id="no update_id"),
        pytest.param(body("message", {}, "5"), id="a string"),
        pytest.param(body("message", {}, True), id="a boolean"),
        pytest.param(body("message", {}, 1.0), id="a decimal"),
        pytest.param(body("message", {}, 10**400), id="beyond 64 bits"),
        pytest.param(b'{"update_id": ' + b"1" * 5000 + b"}", id="beyond Python's digits"),
        pytest.param(b"[" * 200_000, id="200 kB of opening brackets"),
        pytest.param(b'{"update_id":1,"a":' + b"[" * 64 + b"]" * 64 + b"}", id="65 levels"),
    ],
)
def test_what_telegram_never_sends(broken: bytes) -> None:
    """Not JSON, too deep, no integer update_id: a BodyError, whatever else is wrong."""
    with pytest.raises(BodyError):
        TELEGRAM.envelope(broken)


def test_brackets_in_a_text_are_no_depth() -> None:
    """64 levels pass, and so does a text full of brackets."""
    assert TELEGRAM.envelope(body("message", message(text="[{" * 500)))
    assert TELEGRAM.envelope(b'{"update_id":1,"a":' + b"[" * 63 + b"]" * 63 + b"}")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["id", "chat", "from", "message", "text", "date", "data"]), inner
            )
        ),
    ),
    st.sampled_from(["message", "edited_message", "callback_query", "my_chat_member", "poll", "new_kind"]),
)
@settings(deadline=None)
def test_any_update_is_read_without_an_exception(event: object, kind: str) -> None:
    """Whatever an update holds, the envelope stands and parsing returns a list."""
    assert TELEGRAM.envelope(body(kind, event)).provider_id == "700100200:810000001"
    assert isinstance(TELEGRAM.parse(body(kind, event)), list)


def test_a_text() -> None:
    """Text, address, language (primary subtag) and the message's id arrive."""
    [inbound] = TELEGRAM.parse(body("message", message(text="Olá")))
    assert inbound == Inbound("500000001", Heard("Olá", source="500000001:101"), "pt", is_private=True)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("/help@griot_demo_bot", "/help"),
        ("/start inv_7Qh2xK9-Tm4", "/start inv_7Qh2xK9-Tm4"),
        ("/report@griot_demo_bot meeting", "/report meeting"),
        ("write to me@example.org", "write to me@example.org"),
        ("a\x00b\x07c\td\r\ne", "abc\td\ne"),
        ("broken \ud83d emoji", "broken \ufffd emoji"),
        ("٢٤", "٢٤"),
    ],
)
def test_a_text_is_cleaned(written: str, read: str) -> None:
    """Commands lose the bot's name; control characters and broken Unicode never get further."""
    assert heard(text=written).text == read


def test_what_is_not_read_costs_no_reply() -> None:
    """An odd date, or a field of tomorrow, does not hide what was said."""
    assert heard(text="Hello", date="soon", mood={"is": ["new"]}).text == "Hello"


@pytest.mark.parametrize("absent", [None, False])
def test_what_did_not_happen_is_no_service_message(absent: object) -> None:
    """Fields of service messages that are there and empty do not hide what was said."""
    assert heard(text="Hello", group_chat_created=absent, pinned_message=absent).text == "Hello"


def test_an_edit_finds_the_message() -> None:
    """An edit has the source of the message that it changes."""
    [edit] = TELEGRAM.parse(body("edited_message", message(text="4 of 5", edit_date=1795516955)))
    assert isinstance(edit, Inbound)
    assert edit.heard == Heard("4 of 5", source="500000001:101", edited=True)


@pytest.mark.parametrize(
    ("data", "press"),
    [
        ("q1.7:2", Press("q1.7", 2)),
        ("a1:91:3:1", Press("a1:91:3", 1)),
        ("nonsense", Press("nonsense", 0)),
        ("t:٣", Press("t:٣", 0)),
        (None, Press("", 0)),
    ],
)
def test_a_tap(data: str | None, press: Press) -> None:
    """A tap is token and number; data that Griot never wrote is option 0 of an unknown token."""
    shown = {"message_id": 140, "chat": CHAT, "date": 0}
    tap = {"id": "77", "from": AMINA, "message": shown, "chat_instance": "-1"}
    [inbound] = TELEGRAM.parse(body("callback_query", tap | ({"data": data} if data else {})))
    assert isinstance(inbound, Inbound)
    assert inbound.heard == Heard(press=press, source="500000001:140")
    assert inbound.is_private


FILE = {"file_id": "AgAC-demo", "file_unique_id": "AQAD-demo", "file_size": 1480}


@pytest.mark.parametrize(
    ("content", "media"),
    [
        pytest.param(
            {
                "photo": [
                    FILE | {"width": 9, "height": 9},
                    FILE | {"file_id": "large", "width": 90, "height": 90},
                ]
            },
            Media(MediaKind.IMAGE, "large", "", "image/jpeg", 1480),
            id="photo: the largest",
        ),
        pytest.param(
            {"voice": FILE | {"duration": 17, "mime_type": "audio/ogg"}},
            Media(MediaKind.AUDIO, "AgAC-demo", "", "audio/ogg", 1480),
            id="voice",
        ),
        pytest.param(
            {"video": FILE | {"duration": 1, "width": 9, "height": 9, "mime_type": "video/mp4"}},
            Media(MediaKind.VIDEO, "AgAC-demo", "", "video/mp4", 1480),
            id="video",
        ),
        pytest.param(
            {"document": FILE | {"file_name": "relatório\x00 final.pdf", "mime_type": "application/pdf"}},
            Media(MediaKind.FILE, "AgAC-demo", "relatório final.pdf", "application/pdf", 1480),
            id="document",
        ),
        pytest.param(
            {"document": FILE | {"file_name": "photo\u202egpj.exe\n" + "x" * 200}},
            Media(MediaKind.FILE, "AgAC-demo", "photogpj.exe " + "x" * 87, "", 1480),
            id="a name that turns what follows it, on two lines",
        ),
        pytest.param(
            {"document": FILE | {"file_name": "minutes.png", "mime_type": "image/png"}},
            Media(MediaKind.IMAGE, "AgAC-demo", "minutes.png", "image/png", 1480),
            id="a picture sent as a file",
        ),
        pytest.param({"sticker": FILE | {"width": 9, "height": 9}}, None, id="sticker"),
    ],
)
def test_attachments(content: dict[str, object], media: Media | None) -> None:
    """Attachments arrive as kind, reference, name, type and size; a caption is the text."""
    assert heard(**content, caption="Réunion") == Heard("Réunion", media=media, source="500000001:101")


def test_a_place() -> None:
    """A location arrives in degrees, with its accuracy."""
    place = {"latitude": -1.9441, "longitude": 30.0619, "horizontal_accuracy": 25.0}
    assert heard(location=place).location == Location(-1.9441, 30.0619, 25.0)


def test_a_contact_reads_as_if_typed() -> None:
    """A shared contact is its name and number."""
    contact = {"phone_number": "33639980002", "first_name": "Koffi", "user_id": 500000002}
    assert heard(contact=contact).text == "Koffi +33639980002"


@pytest.mark.parametrize(("status", "reach"), [("kicked", Reach.BLOCKED), ("member", Reach.RETURNED)])
def test_blocked_and_back(status: str, reach: Reach) -> None:
    """A block and its end are news of the address."""
    bot = {"id": 700100200, "is_bot": True, "first_name": "Griot"}
    change = {
        "chat": CHAT,
        "from": AMINA,
        "date": 1795530800,
        "old_chat_member": {"user": bot, "status": "left"},
        "new_chat_member": {"user": bot, "status": status, "until_date": 0},
    }
    assert TELEGRAM.parse(body("my_chat_member", change)) == [Receipt("500000001", reach)]
    group = change | {"chat": {"id": -4900000123, "title": "Group", "type": "group"}}
    assert TELEGRAM.parse(body("my_chat_member", group)) == []


def test_a_group_is_not_private() -> None:
    """A group's message says so, and has the group's address."""
    group = {"id": -4900000123, "title": "Local group", "type": "group"}
    update = body("message", message(chat=group, text="status"))
    [inbound] = TELEGRAM.parse(update)
    assert isinstance(inbound, Inbound)
    assert (inbound.address, inbound.is_private) == ("-4900000123", False)
    assert TELEGRAM.envelope(update).sender == "-4900000123"


@pytest.mark.parametrize(
    "update",
    [
        pytest.param(body("brand_new_event", {"since": "later"}), id="unknown kind"),
        pytest.param(body("channel_post", message(text="news")), id="a channel's post"),
        pytest.param(body("message", {"message_id": 1, "date": 1795516860, "text": "x"}), id="no chat"),
        pytest.param(body("message", message(migrate_to_chat_id=-1002900000123)), id="service message"),
        pytest.param(
            body("message", message(write_access_allowed={})), id="service message without particulars"
        ),
        pytest.param(body("message", message(text="x") | {"from": AMINA | {"is_bot": True}}), id="a bot"),
    ],
)
def test_what_griot_does_not_use(update: bytes) -> None:
    """Unknown kinds, service messages and odd ones are nothing, and no exception."""
    assert TELEGRAM.parse(update) == []
