"""What was written and what was taken, compared with what is stored."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from models.base import Db
from models.inbox import IN, SOMEBODYS, InboxState
from models.outbox import OUT, OutboxState
from tests.chaos.crowd import Writer
from tests.chaos.figures import Figure
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


def what_waits(db: Db) -> list[Mapping[str, Any]]:
    """Return the messages that have not left, to be looked at."""
    names = ("id", "channel", "state", "kind", "lane", "due_at", "lease_until", "tries", "repeats", "error")
    waiting = select(*(OUT.c[name] for name in names)).where(OUT.c.state.in_(WAITING))
    return [dict(row) for row in db.connection().execute(waiting).mappings()]


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
    return re.sub(r"[^a-z0-9/]", "", text.partition("\n")[0].lower())


def _mark(answers: Mapping[str, Any]) -> str:
    """Return the number that the first text of a report ends in."""
    text = answers.get("topic") or answers.get("title") or ""
    return str(text).rpartition(" ")[2]
