"""What the pages are made of, given by the composition root."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial, update_wrapper
from typing import Any

from bot.forms.form import Form, FormError
from bot.programme import DemoPerson
from bot.schedule import Occurrence
from bot.values import Clock, Problem, Say
from channels.chat import Chat
from models.base import Db
from models.db import Store
from models.form import FormShelf
from models.inbox import Update
from models.media_files import MediaFiles
from models.programme import ProgrammeShelf

Html = Callable[[Db, str, str, datetime], str]
Upcoming = Callable[[Db, datetime, int], Sequence[Occurrence]]
ReadForm = Callable[[bytes, str, Mapping[str, bytes]], Form]  # file, its name, the lists beside it; FormError


def nothing_planned(_db: Db, _at: datetime, _days: int) -> Sequence[Occurrence]:
    """Return nothing: without a schedule nothing leaves by itself."""
    return ()


def no_digest(_db: Db, _week: str, _language: str, _at: datetime) -> str:
    """Return nothing: there is no digest."""
    return ""


def no_reader(_file: bytes, name: str, _lists: Mapping[str, bytes]) -> Form:
    """Refuse the form: nothing here can read one."""
    raise FormError((Problem("reader", name, "Ask the operator.", "Forms cannot be read here."),))


def stand_still(_to: datetime) -> None:
    """Leave the clock alone: it is the wall clock."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the console."""

    store: Store
    programmes: ProgrammeShelf
    forms: FormShelf
    clock: Clock
    voices: Mapping[str, Say]  # by language
    chat: Chat  # the simulator's own channel
    keep: Callable[[Update], None]  # put an update into the inbox and wake the worker
    media: MediaFiles  # what people attached
    is_demo: bool = False
    cast: Mapping[str, DemoPerson] = field(default_factory=dict)  # the demonstration's people by name
    upcoming: Upcoming = nothing_planned  # what will leave after a time, within so many days
    digest_html: Html = no_digest  # a week's digest as an e-mail, in a language, as known at a time
    move_clock: Callable[[datetime], None] = stand_still  # forward, of a demonstration
    read_form: ReadForm = no_reader


def given(parts: Parts, view: Callable[..., Any]) -> Callable[..., Any]:
    """Return a page's function with its parts given, under its own name (Flask's extensions ask for it)."""
    return update_wrapper(partial(view, parts), view)
