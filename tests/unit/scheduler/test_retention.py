"""Retention: what is old is emptied or deleted in portions; keys stay, and so does what is shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, insert, select

from models.base import Db
from models.db import Store, open_store, read, write
from models.export import messages_in, messages_out
from models.inbox import Inbox, InboxState, Update, hashed, pack, receive, receive_all, unpack
from models.invite import WrongCode, answer_stranger, invite
from models.occurrence import Occurrence, decide
from models.outbox import Outbox, OutboxState, message_of
from models.retention import PORTION, Ages
from models.signin import SignIn, new_sign_in
from models.submission import Answer
from scheduler.jobs.retention import MOST, Retention, retention
from tests.unit.models.conftest import CITIES, LOADED_AT
from tests.unit.models.test_export import a_message_in, a_message_out, a_submission, an_answer
from tests.unit.models.test_person import a_person

AT = datetime(2026, 11, 23, 3, tzinfo=UTC)
DAY = timedelta(days=1)
OLD, OLDER, YOUNG = AT - 31 * DAY, AT - 201 * DAY, AT - 29 * DAY
AGES = Ages(30 * DAY, 200 * DAY)


@pytest.fixture
def store(database: str) -> Iterator[Store]:
    """Yield a database with a city and a person."""
    from models.city import City

    opened = open_store(database)

    def fill(db: Db) -> None:
        for position, (slug, code, zone) in enumerate(CITIES):
            facts = {"position": position, "timezone": zone, "facts": {}, "changed_at": LOADED_AT}
            db.add(City(slug=slug, code=code, name=slug, **facts))
        db.flush()
        a_person(db, telegram="40000001")

    write(opened, fill)
    yield opened
    opened.close()


def run(store: Store, ages: Ages = AGES, at: datetime = AT) -> int:
    """Run the job as the planner does, until it has nothing to do; return how many portions."""
    job = retention(ages)
    portions = 0
    while write(store, lambda db: job.run(db, at)):
        portions += 1
    return portions


def said(db: Db, number: int, at: datetime, **more: object) -> Inbox:
    return a_message_in(db, 1, f"1:{number}", received_at=at, changed_at=at, **more)


def told(db: Db, number: int, at: datetime, **more: object) -> Outbox:
    facts = {
        "provider_id": str(number),
        "created_at": at,
        "changed_at": at,
        "message": {"options": ["Oui"], "token": "t"},
    }
    return a_message_out(db, 1, f"reply:{number}:1", **facts | more)


def test_raw_bodies_and_buttons_go_first(store: Store) -> None:
    """After 30 days the body and the buttons; the words stay, and what is shown is the same."""

    def fill(db: Db) -> None:
        for number, at in enumerate((OLDER, OLD, YOUNG), start=1):
            said(db, number, at)
            told(db, number, at)

    write(store, fill)
    shown = [read(store, lambda db, way=way: way(db, 0, None)) for way in (messages_in, messages_out)]
    run(store, Ages(30 * DAY, None))
    bodies = read(
        store, lambda db: [unpack(row.body) for row in db.scalars(select(Inbox).order_by(Inbox.id))]
    )
    assert bodies == [b"", b"", b'{"text": "bonjour"}']
    rows = read(store, lambda db: list(db.scalars(select(Outbox).order_by(Outbox.id))))
    assert [message_of(row).options for row in rows] == [(), (), ("Oui",)]
    again = [read(store, lambda db, way=way: way(db, 0, None)) for way in (messages_in, messages_out)]
    assert again == shown


def test_messages_go_later_and_stay_known(store: Store) -> None:
    """After 200 days; an update that comes again is known, also one of a person who was erased."""

    def fill(db: Db) -> None:
        for number, at in enumerate((OLDER, OLD, YOUNG), start=1):
            said(db, number, at)
            told(db, number, at)
        said(db, 4, OLDER).provider_id = hashed("1:4")

    write(store, fill)
    write(store, lambda db: said(db, 5, YOUNG))
    run(store)
    for way, keys in ((messages_in, ["1:2", "1:3", "1:5"]), (messages_out, ["2", "3"])):
        rows = read(store, lambda db, way=way: way(db, 0, None)).rows
        assert [row["provider_id"] for row in rows] == keys
    again = [Update("telegram", f"1:{number}", "telegram:40000001", b"{}", AT) for number in range(1, 7)]
    for one in again[:5]:
        assert not write(
            store, lambda db, one=one: receive(db, one.channel, one.provider_id, one.sender, one.body, AT)
        )
    write(store, lambda db: receive_all(db, again))
    rows = read(store, lambda db: messages_in(db, 0, None)).rows
    assert [row["provider_id"] for row in rows] == ["1:2", "1:3", "1:5", "1:6"]
    assert write(store, lambda db: receive(db, "whatsapp", "1:1", "whatsapp:+10000000009", b"", AT))


def test_the_newest_row_of_a_queue_stays(store: Store) -> None:
    """Its number is not given to another: what is counted goes by numbers."""

    def fill(db: Db) -> None:
        for number in (1, 2):
            said(db, number, OLDER)
            told(db, number, OLDER)

    write(store, fill)
    run(store)
    for table in (Inbox, Outbox):
        assert read(store, lambda db, table=table: list(db.scalars(select(table.id)))) == [2]


@pytest.mark.parametrize("state", [InboxState.OPEN, InboxState.QUARANTINED])
def test_what_is_not_handled_stays_whole(store: Store, state: InboxState) -> None:
    """An officer may replay it."""
    write(store, lambda db: said(db, 1, OLDER, state=state, body=pack(b"whole")))
    run(store)
    assert read(store, lambda db: unpack(db.scalars(select(Inbox)).one().body)) == b"whole"


@pytest.mark.parametrize("state", [OutboxState.QUEUED, OutboxState.SENDING])
def test_what_may_leave_stays_whole(store: Store, state: OutboxState) -> None:
    write(store, lambda db: told(db, 1, OLDER, state=state))
    run(store)
    row = read(store, lambda db: db.scalars(select(Outbox)).one())
    assert (row.text, message_of(row).options) != ("", ())
    assert message_of(row).options == ("Oui",)


def test_answers_stay(store: Store) -> None:
    """Of an answer only the number of the message goes that an edit would name."""

    def fill(db: Db) -> None:
        report = a_submission(db, 1)
        an_answer(db, report, 1, OLDER)
        an_answer(db, report, 2, YOUNG)

    write(store, fill)
    before = read(store, lambda db: [row.value for row in db.scalars(select(Answer))])
    run(store)
    rows = read(store, lambda db: list(db.scalars(select(Answer).order_by(Answer.id))))
    assert [row.value for row in rows] == before
    assert [row.source for row in rows] == ["", "77"]


def test_traces_that_nothing_needs_are_deleted(store: Store) -> None:
    """Sign-in addresses, invitations, strangers, wrong codes, what was never sent: not what still counts."""
    from bot.schedule import Occurrence as Due
    from models.occurrence import OccurrenceState

    def fill(db: Db) -> None:
        for at in (OLDER, AT):
            new_sign_in(db, 1, at)
            invite(db, 1, at)
            db.add(WrongCode(channel="telegram", value="40000009", at=at))
            answer_stranger(db, "telegram", f"4{at:%Y%m%d}", at)
            for state in (OccurrenceState.SUPERSEDED, OccurrenceState.SENT):
                due = Due(f"{state}:{at:%Y-%m-%d}", "prompt", 1, "bamako", at, at)
                decide(db, due, state, at)

    write(store, fill)
    run(store)
    left = read(store, lambda db: sorted(db.scalars(select(Occurrence.key))))
    assert left == ["sent:2026-05-06", "sent:2026-11-23", "superseded:2026-11-23"]
    for table in (SignIn, WrongCode):
        assert read(store, lambda db, table=table: db.scalar(select(func.count()).select_from(table))) == 1


def test_it_goes_on_in_portions(store: Store) -> None:
    """No transaction empties more than a portion, and all is done at last."""

    def fill(db: Db) -> None:
        for number in range(3 * PORTION):
            said(db, number, OLD)

    write(store, fill)
    left = select(func.count()).where(Inbox.body != pack(b""))
    job = retention(AGES)
    counts = [read(store, lambda db: db.scalar(left))]
    while write(store, lambda db: job.run(db, AT)):
        counts.append(read(store, lambda db: db.scalar(left)))
    assert counts[:4] == [3 * PORTION, 2 * PORTION, PORTION, 0]


def test_nothing_is_let_go_of_where_it_is_kept_for_ever(store: Store) -> None:
    write(store, lambda db: (said(db, 1, OLDER), told(db, 1, OLDER)))
    run(store, Ages())
    assert read(store, lambda db: unpack(db.scalars(select(Inbox)).one().body)) != b""
    assert read(store, lambda db: db.scalars(select(Outbox)).one().message) != {}


def test_other_jobs_need_not_wait_for_all_of_it(store: Store) -> None:
    """After so many portions it says that nothing is left, and goes on the next time."""
    codes = [{"channel": "sms", "value": "1", "at": OLD}] * ((MOST + 1) * PORTION)
    write(store, lambda db: db.execute(insert(WrongCode), codes))
    job = Retention(AGES)

    def portions() -> int:
        count = 0
        while write(store, lambda db: job.run(db, AT)):
            count += 1
        return count

    assert [portions(), portions(), portions()] == [MOST, 1, 0]
