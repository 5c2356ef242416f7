"""What a person may ask for: everything kept about them, and its erasure."""

import re
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, false, func, not_, or_, select, update

from bot.schedule import ESCALATION
from models.alerts import OF_A_PERSON
from models.audit import rows_about
from models.base import Db, Json
from models.broadcast import Sending
from models.consent import Consent
from models.conversation import Chat
from models.export import (
    Record,
    called,
    consent_row,
    message_in,
    message_out,
    person,
    shown,
)
from models.inbox import SOMEBODYS, Inbox, InboxState, hashed, pack, sender_key
from models.invite import Invite, Stranger, WrongCode
from models.media import Media, erase_media
from models.moments import rfc3339
from models.occurrence import Occurrence, OccurrenceState
from models.outbox import Outbox, OutboxState
from models.pace import SenderPace
from models.person import Address, PersonError, PersonState, person_to_change
from models.sending import NO_LEASE
from models.signin import ConsoleSession, SignIn
from models.submission import Answer, Submission
from models.unreadable import legible

THAT_NAME = (ESCALATION, "reply")  # kinds of messages that name others: the contact, the officer
NOBODY = "—"  # as where no contact is known


def everything_about(db: Db, person_id: int, at: datetime, base_url: str) -> Record:
    """Return all that is stored about a person, as JSON has it; raise PersonError when unknown."""
    facts = person(db, person_id, at, base_url)
    if facts is None:
        message, mend = f"There is no person {person_id}.", "See `griot person list`."
        raise PersonError("unknown_person", "id", message, mend)
    chat = db.get(Chat, person_id)
    return {
        "person": facts,
        "consents": _consents(db, person_id),
        "invites": _invites(db, person_id),
        "submissions": _submissions(db, person_id),
        "answers": _answers(db, person_id),
        "media": _media(db, person_id),
        "messages": _messages(db, person_id),
        "occurrences": _occurrences(db, person_id),
        "broadcasts": _broadcasts(db, person_id),
        "audit": _audit(db, person_id),
        "conversation": None if chat is None else shown(legible(chat.state)),
    }


def _consents(db: Db, person_id: int) -> list[Record]:
    rows = db.scalars(select(Consent).where(Consent.person_id == person_id).order_by(Consent.id))
    return [{"agreed": row.agreed} | consent_row(row) for row in rows]


def _invites(db: Db, person_id: int) -> list[Record]:
    rows = db.scalars(select(Invite).where(Invite.person_id == person_id).order_by(Invite.created_at))
    return [
        {
            "created_at": rfc3339(row.created_at),
            "expires_at": rfc3339(row.expires_at),
            "used_at": rfc3339(row.used_at),
        }
        for row in rows
    ]


def _submissions(db: Db, person_id: int) -> list[Record]:
    rows = db.scalars(select(Submission).where(Submission.person_id == person_id).order_by(Submission.id))
    return [
        {
            "reference": called(row.id, row.reference),
            "form": row.form,
            "city": row.city,
            "period": row.period,
            "state": row.state,
            "started_at": rfc3339(row.started_at),
            "submitted_at": rfc3339(row.submitted_at),
            "answers": shown(legible(row.answers)),
        }
        for row in rows
    ]


def _answers(db: Db, person_id: int) -> list[Record]:
    query = select(Answer, Submission.reference).join(Submission, Submission.id == Answer.submission_id)
    rows = db.execute(query.where(Answer.author == person_id).order_by(Answer.id))
    return [
        {
            "submission": called(row.submission_id, reference),
            "question": row.question,
            "value": shown(legible(row.value).get("value")),
            "revision": row.revision,
            "at": rfc3339(row.at),
        }
        for row, reference in rows
    ]


def _media(db: Db, person_id: int) -> list[Record]:
    query = select(Media, Submission.reference).join(Submission, Submission.id == Media.submission_id)
    rows = db.execute(query.where(Media.person_id == person_id).order_by(Media.id))
    return [
        {
            "submission": called(row.submission_id, reference),
            "question": row.question or None,
            "type": row.kind,
            "name": row.name,
            "caption": row.caption,
            "size": row.size,
            "state": row.state,
            "file": row.path or None,
            "at": rfc3339(row.created_at),
        }
        for row, reference in rows
    ]


