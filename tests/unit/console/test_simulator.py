"""The phone: what is written reaches the inbox, what Griot wrote stands on the screen."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from bot.programme import DemoPerson
from bot.schedule import Occurrence
from bot.values import MediaKind, Message, Opening, Press, Skip
from channels.base import Inbound
from channels.chat import Chat
from console import simulator
from tests.console_stage import Stage, press, token_in

DIGEST = Message("Semaine 38", kind="digest", subject="Synthèse", html="<p style='color:red'>38</p>")
ASK = Message("Où en est la récolte ?", ("Bien", "Lentement"), token="q1.going")


def phone(stage: Stage, name: str = "keeper") -> str:
    return f"/simulator/{stage.people[name]}"


def heard(stage: Stage) -> list[Inbound]:
    return [news for update in stage.kept for news in Chat().parse(update.body) if isinstance(news, Inbound)]


def bubbles(page: str) -> list[tuple[str, str]]:
    """Return side and text of each bubble."""
    return re.findall(
        r'class="(mine|theirs)">\s*<div class="bubble"><p dir="auto">(.*?)</p>', page, re.DOTALL
    )


def test_what_is_written_becomes_an_update(stage: Stage) -> None:
    """Line breaks stay: several answers may come in one message."""
    client = stage.app().test_client()
    sent = press(client, phone(stage), text="  bien\r\n12 ")
    assert (sent.status_code, sent.location) == (303, phone(stage))
    assert [news.heard.text for news in heard(stage)] == ["bien\n12"]
    assert heard(stage)[0].address == str(stage.people["keeper"])
    assert stage.kept[0].sender == f"chat:{stage.people['keeper']}"


def test_a_tap_becomes_a_press(stage: Stage) -> None:
    stage.tell("keeper", ASK, "reply:1:1")
    client = stage.app().test_client()
    page = client.get(phone(stage)).text
    assert f'form="tap-{stage.people["keeper"]}" name="press" value="q1.going:2"' in page
    press(client, phone(stage), press="q1.going:2")
    assert [news.heard.press for news in heard(stage)] == [Press("q1.going", 2)]


def attach(stage: Stage, content: bytes, name: str, text: str = "") -> int:
    """Send a file from the keeper's phone as a browser without JavaScript does; return the status."""
    client = stage.app().test_client()
    fields = {"csrf_token": token_in(client.get(phone(stage))), "text": text}
    data = {**fields, "file": FileStorage(BytesIO(content), name)}
    body, length, boundary = stream_encode_multipart(data, threshold=1 << 26)  # no temporary file
    kind = f"multipart/form-data; boundary={boundary}"
    posted = client.post(phone(stage), input_stream=body, content_length=length, content_type=kind)
    return posted.status_code


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        pytest.param("ferme.jpg", MediaKind.IMAGE, id="photo"),
        pytest.param("voix.mp3", MediaKind.AUDIO, id="recording"),
        pytest.param("visite.mp4", MediaKind.VIDEO, id="video"),
        pytest.param("../../plan.pdf", MediaKind.FILE, id="document"),
    ],
)
def test_a_file_is_kept_and_becomes_an_attachment(stage: Stage, name: str, kind: MediaKind) -> None:
    """The text beside it is its caption; the worker fetches the file as from a provider."""
    assert attach(stage, b"content", name, "Le puits") == 303
    [news] = heard(stage)
    media = news.heard.media
    assert media is not None
    assert (news.heard.text, media.kind, media.size) == ("Le puits", kind, 7)
    assert "/" not in media.name
    assert stage.chat.fetch(media.ref, 10).content == b"content"
    page = stage.app().test_client().get(phone(stage)).text
    assert '<p class="attached"' in page
    assert media.name in page
    assert "Le puits" in page


def test_a_file_alone_needs_no_text(stage: Stage) -> None:
    """The bubble holds the attachment only."""
    attach(stage, b"x", "ferme.jpg")
    page = stage.app().test_client().get(phone(stage)).text
    assert 'class="mine"' in page
    assert '<p dir="auto"></p>' not in page


@pytest.mark.parametrize(("size", "status"), [(simulator.MOST_BYTES, 303), (simulator.MOST_OF_REQUEST, 413)])
def test_a_file_may_have_ten_megabytes(stage: Stage, size: int, status: int) -> None:
    """A larger one is refused with a page, and nothing of it is kept."""
    assert attach(stage, b"x" * size, "long.pdf") == status
    assert len(heard(stage)) == (status == 303)


