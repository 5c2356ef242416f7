"""A photo from the phone to the console: fetched, cleaned, kept once, told in the digest, given out."""

import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from bot.values import Heard, MediaKind
from bot.values import Media as Attached
from channels.chat import Chat, written_down
from griot.fetcher import Arrival, Fetcher, Settled, settle
from models import media
from models.base import Db
from models.db import read
from models.export import submissions
from models.inbox import Update, receive_all
from models.media import Media, MediaState
from models.media_files import FOLDER, MediaFiles
from models.person import add_address
from models.privacy import erase, everything_about
from tests.moved import BASE_URL, Moved, a_moved_site, add_people, minutes
from tests.standin import Fault, Trouble
from tests.unit.channels.test_arriving import GPS, a_photo

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FRIDAY_NIGHT = datetime(2026, 11, 27, 22, 0, tzinfo=UTC)
AWA, BIA = 500_000_001, "+10000000002"
PHOTO = a_photo()
CAPTION = "The kiosk at <b>noon</b>"
PDF = b"%PDF-1.7\n" + b"%\n" * 200


@pytest.fixture
def site(tmp_path: Path, aston_database: str) -> Iterator[Moved]:
    """Yield a site with a coordinator on Telegram, one on WhatsApp, and an officer."""
    with a_moved_site(tmp_path, aston_database, MONDAY, griot_http_timeout=2.0) as running:
        add_people(
            running,
            [
                ("coordinator", "bamako", "en", {"telegram": str(AWA)}),
                ("coordinator", "lagos", "en", {"whatsapp": BIA}),
                ("officer", None, "en", {"telegram": "500000009"}),
                ("coordinator", "kampala", "en", {"telegram": "500000004"}),
            ],
        )
        yield running


def rows(site: Moved) -> Sequence[Media]:
    """Return every attachment as it stands."""

    def look(db: Db) -> Sequence[Media]:
        found = list(db.scalars(select(Media).order_by(Media.id)))
        db.expunge_all()
        return found

    return read(site.store, look)


def files(site: Moved) -> list[Path]:
    """Return the files that are kept, half ones too."""
    folder = site.settings.griot_var / FOLDER
    return sorted(path for path in folder.rglob("*") if path.is_file())


def say(site: Moved, *texts: str) -> None:
    """Let Awa write."""
    phone = site.telegram(AWA, "en")
    for text in texts:
        phone.say(text)
        site.now += minutes(1)
        site.answer()


def practice(site: Moved, *, photo: bool = True) -> None:
    """Let Awa share a practice with a photo of her phone, and send it."""
    say(site, "report good_practice", "A mobile kiosk", "Long queues", "A kiosk", "Less waiting", "-")
    if photo:
        site.provider.attach("photo-1", PHOTO)
        phone = site.telegram(AWA, "en")
        sizes = [{"file_id": "photo-1", "file_unique_id": "u1", "width": 1600, "height": 1200}]
        phone.send(photo=sizes, caption=CAPTION)
        phone.deliver_again()
        site.work()
    else:
        say(site, "-")
    say(site, "1", "send")


def test_a_photo_goes_from_the_phone_to_the_console(site: Moved) -> None:
    """Delivered twice, it is kept once, small and without its place; digest and console know it."""
    practice(site)
    [row] = rows(site)
    assert (row.state, row.content_type, row.question) == (MediaState.KEPT, "image/jpeg", "photo")
    [path] = files(site)
    assert path == site.settings.griot_var / FOLDER / row.path
    assert path.stat().st_mode & 0o777 == 0o600
    with Image.open(path) as photo:
        assert max(photo.size) == 1280
        assert GPS not in photo.getexif()
    assert b"SECRET" not in path.read_bytes()
    export = read(site.store, lambda db: submissions(db, 0, None, lambda city, period: False)).rows
    assert export[0]["answers"]["photo"] == {"type": "image", "name": "", "size": path.stat().st_size}
    site.run(FRIDAY_NIGHT)
    [digest] = site.sent("digest")
    assert "Received with the reports: 1 photo (Bamako)." in digest["text"]
    _check_console(site, row, path)


