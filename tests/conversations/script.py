"""Transcripts: what a person does is played, what the bot says and stores is written beside it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.forms.read import read_form
from bot.schedule import Occurrence
from bot.values import Heard, Location, Media, MediaKind, Message
from models.db import Store, write
from models.form import add_form
from models.invite import invite
from tests.conversations.stage import MONDAY, a_stage, a_store

FORMS = Path(__file__).parent / "forms"
_HEADER = re.compile(r"(city|language|agreed|role|form|file|channels|known): (.*)")
_STEP = re.compile(
    r"(coordinator|officer|stranger|provider|schedule|clock|channel|phone|stored|history|files|silence)"
    r"([>*~+&])(?: (.*))?"
)
_LOOKED_UP = ("stored", "history", "files")
_AFTER = {
    "seconds": lambda n: timedelta(seconds=n),
    "hours": lambda n: timedelta(hours=n),
    "days": lambda n: timedelta(days=n),
    "minutes": lambda n: timedelta(minutes=n),
}


@dataclass
class Transcript:
    """A transcript as it is read: comments, header, and what is done in it."""

    comments: list[str] = field(default_factory=list)
    header: dict[str, str] = field(default_factory=dict)
    steps: list[list[str]] = field(default_factory=list)  # lines of each step; those of the bot left out


def read(text: str) -> Transcript:
    """Return the transcript without what the bot said; raise ValueError for a line that is nothing."""
    transcript, is_said = Transcript(), False
    for line in text.splitlines():
        if line.startswith("#"):
            transcript.comments.append(line)
        elif match := _HEADER.fullmatch(line):
            transcript.header[match[1]] = match[2]
        elif line.startswith("bot>"):
            is_said = True
        elif line.startswith(" "):
            if not is_said:
                transcript.steps[-1].append(line)
        elif line.startswith("stored>") and transcript.steps and transcript.steps[-1] == ["stored>"]:
            is_said = True
        elif match := _STEP.fullmatch(line):
            is_said = match[1] in _LOOKED_UP
            transcript.steps.append([f"{match[1]}>"] if is_said else [line])
        elif line:
            raise ValueError(f"a transcript has no such line: {line}")
    return transcript


def play(transcript: Transcript, folder: Path) -> str:
    """Return the whole transcript with what the bot says and stores now."""
    store = a_store(folder / "conversation.db")
    try:
        player = _Player(store, transcript.header)
        lines = [*transcript.comments, *(f"{name}: {value}" for name, value in transcript.header.items())]
        lines += player.begins()
        for step in transcript.steps:
            lines += [*_shown(step), *player.does(step)]
    finally:
        store.close()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _shown(step: list[str]) -> list[str]:
    return [] if step[0].startswith(_LOOKED_UP) else step


class _Player:
    """Does what the lines of a transcript say."""

    def __init__(self, store: Store, header: Mapping[str, str]) -> None:
        is_known = header.get("known") != "no"
        channels = header.get("channels", "chat").split()
        role = header.get("role", "coordinator")
        self.header = header
        self.stage = a_stage(
            store,
            header.get("city", "niamey") if role not in ("officer", "admin", "viewer") else None,
            header.get("language", "fr"),
            agreed=is_known and header.get("agreed") != "no",
            role=role,
            channels=channels if is_known else (),
        )
        self.stage.channel = channels[0]
        self.code = write(store, lambda db: invite(db, self.stage.person_id, MONDAY))
        if not is_known:
            self.stage.address = "40000001" if channels[0] == "telegram" else "+22790000001"
        if file := header.get("file"):
            content = (FORMS / file).read_bytes()
            write(store, lambda db: add_form(db, read_form(content, file), content, file, MONDAY))

    def begins(self) -> list[str]:
        """Open the form of the header, if there is one."""
        form = self.header.get("form")
        return list(_said(self.stage.says(f"report {form}"))) if form else []

    def does(self, step: list[str]) -> list[str]:
        """Return what follows from one step."""
        match = _STEP.fullmatch(step[0])
        assert match is not None
        who, sign, rest = match[1], match[2], match[3] or ""
        text = "\n".join([rest, *(line.strip() for line in step[1:])])
        if sign == "*":
            return list(_said(self._taps(rest)))
        if sign == "~":
            number, _, new = text.partition(" ")
            return list(_said(self.stage.edits(new.replace("CODE", self.code), int(number) - 1)))
        if sign == "&":
            return list(_said(self.stage.says_unseeing(text)))
        if sign == "+":
            return list(_said(self.stage.hears(_attached(rest))))
        if who in ("coordinator", "officer", "stranger"):
            return list(_said(self.stage.says(text.replace("CODE", self.code))))
        return _DOES[who](self, rest)

    def _taps(self, rest: str) -> list[Message]:
        option, _, number = rest.partition(" of message ")
        message = self.stage.shown[int(number) - 1] if number else None
        return self.stage.presses(int(option), message)

    def clock(self, rest: str) -> list[str]:
        """Move the clock: `+3 days`, or to a time (UTC); `-55 seconds`: the next reply comes after 5."""
        if rest.startswith(("+", "-")):
            number, unit = rest.split()
            self.stage.clock += _AFTER[unit](int(number))
        else:
            self.stage.clock = datetime.fromisoformat(rest).replace(tzinfo=UTC)
        return []

    def channel(self, rest: str) -> list[str]:
        """Write on another channel from now on."""
        self.stage.channel = rest
        return []

    def schedule(self, rest: str) -> list[str]:
        """Ask what the schedule asks: `prompt FORM PERIOD`, `back FORM PERIOD`, `reminder M05`."""
        kind, what, *period = rest.split()
        key = f"check:{rest}" if kind == "back" else rest
        kind, clock = "prompt" if kind == "back" else kind, self.stage.clock
        asked = Occurrence(key, kind, 0, None, clock, clock)
        about = {"form": what, "period": period[0]} if period else {"milestone": what}
        return list(_said(self.stage.asks(replace(asked, **about))))

    def provider(self, rest: str) -> list[str]:
        """Say a stop or start word that the provider hears too: STOP, START or HELP."""
        return list(_said(self.stage.hears(Heard(text=rest.lower(), opt_out=rest))))

    def phone(self, rest: str) -> list[str]:
        """Take another phone, unknown so far."""
        self.stage.address = rest
        return []

    def silence(self, rest: str) -> list[str]:
        """Write nothing more for as long as the bot waits."""
        return list(_said(self.stage.falls_silent()))

    def stored(self, rest: str) -> list[str]:
        """Return every report of the person."""
        return [line for report in self.stage.reports() for line in _report(report)] or ["stored> nothing"]

    def history(self, rest: str) -> list[str]:
        """Return every answer ever given that is in force no more, or took such a one's place."""
        rows = self.stage.history()
        changed = {question for question, revision, _, _ in rows if revision > 1}
        lines = [
            f"{question} {revision}: {value!r}{' (now)' if now else ''}"
            for question, revision, value, now in rows
            if question in changed
        ]
        return list(_block("history> ", lines))

    def files(self, rest: str) -> list[str]:
        """Return what was attached, with what was written beside each."""
        lines = [f"{kind} {name}: {caption or '-'}" for kind, name, caption in self.stage.files()]
        return list(_block("files> ", lines or ["none"]))


