"""Figures for Prometheus: timings kept by each process in files they share, counts read from the database."""

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client.core import GaugeMetricFamily, Metric

from bot.faults import FaultKind
from griot.spending_metrics import spent
from griot.tally import Counts, Tally
from models import circuit, fault, inbox, media, outbox, queues, worker
from models.base import Db
from models.db import Store, read
from models.inbox import InboxState
from models.media import MediaState
from models.outbox import OutboxState
from models.programme import ProgrammeShelf

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # the client library reads it once, when it is imported
ACCEPTED = "accepted"  # the outcome of a call that is no failure
WATCHED = (200, 403, 503)  # statuses of webhooks that are shown before the first one
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 60.0)


@dataclass(frozen=True, slots=True)
class Measures:
    """What a process measures; `expect` makes the figures of these channels appear before the first event."""

    expect: Callable[[Iterable[str]], None]
    turn: Callable[[float], None]
    send: Callable[[str, str, float], None]
    webhook: Callable[[str, int, float], None]


def open_measures(var: Path) -> Measures:
    """Return the measures of this process, shared with all others that use this folder."""
    folder = var / "metrics"
    folder.mkdir(parents=True, exist_ok=True)
    _forget_dead(folder)
    os.environ[FOLDER] = str(folder)
    from prometheus_client import CollectorRegistry, Counter, Histogram

    registry = CollectorRegistry()
    turns = Histogram("griot_turn_seconds", "Seconds a turn took.", registry=registry, buckets=BUCKETS)
    sends = Histogram(
        "griot_send_seconds",
        "Seconds a call to a provider took.",
        ["channel", "outcome"],
        registry=registry,
        buckets=BUCKETS,
    )
    webhooks = Histogram(
        "griot_webhook_seconds",
        "Seconds until a webhook was answered.",
        ["channel"],
        registry=registry,
        buckets=BUCKETS,
    )

    answers = Counter(
        "griot_webhook_answers", "Webhooks by the status they got.", ["channel", "status"], registry=registry
    )

    def expect(channels: Iterable[str]) -> None:
        for channel in channels:
            sends.labels(channel, ACCEPTED)
            webhooks.labels(channel)
            for status in WATCHED:
                answers.labels(channel, status)

    def send(channel: str, outcome: str, seconds: float) -> None:
        sends.labels(channel, outcome).observe(seconds)

    def webhook(channel: str, status: int, seconds: float) -> None:
        webhooks.labels(channel).observe(seconds)
        answers.labels(channel, status).inc()

    return Measures(expect, turns.observe, send, webhook)


class Kept:
    """What is kept between two readings: the programme, and counts of what grows for ever."""

    def __init__(self) -> None:
        self.programmes = ProgrammeShelf()
        self.handled = Tally(inbox.newest, inbox.count_done)
        self.arrived = Tally(outbox.newest, outbox.count_arrived)
        self.attached = Tally(media.newest, media.count_by_state)


def render(store: Store, kept: Kept, at: datetime, channels: Iterable[str]) -> bytes:
    """Return every figure in Prometheus' text format; messages of these channels are counted also at 0."""
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.multiprocess import MultiProcessCollector

    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library leaves it untyped
    registry.register(_Counted(read(store, lambda db: _counts(db, kept, at, channels))))
    return generate_latest(registry)


@dataclass(frozen=True, slots=True, eq=False)  # the registry wants it hashable
class _Counted:
    metrics: "list[Metric]"

    def collect(self) -> "list[Metric]":
        """Return what was counted."""
        return self.metrics


def _counts(db: Db, kept: Kept, at: datetime, channels: Iterable[str]) -> "list[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    rows_in = GaugeMetricFamily("griot_inbox_rows", "Updates by state.", labels=["state"])
    _fill(rows_in, inbox.count_waiting(db), [(InboxState.OPEN,), (InboxState.QUARANTINED,)])
    _fill(rows_in, kept.handled.look(db), [(InboxState.DONE,)])
    rows_out = GaugeMetricFamily("griot_outbox_rows", "Messages by state.", labels=["state", "channel"])
    rest = set(OutboxState) - outbox.RANKS.keys()
    _fill(rows_out, outbox.count_rest(db), [(step, one) for step in sorted(rest) for one in channels])
    _fill(rows_out, kept.arrived.look(db), [(step, one) for step in outbox.RANKS for one in channels])
    attached = GaugeMetricFamily("griot_media_rows", "Attachments by state.", labels=["state"])
    _fill(attached, kept.attached.look(db), [(stand,) for stand in MediaState])
    oldest = queues.oldest_due(db, at)
    waited = max(0.0, (at - oldest).total_seconds()) if oldest else 0.0
    waiting = GaugeMetricFamily("griot_outbox_oldest_seconds", "Age of the longest waiting message.", waited)
    leads = float(worker.has_leader(db, at))
    leader = GaugeMetricFamily("griot_scheduler_leader", "1 when a worker leads the schedule.", leads)
    return [
        rows_in,
        rows_out,
        attached,
        waiting,
        leader,
        *_troubles(db, channels),
        *spent(db, kept.programmes, at),
    ]


def _fill(family: "GaugeMetricFamily", counts: Counts | None, expected: Iterable[tuple[str, ...]]) -> None:
    """Add the counts, with 0 for what is expected; nothing where they are not known yet."""
    if counts is not None:
        for labels in sorted({*expected, *counts}):
            family.add_metric(labels, counts.get(labels, 0))


def _troubles(db: Db, channels: Iterable[str]) -> "list[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    alone = GaugeMetricFamily("griot_circuit_open", "1 when a channel is left alone.", labels=["channel"])
    standings = circuit.standings(db)
    for channel in sorted({*channels, *standings}):
        alone.add_metric([channel], float(channel in standings and standings[channel].is_open))
    broken = GaugeMetricFamily("griot_faults", "What an operator must mend, by kind.", labels=["kind"])
    counted = Counter(one.kind for one in fault.faults(db))
    for kind in FaultKind:
        broken.add_metric([kind], counted[kind])
    return [alone, broken]


def _forget_dead(folder: Path) -> None:
    """Remove the files of processes that are gone; their counts go with them."""
    for path in folder.glob("*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdecimal() and not _is_alive(int(pid)):
            path.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
