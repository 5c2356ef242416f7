"""A channel that fails by itself is left alone, probed by one at a time, used again at a success."""

from datetime import UTC, datetime, timedelta

from bot.faults import FaultKind
from griot.circuits import refused
from models.base import Db
from models.circuit import (
    LONGEST_PAUSE,
    OPENS_AFTER,
    Setback,
    give_probe_back,
    note_setback,
    note_success,
    standings,
    take_probe,
)
from models.fault import Trouble, end_faults, faults, forget_old, note_told, raise_fault, untold

AT = datetime(2026, 11, 23, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
DOWN = Setback("telegram", 1, "unknown", "500", "Internal Server Error")


def test_it_opens_after_failures_in_a_row(db: Db) -> None:
    """A success between them begins the count anew; another channel has its own."""
    for _ in range(OPENS_AFTER - 1):
        assert not note_setback(db, DOWN, AT).is_open
    assert note_success(db, "telegram", AT) is False
    for _ in range(OPENS_AFTER - 1):
        note_setback(db, DOWN, AT)
    assert not standings(db)["telegram"].is_open
    assert note_setback(db, DOWN, AT).is_open
    assert "whatsapp" not in standings(db)


def test_one_probe_at_a_time(db: Db) -> None:
    """After the pause one may try; the next one when that one's time is up or the probe was given back."""
    opened = note_setback(db, Setback("telegram", OPENS_AFTER, "unknown", "500", ""), AT)
    assert opened.probe_at is not None
    assert not take_probe(db, "telegram", AT, AT + 60 * SECOND)
    later = opened.probe_at
    assert take_probe(db, "telegram", later, later + 60 * SECOND)
    assert not take_probe(db, "telegram", later, later + 60 * SECOND)
    give_probe_back(db, "telegram", later)
    assert take_probe(db, "telegram", later, later + 60 * SECOND)
    assert take_probe(db, "telegram", later + 61 * SECOND, later + 120 * SECOND)


def test_the_pause_grows_and_begins_anew(db: Db) -> None:
    """It doubles at each failed probe up to a minute; after a quiet time it is short again."""
    at, pauses = AT, []
    for _ in range(9):
        standing = note_setback(db, Setback("telegram", OPENS_AFTER, "unknown", "500", ""), at)
        assert standing.probe_at is not None
        pauses.append(standing.probe_at - at)
        at = standing.probe_at
    assert pauses[:4] == [5 * SECOND, 10 * SECOND, 20 * SECOND, 40 * SECOND]
    assert pauses[-1] == LONGEST_PAUSE
    assert note_success(db, "telegram", at) is True
    again = note_setback(db, Setback("telegram", OPENS_AFTER, "unknown", "500", ""), at + SECOND)
    assert again.pause == LONGEST_PAUSE.total_seconds()  # it closed a second ago: it flutters
    note_success(db, "telegram", at + SECOND)
    much_later = at + 4 * LONGEST_PAUSE
    assert note_setback(db, Setback("telegram", OPENS_AFTER, "unknown", "500", ""), much_later).pause == 5


def test_a_probe_that_fails_doubles_the_pause(db: Db) -> None:
    """Also where the call fails sooner than the pause is long; a probe that was none changes nothing."""
    standing = note_setback(db, Setback("telegram", OPENS_AFTER, "unknown", "500", ""), AT)
    for pause in (10, 20, 40, 60, 60):
        at = standing.probe_at
        assert at is not None
        assert take_probe(db, "telegram", at, at + 60 * SECOND)
        give_probe_back(db, "telegram", at)
        assert take_probe(db, "telegram", at, at + 60 * SECOND)
        standing = note_setback(db, DOWN, at + SECOND)
        assert standing.pause == pause


def test_calls_under_way_when_it_opened_are_no_probes(db: Db) -> None:
    """They leave the pause as it is."""
    note_setback(db, Setback("telegram", OPENS_AFTER, "unknown", "500", ""), AT)
    assert note_setback(db, DOWN, AT + SECOND).pause == 5


def test_a_refused_token_is_tried_more_and_more_rarely(db: Db) -> None:
    """From one minute to five: only an operator can mend it."""
    at, pauses = AT, []
    for _ in range(5):
        standing = note_setback(db, refused("sms", "20003", "Authenticate"), at)
        pauses.append(standing.pause)
        at += timedelta(seconds=standing.pause)
    assert pauses == [60, 120, 240, 300, 300]


def test_the_providers_wait_is_kept(db: Db) -> None:
    """Retry-after decides when the next message may go."""
    throttled = Setback("sms", 1, "throttled", "429", "", opens=True, wait=700 * SECOND)
    assert note_setback(db, throttled, AT).probe_at == AT + 700 * SECOND


def test_a_clock_put_back_does_not_close_a_channel_for_long(db: Db) -> None:
    """A pause that was set by a clock an hour ahead is over."""
    note_setback(db, Setback("telegram", OPENS_AFTER, "unknown", "500", ""), AT + timedelta(hours=1))
    assert standings(db)["telegram"].may_probe(AT)
    assert take_probe(db, "telegram", AT, AT + 60 * SECOND)


def test_a_fault_is_told_once_a_day_until_it_ends(db: Db) -> None:
    """Met again it keeps its beginning; another code of the same channel is another fault."""
    refused = Trouble(FaultKind.CODE, "sms", "not allowed to write there", "21408")
    raise_fault(db, refused, AT)
    raise_fault(db, refused, AT + SECOND)
    raise_fault(db, Trouble(FaultKind.REFUSED, "sms", "Authenticate", "20003"), AT)
    assert [(one.name, one.since) for one in faults(db)] == [
        ("code:sms:21408", AT),
        ("refused:sms", AT),
    ]
    note_told(db, refused.name, "2026-11-23")
    assert [one.name for one in untold(db, "2026-11-23")] == ["refused:sms"]
    assert len(untold(db, "2026-11-24")) == 2
    assert end_faults(db, {FaultKind.REFUSED}, "sms") == 1
    assert forget_old(db, AT + timedelta(days=8)) == 1
    assert faults(db) == []
