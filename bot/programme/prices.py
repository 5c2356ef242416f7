"""What messages cost and how much may be spent on them: the values of budget.yaml."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field

from bot.programme.fields import Amount, Count, Country, Currency, Prefix, Status

_STRICT = ConfigDict(extra="forbid")

PRICED = ("whatsapp", "sms")  # channels that can have prices; the others cost nothing a message


@dataclass(frozen=True, slots=True)
class Price:
    """What one message costs on one channel in one country; of an SMS, one part."""

    __pydantic_config__: ClassVar = _STRICT

    fee: Amount = Decimal(0)  # of each message, in or out
    text: Amount = Decimal(0)  # of what is not a template
    template: Amount = Decimal(0)
    inbound: Amount = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tariff:
    """The prices of one country; a channel that has none is not paid for there."""

    __pydantic_config__: ClassVar = _STRICT

    calling_code: Prefix
    whatsapp: Price | None = None
    sms: Price | None = None

    def of(self, channel: str) -> Price | None:
        """Return the channel's price, or None where nothing is sent on it."""
        return {"whatsapp": self.whatsapp, "sms": self.sms}.get(channel)


@dataclass(frozen=True, slots=True)
class Prices:
    """What messages cost; only numbers of these countries are written to on a channel with prices."""

    __pydantic_config__: ClassVar = _STRICT

    currency: Currency
    status: Status
    countries: Annotated[Mapping[Country, Tariff], Field(min_length=1)]
    note: str = ""
    free_a_month: Count = 0  # texts on WhatsApp that cost their fee only (platforms.md section 4.4)

    def is_paid(self, channel: str) -> bool:
        """Tell whether messages on this channel cost money."""
        return channel in PRICED

    def country_of(self, channel: str, address: str) -> str:
        """Return the listed country of an address, "" when it is not listed for this channel.

        By the longest calling code; a business-scoped id of WhatsApp names its country first.
        """
        named = address.partition(".")[0]
        if named in self.countries:
            return named if self.countries[named].of(channel) else ""
        fitting = [
            (len(tariff.calling_code), country)
            for country, tariff in self.countries.items()
            if address.startswith(tariff.calling_code)
        ]
        country = max(fitting, default=(0, ""))[1]
        return country if country and self.countries[country].of(channel) else ""

    def may_go(self, channel: str, address: str) -> bool:
        """Tell whether this address may be written to: on a channel with prices in listed countries only."""
        return not self.is_paid(channel) or bool(self.country_of(channel, address))


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is spent, in the currency of the prices; None is no limit."""

    __pydantic_config__: ClassVar = _STRICT

    month: Amount | None = None
    day: Amount | None = None


@dataclass(frozen=True, slots=True)
class Budget:
    """The limits of the whole network, of channels and of cities."""

    __pydantic_config__: ClassVar = _STRICT

    month: Amount | None = None
    day: Amount | None = None
    reserve: Annotated[int, Field(ge=0, le=100, strict=True)] = 20  # per cent above a limit, for live replies
    channels: Mapping[str, Limits] = field(default_factory=dict)
    cities: Mapping[str, Limits] = field(default_factory=dict)  # by slug
