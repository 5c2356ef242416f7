"""The rows of each export, in pages, so that no read transaction is long."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import ColumnElement, and_, exists, or_, select, true
from sqlalchemy.orm import defer

from models.base import Db, Json
from models.city import City, absence_on, today_in, zone_of
from models.consent import Consent, state_at
from models.inbox import SOMEBODYS, Inbox
from models.media import sizes_by_ref, sizes_of
from models.moments import rfc3339
from models.outbox import Outbox, rung_of
from models.person import Address, Person
from models.submission import GAP, Answer, Submission, SubmissionState
from models.unreadable import legible

Record: TypeAlias = dict[str, Json]
PAGE = 500  # rows of one transaction
MEDIA = ("type", "name", "size")  # what is told of an attachment; the provider's reference is not

SUBMISSIONS = (
    "reference",
    "form",
    "form_version",
    "city",
    "person",
    "period",
    "state",
    "review",
    "partial",
    "channel",
    "language",
    "started_at",
    "submitted_at",
    "nothing",
    "answers",
)
ANSWERS = ("submission", "form", "question", "value", "revision", "current", "author", "channel", "at")
MESSAGES = (
    "id",
    "key",
    "direction",
    "person",
    "channel",
    "kind",
    "text",
    "state",
    "rung",
    "rung_reason",
    "provider_id",
    "error_code",
    "error",
    "attempts",
    "created_at",
    "sent_at",
)
PEOPLE = ("id", "name", "role", "city", "language", "state", "consent", "calendar_url", "addresses")
CITIES = ("city", "code", "name", "country", "timezone", "languages", "state", "until", "reason")


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of an export, and the id after which the next page begins; None when this is the last."""

    rows: list[Record]
    next: int | None


def submissions(
    db: Db, after: int, since: datetime | None, is_closed: Callable[[str | None, str], bool]
) -> Page:
    """Return reports in the order in which they were begun.

    `is_closed` tells of a city and a period whether late answers have ended: a draft is partial then.
    """
    changed = true() if since is None else Submission.changed_at >= since
    query = select(Submission).where(Submission.id > after, changed)
    rows = db.scalars(query.order_by(Submission.id).limit(PAGE)).all()
    sizes = sizes_of(db, [row.id for row in rows])
    return _page(
        [_submission(row, is_closed, sizes.get(row.id, {})) for row in rows], [row.id for row in rows]
    )


def _submission(
    row: Submission, is_closed: Callable[[str | None, str], bool], sizes: Mapping[str, int]
) -> Record:
    return {
        "reference": called(row.id, row.reference),
        "form": row.form,
        "form_version": row.form_version,
        "city": row.city,
        "person": row.person_id,
        "period": row.period,
        "state": row.state,
        "review": row.review,
        "partial": _is_partial(row, is_closed),
        "channel": row.channel,
        "language": row.language,
        "started_at": rfc3339(row.started_at),
        "submitted_at": rfc3339(row.submitted_at),
        "nothing": row.nothing,
        "answers": _sized(shown(legible(row.answers)), sizes, ""),
    }


def _is_partial(row: Submission, is_closed: Callable[[str | None, str], bool]) -> bool:
    """Tell whether answers are missing: in a draft whose time is over, or in what was changed since."""
    if row.state == SubmissionState.SUBMITTED:
        return bool(legible(row.kept).get(GAP))
    return row.state == SubmissionState.DRAFT and bool(row.period) and is_closed(row.city, str(row.period))


def called(submission_id: int, reference: str | None) -> str:
    """Return what a report is called in every table: its reference, or `draft-N` when it was never sent."""
    return reference or f"draft-{submission_id}"


def shown(value: Json) -> Json:
    """Return the value as others see it: of an attachment its type, name and size only."""
    match value:
        case {"ref": _, "type": _}:
            return {key: value.get(key) for key in MEDIA}
        case dict():
            return {key: shown(inner) for key, inner in value.items()}
        case list():
            return [shown(inner) for inner in value]
    return value


