"""The one table: each measure with the peer's figure, ours, what must be reached, and whether it is."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.measures import HOUR_OF_TURNS, Growth, Losses, Pace, Weights, both

GRAMMY = 1719 / 302  # grammY's turns a second over ConversationHandler's, as published with the targets
HEAD = ("", "measure", "peer", "Griot", "ratio", "must", "aim", "met")
MUST, AIM, MISSED = "must", "aim", "no"
ROUND_TRIP = "round trip"
_MIB, _KIB = 2**20, 2**10


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    id: str
    measure: str
    peer: str
    ours: str
    ratio: str
    must: str
    aim: str
    met: str  # must, aim, no


@dataclass(frozen=True, slots=True)
class Paces:
    """The runs of one bot, one a round."""

    runs: Sequence[Pace]

    @property
    def turns(self) -> float:
        """Return turns a second."""
        return median(run.turns for run in self.runs)

    @property
    def cpu(self) -> float:
        """Return seconds of CPU a turn."""
        return median(run.cpu for run in self.runs)

    @property
    def memory(self) -> float:
        """Return bytes: the most of all runs."""
        return max(run.memory for run in self.runs)

    @property
    def report(self) -> float:
        """Return bytes of the database a report."""
        return median(run.report for run in self.runs)

    @property
    def replies(self) -> tuple[float, float]:
        """Return median and 99th percentile of all runs' replies."""
        return both([reply for run in self.runs for reply in run.replies])


@dataclass(frozen=True, slots=True)
class Figures:
    """All that was measured in one run."""

    handler: Paces  # the peer on Telegram
    flask: Paces  # the peer on Twilio
    telegram: Paces
    twilio: Paces
    relaxed: Paces  # Griot on Telegram at NORMAL
    handler_calm: Paces
    telegram_calm: Paces
    handler_slow: Pace
    telegram_slow: Pace
    delay: float  # of the slow provider
    handler_losses: Losses
    flask_losses: Losses
    telegram_losses: Losses
    twilio_losses: Losses
    growth: Growth
    stored: float  # bytes a report, where few report at once
    handler_weights: Weights
    weights: Weights
    compact: int  # messages


def rows(found: Figures) -> list[Row]:
    """Return the table's lines."""
    return [
        *_speed(found),
        *_losses(found),
        _times(
            "P6",
            "Telegram turns/s, FULL against NORMAL",
            found.relaxed.turns,
            found.telegram.turns,
            0.75,
            0.9,
        ),
        *_slow(found),
        *_calm(found),
        *_memory(found),
        *_bytes(found),
    ]


def judged(value: float, must: float | None, aim: float | None, *, is_more_better: bool) -> str:
    """Return the better of `aim` and `must` that the value reaches, `no` when it reaches none."""
    for word, wanted in ((AIM, aim), (MUST, must)):
        if wanted is not None and (value >= wanted if is_more_better else value <= wanted):
            return word
    return MISSED


def markdown(lines: Sequence[Row]) -> str:
    """Return the table in Markdown."""
    cells = [HEAD, ("---",) * len(HEAD)]
    cells += [
        (row.id, row.measure, row.peer, row.ours, row.ratio, row.must, row.aim, row.met) for row in lines
    ]
    return "\n".join("| " + " | ".join(row) + " |" for row in cells)


def _speed(found: Figures) -> list[Row]:
    handler, ours = found.handler, found.telegram
    grammy = handler.turns * GRAMMY
    return [
        _times("P1", "Telegram turns/s, against ConversationHandler", handler.turns, ours.turns, 1.5, 3),
        _times(
            "P2", "Twilio turns/s, against Flask with TwiML", found.flask.turns, found.twilio.turns, 1, 1.5
        ),
        _times("P3", "Telegram turns/s, against grammY (reckoned)", grammy, ours.turns, 0.3, 0.55),
        _less(
            "P4", "CPU ms a turn, against ConversationHandler", handler.cpu * 1e3, ours.cpu * 1e3, 0.7, 0.4
        ),
    ]


def _losses(found: Figures) -> list[Row]:
    pairs = (
        ("Telegram", found.handler_losses, found.telegram_losses),
        ("WhatsApp", found.flask_losses, found.twilio_losses),
    )
    return [
        Row(
            "P5",
            f"{channel}: acknowledged answers lost in {ours.kills} kills",
            f"{peer.lost} of {peer.acks} acks",
            f"{ours.lost} of {ours.acks} acks",
            f"{peer.lost / peer.kills:.0f} : {ours.lost / ours.kills:.0f} a kill",
            "0",
            "0",
            judged(ours.lost, 0, 0, is_more_better=False),
        )
        for channel, peer, ours in pairs
    ]


