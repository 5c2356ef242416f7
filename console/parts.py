"""What the pages are made of, given by the composition root."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any

from bot.values import Clock, Say
from channels.base import Channel
from models.db import Store
from models.form import FormShelf
from models.inbox import Update
from models.programme import ProgrammeShelf


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the console."""

    store: Store
    programmes: ProgrammeShelf
    forms: FormShelf
    clock: Clock
    voices: Mapping[str, Say]  # by language
    chat: Channel  # the simulator's own channel
    keep: Callable[[Update], None]  # put an update into the inbox and wake the worker
    is_demo: bool = False


def given(parts: Parts, view: Callable[..., Any]) -> Callable[..., Any]:
    """Return a page's function with its parts given, under its own name (Flask's extensions ask for it)."""
    return update_wrapper(partial(view, parts), view)
