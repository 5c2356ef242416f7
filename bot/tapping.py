"""Which messages get buttons or a list in WhatsApp's window, and the few Contents that serve them all."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from bot.values import Message

ANY_LANGUAGE = "mul"  # every word of these is a value; ISO 639-2 for several languages
BODY = 1024  # characters; Content API, twilio/quick-reply and twilio/list-picker
BUTTONS, BUTTON = range(1, 4), 20  # how many without approval, characters of a title
ITEMS, ITEM = range(3, 11), 24  # of a list


@dataclass(frozen=True, slots=True)
class Tapped:
    """One Content that needs no approval: so many labels, as buttons or as a list."""

    kind: str  # buttons2, list5
    count: int

    @property
    def is_list(self) -> bool:
        """Tell whether the labels open as a list."""
        return self.kind.startswith("list")


TAPPED: Mapping[str, Tapped] = {
    one.kind: one
    for one in (
        *(Tapped(f"buttons{number}", number) for number in BUTTONS),
        *(Tapped(f"list{number}", number) for number in ITEMS),
    )
}


def tapped_kind(message: Message) -> str:
    """Return the kind of Content that spares the person typing a number or a dash, "" where none does.

    Buttons for up to three short labels, a list for up to ten; a choice of several is typed in one go.
    """
    labels = [" ".join(label.split()) for label in message.labels]
    if message.finish or not message.token or not _are_distinct(labels):
        return ""
    if len(labels) in BUTTONS and _fit(labels, BUTTON):
        return f"buttons{len(labels)}"
    if len(labels) in ITEMS and _fit(labels, ITEM):
        return f"list{len(labels)}"
    return ""


def _are_distinct(labels: Collection[str]) -> bool:
    return all(labels) and len(set(labels)) == len(labels)


def _fit(labels: Collection[str], most: int) -> bool:
    """Tell whether all are short enough, counted as strictly as a provider may: in UTF-16 units."""
    return all(len(label.encode("utf-16-le", "surrogatepass")) // 2 <= most for label in labels)
