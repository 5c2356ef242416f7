"""The officers' Friday: the digest at nine in Paris on phones and by e-mail, and what came before."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from html import escape, unescape
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from griot.digests import Digests
from griot.settings import data_folder
from griot.voices import voices
from models.base import Db
from models.consent import record_consent
from models.digest_sending import send_digest
from models.form import FormShelf
from models.person import add_person
from models.programme import ProgrammeShelf
from tests.contract.test_email import MailBox
from tests.moved import Moved, a_moved_site, add_people
from tests.standin.phone import Phone

START = datetime(2026, 11, 22, 12, tzinfo=UTC)  # a Sunday
MONDAY = datetime(2026, 11, 23, 11, tzinfo=UTC)  # noon in Paris
FRIDAY = datetime(2026, 11, 27, 8, tzinfo=UTC)  # nine in Paris
BAMAKO, NOUAKCHOTT, CAMILLE, NORA = 600_000_001, 600_000_002, 600_000_003, 600_000_004
CAMILLE_MAIL, NORA_MAIL = "camille@example.org", "nora@example.org"
BLOCKED = "Le marché <public> & l'appel d'offres sont suspendus."
PROMISED = "Décision du conseil le 4 décembre."
DONE = "تركيب 120 لوحة عنونة."
SUCCESS = "تطوع طلبة لمراجعة الأسماء."
NEXT = "استلام الأعمدة يوم الاثنين."
STUCK = ("3", "2", "Atelier tenu.", "2", "4", BLOCKED, "2", "-", PROMISED, "1")
WELL = ("1", "3", DONE, "2", "1", SUCCESS, NEXT, "1")
ISOLATES = re.compile("[\u2066-\u2069\u200e\u200f]")


@pytest.fixture
def box() -> MailBox:
    """Return the officers' mailbox."""
    return MailBox()


@pytest.fixture
def port() -> int:
    """Return the port of the mail server: nobody listens on it."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


@pytest.fixture
def site(tmp_path: Path, aston_database: str, port: int) -> Iterator[Moved]:
    """Yield a site with two coordinators and two officers, in two languages each; its mail server is down."""
    mail = {"smtp_url": f"smtp://127.0.0.1:{port}", "mail_from": "Griot <griot@example.org>"}
    with a_moved_site(tmp_path, aston_database, START, **mail) as running:
        add_people(
            running,
            [
                ("coordinator", "bamako", "fr", {"telegram": str(BAMAKO)}),
                ("coordinator", "nouakchott", "ar", {"telegram": str(NOUAKCHOTT)}),
                ("officer", None, "fr", {"telegram": str(CAMILLE), "email": CAMILLE_MAIL}),
                ("officer", None, "ar", {"telegram": str(NORA), "email": NORA_MAIL}),
            ],
        )
        yield running


@contextmanager
def mail_server(box: MailBox, port: int) -> Iterator[None]:
    """Let the mail server run."""
    controller = Controller(box, hostname="127.0.0.1", port=port)
    controller.start()
    yield
    controller.stop()


def say(site: Moved, user: int, *texts: str) -> list[str]:
    """Return what a phone shows anew after each of these was said and answered."""
    phone: Phone = site.telegram(user)
    before = len(phone.messages())
    for text in texts:
        phone.say(text)
        site.work()
    return [sent.text for sent in phone.messages()[before:]]


def shown(site: Moved, user: int) -> list[str]:
    """Return what a phone shows, plain spaces in it and no marks of directions."""
    return [plain(sent.text) for sent in site.telegram(user).messages()]


def plain(text: str) -> str:
    """Return a text with plain spaces and line ends, without the marks of directions."""
    return re.sub("[\u00a0\u202f]", " ", ISOLATES.sub("", text)).replace("\r\n", "\n")


def digest_to(box: MailBox, address: str) -> EmailMessage:
    """Return the one mail with HTML to an address."""
    (found,) = (mail for mail in box.mails if mail["To"] == address and mail.is_multipart())
    return found


def parts_of(mail: EmailMessage) -> tuple[str, str]:
    """Return a mail's text and HTML, both in UTF-8; there is nothing else in it."""
    assert mail.get_content_type() == "multipart/alternative"
    found = list(mail.iter_parts())
    assert [(each.get_content_type(), each.get_content_charset()) for each in found] == [
        ("text/plain", "utf-8"),
        ("text/html", "utf-8"),
    ]
    text, rich = (str(each.get_content()) for each in found)
    return plain(text), rich


