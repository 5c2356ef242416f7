"""Two people change one sent report at once; what is missing then, and who is told."""

from collections.abc import Iterator

import pytest
from sqlalchemy import select

from bot.forms.read import read_form
from bot.values import Heard, Media, MediaKind
from models.conversation import chat_of
from models.db import Store, open_store, read, write
from models.export import submissions
from models.form import add_form
from models.outbox import Outbox, message_of
from models.submission import Answer, Submission
from tests.conversations.stage import MONDAY, Stage, a_stage

FORM = """
| survey |
| | type | name | label | relevant | required |
| | select_one yn | met | Met? | | yes |
| | text | who | Who came? | ${met} = 'yes' | yes |
| | image | photo | A photo? | | |
| choices |
| | list_name | name | label |
| | yn | yes | Yes |
| | yn | no | No |
| settings |
| | form_title | form_id | version |
| | Seen | seen | 1 |
"""
FINE = ["report", "1\n1", "All went well", "no\n1\n-", "Go on", "send"]


@pytest.fixture
def store(aston_database: str) -> Iterator[Store]:
    """Yield a store with the programme loaded, on each database."""
    store = open_store(aston_database)
    yield store
    store.close()


def sent(store: Store) -> tuple[Stage, Stage]:
    """Return the phones of a coordinator who has sent the week's report, and of the deputy."""
    phone = a_stage(store, "lagos", "en")
    for text in FINE:
        phone.says(text)
    deputy = a_stage(store, "lagos", "en", role="deputy")
    deputy.clock = phone.clock
    return phone, deputy


def report(store: Store) -> Submission:
    """Return the only report."""
    return read(store, lambda db: db.scalars(select(Submission)).one())


def is_partial(store: Store) -> bool:
    """Tell what the export says of the only report, while its period is open."""
    page = read(store, lambda db: submissions(db, 0, None, lambda city, period: False))
    return bool(page.rows[0]["partial"])


def told(store: Store) -> list[str]:
    """Return the texts of the alerts to officers."""
    query = select(Outbox).where(Outbox.kind == "alert")
    return [message_of(row).text for row in read(store, lambda db: db.scalars(query).all())]


def test_two_people_change_one_report_at_once(store: Store) -> None:
    """Each answers the question that each of them was asked; both changes stay, each with its author."""
    phone, deputy = sent(store)
    before = report(store)
    assert "3/7" in phone.says("edit 3")[0].text
    assert "7/7" in deputy.says("edit 7")[0].text
    assert "Kept as revision 2 of LOS-2026-W48-1." in phone.says("All went very well")[0].text
    assert "Kept as revision 3 of LOS-2026-W48-1." in deputy.says("Paint the stops")[0].text
    after = report(store)
    assert (after.answers["main_activity"], after.answers["next_step"]) == (
        "All went very well",
        "Paint the stops",
    )
    assert (after.revision, after.submitted_at) == (3, before.submitted_at)
    assert after.changed_at > before.changed_at
    newest = read(store, lambda db: db.scalars(select(Answer).where(Answer.revision == 2)).all())
    assert {(row.question, row.author) for row in newest} == {
        ("main_activity", phone.person_id),
        ("next_step", deputy.person_id),
    }


def test_a_sent_report_with_a_gap_is_partial_until_it_is_answered(store: Store) -> None:
    """A change that makes a required question relevant leaves a gap; the officers hear with its answer."""
    a_stage(store, None, "en", role="officer")
    phone, deputy = sent(store)
    assert not is_partial(store)
    phone.says("edit 5")
    phone.says("4")
    phone.says("later")
    assert is_partial(store)
    deputy.says("edit")
    deputy.says("No fuel")
    assert is_partial(store)
    assert "Kept as revision 3" in deputy.says("1")[0].text
    assert not is_partial(store)
    assert report(store).revision == 3
    assert len(told(store)) == 1


def test_a_colleague_replaces_the_report_that_is_being_changed(store: Store) -> None:
    """The person hears that it counts no more; nothing of theirs is taken for an answer to it."""
    phone, deputy = sent(store)
    phone.says("edit 3")
    for text in [*FINE, "1"]:
        deputy.says(text)
    answered = phone.says("All went very well")[0].text
    assert answered.startswith("This report was replaced or cancelled.")
    assert read(store, lambda db: chat_of(db, phone.person_id)).report is None
    first = read(store, lambda db: db.scalars(select(Submission).order_by(Submission.id)).first())
    assert first is not None
    assert first.answers["main_activity"] == "All went well"
    assert first.revision == 1


def test_a_text_that_is_gathered_ends_with_the_report_that_counts_no_more(store: Store) -> None:
    """A colleague replaced the report within the silence: the person hears it, and nothing is sent anew."""
    phone, deputy = sent(store)
    phone.says("edit 3")
    assert phone.says("All went well, and")[0].text == "Received. Go on, or send DONE."
    for text in [*FINE, "1"]:
        deputy.says(text)
    (told,) = phone.falls_silent()
    assert told.text == "This report was replaced or cancelled."
    assert read(store, lambda db: chat_of(db, phone.person_id)).report is None
    states = read(store, lambda db: db.scalars(select(Submission.state).order_by(Submission.id)).all())
    assert states == ["withdrawn", "submitted"]


def test_a_number_of_thousands_of_digits_is_none(store: Store) -> None:
    """A sign that stands for two digits makes more of them than a message has characters."""
    phone, _ = sent(store)
    text = f"edit {chr(0x32BF) * 2200}"
    assert "which answer should be changed?" in phone.says(text)[0].text
    assert "which answer should be changed?" in phone.says(text)[0].text


def test_a_photo_that_follows_closes_no_gap(store: Store) -> None:
    """A report that was changed and waits for an answer is partial still when its photo comes."""
    content = FORM.encode()
    write(store, lambda db: add_form(db, read_form(content, "f.md"), content, "f.md", MONDAY))
    phone = a_stage(store, "lagos", "en")
    for text in ("report seen", "no", "-", "send", "edit 1", "yes", "later"):
        phone.says(text)
    assert is_partial(store)
    photo = Media(MediaKind.IMAGE, "ref-1", "street.jpg", size=70000)
    assert "Attached to" in phone.hears(Heard(media=photo))[0].text
    assert report(store).answers["photo"]
    assert is_partial(store)


def test_a_group_member_changes_only_their_own(store: Store) -> None:
    """Reports of the city's coordinator are not theirs to change."""
    sent(store)
    member = a_stage(store, "lagos", "en", role="group")
    assert member.says("edit LOS-2026-W48-1")[0].text == (
        "There is no report LOS-2026-W48-1 that you could change."
    )