def _slow(found: Figures) -> list[Row]:
    peer, ours = found.handler_slow, found.telegram_slow
    trip = found.delay
    half, peers_half = both(ours.replies)[0], both(peer.replies)[0]
    measure = f"provider of {trip * 1e3:.0f} ms: "
    return [
        _times("P7", f"{measure}turns/s, against ConversationHandler", peer.turns, ours.turns, 25, 50),
        Row(
            "P7",
            f"{measure}reply p50, ms",
            f"{peers_half * 1e3:.0f}",
            f"{half * 1e3:.0f}",
            f"{half / peers_half:.2f}",
            f"{ROUND_TRIP} + 60",
            f"{ROUND_TRIP} + 20",
            judged(half, trip + 0.06, trip + 0.02, is_more_better=False),
        ),
    ]


def _calm(found: Figures) -> list[Row]:
    peers, ours = found.handler_calm.replies, found.telegram_calm.replies
    return [
        _less("P8", "20 turns/s: reply p50, ms", peers[0] * 1e3, ours[0] * 1e3, 1.5, 0.8),
        _less("P8", "20 turns/s: reply p99, ms", peers[1] * 1e3, ours[1] * 1e3, 2, 1),
    ]


def _memory(found: Figures) -> list[Row]:
    memory = max(found.telegram.memory, found.twilio.memory) / _MIB
    growth = round(found.growth.over(HOUR_OF_TURNS) * 100, 1)
    return [
        Row(
            "P13",
            "memory under load, all processes, MiB",
            f"{found.handler.memory / _MIB:.0f}; {found.flask.memory / _MIB:.0f}",
            f"{memory:.0f}",
            "",
            "200",
            "130",
            judged(memory, 200, 130, is_more_better=False),
        ),
        Row(
            "P13",
            f"its growth in an hour's {HOUR_OF_TURNS:,} turns, by {found.growth.turns:,}",
            "",
            f"{growth:.1f} %",
            "",
            "5 %",
            "0",
            judged(growth, 5, 0, is_more_better=False),
        ),
    ]


def _bytes(found: Figures) -> list[Row]:
    ours, peers = found.weights, found.handler_weights
    few, many = found.stored / _KIB, found.telegram.report / _KIB
    return [
        Row(
            "P14",
            "database KiB a report, right after, few people at once",
            "",
            f"{few:.1f}",
            "",
            "8",
            "4 after retention",
            judged(few, 8, None, is_more_better=False),
        ),
        Row(
            "P14",
            "the same, many at once",
            f"{found.handler.report / _KIB:.1f}; {found.flask.report / _KIB:.1f}",
            f"{many:.1f}",
            "",
            "8",
            "4 after retention",
            judged(many, 8, None, is_more_better=False),
        ),
        _share(
            "bytes of questions against label and options",
            peers.questions,
            ours.questions,
            peers,
            ours,
            (1.05, 1.03),
        ),
        _share("bytes of a report against bare questions", peers.total, ours.total, peers, ours, (2, 1.6)),
        Row(
            "P15",
            "messages of a report answered in one message",
            "",
            f"{found.compact}",
            "",
            "",
            "4",
            judged(found.compact, None, 4, is_more_better=False),
        ),
    ]


def _share(
    measure: str, peers: int, ours: int, of_peers: Weights, of_ours: Weights, wanted: tuple[float, float]
) -> Row:
    """Return a row of bytes over those of the bare questions, each bot's own."""
    share, must, aim = ours / of_ours.bare, *wanted
    return Row(
        "P15",
        measure,
        f"{peers} ({peers / of_peers.bare:.2f}x)",
        f"{ours}",
        f"{share:.2f}x",
        f"{must}x",
        f"{aim}x",
        judged(share, must, aim, is_more_better=False),
    )


def _times(id: str, measure: str, peer: float, ours: float, must: float, aim: float) -> Row:
    """Return a row in which more is better."""
    return _ratio(id, measure, peer, ours, must, aim, is_more_better=True)


def _less(id: str, measure: str, peer: float, ours: float, must: float, aim: float) -> Row:
    """Return a row in which less is better."""
    return _ratio(id, measure, peer, ours, must, aim, is_more_better=False)


def _ratio(
    id: str, measure: str, peer: float, ours: float, must: float, aim: float, *, is_more_better: bool
) -> Row:
    ratio = ours / peer
    met = judged(ratio, must, aim, is_more_better=is_more_better)
    return Row(id, measure, _figure(peer), _figure(ours), f"{ratio:.2f}x", f"{must:g}x", f"{aim:g}x", met)


def _figure(value: float) -> str:
    """Return a figure with three digits, or all that it has before the point."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
