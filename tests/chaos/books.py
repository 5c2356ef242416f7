"""What was written and what was taken, compared with what is stored."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, func, select

from models import circuit
from models.base import Db
from models.circuit import Standing
from models.inbox import IN, SOMEBODYS, InboxState
from models.outbox import OUT, OutboxState
from tests.chaos.crowd import Writer
from tests.chaos.figures import Figure
from tests.marks import without_mark
from tests.standin.record import Record

ACCEPTED = (OutboxState.SENT, OutboxState.DELIVERED, OutboxState.READ)
WAITING = (OutboxState.QUEUED, OutboxState.SENDING)
Key = tuple[str, str]  # address, folded beginning of a text: nobody is sent the same twice


@dataclass(frozen=True, slots=True)
class Answers:
    """How the reports that were written stand."""

    lost: int
    doubled: int
    misplaced: int


def compare_answers(writers: Sequence[Writer], stored: str) -> Answers:
    """Compare what people wrote with the export of submissions in JSON."""
    expected = {(form, one.address): answers for one in writers for form, answers in one.reports.items()}
    marks = {(form, _mark(answers)): (form, address) for (form, address), answers in expected.items()}
    sent = [row for row in json.loads(stored) if row["state"] == "submitted"]
    found: Counter[tuple[str, str]] = Counter()
    lost = misplaced = 0
    for row in sent:
        key = marks.get((row["form"], _mark(row["answers"])))
        if key is None:
            misplaced += len(row["answers"])
            continue
        found[key] += 1
        if found[key] == 1:
            wanted = expected[key]
            lost += sum(row["answers"].get(name) is None and wanted[name] is not None for name in wanted)
            misplaced += sum(row["answers"].get(name) not in (None, wanted[name]) for name in wanted)
    lost += sum(len(answers) for key, answers in expected.items() if key not in found)
    doubled = sum((count - 1) * len(expected[key]) for key, count in found.items())
    return Answers(lost, doubled, misplaced)


def inbox_figures(db: Db, accepted: int) -> list[Figure]:
    """Compare what was answered with 200 with what the inbox holds."""
    counted = select(IN.c.state, func.count()).where(SOMEBODYS).group_by(IN.c.state)
    states: dict[str, int] = dict(db.execute(counted).all())  # type: ignore[arg-type]
    done = states.get(InboxState.DONE, 0)
    return [
        Figure("updates accepted", accepted),
        Figure("updates accepted and not handled", accepted - done, 0),
        Figure("updates handled beyond those accepted", max(0, done - accepted), 0),
    ]


def outbox_figures(db: Db, record: Record) -> list[Figure]:
    """Compare what was enqueued with what the provider took."""
    rows = db.connection().execute(select(OUT)).mappings().all()
    taken = _taken(record)
    enqueued = Counter(_key(row) for row in rows)
    sure = Counter(_key(row) for row in rows if row["state"] in ACCEPTED)
    waiting = [row for row in rows if row["state"] in WAITING]
    missing = sum(max(0, count - taken[key]) for key, count in sure.items())
    copies = {key: taken[key] - enqueued[key] + 1 for key in enqueued}
    doubled = [address for (address, _), count in copies.items() if count > 1]
    paid = sum(address.startswith("+") for address in doubled)
    listed = Counter(row["state"] for row in rows if row["state"] not in (*ACCEPTED, *WAITING))
    return [
        Figure("messages out", len(rows)),
        *(Figure(f"  listed as {state}", count) for state, count in sorted(listed.items())),
        Figure("messages out neither delivered nor listed", missing + len(waiting), 0),
        Figure("messages taken that nobody enqueued", sum(taken[key] for key in set(taken) - set(copies)), 0),
        Figure("most copies of a message", max(copies.values(), default=0), 2),
        Figure("messages that went twice on Telegram", len(doubled) - paid),
        Figure("messages that went twice on Twilio", paid, 0),
    ]


def why_waiting(db: Db, at: datetime) -> list[str]:
    """Return of each message that has not left, and of each update not handled, why it still waits."""
    waiting = select(OUT).where(OUT.c.state.in_(WAITING)).order_by(OUT.c.id)
    rows = db.connection().execute(waiting).mappings().all()
    standings = circuit.standings(db)
    updates = select(IN.c.id, IN.c.tries, IN.c.due_at).where(IN.c.state == InboxState.OPEN)
    return [
        *(f"outbox {row['id']}, {row['channel']}: {_reason(row, rows, standings, at)}" for row in rows),
        *(
            f"inbox {row.id}: {row.tries} failures, {_from(row.due_at, at)}"
            for row in db.connection().execute(updates)
        ),
    ]


def _reason(
    row: RowMapping, waiting: Sequence[RowMapping], standings: Mapping[str, Standing], at: datetime
) -> str:
    if row["state"] == OutboxState.SENDING:
        return f"being sent, its lease ends {_from(row['lease_until'], at)}"
    tried = f"{row['tries']} tries, {row['repeats']} repeats, {row['error'] or 'no error'}"
    before = [one["id"] for one in waiting if one["recipient"] == row["recipient"] and one["id"] < row["id"]]
    standing = standings.get(row["channel"])
    if standing is not None and standing.is_open:
        return f"its channel is left alone, the next probe {_from(standing.probe_at or at, at)}; {tried}"
    if row["due_at"] > at:
        return f"due {_from(row['due_at'], at)}; {tried}"
    if before:
        return f"behind {before[0]}, to the same person; {tried}"
    return f"nothing known, due {_from(row['due_at'], at)}; {tried}"


def _from(then: datetime, at: datetime) -> str:
    seconds = (then - at).total_seconds()
    return f"in {seconds:.0f} s" if seconds > 0 else f"since {-seconds:.0f} s"


def _taken(record: Record) -> Counter[Key]:
    return Counter(
        (chat.removeprefix("whatsapp:"), _beginning(sent.text))
        for chat, all_sent in list(record.taken.items())
        for sent in all_sent
    )


def _key(row: Mapping[str, Any]) -> Key:
    return row["address"], _beginning(row["text"])


def _beginning(text: str) -> str:
    """Return a text's first line, without what a channel may write in another way."""
    return re.sub(r"[^a-z0-9/]", "", without_mark(text.partition("\n")[0]).lower())


def _mark(answers: Mapping[str, Any]) -> str:
    """Return the number that the first text of a report ends in."""
    text = answers.get("topic") or answers.get("title") or ""
    return str(text).rpartition(" ")[2]
