"""What people attached, as a reader sees it on a page."""

from dataclasses import dataclass

from bot.media_words import kind_in_words, size_in_words, state_in_words
from bot.values import Say
from models.media import Media, MediaState


@dataclass(frozen=True, slots=True)
class Attached:
    """An attachment on a city's page: what it is, and its id when it can be had."""

    id: int | None
    kind: str
    name: str
    caption: str
    size: str
    state: str  # in words; "" when it can be had


def attached(row: Media, say: Say) -> Attached:
    """Return an attachment in the reader's words."""
    is_kept = row.state == MediaState.KEPT
    return Attached(
        id=row.id if is_kept else None,
        kind=kind_in_words(row.kind, say),
        name=row.name,
        caption=row.caption,
        size=size_in_words(row.size, say) if row.size else "",
        state=state_in_words(row.state, say),
    )
