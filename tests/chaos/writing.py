"""The heart of a run: people write, processes are killed and frozen, providers fail."""

import random
import time
from datetime import UTC, datetime

from sqlalchemy import func, select

from models.base import Db
from models.db import read
from models.inbox import IN
from models.outbox import OUT
from tests.chaos.books import compare_answers, inbox_figures, outbox_figures, why_waiting
from tests.chaos.crowd import WORDS
from tests.chaos.figures import Figure
from tests.chaos.fleet import Mischief
from tests.chaos.stage import Stage, seconds_until
from tests.chaos.weather import Weather

SETTLED_WITHIN = 240.0  # seconds after the last message: retries, leases, repeats and pauses of channels end
REPLAYED = 500  # old updates that come once more at the end
REPLY_PAUSE = 0.03  # seconds about, between two messages of a person
TROUBLE_EVERY = 0.15  # seconds about, between two calls that go wrong
LONGEST_FREEZE = 9.0  # seconds: longer than the lease


def write_amid_chaos(stage: Stage, kills: int) -> list[Figure]:
    """Let everybody write while all this happens; return the figures once it has calmed down."""
    chance = random.Random(stage.chance.random())
    each = len(stage.crowd.writers) * WORDS / max(1, kills)  # messages from one kill to the next

    def is_time(killed: int) -> bool:
        """Tell whether the next process may be killed: writing and kills keep step."""
        return stage.crowd.written >= killed * each

    mischief = Mischief(stage.fleet, kills, is_time, chance, LONGEST_FREEZE)
    weather = Weather(stage.provider, stage.crowd, random.Random(chance.random()), TROUBLE_EVERY)
    began = time.monotonic()
    mischief.start()
    weather.start()

    def allows(written: int) -> bool:
        """Tell whether the next message may be written."""
        return mischief.is_over.is_set() or written <= (mischief.killed + 1) * each

    try:
        stage.crowd.write(REPLY_PAUSE, allows)
    except BaseException:
        mischief.end()
        raise
    mischief.wait()
    weather.calm()
    written = time.monotonic() - began
    settled = seconds_until(stage.is_settled, SETTLED_WITHIN)
    return [
        Figure("processes killed with SIGKILL", mischief.killed),
        Figure("workers frozen for a while", mischief.frozen),
        Figure("faults prepared for calls to providers", weather.seen.total()),
        Figure("webhooks that came in several copies", stage.doors.copies),
        Figure("webhooks answered 503", stage.doors.answers[503]),
        Figure("webhooks answered otherwise than 2xx or 503", _odd(stage), 0),
        Figure("seconds of writing", round(written)),
        Figure("seconds from the end of it until all queues are empty", settled, SETTLED_WITHIN),
    ]


def compare(stage: Stage) -> list[Figure]:
    """Return the figures of the comparison of all books."""
    accepted = len({request.body for request in stage.doors.accepted})
    answers = compare_answers(stage.crowd.writers, stage.griot("export", "submissions", "--format", "json"))
    figures = [
        *read(stage.store, lambda db: inbox_figures(db, accepted)),
        Figure("answers lost", answers.lost, 0),
        Figure("answers doubled", answers.doubled, 0),
        Figure("answers in the wrong question", answers.misplaced, 0),
        *read(stage.store, lambda db: outbox_figures(db, stage.provider.record)),
    ]
    for line in read(stage.store, lambda db: why_waiting(db, datetime.now(UTC))):
        print("waits:", line, flush=True)
    return figures


def replay(stage: Stage) -> list[Figure]:
    """Let old updates come once more; return how many rows came of it."""
    before = stage.provider.record.count, read(stage.store, _rows)
    requests = stage.doors.accepted
    stage.doors.replay(stage.chance.sample(requests, min(REPLAYED, len(requests))))
    seconds_until(stage.is_settled, SETTLED_WITHIN)
    after = stage.provider.record.count, read(stage.store, _rows)
    return [Figure("rows and messages that replayed webhooks made", sum(after) - sum(before), 0)]


def _odd(stage: Stage) -> int:
    usual = {0, 503}  # 0: no answer, the process was killed
    return sum(
        count
        for status, count in stage.doors.answers.items()
        if status not in usual and not 200 <= status < 300
    )


def _rows(db: Db) -> int:
    counts = (db.scalar(select(func.count()).select_from(table)) or 0 for table in (IN, OUT))
    return sum(counts)
