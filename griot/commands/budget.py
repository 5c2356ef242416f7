"""`griot budget`: what a month's messages cost, and how far the limits are used."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import click

from bot.costs import INBOUND, Count, Use, costs, uses
from bot.programme import Programme
from griot.commands.desk import BadInput, desk, show_json
from models.base import Db
from models.db import read
from models.programme import current_programme
from models.spending import counts_of_month

MONTH = re.compile(r"(20\d{2})-(0[1-9]|1[0-2])")
CENT = Decimal("0.01")


@dataclass(slots=True)
class Line:
    """What one city sent and wrote on one channel."""

    sent: int = 0
    parts: int = 0
    received: int = 0
    cost: Decimal = Decimal(0)


@click.command()
@click.option("--month", "asked", help="As 2026-11; else the month that runs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def budget(asked: str | None, as_json: bool) -> None:
    """Print messages, parts and estimated cost of a month, per city and channel; and the limits."""
    month = _month(asked) if asked else None
    with desk() as it:

        def look(db: Db) -> tuple[Programme, date, list[Count]]:
            programme = current_programme(db)
            today = it.at.astimezone(ZoneInfo(programme.secretariat.timezone)).date()
            first = month or today.replace(day=1)
            return programme, first, counts_of_month(db, first)

        try:
            programme, first, found = read(it.store, look)
        except LookupError as error:
            raise BadInput(f"{error}.") from None
        today = it.at.astimezone(ZoneInfo(programme.secretariat.timezone)).date()
        limits = uses(programme, found, it.at) if first == today.replace(day=1) else ()
    lines = _lines(programme, found)
    if as_json:
        show_json(_as_json(programme, first, lines, limits))
        return
    _print(programme, first, lines, limits)


def _month(text: str) -> date:
    found = MONTH.fullmatch(text)
    if found is None:
        raise BadInput(f"{text} is not a month: write it as 2026-11.")
    return date(int(found[1]), int(found[2]), 1)


def _lines(programme: Programme, found: Sequence[Count]) -> Mapping[tuple[str, str], Line]:
    lines: defaultdict[tuple[str, str], Line] = defaultdict(Line)
    for one, cost in zip(found, costs(programme.prices, found), strict=True):
        line = lines[one.city, one.channel]
        line.cost += cost
        if one.sort == INBOUND:
            line.received += one.messages
        else:
            line.sent += one.messages
            line.parts += one.parts
    return dict(sorted(lines.items()))


def _as_json(
    programme: Programme, first: date, lines: Mapping[tuple[str, str], Line], limits: Sequence[Use]
) -> Mapping[str, object]:
    prices = programme.prices
    return {
        "month": f"{first:%Y-%m}",
        "currency": prices.currency if prices else None,
        "status": str(prices.status) if prices else None,
        "cost": _money(sum((line.cost for line in lines.values()), Decimal(0))) if prices else None,
        "rows": [
            {
                "city": city or None,
                "channel": channel,
                "sent": line.sent,
                "parts": line.parts,
                "received": line.received,
                "cost": _money(line.cost) if prices else None,
            }
            for (city, channel), line in lines.items()
        ],
        "limits": [
            {
                "scope": use.scope,
                "name": use.name or None,
                "span": use.span,
                "limit": _money(use.limit),
                "spent": _money(use.spent),
                "per_cent": use.per_cent,
                "level": use.level,
            }
            for use in limits
        ],
    }


def _money(amount: Decimal) -> float:
    return float(amount.quantize(Decimal("0.0001")))


def _print(
    programme: Programme, first: date, lines: Mapping[tuple[str, str], Line], limits: Sequence[Use]
) -> None:
    prices = programme.prices
    currency = prices.currency if prices else ""
    click.echo(f"{first:%Y-%m}" + (f", {currency}, prices {prices.status}" if prices else ", without prices"))
    for (city, channel), line in lines.items():
        sent = f"{line.sent} sent" + (f" in {line.parts} parts" if line.parts != line.sent else "")
        cost = f"  {line.cost.quantize(CENT)}" if prices else ""
        click.echo(f"{city or '-'}  {channel}  {sent}, {line.received} received{cost}")
    if prices:
        click.echo(f"Total  {sum((line.cost for line in lines.values()), Decimal(0)).quantize(CENT)}")
    for use in limits:
        whose = use.name or use.scope
        spent, limit = use.spent.quantize(CENT), use.limit.quantize(CENT)
        click.echo(f"Limit  {whose}, {use.span}: {spent} of {limit} {currency} ({use.per_cent} %)")
