"""What is stored of one message or report, put together for who asks what became of it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from bot.traces import (
    Brought,
    Decision,
    Filed,
    Filled,
    Gave,
    Heard,
    Kept,
    Named,
    Raw,
    Status,
    Told,
    Trace,
    Way,
    Whose,
)
from models.base import Db
from models.broadcast import sent_by
from models.circuit import CIRCUIT
from models.consent import Consent
from models.export import called
from models.inbox import HASHED, IN, Inbox, unpack
from models.ladder import first_key, keys_of
from models.media import Media
from models.occurrence import OCCURRENCE
from models.outbox import OUT, rung_of
from models.person import Person
from models.submission import Answer, Submission, trace_of

ASKED = ("prompt", "nudge", "last_call")  # kinds that ask for the report of a period
MOST_REPLIES = 20  # to one message
STATED = ("accepted", "scheduled", "queued", "sending", "sent", "delivered", "read", "partially_delivered")
FAILED = ("undelivered", "failed", "canceled")
NOBODY = Whose(None, "", None)
GONE = Raw(news="")
Reading = Callable[[str, bytes], Raw]  # of a channel's raw update


def trace(db: Db, what: Named, reading: Reading) -> Trace | None:
    """Return what is stored of one thing that was named; None when it is gone meanwhile."""
    match what.kind:
        case "in":
            return heard(db, int(what.key), reading)
        case "out":
            return next(iter(told(db, [what.key])), None)
        case "report":
            return filled(db, int(what.key))
        case _:
            return decision(db, what.key)


def heard(db: Db, id: int, reading: Reading) -> Heard | None:
    """Return an update in and what it became, replies and alerts included; None when it is gone."""
    row = db.get(Inbox, id)
    if row is None:
        return None
    body = unpack(row.body)
    raw = reading(row.channel, body) if body else GONE
    at, person = row.received_at, row.person_id
    sent = _sent(db, person, at)
    return Heard(
        id=row.id,
        channel=row.channel,
        whose=_whose(db, [person]).get(person, NOBODY) if person else NOBODY,
        news=raw.news,
        state=row.state,
        tries=row.tries,
        error=row.error.partition(":")[0],  # what follows may be the person's own words
        received_at=at,
        due_at=row.due_at,
        changed_at=row.changed_at,
        text=row.text,
        is_erased=row.provider_id.startswith(HASHED),
        answers=_kept(db, row, raw.source),
        files=_brought(db, person, at),
        began=_filed(db, person, Submission.started_at == at),
        sent=sent,
        agreed=_agreed(db, person, at),
        led_to=(*_replies(db, row.id), *_alerts(db, row, sent)),
        is_fetched=raw.is_fetched,
    )


def _kept(db: Db, row: Inbox, source: str) -> tuple[Kept, ...]:
    """Return the answers of one message: made when it came or, of a text in pieces, remembering its id."""
    if row.person_id is None:
        return ()
    said = f"{row.channel}:{source}"
    made = [Answer.at == row.received_at, *([Answer.source.in_((trace_of(said), said))] if source else [])]
    of_city = select(Person.city).where(Person.id == row.person_id).scalar_subquery()
    query = (
        select(Answer, Submission.reference)
        .join(Submission, Submission.id == Answer.submission_id)
        .where(Answer.author == row.person_id, or_(*made))
        .where(or_(Submission.city == of_city, Submission.person_id == row.person_id))
        .where(Submission.updated_at >= row.received_at)
    )
    return tuple(
        Kept(each.question, called(each.submission_id, reference), each.revision, each.is_current)
        for each, reference in db.execute(query.order_by(Answer.id))
    )


def _brought(db: Db, person: int | None, at: datetime) -> tuple[Brought, ...]:
    query = select(Media, Submission.reference).join(Submission, Submission.id == Media.submission_id)
    rows = db.execute(query.where(Media.person_id == person, Media.created_at == at).order_by(Media.id))
    return tuple(Brought(called(row.submission_id, reference), row.state) for row, reference in rows)


def _sent(db: Db, person: int | None, at: datetime) -> tuple[Filed, ...]:
    return _filed(db, person, Submission.submitted_at == at)


def _filed(db: Db, person: int | None, which: ColumnElement[bool]) -> tuple[Filed, ...]:
    rows = db.scalars(select(Submission).where(Submission.person_id == person, which).order_by(Submission.id))
    return tuple(Filed(called(row.id, row.reference), row.form, row.period or "") for row in rows)


def _agreed(db: Db, person: int | None, at: datetime) -> bool | None:
    return db.scalar(select(Consent.agreed).where(Consent.person_id == person, Consent.at == at))


def _replies(db: Db, inbox_id: int) -> list[Told]:
    stem = f"reply:{inbox_id}:"
    return told(db, [f"{stem}{n}" for n in (*range(1, MOST_REPLIES + 1), "busy", "sorry")])


def _alerts(db: Db, row: Inbox, sent: Iterable[Filed]) -> list[Told]:
    """Return what officers were told by what one message said: its key names the message or its report."""
    if row.person_id is None:
        return []
    about = {str(row.id), *(each.report for each in sent)}
    made = select(OUT.c.key).where(OUT.c.created_at == row.changed_at, OUT.c.kind == "alert")
    held = select(OCCURRENCE.c.key).where(OCCURRENCE.c.due_at == row.changed_at, OCCURRENCE.c.kind == "alert")
    keys = [*db.connection().execute(made).scalars(), *db.connection().execute(held).scalars()]
    return told(db, sorted({first_key(key) for key in keys if key.split(":")[-2] in about}))


def told(db: Db, keys: Collection[str]) -> list[Told]:
    """Return the messages out whose first ways have these keys, the first made first; not those gone."""
    further = [key for first in keys for key in keys_of(first)]
    rows = db.connection().execute(select(OUT).where(OUT.c.key.in_(further)).order_by(OUT.c.id)).all()
    by_key: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        by_key[first_key(row.key)].append(row)
    by = {key: sent_by(db, key, ways[0].created_at) for key, ways in by_key.items()}
    people = _whose(db, [*(row.person_id for row in rows), *by.values()])
    statuses, alone = _statuses(db, rows), _alone(db)
    decided = {key: decision(db, key) for key in keys}
    found = [
        Told(
            key,
            ways[0].kind,
            people.get(ways[0].person_id, NOBODY),
            tuple(_way(row, statuses.get(row.id, ()), alone.get(row.channel)) for row in ways),
            decided.get(key),
            people.get(by[key]),
        )
        for key, ways in by_key.items()
    ]
    held = [one for key, one in decided.items() if one is not None and key not in by_key]
    return [*found, *(Told(one.key, one.kind, one.whose, (), one) for one in held)]


def _way(row: Any, statuses: tuple[Status, ...], alone_since: datetime | None) -> Way:
    rung, reason = rung_of(row)
    return Way(
        id=row.id,
        channel=row.channel,
        rung=rung,
        reason=reason,
        state=row.state,
        code=row.error_code,
        error=row.error,
        tries=row.tries,
        repeats=row.repeats,
        created_at=row.created_at,
        due_at=row.due_at,
        lease_until=row.lease_until,
        not_after=row.not_after,
        sent_at=row.sent_at,
        changed_at=row.changed_at,
        text=row.text,
        statuses=statuses,
        alone_since=alone_since,
    )


def _statuses(db: Db, rows: Sequence[Any]) -> dict[int, tuple[Status, ...]]:
    """Return what the provider told of these messages, by their id: each status is a row of the inbox."""
    by_key = {
        f"{row.provider_id}:{said}:{code}": (row.id, said, code)
        for row in rows
        if row.provider_id
        for said in (*STATED, *FAILED)
        for code in {"", row.error_code}
    }
    query = select(IN.c.provider_id, IN.c.received_at).where(
        IN.c.channel.in_({row.channel for row in rows}), IN.c.provider_id.in_(by_key)
    )
    found: dict[int, tuple[Status, ...]] = {}
    for key, at in db.connection().execute(query.order_by(IN.c.received_at, IN.c.id)):
        id, said, code = by_key[key]
        found[id] = (*found.get(id, ()), Status(at, said, code))
    return found


def _alone(db: Db) -> dict[str, datetime]:
    """Return since when channels are left alone, by their name."""
    query = select(CIRCUIT.c.channel, CIRCUIT.c.opened_at).where(CIRCUIT.c.opened_at.is_not(None))
    return {row.channel: row.opened_at for row in db.connection().execute(query)}


def decision(db: Db, key: str) -> Decision | None:
    """Return what the schedule decided under a key, None when it decided nothing."""
    row = db.connection().execute(select(OCCURRENCE).where(OCCURRENCE.c.key == key)).first()
    if row is None:
        return None
    return Decision(
        key=row.key,
        kind=row.kind,
        state=row.state,
        reason=row.reason,
        form=row.form,
        period=row.period,
        milestone=row.milestone,
        due_at=row.due_at,
        send_at=row.send_at,
        decided_at=row.decided_at,
        whose=_whose(db, [row.person_id]).get(row.person_id, NOBODY),
    )


def filled(db: Db, id: int) -> Filled | None:
    """Return a report: what asked for it, the messages it is made of, what followed; None for an unknown."""
    row = db.get(Submission, id)
    if row is None:
        return None
    sender = select(IN.c.id).where(IN.c.person_id == row.person_id, IN.c.received_at == row.submitted_at)
    sent_by = db.scalar(sender) if row.submitted_at else None
    return Filled(
        report=called(row.id, row.reference),
        form=row.form,
        period=row.period or "",
        whose=_whose(db, [row.person_id]).get(row.person_id, NOBODY),
        state=row.state,
        revision=row.revision,
        channel=row.channel,
        started_at=row.started_at,
        submitted_at=row.submitted_at,
        gave=_gave(db, id),
        asked=_asked(db, row),
        led_to=tuple(_replies(db, sent_by)) if sent_by else (),
    )


def _gave(db: Db, report: int) -> tuple[Gave, ...]:
    made: dict[tuple[int, datetime, str], int] = defaultdict(int)
    answers = select(Answer.author, Answer.at, Answer.channel).where(Answer.submission_id == report)
    for author, at, channel in db.execute(answers.order_by(Answer.at, Answer.id)):
        made[author, at, channel] += 1
    authors, times = {key[0] for key in made}, {key[1] for key in made}
    query = select(IN.c.person_id, IN.c.received_at, IN.c.id).where(
        IN.c.person_id.in_(authors), IN.c.received_at.in_(times)
    )
    ids = {(person, at): id for person, at, id in db.connection().execute(query)}
    return tuple(
        Gave(ids.get((author, at)), author, channel, at, n) for (author, at, channel), n in made.items()
    )


def _asked(db: Db, row: Submission) -> tuple[Told, ...]:
    if row.city is None or row.period is None:
        return ()
    query = select(OCCURRENCE.c.key).where(
        OCCURRENCE.c.city == row.city,
        OCCURRENCE.c.kind.in_(ASKED),
        OCCURRENCE.c.form == row.form,
        OCCURRENCE.c.period == row.period,
    )
    keys = db.connection().execute(query.order_by(OCCURRENCE.c.due_at)).scalars().all()
    return tuple(told(db, keys))


def _whose(db: Db, people: Iterable[int | None]) -> dict[int | None, Whose]:
    ids = {each for each in people if each is not None}
    rows = db.execute(select(Person.id, Person.name, Person.city).where(Person.id.in_(ids)))
    return {id: Whose(id, name, city) for id, name, city in rows}