@pytest.mark.parametrize(
    "fields", [{}, {"text": " \n "}, {"press": "nonsense"}, {"press": ":1"}, {"press": "q:x"}]
)
def test_nothing_said_is_nothing_kept(stage: Stage, fields: dict[str, str]) -> None:
    assert press(stage.app().test_client(), phone(stage), **fields).status_code == 303
    assert stage.kept == []


def test_what_was_said_shows_at_once_and_turns_delivered(stage: Stage) -> None:
    """Before its turn a message is on its way and an answer is awaited; after it, delivered."""
    client = stage.app().test_client()
    press(client, phone(stage), text="bien")
    page = client.get(phone(stage)).text
    assert bubbles(page) == [("mine", "bien")]
    assert "typing-row" in page
    assert 'http-equiv="refresh"' in page
    stage.take_turns()
    page = client.get(phone(stage)).text
    assert bubbles(page) == [("mine", "bien")]
    assert "typing-row" not in page
    assert 'http-equiv="refresh"' not in page
    assert "Delivered" in page


def test_a_tap_shows_the_label(stage: Stage) -> None:
    stage.tell("keeper", Message("Quoi ?", ("Un", "Deux"), finish="Fini", token="t"), "reply:1:1")
    stage.wait(seconds=1)
    client = stage.app().test_client()
    for option in ("1", "3", "9"):
        press(client, phone(stage), press=f"t:{option}")
    assert bubbles(client.get(phone(stage)).text)[1:] == [("mine", "Un"), ("mine", "Fini"), ("mine", "9")]


def test_an_optional_question_is_skipped_by_a_button(stage: Stage) -> None:
    """As on Telegram; as SMS the words say how."""
    message = Message("Une photo ? (- pour passer)", skip=Skip("Passer", "(- pour passer)"), token="t")
    stage.tell("keeper", message, "reply:1:1")
    stage.wait(seconds=1)
    client = stage.app().test_client()
    page = client.get(phone(stage)).text
    assert bubbles(page) == [("theirs", "Une photo\u00a0?")]
    assert 'value="t:1"' in page
    assert "✓ " not in page
    press(client, phone(stage), press="t:1")
    assert bubbles(client.get(phone(stage)).text)[1:] == [("mine", "Passer")]
    by_sms = client.get(f"/simulator?phones={stage.people['keeper']}.sms").text
    assert bubbles(by_sms)[0] == ("theirs", "Une photo ? (- pour passer)")


def test_the_thread_is_in_order(stage: Stage) -> None:
    client = stage.app().test_client()
    press(client, phone(stage), text="bonjour")
    stage.take_turns()
    stage.tell("keeper", ASK, "reply:1:1")
    stage.wait(seconds=5)
    press(client, phone(stage), text="1")
    sides = [side for side, _ in bubbles(client.get(phone(stage)).text)]
    assert sides == ["mine", "theirs", "mine"]


def test_a_replaced_message_changes_in_place(stage: Stage) -> None:
    """A toggled option: the newer message stands where the first was, once."""
    stage.tell("keeper", Message("Qu'avez-vous vu ?", ("Carpocapse",), token="t"), "reply:1:1", "chat:7")
    stage.wait(seconds=9)
    stage.tell("keeper", Message("Après", ()), "reply:2:1")
    for number, label in enumerate(("✓ Carpocapse", "Carpocapse encore"), start=3):
        message = Message("Qu'avez-vous vu ?", (label,), token="t", replaces="chat:7")
        stage.tell("keeper", message, f"reply:{number}:1", "chat:7")
    page = stage.app().test_client().get(phone(stage)).text
    assert [text for _, text in bubbles(page)] == [
        "Qu&#39;avez-vous vu\u00a0?\n1. Carpocapse encore",
        "Après",
    ]
    assert "Carpocapse encore" in page
    assert "✓ Carpocapse" not in page


def test_one_thread_a_person(stage: Stage) -> None:
    client = stage.app().test_client()
    press(client, phone(stage), text="only mine")
    stage.take_turns()
    assert "only mine" not in client.get(phone(stage, "other")).text


def test_polling_is_quiet_until_something_changes(stage: Stage) -> None:
    client = stage.app().test_client()
    tag = re.search(r'data-tag="(\w+)"', client.get(phone(stage)).text)
    assert tag is not None
    assert client.get(f"{phone(stage)}/thread?seen={tag[1]}").status_code == 204
    stage.tell("keeper", ASK, "reply:1:1")
    fresh = client.get(f"{phone(stage)}/thread?seen={tag[1]}")
    assert fresh.status_code == 200
    assert "Où en est la récolte\u00a0?" in fresh.text
    assert "<html" not in fresh.text