def visible(rich: str) -> str:
    """Return the words of an HTML document as they are read."""
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]+>", " ", rich, flags=re.DOTALL)).split())


def report(site: Moved) -> None:
    """Let Bamako report on Monday that it is blocked, Nouakchott on Tuesday that all is well."""
    site.run(MONDAY)
    say(site, BAMAKO, "rapport", *STUCK)
    site.run(MONDAY + timedelta(days=1))
    say(site, NOUAKCHOTT, "تقرير", *WELL)


def officer(site: Moved, at: datetime, language: str, **addresses: str) -> int:
    """Return an officer added, and agreeing, at a time."""

    def add(db: Db) -> int:
        id = add_person(db, name="Ines Demo", role="officer", language=language, addresses=addresses, at=at)
        record_consent(
            db, id, agreed=True, version="1", language=language, channel="paper", how="test", at=at
        )
        return id

    found: int = site.write(add)
    return found


def test_friday_at_nine_both_officers_read_what_the_week_said(site: Moved, box: MailBox, port: int) -> None:
    """On Telegram in 900 characters and by e-mail in full, each in their language and direction; once."""
    with mail_server(box, port):
        report(site)
        site.run(FRIDAY - timedelta(seconds=1))
        assert not site.sent("digest")
        assert not box.mails
        site.run(FRIDAY + timedelta(days=1))
        digests = Digests(ProgrammeShelf(), FormShelf(), voices(data_folder("locales")))
        again = site.write(
            lambda db: send_digest(db, digests, site.settings.channels_on, "2026-W48", site.now)
        )
    rows = site.sent("digest")
    assert [(row["key"], row["channel"], row["state"], row["sent_at"]) for row in rows] == [
        ("dig:2026-W48:3", "telegram", "sent", FRIDAY),
        ("dig:2026-W48:3:email", "email", "sent", FRIDAY),
        ("dig:2026-W48:4", "telegram", "sent", FRIDAY),
        ("dig:2026-W48:4:email", "email", "sent", FRIDAY),
    ]
    assert again == 0
    assert len(box.mails) == 2
    french, arabic = shown(site, CAMILLE)[-1], shown(site, NORA)[-1]
    assert french.startswith("Synthèse, semaine 48. Points reçus : 2 sur 11.")
    assert arabic.startswith("الملخص، الأسبوع 48. التحديثات المستلمة: 2 من 11.")
    for text in (french, arabic):
        assert len(text) <= 900
        assert BLOCKED in text
        assert SUCCESS in text
        assert text.index(BLOCKED) < text.index(SUCCESS)  # who is stuck comes first
    assert f"{SUCCESS} (ar)" in french
    assert f"{BLOCKED} (fr)" in arabic
    _check_mail(box, address=CAMILLE_MAIL, language="fr", direction="ltr", subject="Synthèse, semaine 48")
    _check_mail(box, address=NORA_MAIL, language="ar", direction="rtl", subject="الملخص، الأسبوع 48")


