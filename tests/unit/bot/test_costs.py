"""What messages cost, how far limits are used, and what may still go."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from bot.costs import INBOUND, TEMPLATE, TEXT, Count, Spending, costs, uses
from bot.programme import Budget, Limits, Price, Prices, Programme, Tariff, open_programme
from bot.programme.fields import Status
from tests.programmes import ASTON, files_of

AT = datetime(2026, 11, 26, 12, tzinfo=UTC)
TODAY = AT.date()
EARLIER = date(2026, 11, 2)
ML = Tariff(
    "+223",
    whatsapp=Price(fee=Decimal("0.005"), text=Decimal("0.004"), template=Decimal("0.02")),
    sms=Price(text=Decimal("0.2"), inbound=Decimal("0.01")),
)
PRICES = Prices("USD", Status.ASSUMED, {"ML": ML}, free_a_month=1000)


def a_count(sort: str = TEXT, messages: int = 1, parts: int = 0, **more: object) -> Count:
    """Return a count on WhatsApp in Bamako, today."""
    count = Count(TODAY, "whatsapp", "bamako", "ML", sort, messages, parts or messages)
    return replace(count, **more)  # type: ignore[arg-type] # the tests' values fit


def a_programme(budget: Budget) -> Programme:
    """Return ASToN with these limits."""
    return replace(open_programme(files_of(ASTON)), prices=PRICES, budget=budget)


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param([a_count(messages=1000)], ["5.000"], id="free texts cost their fee"),
        pytest.param([a_count(messages=1500)], ["9.500"], id="the rest at the rate"),
        pytest.param(
            [a_count(messages=1500), a_count(messages=500, city="kampala")],
            ["10.500", "3.500"],
            id="what is free is shared out",
        ),
        pytest.param([a_count(TEMPLATE, 10)], ["0.25"], id="templates are never free"),
        pytest.param([a_count(INBOUND, 10)], ["0.05"], id="a message in costs its fee"),
        pytest.param([a_count(TEXT, 10, 25, channel="sms")], ["5.0"], id="SMS by the part"),
        pytest.param([a_count(INBOUND, 10, channel="sms")], ["0.10"], id="an SMS in"),
        pytest.param([a_count(TEXT, 10, channel="telegram", country="")], ["0"], id="Telegram costs nothing"),
        pytest.param([a_count(TEXT, 10, country="")], ["0"], id="no price is known"),
    ],
)
def test_each_sort_has_its_price(counts: list[Count], expected: list[str]) -> None:
    """By channel, country and sort."""
    assert costs(PRICES, counts) == [Decimal(one) for one in expected]


def test_without_prices_nothing_costs_anything() -> None:
    """The messages are counted all the same."""
    assert costs(None, [a_count()]) == [Decimal(0)]


def test_limits_count_what_is_theirs() -> None:
    """Month and day, of the network, a channel and a city."""
    budget = Budget(
        month=Decimal(10),
        day=Decimal(4),
        channels={"sms": Limits(month=Decimal(2))},
        cities={"kampala": Limits(day=Decimal(1))},
    )
    counts = [
        a_count(TEXT, 10, channel="sms"),
        a_count(TEXT, 20, channel="sms", city="kampala", day=EARLIER),
        a_count(TEXT, 3, channel="sms", city="kampala"),
    ]
    found = [(use.scope, use.name, use.span, use.spent) for use in uses(a_programme(budget), counts, AT)]
    assert found == [
        ("network", "", "month", Decimal("6.6")),
        ("network", "", "day", Decimal("2.6")),
        ("channel", "sms", "month", Decimal("6.6")),
        ("city", "kampala", "day", Decimal("0.6")),
    ]


@pytest.mark.parametrize(
    ("spent", "level", "holds_unasked", "holds_live"),
    [
        pytest.param(39, 0, False, False, id="under 80"),
        pytest.param(40, 80, False, False, id="80"),
        pytest.param(50, 100, True, False, id="full"),
        pytest.param(59, 100, True, False, id="in the reserve"),
        pytest.param(60, 120, True, True, id="the reserve is used"),
    ],
)
def test_what_nobody_asked_for_waits_first(
    spent: int, level: int, holds_unasked: bool, holds_live: bool
) -> None:
    """Replies go on up to the reserve; what costs nothing always goes."""
    programme = a_programme(Budget(month=Decimal(10)))
    (use,) = found = uses(programme, [a_count(TEXT, spent, channel="sms")], AT)
    spending = Spending(PRICES, found)
    assert use.level == level
    assert spending.is_stopped("sms", "bamako", AT) is holds_unasked
    assert spending.is_stopped("sms", "bamako", AT, is_live=True) is holds_live
    assert not spending.is_stopped("telegram", "bamako", AT)


def test_a_limit_holds_only_what_is_its_own_and_until_its_span_ends() -> None:
    """Another channel, another city and the next month are free."""
    budget = Budget(channels={"sms": Limits(month=Decimal(1))}, cities={"bamako": Limits(day=Decimal(1))})
    found = uses(a_programme(budget), [a_count(TEXT, 5, channel="sms")], AT)
    spending = Spending(PRICES, found)
    next_month = datetime(2026, 11, 30, 23, tzinfo=UTC)  # midnight in Paris
    assert spending.is_stopped("sms", "kampala", AT)
    assert not spending.is_stopped("whatsapp", "kampala", AT)
    assert spending.is_stopped("whatsapp", "bamako", AT)
    assert spending.opens_at("sms", "bamako", AT) == next_month
    assert spending.opens_at("whatsapp", "bamako", AT) == datetime(2026, 11, 26, 23, tzinfo=UTC)
    assert not spending.is_stopped("sms", "bamako", next_month)
    assert spending.is_stopped("sms", "bamako", next_month - timedelta(seconds=1))


def test_a_batch_is_held_from_the_message_that_fills_the_limit() -> None:
    """What goes is taken off at once, at its full price."""
    spending = Spending(PRICES, uses(a_programme(Budget(month=Decimal("0.5"))), [], AT))
    after = spending.after("sms", "bamako", "ML", TEXT, 2)
    assert not after.is_stopped("sms", "bamako", AT)
    assert after.after("sms", "bamako", "ML", TEXT, 1).is_stopped("sms", "bamako", AT)
    assert after.after("telegram", "bamako", "", TEXT, 1) == after


def test_a_limit_of_nothing_lets_nothing_go() -> None:
    """Zero is a limit, not its absence; the reserve of nothing is nothing."""
    (use,) = uses(a_programme(Budget(month=Decimal(0))), [], AT)
    assert use.level == 120
