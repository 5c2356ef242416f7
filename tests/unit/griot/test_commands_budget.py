"""`griot budget`: what was sent, what it cost, and the limits."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from alembic import command

from griot.clock import follow, move
from griot.schema import alembic_config
from griot.spending_metrics import spent as figures
from models.db import insert_first, open_store, read, write
from models.demo import mark_demo
from models.programme import ProgrammeShelf
from models.spending import SPENT
from tests.databases import Databases
from tests.programmes import ASTON
from tests.unit.griot.conftest import Griot

AT = datetime(2041, 5, 15, 12, tzinfo=UTC)  # far from midnight and from the end of a month, in any zone
THIS_MONTH = "2041-05"


@pytest.fixture
def spent(quick: Griot, sqlite_databases: Databases) -> Iterator[Griot]:
    """Yield the command line with a budget and messages counted, in a demonstration of another year."""
    assert quick("programme", "load", ASTON).exit_code == 0
    store = open_store(quick.database)
    write(store, lambda db: mark_demo(db, AT))
    move(store, AT)
    today = AT.date()
    rows = [
        (today, "sms", "bamako", "ML", "text", 100, 180),
        (today, "sms", "bamako", "ML", "inbound", 10, 10),
        (today, "telegram", "kampala", "", "text", 40, 40),
        (today.replace(day=1) - timedelta(days=1), "sms", "kampala", "UG", "text", 5, 5),
    ]
    for row in rows:
        values = dict(zip(SPENT.c.keys(), row, strict=True))
        write(store, lambda db, values=values: insert_first(db, SPENT, **values))  # type: ignore[misc]
    store.close()
    yield quick
    address = sqlite_databases.empty()
    nothing = open_store(address)
    follow(nothing)  # the wall clock's time again
    nothing.close()
    sqlite_databases.drop(address)


def test_a_month_is_told_by_city_and_channel(spent: Griot) -> None:
    """Sent, parts, received, cost; and each limit of the month that runs."""
    found = spent.json("budget")
    assert (found["month"], found["currency"], found["status"]) == (THIS_MONTH, "USD", "estimated")
    assert found["cost"] == 36.1
    assert found["rows"] == [
        {"city": "bamako", "channel": "sms", "sent": 100, "parts": 180, "received": 10, "cost": 36.1},
        {"city": "kampala", "channel": "telegram", "sent": 40, "parts": 40, "received": 0, "cost": 0.0},
    ]
    limits = {(one["scope"], one["span"]): one for one in found["limits"]}
    assert limits["channel", "month"]["per_cent"] == 90
    assert limits["channel", "month"]["level"] == 80
    assert limits["network", "month"]["level"] == 0


def test_an_earlier_month_has_no_limits_any_more(spent: Griot) -> None:
    """They are those of the month that runs."""
    found = spent.json("budget", "--month", "2041-04")
    assert ([row["city"] for row in found["rows"]], found["limits"]) == (["kampala"], [])


def test_the_page_says_the_same(spent: Griot) -> None:
    """A line a city and channel, the total, a line a limit."""
    lines = spent("budget").stdout.splitlines()
    assert lines[0] == f"{THIS_MONTH}, USD, prices estimated"
    assert "bamako  sms  100 sent in 180 parts, 10 received  36.10" in lines
    assert "Total  36.10" in lines
    assert "Limit  sms, month: 36.10 of 40.00 USD (90 %)" in lines


def test_doctor_tells_of_a_limit_that_is_nearly_used(spent: Griot) -> None:
    """A note from 80 per cent on; a problem when it is used, for then messages wait."""
    store, config = open_store(spent.database), alembic_config()
    with store.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.stamp(config, "head")
    store.close()
    found = spent.parsed(spent("doctor", "--json"))
    notes = [one["what"] for one in found["notes"]]
    assert "The budget of the month for sms is used to 90 %." in notes
    problems = [one["what"] for one in found["problems"]]
    assert "The budget of the day is used to 300 %." in problems


def test_the_figures_are_measured(spent: Griot) -> None:
    """By channel and direction; cost by currency; how far each limit is used."""
    store = open_store(spent.database)
    found = read(store, lambda db: figures(db, ProgrammeShelf(), AT))
    store.close()
    values = {(sample.name, *sample.labels.values()): sample.value for one in found for sample in one.samples}
    assert values["griot_month_messages", THIS_MONTH, "sms", "out"] == 100
    assert values["griot_month_messages", THIS_MONTH, "sms", "in"] == 10
    assert values["griot_month_parts", THIS_MONTH, "sms"] == 180
    assert values["griot_month_cost", THIS_MONTH, "sms", "USD"] == pytest.approx(36.1)
    assert values["griot_budget_ratio", "channel", "sms", "month"] == pytest.approx(0.9)


def test_without_prices_messages_are_counted_all_the_same(quick: Griot) -> None:
    """No currency, no cost, no limits."""
    found = quick.json("budget")
    assert (found["currency"], found["cost"], found["rows"], found["limits"]) == (None, None, [], [])


def test_a_month_is_written_in_one_way(quick: Griot) -> None:
    """Anything else is refused with an example."""
    said = quick.refused("budget", "--month", "November")
    assert said == "Error: November is not a month: write it as 2026-11.\n"


def test_a_number_that_is_not_paid_for_is_told_when_it_is_added(spent: Griot) -> None:
    """The person is added all the same; listed numbers are not mentioned."""
    who = ("person", "add", "--name", "Awa Example", "--role", "coordinator", "--city", "bamako")
    added = spent(*who, "--language", "fr", "--sms", "+49300000001", "--whatsapp", "+22370000001")
    assert added.exit_code == 0
    notes = [line for line in added.stderr.splitlines() if "budget.yaml" in line]
    assert notes == [
        "note: +49300000001 is of no country that budget.yaml has sms prices for: it is not written to."
    ]
