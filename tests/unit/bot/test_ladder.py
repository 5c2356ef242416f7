"""The ladder: the channel of the newest message, then the fixed order; every rung says why."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.ladder import Reached, Rung, is_window_open, rungs, why_none

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL = ("telegram", "chat", "whatsapp", "sms", "email")
PHONE = "+22370000001"

TELEGRAM = Reached("telegram", "1", True, None)
WROTE_ON_TELEGRAM = Reached("telegram", "1", True, AT - 30 * HOUR)
BLOCKED = Reached("telegram", "1", False, AT - 30 * HOUR, "blocked")
OPEN = Reached("whatsapp", PHONE, True, AT - HOUR)
CLOSED = Reached("whatsapp", PHONE, True, AT - 24 * HOUR)
NEVER = Reached("whatsapp", PHONE, True, None)
SMS = Reached("sms", PHONE, True, None)
EMAIL = Reached("email", "a@example.org", True, None)
IN_THE_SIMULATOR = Reached("chat", "1", True, AT - HOUR)
TEMPLATE = "HX1"


def ways(*addresses: Reached, channels: tuple[str, ...] = ALL, content_sid: str = "") -> list[str]:
    return [rung.name for rung in rungs(addresses, channels, AT, content_sid)]


@pytest.mark.parametrize(
    ("addresses", "content_sid", "expected"),
    [
        pytest.param(
            [EMAIL, SMS, NEVER, TELEGRAM], TEMPLATE, "telegram whatsapp_template sms email", id="order"
        ),
        pytest.param([TELEGRAM, OPEN], "", "whatsapp telegram", id="newest message first"),
        pytest.param(
            [WROTE_ON_TELEGRAM, OPEN], TEMPLATE, "whatsapp whatsapp_template telegram", id="in window"
        ),
        pytest.param([TELEGRAM, CLOSED], TEMPLATE, "whatsapp_template telegram", id="window closed"),
        pytest.param([SMS, CLOSED], "", "sms", id="no template"),
        pytest.param([BLOCKED, SMS], "", "sms", id="blocked"),
        pytest.param([IN_THE_SIMULATOR, SMS], "", "sms chat", id="the simulator last, also when newest"),
        pytest.param([NEVER], "", "", id="none"),
        pytest.param([], TEMPLATE, "", id="no address"),
    ],
)
def test_the_ways_in_order(addresses: list[Reached], content_sid: str, expected: str) -> None:
    assert ways(*addresses, content_sid=content_sid) == expected.split()


def test_a_channel_that_is_off_is_no_way() -> None:
    assert ways(TELEGRAM, SMS, channels=("telegram",)) == ["telegram"]


@pytest.mark.parametrize(
    ("addresses", "reason"),
    [
        pytest.param([TELEGRAM], "first on the ladder", id="first"),
        pytest.param([WROTE_ON_TELEGRAM], "newest message", id="newest"),
        pytest.param([BLOCKED, SMS], "telegram: blocked", id="blocked"),
        pytest.param([CLOSED, SMS], "whatsapp: window closed, no approved template", id="no template"),
        pytest.param(
            [BLOCKED, CLOSED, SMS],
            "whatsapp: window closed, no approved template; telegram: blocked",
            id="two were passed",
        ),
    ],
)
def test_each_way_says_why_it_is_the_one(addresses: list[Reached], reason: str) -> None:
    assert rungs(addresses, ALL, AT)[0].reason == reason


def test_only_the_template_carries_its_id() -> None:
    first, second = rungs([OPEN], ALL, AT, TEMPLATE)
    assert first == Rung("whatsapp", "whatsapp", PHONE, "newest message")
    assert second == Rung("whatsapp_template", "whatsapp", PHONE, "next on the ladder", TEMPLATE)


@pytest.mark.parametrize(
    ("addresses", "channels", "why"),
    [
        pytest.param([], ALL, "no_address", id="no address"),
        pytest.param([BLOCKED], ALL, "unreachable", id="unreachable"),
        pytest.param([BLOCKED, CLOSED], ALL, "no_template", id="no template"),
        pytest.param([BLOCKED, SMS], ("telegram",), "channel_off", id="channel off"),
        pytest.param([TELEGRAM], ALL, "", id="there is a way"),
    ],
)
def test_why_there_is_no_way(addresses: list[Reached], channels: tuple[str, ...], why: str) -> None:
    assert why_none(addresses, channels, AT) == why


def test_the_window_closes_ten_minutes_early() -> None:
    """What leaves in the last moment must still arrive within the 24 hours."""
    wrote = AT - timedelta(hours=23, minutes=50)
    assert is_window_open(wrote, AT - timedelta(seconds=1))
    assert not is_window_open(wrote, AT)
    assert not is_window_open(None, AT)
