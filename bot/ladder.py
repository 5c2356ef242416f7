"""Where a message may go, best way first; in words for operators why there."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(hours=24)  # platforms.md section 4.4: free-form only so long after the newest reply
MARGIN = timedelta(minutes=10)  # a message that leaves now must still arrive within it

CLOSES_SOON = timedelta(
    hours=1
)  # before the end of the window: what is missing is asked for while it is free

WHATSAPP, TEMPLATE = "whatsapp", "whatsapp_template"
PHONE = "chat"  # of the terminal and the simulator: nobody else looks at it, so it is the last resort
ORDER = ("telegram", WHATSAPP, "sms", "email", PHONE)

NO_ADDRESS, UNREACHABLE = "no_address", "unreachable"
NO_TEMPLATE, CHANNEL_OFF = "no_template", "channel_off"

NEWEST = "newest message"
FIRST = "first on the ladder"
NEXT = "next on the ladder"
WINDOW_CLOSED = "window closed, no approved template"
OFF = "channel off"


@dataclass(frozen=True, slots=True)
class Reached:
    """One address of a person."""

    channel: str
    value: str
    is_reachable: bool
    last_in_at: datetime | None  # when the person wrote from it last
    why_not: str = ""  # blocked, unknown, not_started: when it is not reachable


@dataclass(frozen=True, slots=True)
class Rung:
    """One way to a person, and why it is this one."""

    name: str  # telegram, chat, whatsapp, whatsapp_template, sms, email
    channel: str
    address: str
    reason: str
    content_sid: str = ""  # of the template, on the rung of that name


def rungs(
    addresses: Sequence[Reached], channels_on: Collection[str], at: datetime, content_sid: str = ""
) -> list[Rung]:
    """Return the ways that a message may go at that time, best first; none when there is no way.

    `content_sid`: the approved template of the message's kind and language, "" when there is none.
    """
    found: list[Rung] = []
    passed: list[str] = []
    for address in in_order(addresses):
        names = list(_names(address, channels_on, at, content_sid))
        if not names:
            passed.append(f"{address.channel}: {_obstacle(address, channels_on)}")
        for name in names:
            sid = content_sid if name == TEMPLATE else ""
            reason = "; ".join(passed) or (NEXT if found else NEWEST if address.last_in_at else FIRST)
            found.append(Rung(name, address.channel, address.value, reason, sid))
    return found


def why_none(
    addresses: Sequence[Reached], channels_on: Collection[str], at: datetime, content_sid: str = ""
) -> str:
    """Return why there is no way to a person: no_address, unreachable, channel_off, no_template; or ""."""
    if rungs(addresses, channels_on, at, content_sid):
        return ""
    reachable = [address for address in addresses if address.is_reachable]
    if any(address.channel in channels_on for address in reachable):
        return NO_TEMPLATE
    if reachable:
        return CHANNEL_OFF
    return UNREACHABLE if addresses else NO_ADDRESS


def is_window_open(last_in_at: datetime | None, at: datetime) -> bool:
    """Tell whether WhatsApp takes a message that is not a template."""
    return last_in_at is not None and at < last_in_at + WINDOW - MARGIN


def closing(
    addresses: Sequence[Reached], channels_on: Collection[str], at: datetime
) -> tuple[datetime, datetime] | None:
    """Return from when the window is about to close, and until when it can be used; None without one.

    Only where WhatsApp, as free text, is the first way to the person.
    """
    first = next(iter(rungs(addresses, channels_on, at)), None)
    if first is None or first.name != WHATSAPP:
        return None
    wrote_at = in_order(addresses)[0].last_in_at
    return (wrote_at + WINDOW - CLOSES_SOON, wrote_at + WINDOW - MARGIN) if wrote_at else None


def in_order(addresses: Sequence[Reached]) -> list[Reached]:
    """Return the addresses in the order of the ladder: that of the newest message, then by channel."""
    known = [address for address in addresses if address.channel in ORDER]
    written = (one for one in known if one.last_in_at and one.channel != PHONE)
    newest = max(written, key=_written_at, default=None)
    return sorted(known, key=lambda one: (one is not newest, ORDER.index(one.channel), -_written_at(one)))


def _names(address: Reached, channels_on: Collection[str], at: datetime, content_sid: str) -> Iterator[str]:
    if not address.is_reachable or address.channel not in channels_on:
        return
    if address.channel != WHATSAPP:
        yield address.channel
        return
    if is_window_open(address.last_in_at, at):
        yield WHATSAPP
    if content_sid:
        yield TEMPLATE


def _obstacle(address: Reached, channels_on: Collection[str]) -> str:
    if not address.is_reachable:
        return address.why_not or UNREACHABLE
    return WINDOW_CLOSED if address.channel in channels_on else OFF


def _written_at(address: Reached) -> float:
    return address.last_in_at.timestamp() if address.last_in_at else 0.0
