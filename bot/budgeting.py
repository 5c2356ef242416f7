"""What officers are told of the budget: how far a limit is used, and what waits for that."""

from decimal import Decimal

from babel.numbers import format_decimal

from bot.costs import CHANNEL, CITY, DAY, FULL, Use
from bot.dates import long_date, month_and_year
from bot.programme import Programme
from bot.programme.shapes import name_in
from bot.say import begun_right
from bot.values import Say

CHANNELS = {"whatsapp": "WhatsApp", "sms": "SMS"}  # the same in all languages


def budget_alert(say: Say, programme: Programme, use: Use) -> str:
    """Return the sentence for the level that a limit has reached; `say` knows the locale."""
    parts = {
        "what": _whose(say, programme, use),
        "when": (long_date if use.span == DAY else month_and_year)(use.since, say.locale),
        "spent": _figure(say, use.spent),
        "limit": f"{_figure(say, use.limit)} {programme.prices.currency if programme.prices else ''}",
    }
    if use.level > FULL or (use.level == FULL and not use.reserve):
        text = say(
            "{what}: the budget for {when} and its reserve are used up ({spent} of {limit})."
            " Nothing that costs money leaves until they are raised or the time is over.",
            **parts,
        )
    elif use.level == FULL:
        text = say(
            "{what}: the budget for {when} is used up ({spent} of {limit})."
            " Messages nobody asked for wait; replies still leave.",
            **parts,
        )
    else:
        text = say(
            "{what}: {percent} of the budget for {when} is used ({spent} of {limit}).",
            percent=f"{use.per_cent} %",
            **parts,
        )
    return begun_right(text)


def _whose(say: Say, programme: Programme, use: Use) -> str:
    if use.scope == CHANNEL:
        return CHANNELS.get(use.name, use.name)
    if use.scope == CITY:
        return name_in(programme.cities[use.name].names, say.language)
    return name_in(programme.names, say.language)


def _figure(say: Say, amount: Decimal) -> str:
    return str(format_decimal(amount, "#,##0.00", locale=say.locale))