_DOES: dict[str, Callable[[_Player, str], list[str]]] = {
    "clock": _Player.clock,
    "channel": _Player.channel,
    "phone": _Player.phone,
    "schedule": _Player.schedule,
    "provider": _Player.provider,
    "stored": _Player.stored,
    "silence": _Player.silence,
    "history": _Player.history,
    "files": _Player.files,
}


def _attached(rest: str) -> Heard:
    kind, *more = rest.split()
    if kind == "location":
        return Heard(location=Location(float(more[0]), float(more[1])))
    name, size, *caption = [*more, "", ""] if len(more) < 2 else [*more, ""]
    media = Media(MediaKind(kind), f"ref-{name or kind}", name, size=int(size) if size else None)
    return Heard(text=" ".join(caption).strip(), media=media)


def _said(messages: list[Message]) -> Iterator[str]:
    if not messages:
        yield "bot> (says nothing)"
    for message in messages:
        options = [f"{number}. {label}" for number, label in enumerate(message.options, start=1)]
        last = [f"[{message.last}]"] if message.last else []
        yield from _block("bot> ", [*message.text.split("\n"), *options, *last])


def _block(head: str, lines: list[str]) -> Iterator[str]:
    for place, line in enumerate(lines):
        yield f"{head if place == 0 else ' ' * len(head)}{line}"


def _report(report: Mapping[str, object]) -> Iterator[str]:
    facts = dict(report)
    form, state, reference, nothing = (facts.pop(n) for n in ("form", "state", "reference", "nothing"))
    first = " ".join(
        filter(None, (str(form), str(state), str(reference or ""), "nothing" if nothing else ""))
    )
    yield from _block("stored> ", [first, *(f"{path}={value!r}" for path, value in facts.items())])
