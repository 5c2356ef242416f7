"""The values that pass between channels, the bot and the store."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

LANGUAGES = ("en", "fr", "pt", "ar")
LANGUAGE_NAMES = {"en": "English", "fr": "Français", "pt": "Português", "ar": "العربية"}

Value: TypeAlias = str | int | float | list[str] | dict[str, object] | None
"""An understood answer. select_multiple: list of names; media: `{"type", "name", "size", "ref"}`;
date: `YYYY-MM-DD`; geopoint: ODK's "latitude longitude altitude accuracy"; None: skipped."""


class Say(Protocol):
    """The bot's voice in one language."""

    language: str
    locale: str  # how dates are written: the language, or language and country

    def of(self, locale: str) -> "Say":
        """Return the same voice with the dates of a country, such as `ar_MA`."""
        ...

    def value(self, text: str) -> str:
        """Return a value as it is put into a text of this language (isolated in Arabic)."""
        ...

    def __call__(self, sentence: str, /, **parts: object) -> str:
        """Return the whole sentence in this language with its parts put in (isolated in Arabic)."""
        ...

    def count(self, one: str, many: str, n: int, /, **parts: object) -> str:
        """Return the counted sentence for n; `{n}` is one of its parts."""
        ...


class MediaKind(StrEnum):
    """What a person may attach."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Media:
    """An attachment as the provider names it; nothing is fetched."""

    kind: MediaKind
    ref: str  # the provider's reference (Telegram file_id)
    name: str = ""
    content_type: str = ""
    size: int | None = None  # bytes


@dataclass(frozen=True, slots=True)
class Location:
    """A shared place, WGS 84 degrees."""

    latitude: float
    longitude: float
    accuracy: float = 0.0  # metres


@dataclass(frozen=True, slots=True)
class Press:
    """A tap on option `option` (counted from 1) of the message that carried `token`."""

    token: str
    option: int


@dataclass(frozen=True, slots=True)
class Heard:
    """One reply of a person, whatever the channel."""

    text: str = ""
    press: Press | None = None
    media: Media | None = None
    location: Location | None = None
    source: str = ""  # the provider's id of the message, to find its answers when it is edited
    edited: bool = False
    opt_out: str = ""  # STOP, START or HELP: the provider heard a stop word and has answered it itself
    also: tuple[Media, ...] = ()  # what was attached to the same message besides `media`


@dataclass(frozen=True, slots=True)
class Opening:
    """What an approved template needs to open a conversation: its kind, language and values in order."""

    kind: str  # prompt, nudge, last_call, reminder, overdue, digest
    language: str
    values: tuple[str, ...] = ()


LINK = "{link}"  # in the words of an invitation, where its link goes


@dataclass(frozen=True, slots=True)
class Invitation:
    """The invitation of a person that a message to somebody else carries."""

    person: int
    words: str  # in the reader's language, with LINK in them
    code: str = ""  # made when the message leaves; only its hash is ever stored


@dataclass(frozen=True, slots=True)
class Skip:
    """How an optional question is passed: by a button where there can be one, else as its words say."""

    label: str
    words: str  # in the text; beside the button they are left out


@dataclass(frozen=True, slots=True)
class Message:
    """One message to a person. Channels put the numbered options under the text and make buttons of them."""

    text: str
    options: tuple[str, ...] = ()  # labels in order; numbered from 1
    finish: str = ""  # a last button that is not an option: ends a choice of several
    skip: Skip | None = None  # of a question without options: its only button
    token: str = ""  # opaque, at most 40 ASCII characters: says which question the options belong to
    question: str | None = None  # the form's path of the question asked
    replaces: str = ""  # the provider's id of the message this one is put in place of (a toggled option)
    kind: str = "reply"  # reply, receipt, notice, stranger, or the schedule's kind
    opening: Opening | None = None  # how it is said where only an approved template may open a conversation
    subject: str = ""  # of an e-mail
    html: str = ""  # an e-mail's second part; the text is the first
    invitation: Invitation | None = None  # what is put under the text when it leaves

    @property
    def last(self) -> str:
        """Return the label of the last button, which is no option; "" for none."""
        return self.skip.label if self.skip else self.finish

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the labels of all buttons in order; a tap tells its number."""
        return (*self.options, self.last) if self.last else self.options


@dataclass(frozen=True, slots=True)
class Answer:
    """What a reply was understood as."""

    value: Value
    shown: str = ""  # what is said back, when it was written in another way: "Friday 27 November 2026"


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why a reply was not understood, kindly, in the person's language, with an example."""

    text: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of a file or setting: what it is, where, and the mend."""

    code: str
    where: str  # file, sheet and row, or the setting
    mend: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A value that can be read in two ways: the likelier one, to be checked with the person."""

    value: Value
    shown: str  # in the person's language


@dataclass(frozen=True, slots=True)
class Toggled:
    """Several options being chosen one tap at a time: the names chosen so far."""

    chosen: tuple[str, ...]


Clock = Callable[[], datetime]
Labels = Mapping[str, str]  # language to text