def _check_console(site: Moved, row: Media, path: Path) -> None:
    officer, other = site.browser(3), site.browser(4)
    page = officer.get("/cities/bamako", base_url=BASE_URL)
    assert f'href="/media/{row.id}"' in page.text
    assert "The kiosk at &lt;b&gt;noon&lt;/b&gt;</bdi>" in page.text
    found = officer.get(f"/media/{row.id}", base_url=BASE_URL)
    assert found.data == path.read_bytes()
    assert found.headers["Content-Disposition"].startswith("attachment;")
    assert found.headers["Content-Type"] == "image/jpeg"
    assert found.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in found.headers["Cache-Control"]
    found.close()
    assert other.get(f"/media/{row.id}", base_url=BASE_URL).status_code == 404
    assert officer.get("/media/999", base_url=BASE_URL).status_code == 404


def test_media_may_follow_on_whatsapp(site: Moved) -> None:
    """A weekly update that was sent takes what is attached later; credentials stay with the API."""
    phone = site.twilio(BIA)
    # the day's reminder comes in between: NOTHING to it would be about its milestone
    for text in ("report weekly_update", "report weekly_update", "nothing"):
        phone.say(text)
        site.now += minutes(1)
        site.work()
    said = [message.text for message in phone.messages()]
    assert any("LOS-2026-W48-1" in text for text in said), said[-3:]
    url = site.provider.attach_to_twilio(PDF)
    phone.send(MediaUrl0=url, MediaContentType0="application/pdf", NumMedia="1", MessageType="document")
    site.work()
    site.work()
    assert phone.messages()[-1].text == "Attached to LOS-2026-W48-1."
    [row] = rows(site)
    assert (row.state, row.question, row.content_type) == (MediaState.KEPT, "", "application/pdf")
    assert files(site)[0].read_bytes() == PDF
    assert [call.fields["Authorization"] for call in site.provider.calls("media")] == [""]
    assert site.provider.twilio.files == {}  # what is stored here is deleted there


def test_of_several_files_in_one_message_none_is_lost(site: Moved) -> None:
    """The first may be an answer, the others are kept beside it; each is fetched."""
    phone = site.twilio(BIA, "sms")
    site.write(lambda db: add_address(db, 2, "sms", BIA, site.now))
    phone.say("report good_practice")
    site.work()
    urls = [site.provider.attach_to_twilio(content) for content in (PHOTO, PDF, PDF + b"%2\n")]
    fields = {f"MediaUrl{number}": url for number, url in enumerate(urls)}
    phone.send(**fields, MediaContentType0="image/jpeg", NumMedia="3")
    site.work()
    assert [(row.question, row.state) for row in rows(site)] == [
        ("", MediaState.KEPT),
        ("", MediaState.KEPT),
        ("photo", MediaState.KEPT),
    ]
    assert len(files(site)) == 3


def test_a_provider_that_does_not_delete_stops_nothing(site: Moved) -> None:
    """What is stored stays stored."""
    phone = site.twilio(BIA)
    for text in ("report good_practice", "report good_practice"):
        phone.say(text)
        site.work()
    url = site.provider.attach_to_twilio(PHOTO)
    phone.send(MediaUrl0=url, MediaContentType0="image/jpeg", NumMedia="1", MessageType="image")
    site.provider.trouble("delete", Trouble(fault=Fault.SERVER_ERROR))
    site.work()
    assert [row.state for row in rows(site)] == [MediaState.KEPT]


