"""A conversation as a phone shows it: bubbles in order, replaced messages in place, days apart."""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from zoneinfo import ZoneInfo

from bot.ladder import MARGIN, WINDOW
from bot.values import Heard, Media, Press
from console.renderings import Look, Rendering
from models.inbox import InboxState
from models.thread import Said, Thread, Told


@dataclass(frozen=True, slots=True)
class Bubble:
    """One message on the screen."""

    key: str  # stays the same while the thread grows
    look: Look
    at: datetime  # in the phone's zone
    is_mine: bool
    is_done: bool = True  # delivered
    token: str = ""
    id: int = 0  # of the outbox row
    attached: Media | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    """What the phone shows now, and a tag that changes when it does."""

    days: tuple[tuple[date, tuple[Bubble, ...]], ...]
    is_waiting: bool
    tag: str


def screen(
    thread: Thread, zone: ZoneInfo, heard: Callable[[bytes], Heard | None], rendering: Rendering
) -> Screen:
    """Return the screen for this thread; `heard` reads a raw body of the simulator's channel."""
    mine = [_said(one, zone, heard, thread.told) for one in thread.said]
    theirs = _all_told(thread, zone, rendering)
    ordered = sorted(mine + theirs, key=lambda bubble: (bubble.at, not bubble.is_mine))
    days = tuple((day, tuple(group)) for day, group in groupby(ordered, lambda bubble: bubble.at.date()))
    tag = hashlib.sha256(repr((ordered, thread.is_waiting)).encode()).hexdigest()[:16]
    return Screen(days, thread.is_waiting, tag)


def _all_told(thread: Thread, zone: ZoneInfo, rendering: Rendering) -> list[Bubble]:
    looks = ((one, rendering(one.message, _is_open(one.at, thread.said))) for one in _in_place(thread.told))
    return [_told(one, look, zone) for one, look in looks if look is not None]


def _is_open(at: datetime, said: Sequence[Said]) -> bool:
    """Tell whether the person had written so recently that WhatsApp lets anything through."""
    return any(one.at <= at < one.at + WINDOW - MARGIN for one in said)


def _in_place(told: Iterable[Told]) -> list[Told]:
    """Return the messages with each replacement in the place, and at the time, of what it replaced."""
    shown: list[Told] = []
    place: dict[str, int] = {}  # provider's id to index
    for one in told:
        index = place.get(one.message.replaces) if one.message.replaces else None
        if index is None:
            index = len(shown)
            shown.append(one)
        else:
            shown[index] = replace(one, id=shown[index].id, at=shown[index].at)
        place[one.provider_id] = index
    return shown


def _told(one: Told, look: Look, zone: ZoneInfo) -> Bubble:
    return Bubble(
        f"out-{one.id}", look, one.at.astimezone(zone), is_mine=False, token=one.message.token, id=one.id
    )


def _said(one: Said, zone: ZoneInfo, heard: Callable[[bytes], Heard | None], told: Iterable[Told]) -> Bubble:
    done = one.state == InboxState.DONE
    what = heard(one.body)
    attached = what.media if what else None
    words = one.text if what is None else _words(what, told)
    look = Look(() if attached and not words else (words,))
    at = one.at.astimezone(zone)
    return Bubble(f"in-{one.id}", look, at, is_mine=True, is_done=done, attached=attached)


def _words(what: Heard, told: Iterable[Told]) -> str:
    return _label(what.press, told) if what.press else what.text


def _label(press: Press, told: Iterable[Told]) -> str:
    for one in told:
        labels = one.message.labels
        if one.message.token == press.token and 1 <= press.option <= len(labels):
            return labels[press.option - 1]
    return str(press.option)