def _messages(db: Db, person_id: int) -> list[Record]:
    heard = db.scalars(select(Inbox).where(Inbox.person_id == person_id))
    said = db.scalars(select(Outbox).where(Outbox.person_id == person_id))
    rows = [message_in(row) for row in heard] + [message_out(row) for row in said]
    return sorted(rows, key=lambda row: (row["created_at"], row["direction"], row["id"]))


def _occurrences(db: Db, person_id: int) -> list[Record]:
    """Return what the schedule decided for a person."""
    rows = db.scalars(select(Occurrence).where(Occurrence.person_id == person_id))
    return [
        {
            "key": row.key,
            "kind": row.kind,
            "due_at": rfc3339(row.due_at),
            "state": row.state,
            "reason": row.reason,
            "text": legible(row.data).get("text"),
        }
        for row in sorted(rows, key=lambda row: (row.due_at, row.key))
    ]


def _broadcasts(db: Db, person_id: int) -> list[Record]:
    """Return what a person had sent to many at once."""
    rows = db.scalars(select(Sending).where(Sending.person_id == person_id).order_by(Sending.id))
    return [{"name": row.name, "at": rfc3339(row.at)} for row in rows]


def _audit(db: Db, person_id: int) -> list[Record]:
    """Return what a person did in the console, and what was done that concerns them."""
    return [
        {"at": rfc3339(row.at), "who": row.who, "what": row.what, "subject": row.subject}
        for row in rows_about(db, person_id)
    ]


def erase(db: Db, person_id: int, at: datetime) -> list[str]:
    """Forget a person: name, addresses, messages, media and sign-ins go, the city keeps its reports.

    Identifiers that must stay unique are kept as hashes. Return the files of media to be removed after the
    commit. Raise PersonError when unknown or erased before.
    """
    row = person_to_change(db, person_id)
    addresses = db.scalars(select(Address).where(Address.person_id == person_id)).all()
    _erase_inbox(db, person_id, addresses, at)
    _erase_outbox(db, person_id, addresses, at)
    _erase_alerts(db, person_id, at)
    _erase_name(db, row.name, at)
    _erase_reports(db, person_id)
    _erase_names_of_files(db, person_id, at)
    _erase_tracks(db, addresses)
    for table in (Address, Invite, SignIn, ConsoleSession, Chat):
        db.execute(delete(table).where(table.person_id == person_id))
    db.execute(update(Consent).where(Consent.person_id == person_id).values(how=""))
    row.name, row.state, row.paused_until = "", PersonState.ERASED, None
    row.calendar_token, row.changed_at = secrets.token_urlsafe(24), at
    files = erase_media(db, person_id, at)
    db.flush()
    return files


def _erase_inbox(db: Db, person_id: int, addresses: Sequence[Address], at: datetime) -> None:
    senders = [f"{address.channel}:{address.value}" for address in addresses]
    before_joining = and_(Inbox.person_id.is_(None), Inbox.sender.in_(senders))
    theirs = or_(Inbox.person_id == person_id, before_joining)
    keys = db.execute(select(Inbox.id, Inbox.provider_id).where(theirs)).all()
    still_open = Inbox.state == InboxState.OPEN
    db.execute(update(Inbox).where(theirs, still_open).values(state=InboxState.DONE))
    forgotten = {
        "sender": f"erased:{person_id}",
        "body": pack(b""),
        "text": "",
        "error": "",
        "changed_at": at,
    }
    rows = [{"id": id, "provider_id": hashed(key)} | forgotten for id, key in keys]
    if rows:
        db.execute(update(Inbox), rows)


def _erase_statuses(db: Db, provider_ids: Collection[str], at: datetime) -> None:
    """Forget what a provider told of these messages: such a key begins with the message's id."""
    forgotten = {"body": pack(b""), "error": "", "state": InboxState.DONE, "changed_at": at}
    for length in {len(each) for each in provider_ids}:
        begins = [f"{each}:" for each in provider_ids if len(each) == length]
        is_theirs = func.substr(Inbox.provider_id, 1, length + 1).in_(begins)
        found = select(Inbox.id, Inbox.channel, Inbox.provider_id).where(is_theirs, not_(SOMEBODYS))
        rows = [
            {"id": id, "provider_id": hashed(key), "sender": sender_key(channel, "", hashed(key))} | forgotten
            for id, channel, key in db.execute(found)
        ]
        if rows:
            db.execute(update(Inbox), rows)