def test_a_refused_file_does_not_stay_at_its_provider(site: Moved) -> None:
    """What is not kept here is deleted at Twilio like what is."""
    phone = site.twilio(BIA)
    for text in ("report good_practice", "report good_practice"):
        phone.say(text)
        site.work()
    url = site.provider.attach_to_twilio(b"<html>a page</html>")
    phone.send(MediaUrl0=url, MediaContentType0="text/html", NumMedia="1", MessageType="document")
    site.work()
    assert [row.state for row in rows(site)] == [MediaState.REFUSED]
    assert site.provider.twilio.files == {}


def test_a_file_that_the_scan_refuses_is_kept_from_everybody(site: Moved, tmp_path: Path) -> None:
    """Nothing of it is written, its provider deletes it, who sent it is told once; another file is kept."""
    scan_with(site, tmp_path, "grep -q SIGNATURE-OF-THIS-TEST && exit 1 || exit 0")
    assert sent_pdf(site, PDF + b"SIGNATURE-OF-THIS-TEST") == [MediaState.REFUSED]
    assert files(site) == []
    assert site.provider.twilio.files == {}
    told = [row["text"] for row in site.sent("notice")]
    assert told == ["A file that you sent did not pass a safety check and was not kept."]
    assert sent_pdf(site, PDF) == [MediaState.REFUSED, MediaState.KEPT]
    assert len(files(site)) == 1
    assert len(site.sent("notice")) == 1


@pytest.mark.parametrize("script", ["exit 2", "exec sleep 30"], ids=["fails", "hangs"])
def test_a_file_that_nobody_could_scan_is_asked_for_again(site: Moved, tmp_path: Path, script: str) -> None:
    """It is not kept meanwhile, and nobody is told that it was refused; once the scan works it is kept."""
    scan_with(site, tmp_path, script)
    site.patience = 0
    assert sent_pdf(site, PDF) == [MediaState.WAITING]
    assert (files(site), site.sent("notice")) == ([], [])
    scan_with(site, tmp_path, '[ -z "$SECRET_KEY" ]')  # and no secret is in its environment
    site.now += minutes(1)
    site.work()
    assert [row.state for row in rows(site)] == [MediaState.KEPT]


def scan_with(site: Moved, folder: Path, script: str) -> None:
    """Let the workers, started anew, scan files with a script of the shell."""
    path = folder / "scan.sh"
    path.write_text(script)
    site.settings = site.settings.model_copy(update={"griot_media_scan": f"sh {path}"})
    site.start()


def sent_pdf(site: Moved, content: bytes) -> list[str]:
    """Let Bia send a document with a practice; return what became of every file."""
    phone = site.twilio(BIA)
    for text in ("report good_practice", "report good_practice"):
        phone.say(text)
        site.work()
    url = site.provider.attach_to_twilio(content)
    phone.send(MediaUrl0=url, MediaContentType0="application/pdf", NumMedia="1", MessageType="document")
    site.work()
    return [row.state for row in rows(site)]


def test_files_that_no_row_names_are_swept(site: Moved) -> None:
    """Old ones only: another worker may be about to name a young one; what is named stays."""
    practice(site)
    kept = MediaFiles(site.settings.griot_var)
    orphans = [kept.keep(content, "pdf")[1] for content in (PDF, PDF + b"%2\n", PDF + b"%3\n")]
    folder = site.settings.griot_var / FOLDER
    half = folder / orphans[0][:2] / ".0123.part"
    half.write_bytes(PDF[:9])
    for path in (half, *(folder / one for one in orphans), folder / rows(site)[0].path):
        os.utime(path, (0, 0))
    kept.keep(PDF + b"%2\n", "pdf")  # the same file comes once more
    (folder / orphans[2]).touch()
    Fetcher({}, kept, lambda: None).sweep(site.store)
    found = {path.relative_to(folder).as_posix() for path in folder.glob("*/*")}
    assert found == {rows(site)[0].path, *orphans[1:]}


