"""What the jobs of the schedule need, given by the composition root."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.schedule import Occurrence
from bot.templates import TemplateState
from bot.values import Message, Say
from channels.telegram import Registration
from models.base import Db
from models.form import FormShelf
from models.inbox import Update
from models.programme import ProgrammeShelf
from models.retention import NO_AGES, Ages
from models.spending import Parts as SmsParts
from models.spending import one_part


@dataclass(frozen=True, slots=True)
class Parts:
    """Forms, programme, voices; the channels that are on; unsolicited messages a person and week.

    `digest(db, occurrence, language, since, at)` makes the digest of `occurrence.period`, the long version
    for an e-mail. `templates` asks the provider how the templates stand, `missed` what people wrote since
    then, `registration` how the webhook stands that should be at `telegram_url`; each raises SendError.
    `parts_of(channel, message)` is what a message is billed as.
    `ages`: after how long what was said is let go of.
    """

    forms: FormShelf
    programmes: ProgrammeShelf
    voices: Mapping[str, Say]
    channels: Collection[str]
    ceiling: int
    digest: Callable[[Db, Occurrence, str, datetime, datetime], Message]
    ages: Ages = NO_AGES
    parts_of: SmsParts = one_part
    templates: Callable[[], Sequence[TemplateState]] | None = None
    missed: Callable[[datetime], Sequence[Update]] | None = None
    registration: Callable[[], Registration] | None = None
    telegram_url: str = ""