def _erase_outbox(db: Db, person_id: int, addresses: Sequence[Address], at: datetime) -> None:
    reached = [and_(Outbox.channel == one.channel, Outbox.address == one.value) for one in addresses]
    before_joining = and_(Outbox.person_id.is_(None), or_(false(), *reached))
    theirs = or_(Outbox.person_id == person_id, before_joining)
    keys = db.execute(select(Outbox.id, Outbox.provider_id).where(theirs)).all()
    waiting, leaving = Outbox.state == OutboxState.QUEUED, Outbox.state == OutboxState.SENDING
    db.execute(update(Outbox).where(theirs, waiting).values(state=OutboxState.CANCELLED))
    # Without its lease the outcome of a call under way is not stored: it would bring the address back.
    db.execute(update(Outbox).where(theirs, leaving).values(state=OutboxState.UNCERTAIN, **NO_LEASE))
    forgotten: dict[str, object] = {
        "address": "",
        "recipient": f"erased:{person_id}",
        "text": "",
        "message": {},
        "error": "",
        "changed_at": at,
    }
    rows = [{"id": id, "provider_id": hashed(key) if key else ""} | forgotten for id, key in keys]
    if rows:
        db.execute(update(Outbox), rows)
    _erase_statuses(db, {key for _, key in keys if key}, at)


def _erase_alerts(db: Db, person_id: int, at: datetime) -> None:
    """Empty alerts about a person, and those held for them; cancel what has not left."""
    begins = [f"alert:{kind}:{person_id}:" for kind in OF_A_PERSON]
    alerts = or_(*(Outbox.key.startswith(begin, autoescape=True) for begin in begins))
    queued = Outbox.state == OutboxState.QUEUED
    db.execute(update(Outbox).where(alerts, queued).values(state=OutboxState.CANCELLED))
    db.execute(update(Outbox).where(alerts).values(text="", message={}, changed_at=at))
    told = [Occurrence.key.startswith(begin, autoescape=True) for begin in begins]
    theirs = or_(Occurrence.person_id == person_id, *told)
    held = Occurrence.state == OccurrenceState.HELD
    db.execute(update(Occurrence).where(theirs, held).values(state=OccurrenceState.CANCELLED))
    db.execute(update(Occurrence).where(theirs).values(data={}))


def _erase_name(db: Db, name: str, at: datetime) -> None:
    """Take a person's name out of what others were told: whom to call, who has a message."""
    found = select(Outbox.id, Outbox.text).where(
        Outbox.kind.in_(THAT_NAME), Outbox.text.contains(name, autoescape=True)
    )
    whole = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    rows = [
        {"id": id, "text": whole.sub(NOBODY, text), "changed_at": at} for id, text in db.execute(found).all()
    ]
    if rows:
        db.execute(update(Outbox), rows)


def _erase_reports(db: Db, person_id: int) -> None:
    db.execute(update(Submission).where(Submission.person_id == person_id).values(kept={}))
    db.execute(update(Answer).where(Answer.author == person_id).values(source=""))


def _erase_names_of_files(db: Db, person_id: int, at: datetime) -> None:
    """Leave of an attachment in a report its type and size: no name, and no way to fetch it once more."""
    theirs = db.execute(select(Media.submission_id, Media.ref).where(Media.person_id == person_id)).all()
    refs, reports = {row.ref for row in theirs}, {row.submission_id for row in theirs}
    for report in db.scalars(select(Submission).where(Submission.id.in_(sorted(reports)))):
        report.answers, report.kept = _unnamed(report.answers, refs), _unnamed(report.kept, refs)
        report.changed_at = at
    for answer in db.scalars(select(Answer).where(Answer.submission_id.in_(sorted(reports)))):
        if (value := _unnamed(answer.value, refs)) != answer.value:
            answer.value, answer.changed_at = value, at


def _unnamed(value: Json, refs: Collection[str]) -> Json:
    match value:
        case {"ref": str(ref)} if ref in refs:
            return {**value, "name": "", "ref": ""}
        case dict():
            return {key: _unnamed(inner, refs) for key, inner in value.items()}
        case list():
            return [_unnamed(inner, refs) for inner in value]
    return value


def _erase_tracks(db: Db, addresses: Sequence[Address]) -> None:
    for one in addresses:
        db.execute(delete(SenderPace).where(SenderPace.sender == f"{one.channel}:{one.value}"))
        for table in (Stranger, WrongCode):
            db.execute(delete(table).where(table.channel == one.channel, table.value == one.value))