def _sized(value: Json, sizes: Mapping[str, int], path: str) -> Json:
    """Return what was answered at a path and below it, of what is kept with the size that is stored."""
    if isinstance(value, list):
        return [_sized(line, sizes, f"{path}[{number}]") for number, line in enumerate(value, start=1)]
    if not isinstance(value, dict):
        return value
    if path in sizes:
        return {**value, "size": sizes[path]}
    return {key: _sized(inner, sizes, f"{path}/{key}".lstrip("/")) for key, inner in value.items()}


def answers(db: Db, after: int, since: datetime | None) -> Page:
    """Return every answer and revision; one changes when made or replaced, and with its report once sent."""
    query = select(Answer, Submission.reference, Submission.form).join(
        Submission, Submission.id == Answer.submission_id
    )
    if since is not None:
        is_told_anew = or_(Answer.changed_at >= since, Submission.submitted_at.is_not(None))
        query = query.where(Submission.changed_at >= since, is_told_anew)  # as its answers do, at the latest
    rows = db.execute(query.where(Answer.id > after).order_by(Answer.id).limit(PAGE)).all()
    sizes = sizes_by_ref(db, {row.submission_id for row, _, _ in rows})
    return _page([_answer(*row, sizes) for row in rows], [row.id for row, _, _ in rows])


def _answer(row: Answer, reference: str | None, form: str, sizes: Mapping[tuple[int, str], int]) -> Record:
    value: Json = legible(row.value).get("value")
    size = sizes.get((row.submission_id, value.get("ref", ""))) if isinstance(value, dict) else None
    return {
        "submission": called(row.submission_id, reference),
        "form": form,
        "question": row.question,
        "value": shown(value if size is None else {**value, "size": size}),
        "revision": row.revision,
        "current": row.is_current,
        "author": row.author,
        "channel": row.channel,
        "at": rfc3339(row.at),
    }


def messages_in(db: Db, after: int, since: datetime | None) -> Page:
    """Return what people wrote, as the inbox has it; how far messages of ours are is told with those."""
    changed = true() if since is None else Inbox.changed_at >= since
    query = select(Inbox).options(defer(Inbox.body)).where(Inbox.id > after, SOMEBODYS, changed)
    rows = db.scalars(query.order_by(Inbox.id).limit(PAGE)).all()
    return _page([message_in(row) for row in rows], [row.id for row in rows])


def message_in(row: Inbox) -> Record:
    """Return one message of a person."""
    return {
        "id": row.id,
        "key": f"{row.channel}:{row.provider_id}",
        "direction": "in",
        "person": row.person_id,
        "channel": row.channel,
        "kind": "stranger" if row.person_id is None else "reply",
        "text": row.text,
        "state": row.state,
        "rung": None,
        "rung_reason": None,
        "provider_id": row.provider_id,
        "error_code": None,
        "error": row.error or None,
        "attempts": row.tries,
        "created_at": rfc3339(row.received_at),
        "sent_at": None,
    }


def messages_out(db: Db, after: int, since: datetime | None) -> Page:
    """Return what Griot wrote, as the outbox has it."""
    changed = true() if since is None else Outbox.changed_at >= since
    query = select(Outbox).where(Outbox.id > after, changed).order_by(Outbox.id).limit(PAGE)
    rows = db.scalars(query).all()
    return _page([message_out(row) for row in rows], [row.id for row in rows])


def message_out(row: Outbox) -> Record:
    """Return one message to a person."""
    rung, rung_reason = rung_of(row)
    return {
        "id": row.id,
        "key": row.key,
        "direction": "out",
        "person": row.person_id,
        "channel": row.channel,
        "kind": row.kind,
        "text": row.text,
        "state": row.state,
        "rung": rung,
        "rung_reason": rung_reason,
        "provider_id": row.provider_id or None,
        "error_code": row.error_code or None,
        "error": row.error or None,
        "attempts": row.tries,
        "created_at": rfc3339(row.created_at),
        "sent_at": rfc3339(row.sent_at),
    }


