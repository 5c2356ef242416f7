"""What people attached, in words: how many of which kind, how large, and what became of each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from babel.lists import format_list
from babel.numbers import format_decimal

from bot.programme import City
from bot.values import MediaKind, Say

KILO, MEGA = 1_000, 1_000_000


@dataclass(frozen=True, slots=True)
class Received:
    """Something that came with a city's report."""

    city: City
    kind: str  # image, audio, video, file
    name: str  # as the sender's phone called it; "" for none
    size: int | None  # bytes
    state: str  # waiting, kept, refused, lost
    caption: str = ""  # written beside it


def counted(received: Sequence[Received], say: Say) -> str:
    """Return how many came of each kind: `3 photos, 1 recording`."""
    found = Counter(each.kind for each in received)
    parts = [_count(kind, found[kind], say) for kind in MediaKind if found[kind]]
    return format_list(parts, locale=say.locale)  # Babel doubles the second of two units in Arabic


def described(one: Received, say: Say) -> str:
    """Return one attachment with its name, its size, and what is wrong with it."""
    kind = kind_in_words(one.kind, say)
    named = say("{kind} {name}", kind=kind, name=one.name) if one.name else kind
    about = [size_in_words(one.size, say) if one.size else "", state_in_words(one.state, say)]
    text = ", ".join(filter(None, about))
    return say("{name} ({text})", name=named, text=text) if text else named


def kind_in_words(kind: str, say: Say) -> str:
    """Return what was attached, in one word."""
    match kind:
        case MediaKind.IMAGE:
            return say("photo")
        case MediaKind.AUDIO:
            return say("recording")
        case MediaKind.VIDEO:
            return say("video")
        case _:
            return say("document")


def size_in_words(size: int, say: Say) -> str:
    """Return bytes as people say them: `340 kB`, `2.1 MB`."""
    if size < MEGA:
        return say("{size} kB", size=max(1, round(size / KILO)))
    return say("{size} MB", size=format_decimal(round(size / MEGA, 1), locale=say.locale))


def state_in_words(state: str, say: Say) -> str:
    """Return what became of an attachment, "" for one that is kept."""
    match state:
        case "waiting":
            return say("on its way")
        case "refused":
            return say("not kept")
        case "lost":
            return say("no longer there")
        case _:
            return ""


def unsafe(say: Say) -> str:
    """Return what somebody is told whose file a safety check refused."""
    return say("A file that you sent did not pass a safety check and was not kept.")


def _count(kind: MediaKind, n: int, say: Say) -> str:
    match kind:
        case MediaKind.IMAGE:
            return say.count("{n} photo", "{n} photos", n)
        case MediaKind.AUDIO:
            return say.count("{n} recording", "{n} recordings", n)
        case MediaKind.VIDEO:
            return say.count("{n} video", "{n} videos", n)
        case MediaKind.FILE:
            return say.count("{n} document", "{n} documents", n)
