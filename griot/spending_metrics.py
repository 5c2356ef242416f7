"""Figures of the month that runs for Prometheus: messages, parts, estimated cost, how far limits are used."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from prometheus_client.core import Metric

from bot.costs import INBOUND, Count, costs, uses
from bot.programme import Programme
from models.base import Db
from models.programme import ProgrammeShelf
from models.spending import counts_of_month


def spent(db: Db, programmes: ProgrammeShelf, at: datetime) -> "list[Metric]":
    """Return the figures, by channel and limit; without values before a programme is loaded."""
    try:
        programme = programmes.programme(db)
    except LookupError:
        return [*_messages([], ""), *_money(None, [], "", at)]
    today = at.astimezone(ZoneInfo(programme.secretariat.timezone)).date()
    found, month = counts_of_month(db, today), f"{today:%Y-%m}"
    return [*_messages(found, month), *_money(programme, found, month, at)]


def _messages(found: Sequence[Count], month: str) -> "list[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    labels = ["month", "channel", "direction"]
    messages = GaugeMetricFamily("griot_month_messages", "Messages of this month.", labels=labels)
    parts = GaugeMetricFamily("griot_month_parts", "Billed parts, out.", labels=labels[:2])
    numbers: Counter[tuple[str, str]] = Counter()
    billed: Counter[str] = Counter()
    for one in found:
        direction = "in" if one.sort == INBOUND else "out"
        numbers[one.channel, direction] += one.messages
        billed[one.channel] += one.parts if direction == "out" else 0
    for (channel, direction), number in sorted(numbers.items()):
        messages.add_metric([month, channel, direction], number)
    for channel, number in sorted(billed.items()):
        parts.add_metric([month, channel], number)
    return [messages, parts]


def _money(programme: Programme | None, found: Sequence[Count], month: str, at: datetime) -> "list[Metric]":
    from prometheus_client.core import GaugeMetricFamily

    labels = ["month", "channel", "currency"]
    cost = GaugeMetricFamily("griot_month_cost", "Estimated cost of this month.", labels=labels)
    labels = ["scope", "name", "span"]
    ratio = GaugeMetricFamily("griot_budget_ratio", "Part of a limit that is used.", labels=labels)
    if programme is None or programme.prices is None:
        return [cost, ratio]
    money: dict[str, Decimal] = {}
    for one, each in zip(found, costs(programme.prices, found), strict=True):
        money[one.channel] = money.get(one.channel, Decimal(0)) + each
    for channel, total in sorted(money.items()):
        cost.add_metric([month, channel, programme.prices.currency], float(total))
    for use in uses(programme, found, at):
        ratio.add_metric([use.scope, use.name, use.span], use.per_cent / 100)
    return [cost, ratio]