def people(db: Db, after: int, since: datetime | None, at: datetime, base_url: str) -> Page:
    """Return everybody, with consent and addresses: for officers and admins only."""
    which = Person.id > after
    if since is not None:
        returned = exists().where(Address.person_id == Person.id, Address.returned_at >= since)
        which = and_(which, or_(Person.changed_at >= since, returned))
    return _people(db, which, at, base_url)


def person(db: Db, person_id: int, at: datetime, base_url: str) -> Record | None:
    """Return one person as `people` has them, or None when there is none with this id."""
    found = _people(db, Person.id == person_id, at, base_url).rows
    return found[0] if found else None


def _people(db: Db, which: ColumnElement[bool], at: datetime, base_url: str) -> Page:
    query = select(Person, City.timezone).outerjoin(City, City.slug == Person.city)
    rows = db.execute(query.where(which).order_by(Person.id).limit(PAGE)).all()
    ids = [row.id for row, _ in rows]
    consents, addresses = _consents(db, ids), _addresses(db, ids)
    records = [
        _person(row, zone, consents.get(row.id), addresses.get(row.id, []), at, base_url)
        for row, zone in rows
    ]
    return _page(records, ids)


def _person(
    row: Person,
    zone: str | None,
    consent: Record | None,
    addresses: list[Record],
    at: datetime,
    base_url: str,
) -> Record:
    return {
        "id": row.id,
        "name": row.name,
        "role": row.role,
        "city": row.city,
        "language": row.language,
        "state": str(state_at(row, at, zone_of(zone), agreed=consent is not None)),
        "consent": consent,
        "calendar_url": f"{base_url.rstrip('/')}/calendar/{row.calendar_token}.ics",
        "addresses": addresses,
    }


def _consents(db: Db, ids: Sequence[int]) -> dict[int, Record]:
    newest: dict[int, Consent] = {}
    for row in db.scalars(select(Consent).where(Consent.person_id.in_(ids)).order_by(Consent.id)):
        newest[row.person_id] = row
    return {id: consent_row(row) for id, row in newest.items() if row.agreed}


def consent_row(row: Consent) -> Record:
    """Return when, in which wording and language, where and how somebody agreed."""
    return {
        "at": rfc3339(row.at),
        "version": row.version,
        "language": row.language,
        "channel": row.channel,
        "how": row.how,
    }


def _addresses(db: Db, ids: Sequence[int]) -> dict[int, list[Record]]:
    found: dict[int, list[Record]] = {}
    for row in db.scalars(select(Address).where(Address.person_id.in_(ids)).order_by(Address.id)):
        is_reachable = row.reachable == "yes"
        record = {"channel": row.channel, "value": row.value, "reachable": is_reachable}
        found.setdefault(row.person_id, []).append(
            record | ({} if is_reachable else {"reason": row.reachable})
        )
    return found


def cities(db: Db, since: datetime | None, at: datetime) -> list[Record]:
    """Return the cities in the programme's order, in one piece: there are few."""
    changed = true() if since is None else City.changed_at >= since
    rows = db.scalars(select(City).where(changed).order_by(City.position, City.slug))
    return [_city(row, at) for row in rows]


def city(db: Db, slug: str, at: datetime) -> Record:
    """Return one city as `cities` has it; raise NoResultFound when there is none."""
    return _city(db.get_one(City, slug), at)


def _city(row: City, at: datetime) -> Record:
    state, until, reason = _standing(row, at)
    facts = legible(row.facts)
    return {
        "city": row.slug,
        "code": row.code,
        "name": row.name,
        "country": facts.get("country"),
        "timezone": row.timezone,
        "languages": facts.get("languages", []),
        "state": state,
        "until": until,
        "reason": reason,
    }


def _standing(row: City, at: datetime) -> tuple[str, str | None, str | None]:
    if row.is_closed:
        return "closed", None, None
    absence = absence_on(row, today_in(row, at))
    if absence is None:
        return "active", None, None
    until = absence.until.isoformat() if absence.until else None
    return absence.kind, until, absence.reason or None


def _page(rows: list[Record], ids: Sequence[int]) -> Page:
    return Page(rows, ids[-1] if len(ids) == PAGE else None)