def _check_mail(box: MailBox, *, address: str, language: str, direction: str, subject: str) -> None:
    """Look for every word of the week in plain text and in HTML; nothing in it runs or is fetched."""
    mail = digest_to(box, address)
    assert (ISOLATES.sub("", mail["Subject"]), mail["From"]) == (subject, "Griot <griot@example.org>")
    text, rich = parts_of(mail)
    for words in (BLOCKED, PROMISED, "Atelier tenu.", DONE, SUCCESS, NEXT, "BKO-2026-W48-1", "M05"):
        assert words in text
        assert words in visible(rich)
    assert escape(BLOCKED, quote=False).split(" &")[0] in rich
    assert f'<html lang="{language}" dir="{direction}">' in rich
    assert not re.search(r"<script|<img|<link|https?:|javascript:|\son\w+=", rich)


def test_a_block_is_told_at_once_and_more_is_answered(site: Moved) -> None:
    """Each officer hears of it in the minute, in their language, in the city's words; MORE has the rest."""
    site.run(MONDAY)
    say(site, BAMAKO, "rapport", *STUCK)
    assert site.now == MONDAY
    assert shown(site, CAMILLE) == [f"Bamako : travail bloqué (BKO-2026-W48-1). {BLOCKED}"]
    assert shown(site, NORA) == [f"باماكو: العمل متوقف (BKO-2026-W48-1). {BLOCKED}"]
    (more,) = say(site, CAMILLE, "plus bamako")
    for words in (BLOCKED, PROMISED, "Atelier tenu.", "BKO-2026-W48-1"):
        assert words in more
    (more,) = say(site, NORA, "المزيد باماكو")
    assert PROMISED in more


def test_mail_waits_for_a_server_that_is_down_at_nine(site: Moved, box: MailBox, port: int) -> None:
    """Phones have it at nine all the same; each mail leaves once when the server is back at ten."""
    site.run(FRIDAY - timedelta(seconds=1))
    site.now = FRIDAY
    while site.now < FRIDAY + timedelta(minutes=1):
        site.work()
        site.now += timedelta(seconds=6)
    states = {row["key"]: row["state"] for row in site.sent("digest")}
    assert states == {
        "dig:2026-W48:3": "sent",
        "dig:2026-W48:3:email": "queued",
        "dig:2026-W48:4": "sent",
        "dig:2026-W48:4:email": "queued",
    }
    assert not box.mails
    site.now = FRIDAY + timedelta(hours=1)
    with mail_server(box, port):
        site.work()
        site.work()
    digests = [mail for mail in box.mails if mail.is_multipart()]  # alerts are plain text
    assert sorted(mail["To"] for mail in digests) == [CAMILLE_MAIL, NORA_MAIL]
    assert {row["state"] for row in site.sent("digest")} == {"sent"}
    assert len(site.sent("digest")) == 4


def test_officers_added_on_thursday_and_without_a_chat(site: Moved, box: MailBox, port: int) -> None:
    """Who is new gets Friday's; who has e-mail alone gets the mail; who has neither is shown beforehand."""
    thursday = FRIDAY - timedelta(days=1)
    with mail_server(box, port):
        site.run(thursday)
        new = officer(site, thursday, "en", telegram="600000009")
        by_mail = officer(site, thursday, "pt", email="ines@example.org")
        nowhere = officer(site, thursday, "fr")
        foreseen = {
            each.occurrence.person: each
            for each in site.upcoming(2)
            if each.occurrence.kind == "digest" and each.occurrence.person in (new, by_mail, nowhere)
        }
        assert foreseen[new].leaves
        assert foreseen[by_mail].leaves
        assert not foreseen[nowhere].leaves
        assert foreseen[nowhere].occurrence.reason
        site.run(FRIDAY + timedelta(minutes=1))
    sent = {row["person_id"]: (row["channel"], row["sent_at"]) for row in site.sent("digest")}
    assert sent[new] == ("telegram", FRIDAY)
    assert sent[by_mail] == ("email", FRIDAY)
    assert nowhere not in sent
    text, rich = parts_of(digest_to(box, "ines@example.org"))
    assert text.startswith("Síntese, semana 48. Actualizações recebidas: 0 de 11.")
    assert '<html lang="pt" dir="ltr">' in rich