def test_a_phone_in_the_browser_goes_the_same_way(site: Moved) -> None:
    """Its file is cleaned and stored like a provider's, and leaves the phone's folder."""
    site.write(lambda db: add_address(db, 1, "chat", "1", site.now))
    chat = site.channels["chat"]
    assert isinstance(chat, Chat)
    media_sent = Attached(MediaKind.IMAGE, chat.take_in(PHOTO), "kiosk.jpg", "image/jpeg", len(PHOTO))
    for number, heard in enumerate((Heard("report good_practice"), Heard(media=media_sent))):
        body = written_down(str(number), "1", heard)
        site.write(
            lambda db, body=body, n=number: receive_all(
                db, [Update("chat", str(n), "chat:1", body, site.now)]
            )
        )
        site.work()
    [row] = rows(site)
    assert (row.state, row.content_type, row.name) == (MediaState.KEPT, "image/jpeg", "kiosk.jpg")
    assert len(files(site)) == 1
    assert list((site.settings.griot_var / "phone").iterdir()) == []


def test_what_a_dead_worker_had_claimed_is_fetched_again(site: Moved) -> None:
    """Killed between claim and mark, once before and once after the file was written: one file."""
    practice(site, photo=False)
    site.provider.attach("photo-1", PHOTO)
    site.provider.trouble("file", Trouble(fault=Fault.UNAVAILABLE, times=1))
    site.telegram(AWA, "en").send(photo=[_size("photo-1")])
    site.work()
    [row] = rows(site)
    assert (row.state, row.tries) == (MediaState.WAITING, 1)
    site.now += timedelta(seconds=11)
    taken = site.write(lambda db: media.claim(db, 5, site.now, timedelta(seconds=60), ["telegram"]))
    assert [one.id for one in taken] == [row.id]
    MediaFiles(site.settings.griot_var).keep(b"half of it was written by somebody else", "txt")
    site.work()
    assert rows(site)[0].state == MediaState.WAITING  # the lease is the dead one's
    site.now += timedelta(seconds=61)
    site.work()
    assert rows(site)[0].state == MediaState.KEPT
    late = media.Stored("image/jpeg", 1, "0" * 64, "00/late.jpg")
    assert not site.write(lambda db: media.mark_kept(db, taken[0], late, site.now))
    assert rows(site)[0].path != "00/late.jpg"
    assert len([path for path in files(site) if path.suffix == ".jpg"]) == 1


def test_a_late_worker_leaves_the_file_to_the_one_that_has_the_lease(site: Moved) -> None:
    """Both fetched the same; the late one must not remove what the other is about to name."""
    practice(site, photo=False)
    site.provider.attach("photo-1", PHOTO)
    site.provider.trouble("file", Trouble(fault=Fault.UNAVAILABLE, times=1))
    site.telegram(AWA, "en").send(photo=[_size("photo-1")])
    site.work()
    leases = []
    for _ in range(2):
        site.now += timedelta(seconds=61)
        leases += site.write(lambda db: media.claim(db, 1, site.now, timedelta(seconds=60), ["telegram"]))
    kept = MediaFiles(site.settings.griot_var)
    digest, path = kept.keep(b"fetched twice", "txt")
    late, mine = (Arrival(row, media.Stored("text/plain", 13, digest, path)) for row in leases)
    assert site.write(lambda db: settle(db, [late], site.now)) == Settled()
    assert site.write(lambda db: settle(db, [mine], site.now)) == Settled(done_with=[mine.row])
    assert kept.find(path) is not None


def _size(file_id: str) -> dict[str, object]:
    return {"file_id": file_id, "file_unique_id": "u1", "width": 1600, "height": 1200}


