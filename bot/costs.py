"""What was spent on messages, how far each limit of the budget is used, and what may still go."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

from bot.programme import Budget, Limits, Prices, Programme

TEXT, TEMPLATE, INBOUND = "text", "template", "inbound"  # sorts of messages: each has its price
NETWORK, CHANNEL, CITY = "network", "channel", "city"
MONTH, DAY = "month", "day"
WARNED, FULL = 80, 100  # per cent at which officers are told; a third time when the reserve is used too
BUDGET, COUNTRY = "budget", "country"  # why something is held: no money left, or none is spent there
WHATSAPP = "whatsapp"


@dataclass(frozen=True, slots=True)
class Count:
    """So many messages of one sort on one day, city time."""

    day: date
    channel: str
    city: str  # slug; "" for people of no city
    country: str  # "" where the address is of none that is listed, or the channel costs nothing
    sort: str
    messages: int
    parts: int  # what is billed: the parts of SMS, else the messages


@dataclass(frozen=True, slots=True)
class Use:
    """How far one limit is used."""

    scope: str  # network, channel or city
    name: str  # of the channel, or the city's slug; "" of the network
    span: str  # month or day
    since: date  # the first day of the span
    until: datetime  # when the next one begins
    limit: Decimal
    spent: Decimal
    reserve: int  # per cent above the limit, for live replies

    @property
    def per_cent(self) -> int:
        """Return how much of the limit is spent; a limit of nothing is used up."""
        return int(self.spent * 100 / self.limit) if self.limit else FULL + self.reserve

    @property
    def level(self) -> int:
        """Return what officers are told of: 0, 80, 100, or 100 and the reserve."""
        steps = (WARNED, FULL, FULL + self.reserve)
        return max((step for step in steps if self.per_cent >= step), default=0)

    def stops(self, channel: str, city: str, at: datetime, *, is_live: bool) -> bool:
        """Tell whether a message that costs something has to wait at that time."""
        is_its = self.scope == NETWORK or self.name == (channel if self.scope == CHANNEL else city)
        full = FULL + self.reserve if is_live else FULL
        return is_its and at < self.until and self.per_cent >= full


def costs(prices: Prices | None, counts: Sequence[Count]) -> list[Decimal]:
    """Return what each of one month's counts costs, 0 where no price is known.

    The texts on WhatsApp that are free in a month are shared out among all of them.
    """
    if prices is None:
        return [Decimal(0)] * len(counts)
    texts = sum(one.messages for one in counts if one.channel == WHATSAPP and one.sort == TEXT)
    share = Fraction(max(0, texts - prices.free_a_month), texts or 1)
    return [_cost(prices, one, share) for one in counts]


def _cost(prices: Prices, one: Count, share: Fraction) -> Decimal:
    tariff = prices.countries.get(one.country)
    price = tariff.of(one.channel) if tariff else None
    if price is None:
        return Decimal(0)
    rate = {TEXT: price.text, TEMPLATE: price.template, INBOUND: price.inbound}[one.sort]
    if one.channel == WHATSAPP and one.sort == TEXT:
        rate = rate * share.numerator / share.denominator
    return one.messages * price.fee + one.parts * rate


def uses(programme: Programme, counts: Sequence[Count], at: datetime) -> tuple[Use, ...]:
    """Return every limit of the budget with what counts against it: one month's counts, that of `at`.

    Month and day are those of the Secretariat; each message counts on its day in city time.
    """
    budget = programme.budget
    zone = ZoneInfo(programme.secretariat.timezone)
    today = at.astimezone(zone).date()
    spent = list(zip(counts, costs(programme.prices, counts), strict=True))
    found = []
    for scope, name, limits in _limits(budget):
        its = [(one, cost) for one, cost in spent if _is_of(one, scope, name)]
        for span, limit in ((MONTH, limits.month), (DAY, limits.day)):
            if limit is not None:
                since = today.replace(day=1) if span == MONTH else today
                total = sum((cost for one, cost in its if one.day >= since), Decimal(0))
                until = datetime.combine(_next(since, span), time(), zone)
                found.append(Use(scope, name, span, since, until, limit, total, budget.reserve))
    return tuple(found)


def _limits(budget: Budget) -> Iterable[tuple[str, str, Limits]]:
    yield NETWORK, "", Limits(budget.month, budget.day)
    yield from ((CHANNEL, name, limits) for name, limits in budget.channels.items())
    yield from ((CITY, slug, limits) for slug, limits in budget.cities.items())


def _is_of(one: Count, scope: str, name: str) -> bool:
    return scope == NETWORK or name == (one.channel if scope == CHANNEL else one.city)


def _next(since: date, span: str) -> date:
    return since + timedelta(days=1) if span == DAY else (since + timedelta(days=31)).replace(day=1)


@dataclass(frozen=True, slots=True)
class Spending:
    """What the budget lets go: asked before each message that costs something."""

    prices: Prices | None = None
    uses: tuple[Use, ...] = ()

    def may_go(self, channel: str, address: str) -> bool:
        """Tell whether messages to this address are paid for, or cost nothing."""
        return self.prices is None or self.prices.may_go(channel, address)

    def is_stopped(self, channel: str, city: str | None, at: datetime, *, is_live: bool = False) -> bool:
        """Tell whether a message on this channel to somebody of this city has to wait at that time."""
        return self._costs(channel) and any(
            use.stops(channel, city or "", at, is_live=is_live) for use in self.uses
        )

    def opens_at(self, channel: str, city: str | None, at: datetime, *, is_live: bool = False) -> datetime:
        """Return when the last limit that stops it begins anew."""
        stopping = (use.until for use in self.uses if use.stops(channel, city or "", at, is_live=is_live))
        return max(stopping, default=at)

    def after(self, channel: str, city: str | None, country: str, sort: str, parts: int) -> "Spending":
        """Return what is left once such a message has gone too."""
        if self.prices is None or not self._costs(channel):
            return self
        one = Count(date.min, channel, city or "", country, sort, 1, parts)
        cost = _cost(self.prices, one, Fraction(1))
        return replace(
            self,
            uses=tuple(
                replace(use, spent=use.spent + cost) if _is_of(one, use.scope, use.name) else use
                for use in self.uses
            ),
        )

    def _costs(self, channel: str) -> bool:
        return self.prices is not None and self.prices.is_paid(channel)
