"""The budget of a programme: what must agree in budget.yaml and with the cities."""

from collections.abc import Iterable

from bot.programme.draft import Draft
from bot.programme.prices import PRICED, Budget, Prices

BUDGET_FILE = "budget.yaml"
BUDGET_SECTIONS = ("prices", "budget")
BUDGET_HOMES = dict.fromkeys(BUDGET_SECTIONS, BUDGET_FILE)


def read_budget(draft: Draft, cities: Iterable[str]) -> tuple[Prices | None, Budget]:
    """Return prices and limits, every fault kept; None and no limits for a programme without the file."""
    if draft.documents.get(BUDGET_FILE) is None:
        return None, Budget()
    prices: Prices | None = draft.one("prices", Prices)
    budget: Budget = (draft.one("budget", Budget) if draft.raw("budget") is not None else None) or Budget()
    _check_codes(draft, prices)
    for channel in budget.channels:
        if channel not in PRICED:
            draft.unknown(("budget", "channels", channel), "a channel with prices", channel, PRICED)
    slugs = tuple(cities)
    for slug in budget.cities:
        if slug not in slugs:
            draft.unknown(("budget", "cities", slug), "a city of this programme", slug, slugs)
    return prices, budget


def _check_codes(draft: Draft, prices: Prices | None) -> None:
    codes: dict[str, str] = {}
    for country, tariff in (prices.countries if prices else {}).items():
        other = codes.setdefault(tariff.calling_code, country)
        if other != country:
            place = ("prices", "countries", country, "calling_code")
            message = f"The code {tariff.calling_code} belongs to {other}."
            draft.fault("repeated_code", place, message, "Give each country its own code, +1242 beside +1.")