@pytest.mark.parametrize(
    ("content", "fault", "state"),
    [
        pytest.param(b"<html><script>", None, MediaState.REFUSED, id="a page"),
        pytest.param(b"x" * 10_000_001, None, MediaState.REFUSED, id="over 10 MB"),
        pytest.param(b"x" * 20_000_001, None, MediaState.REFUSED, id="over 20 MB"),
        pytest.param(PDF, Trouble(fault=Fault.REFUSED, value=404), MediaState.LOST, id="gone"),
    ],
)
def test_the_report_is_never_lost_with_its_media(
    site: Moved, content: bytes, fault: Trouble | None, state: MediaState
) -> None:
    """What is not kept is told to nobody by message; the officers read it where they read the rest."""
    practice(site, photo=False)
    site.provider.attach("doc-1", content)
    site.provider.trouble("file", fault)
    site.telegram(AWA, "en").send(document={"file_id": "doc-1", "file_unique_id": "u", "file_name": "a.pdf"})
    site.work()
    [row] = rows(site)
    assert (row.state, row.path) == (state, "")
    assert row.error
    assert files(site) == []
    page = site.browser(3).get("/cities/bamako", base_url=BASE_URL).text
    assert ("not kept" if state is MediaState.REFUSED else "no longer there") in page


def test_a_provider_that_is_down_is_asked_again_over_a_weekend(site: Moved) -> None:
    """After the last try the attachment is lost, and the report is still there."""
    practice(site, photo=False)
    site.provider.attach("doc-1", PDF)
    site.provider.trouble("file", Trouble(fault=Fault.SERVER_ERROR))
    site.telegram(AWA, "en").send(document={"file_id": "doc-1", "file_unique_id": "u", "file_name": "a.pdf"})
    site.work()
    for seconds in media.LAST_TRIES:
        assert rows(site)[0].state == MediaState.WAITING
        site.now += timedelta(seconds=seconds)
        site.work()
    assert (rows(site)[0].state, rows(site)[0].tries) == (MediaState.LOST, len(media.LAST_TRIES) + 1)
    assert sum(media.LAST_TRIES) > 3 * 24 * 3600


def test_a_person_who_is_erased_takes_their_files_along(site: Moved) -> None:
    """The export lists the files; the erasure removes those that nobody else sent too."""
    practice(site)
    other = site.telegram(500_000_004, "en")
    for text in ("report good_practice", "Shared", "P", "W", "R", "-"):
        other.say(text)
        site.work()
    site.provider.attach("photo-2", PHOTO)  # the same photo
    other.send(photo=[_size("photo-2")], caption="With Awa")
    other.send(document={"file_id": "doc-1", "file_unique_id": "u", "file_name": "own.pdf"})
    site.provider.attach("doc-1", PDF)
    site.work()
    assert [path.suffix for path in files(site)] in ([".jpg", ".pdf"], [".pdf", ".jpg"])
    told = read(site.store, lambda db: everything_about(db, 4, site.now, BASE_URL))["media"]
    assert [(one["type"], one["state"]) for one in told] == [("image", "kept"), ("file", "kept")]
    assert [one["caption"] for one in told] == ["With Awa", ""]
    gone = site.write(lambda db: erase(db, 4, site.now))
    assert [path.rpartition(".")[2] for path in gone] == ["pdf"]
    assert [(one.ref.partition(":")[0], one.name, one.caption, one.path) for one in rows(site)[1:]] == [
        ("erased", "", "", ""),
        ("erased", "", "", ""),
    ]
    assert rows(site)[0].state == MediaState.KEPT


def test_a_photo_that_arrives_once_it_is_erased_leaves_no_file(site: Moved) -> None:
    """A fetch under way when its person is erased is not kept."""
    practice(site, photo=False)
    site.provider.attach("photo-1", PHOTO)
    site.provider.trouble("file", Trouble(fault=Fault.UNAVAILABLE, times=1))
    site.telegram(AWA, "en").send(photo=[_size("photo-1")])
    site.work()
    site.now += timedelta(seconds=11)
    [taken] = site.write(lambda db: media.claim(db, 1, site.now, timedelta(seconds=60), ["telegram"]))
    site.write(lambda db: erase(db, 1, site.now))
    stored = media.Stored("image/jpeg", 1, "0" * 64, "00/late.jpg")
    assert not site.write(lambda db: media.mark_kept(db, taken, stored, site.now))