def test_the_phone_turns_with_the_language_of_its_holder(stage: Stage) -> None:
    page = stage.app().test_client().get(phone(stage, "other"), headers={"Accept-Language": "fr"}).text
    assert '<html lang="fr" dir="ltr">' in page
    assert '<div class="thread" lang="ar" dir="rtl"' in page


def test_times_are_those_of_the_city(stage: Stage) -> None:
    stage.tell("keeper", ASK, "reply:1:1")
    assert ">11:00</time>" in stage.app().test_client().get(phone(stage)).text  # 09:00 UTC in Brussels


def test_text_of_people_stays_text(stage: Stage) -> None:
    client = stage.app().test_client()
    press(client, phone(stage), text="<img src=x onerror=alert(1)>")
    page = client.get(phone(stage)).text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


@pytest.mark.parametrize("path", ["/simulator/999", "/simulator/999/thread", "/simulator/x"])
def test_an_unknown_person_has_no_phone(stage: Stage, path: str) -> None:
    client = stage.app().test_client()
    assert client.get(path).status_code == 404
    assert press(client, "/simulator", "/simulator/999", text="hello").status_code == 404
    assert stage.kept == []


def test_the_officer_signs_in_from_here(stage: Stage) -> None:
    client = stage.app().test_client()
    to = press(client, "/simulator", f"/simulator/{stage.people['officer']}/sign-in")
    assert to.status_code == 303
    assert press(client, to.location).location == "/"
    assert client.get("/").status_code == 200


def test_the_page_is_light(stage: Stage) -> None:
    """Page, style sheets and script together weigh less than 40 kB, with a whole report in the thread."""
    for number in range(12):
        stage.tell("keeper", ASK, f"reply:{number}:1")
    client = stage.app().test_client()
    page = client.get("/simulator").text
    files = re.findall(r'(?:href|src)="(/static/[^"]+)"', page)
    assert len(files) == 3
    weight = len(page.encode())
    for file in files:
        with client.get(file) as answer:
            weight += len(answer.data)
    assert weight < 40_000


def planned(stage: Stage, name: str, kind: str, *, held: str = "", **later: float) -> Occurrence:
    at = stage.at + timedelta(**later)
    return Occurrence(f"{kind}:{name}", kind, stage.people[name], None, at, at, reason=held)


def names_on(page: str) -> list[str]:
    """Return whose phones stand on the page."""
    return re.findall(r'<section class="phone [^>]*aria-label="The phone of ([^"]+)"', page)


@pytest.mark.parametrize(
    ("wish", "shown"),
    [
        pytest.param("", ["Ana Fictive", "Dee Fictive"], id="the first person and the officer"),
        pytest.param("4", ["سلمى الخيالية"], id="one"),
        pytest.param("2.sms,1.whatsapp,6", ["Bo Fictive", "Ana Fictive", "Eve Fictive"], id="several"),
        pytest.param("1,1", ["Ana Fictive"], id="nobody twice"),
        pytest.param("99,x,,7", ["Ana Fictive", "Dee Fictive"], id="nobody who has a phone"),
        pytest.param("1,2,4,5,6", ["Ana Fictive", "Bo Fictive", "سلمى الخيالية", "Dee Fictive"], id="four"),
    ],
)
def test_phones_stand_side_by_side(stage: Stage, wish: str, shown: list[str]) -> None:
    assert names_on(stage.app().test_client().get(f"/simulator?phones={wish}").text) == shown


def test_each_phone_shows_its_channel(stage: Stage) -> None:
    """What the address asks for, else the person's usual channel; only the Secretariat reads e-mail."""
    stage.cast["Ana Fictive"] = DemoPerson("Ana Fictive", "coordinator", "fr", channel="sms")
    client = stage.app().test_client()

    def shown(wish: str) -> list[str]:
        return re.findall(r'<section class="phone as-(\w+)"', client.get(f"/simulator?phones={wish}").text)

    assert shown("") == ["sms", "telegram"]
    assert shown("1.whatsapp,5.email") == ["whatsapp", "email"]
    assert shown("1.email,5.fax") == ["sms", "telegram"]


def test_a_reply_comes_back_to_the_phones_shown(stage: Stage) -> None:
    client = stage.app().test_client()
    sent = press(client, "/simulator?phones=1.sms,5", "/simulator/1", text="bien", phones="1.sms,5.email")
    assert sent.location == "/simulator?phones=1.sms,5.email#phone-1"


def test_an_email_opens_by_itself(stage: Stage) -> None:
    """Its own style and nothing else: no script, no form, no file from anywhere."""
    stage.tell("officer", DIGEST, "digest:1", kind="digest")
    stage.tell("officer", ASK, "reply:1:1")
    client = stage.app().test_client()
    page = client.get("/simulator?phones=5.email").text
    assert [text for _, text in bubbles(page)] == []
    assert "Synthèse" in page
    assert "Où en est" not in page
    found = re.search(r'href="(/simulator/5/mail/\d+)"', page)
    assert found is not None
    mail = client.get(found[1])
    assert mail.text == DIGEST.html
    assert "sandbox" in mail.headers["Content-Security-Policy"]
    assert "script" not in mail.headers["Content-Security-Policy"]
    assert client.get(found[1].replace("/5/", "/1/")).status_code == 404
    for nowhere in (f"/simulator/5/mail/{10**30}", f"/simulator/{10**30}/mail/1"):
        assert client.get(nowhere).status_code == 404


def test_a_digest_of_a_chat_is_made_again_as_an_email(stage: Stage) -> None:
    """The rows of chats hold its text only."""
    opening = Opening("digest", "fr", ("38", "1", "2"))
    told = Message("Semaine 38", kind="digest", subject="Synthèse", token="digest.2026-W38", opening=opening)
    stage.tell("officer", told, "digest:1", kind="digest")
    client = stage.app().test_client()
    found = re.search(r'href="(/simulator/5/mail/\d+)"', client.get("/simulator?phones=5.email").text)
    assert found is not None
    assert client.get(found[1]).text == "<p>2026-W38 fr</p>"


def test_the_clock_says_the_time_of_each_place_and_what_comes_next(stage: Stage) -> None:
    """Only what leaves, the first one first; of the phones shown, else of anybody."""
    stage.planned = [
        planned(stage, "officer", "digest", days=4),
        planned(stage, "keeper", "nudge", days=2),
        planned(stage, "keeper", "prompt", hours=-1),
        planned(stage, "keeper", "reminder", hours=1, held="no_consent"),
        planned(stage, "other", "prompt", hours=2),
    ]
    client = stage.app().test_client()
    clock = client.get("/simulator/clock?phones=1,5").text
    assert re.findall(r"<li><time[^>]*>(.*?)</time> <bdi>(.*?)</bdi> · (.*?)</li>", clock) == [
        ("Wed 16 Sep 11:00", "Nordmark Orchard", "Nudge to Ana Fictive"),
        ("Fri 18 Sep 11:00", "Brussels", "Digest to Dee Fictive"),
    ]
    assert re.findall(r"<dt><bdi>(.*?)</bdi></dt><dd><time>(.*?)</time>", clock) == [
        ("Nordmark Orchard", "Mon 14 Sep 11:00"),
        ("Brussels", "Mon 14 Sep 11:00"),
    ]
    assert "Prompt to سلمى الخيالية" in client.get("/simulator/clock?phones=2").text


def test_the_clock_goes_to_the_next_event(stage: Stage) -> None:
    stage.planned = [planned(stage, "keeper", "prompt", days=2)]
    client, before = stage.app().test_client(), stage.at
    page = client.get("/simulator").text
    to = re.search(r'class="next" name="to" value="([^"]+)"', page)
    assert to is not None
    moved = press(client, "/simulator", "/simulator/clock", to=to[1], phones="1.sms")
    assert (moved.status_code, moved.location) == (303, "/simulator?phones=1.sms&moved=1")
    assert stage.at == before + timedelta(days=2)
    assert 'http-equiv="refresh"' in client.get(moved.location).text
    assert press(client, "/simulator", "/simulator/clock", to=to[1], fetch="1").status_code == 204
    assert stage.at == before + timedelta(days=2)


@pytest.mark.parametrize(
    "to", ["", "soon", "2026-09-15T09:00", "2026-09-13T09:00:00Z", "2027-09-14T09:00:00Z"]
)
def test_the_clock_goes_neither_back_nor_far(stage: Stage, to: str) -> None:
    before = stage.at
    assert press(stage.app().test_client(), "/simulator", "/simulator/clock", to=to).status_code == 303
    assert stage.at == before


@pytest.mark.parametrize(("name", "word"), [("keeper", "RAPPORT"), ("officer", "ÉTAT")])
def test_an_empty_phone_names_the_word_to_begin(stage: Stage, name: str, word: str) -> None:
    """A coordinator reports; an officer reads the digest."""
    assert f"To begin, send {word}." in stage.app().test_client().get(phone(stage, name)).text
