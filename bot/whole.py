"""A whole report in one message: asked for as a blank form, sent back filled, or written straight off."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from bot import revising, scheduled
from bot.blank import blank
from bot.filling import filling_of
from bot.lines import Line, addressed, written_lines
from bot.periods import closes_at, month_of, previous, week_of
from bot.reporting import (
    ask_current,
    carry_on,
    no_longer_used,
    opened,
    period_of,
    retired,
    rhythm,
    say_only,
)
from bot.session import Filling, is_text, step_at
from bot.several import changed_answer, read_if_sure, read_report
from bot.talk import Choice, Filled, Opened, Outcome, Scene, Stands
from bot.values import Heard
from bot.words import command_in, fold

_MARKED = re.compile(r"\s+(?=1\s*[.)]\s*\S)")  # where the answers begin in `report 1) yes 2) no`
_WORDS = re.compile(r"[^\W_]+")
_EARLIER = {"week": 26, "month": 12}  # periods whose filled forms are known when they come back
_UNASKED = frozenset({"menu", *scheduled.OF_A_FORM})  # a report may be written straight off in reply to these
_LEAST = 2  # answers in a message that names no report


@dataclass(frozen=True, slots=True)
class _Meant:
    """The report that a message is."""

    form: str
    period: str | None
    is_filled_form: bool = False  # its numbers are those of the blank form


def form_named(scene: Scene, text: str) -> str | None:
    """Return the form of this name, or of this title in any language."""
    said = fold(text)
    for name, entry in scene.programme.forms.items():
        if said in {fold(name), *map(fold, entry.titles.values())}:
            return name
    found = scene.facts.form(said.replace(" ", "_"))
    return found.name if found else None


def send_blank(scene: Scene, more: str) -> Outcome:
    """Send a form as one text to fill in offline: the one named, the open one, or the one that is due."""
    meant = _named(scene, more) if more else _open_or_due(scene)
    form = scene.facts.form(meant.form) if meant else None
    if meant is None or form is None or scene.city is None:
        return ask_current(scene, scene.say("This form is not open to you."))
    if retired(scene, form, meant.period):
        return no_longer_used(scene)
    channel = scene.source.partition(":")[0]
    filling = filling_of(opened(scene, form, meant.period))
    return say_only(scene, blank(filling, _header(scene, meant, channel), channel))


def headed(scene: Scene, heard: Heard) -> Outcome | None:
    """Return what follows from a message whose first line names its report; None when it is none.

    The line is the word `report`, with or without a form's name, or the first line of a form sent blank.
    """
    head, rest = _parted(heard.text)
    if not rest or heard.press or heard.media or scene.city is None:
        return None
    meant = _named_by(scene, head)
    if meant is None:
        return None
    return _closed(scene, meant) or _retired(scene, meant) or _read(scene, meant, rest, heard)


def within(scene: Scene, heard: Heard) -> Outcome | None:
    """Return what follows from a report sent while a text is gathered; None where it may be more text."""
    head, rest = _parted(heard.text)
    if meant := _named_by(scene, head) if rest and scene.city else None:
        outcome = headed(scene, heard) if len(_lines_of(scene, meant, rest)) >= _LEAST else None
    else:
        filling = filling_of(scene)
        turn = read_if_sure(filling, addressed(filling.form, filling.sheet(), heard.text))
        outcome = carry_on(scene, turn, heard) if turn else None
    return outcome.preceded(_replaced(scene, outcome)) if outcome else None


def _replaced(scene: Scene, outcome: Outcome) -> str:
    """Return the word that the text just gathered was answered anew, "" when it was not."""
    writing, effects = scene.talk.writing, outcome.effects[len(scene.effects) :]
    changed = {path for each in effects if isinstance(each, Filled) for path, _ in each.changes}
    is_other = any(isinstance(each, Opened) for each in effects)
    if writing is None or writing.stands != Stands.STORED or is_other or writing.path not in changed:
        return ""
    return changed_answer(filling_of(scene), writing.path)


def edited(scene: Scene, heard: Heard) -> Outcome | None:
    """Correct the answers that an edited message gave; its first line may name its report as at first."""
    head, rest = _parted(heard.text)
    meant = _named_by(scene, head) if rest and scene.city else None
    if meant is None:
        return revising.edited(scene, heard)
    return revising.edited(scene, replace(heard, text=rest), is_filled_form=meant.is_filled_form)


def straight_off(scene: Scene, heard: Heard) -> Outcome | None:
    """Return what follows from several answers where a report is asked for but not begun; None for others.

    Where nothing was asked the lines must be numbered or named.
    """
    choice = scene.talk.choice
    is_asked = choice is not None and choice.kind in scheduled.OF_A_FORM
    is_free = scene.report is None and (choice is None or choice.kind in _UNASKED)
    if heard.press or heard.media or scene.city is None or not (is_asked or is_free):
        return None
    meant = _of_choice(choice) if choice and is_asked else _due(scene)
    if meant is None or scene.facts.form(meant.form) is None:
        return None
    if _closed(scene, meant) or _retired(scene, meant):
        return None
    return _read_if_sure(scene, meant, heard, is_asked=is_asked)


def _read_if_sure(scene: Scene, meant: _Meant, heard: Heard, *, is_asked: bool) -> Outcome | None:
    written = written_lines(heard.text)
    if len(written) < _LEAST and not _MARKED.match(f" {heard.text}"):
        return None
    there = _opened(scene, meant)
    filling = filling_of(there)
    lines = _addressed_below(filling, heard.text)
    at = step_at(filling.sheet(), filling.session.at)
    if not lines and is_asked and at and not is_text(at):
        lines = tuple(Line(line) for line in written)
    turn = read_report(filling, lines)
    is_begun = bool(lines) and (lines[0].is_addressed or (at is not None and at.path in dict(turn.changes)))
    return carry_on(there, turn, heard) if is_begun and len(turn.changes) >= _LEAST else None


def _addressed_below(filling: Filling, text: str) -> tuple[Line, ...]:
    """Return the numbered or named lines of a message; a first line that is neither may stand above them."""
    lines = addressed(filling.form, filling.sheet(), text)
    return lines or addressed(filling.form, filling.sheet(), text.strip().partition("\n")[2])


def _read(scene: Scene, meant: _Meant, text: str, heard: Heard) -> Outcome | None:
    """Read the lines under a first line; plain ones only where no other question is open."""
    there = _opened(scene, meant)
    filling = filling_of(there)
    lines = _lines_of(there, meant, text)
    if not lines and (scene.report or meant.is_filled_form):
        return None
    turn = read_report(filling, lines or tuple(Line(line) for line in written_lines(text)))
    return carry_on(there, turn, heard)


def _lines_of(scene: Scene, meant: _Meant, text: str) -> tuple[Line, ...]:
    """Return the numbered or named lines of the report that a message is; () for plain ones."""
    filling = filling_of(_opened(scene, meant))
    return addressed(filling.form, filling.sheet(), text, is_filled_form=meant.is_filled_form)


def _opened(scene: Scene, meant: _Meant) -> Scene:
    form = scene.facts.form(meant.form)
    return opened(scene.chose(None), form, meant.period) if form else scene


def _closed(scene: Scene, meant: _Meant) -> Outcome | None:
    """Return the word that the time of a report is over; None while it is not."""
    if scene.city is None or meant.period is None:
        return None
    if scene.at < closes_at(scene.programme, scene.city, meant.period):
        return None
    return ask_current(scene, scene.say("Period closed: {period}.", period=scene.period(meant.period)))


def _retired(scene: Scene, meant: _Meant) -> Outcome | None:
    """Return the word that no new report begins on a form; None for one in use, or with a draft on it."""
    form = scene.facts.form(meant.form)
    return no_longer_used(scene) if form and retired(scene, form, meant.period) else None


# Which report


def _parted(text: str) -> tuple[str, str]:
    """Return the first line of a message and the rest; in one line the answers begin at `1)`."""
    lines = written_lines(text)
    if len(lines) == 1 and (mark := _MARKED.search(lines[0])):
        return lines[0][: mark.start()], lines[0][mark.end() :]
    return (lines[0], "\n".join(lines[1:])) if lines else ("", "")


def _named_by(scene: Scene, head: str) -> _Meant | None:
    """Return the report that a first line names; None when it is none."""
    return _commanded(scene, head) or _titled(scene, head)


def _commanded(scene: Scene, head: str) -> _Meant | None:
    """Return the report that a first line such as `report` or `report NAME` is about."""
    command = command_in(head)
    if command is None or command.name not in ("report", "form"):
        return None
    found = _named(scene, command.more) or _titled(scene, command.more) if command.more else _due(scene)
    return replace(found, is_filled_form=True) if found and command.name == "form" else found


def _named(scene: Scene, text: str) -> _Meant | None:
    name = form_named(scene, text)
    return _Meant(name, period_of(scene, name)) if name else None


def _titled(scene: Scene, head: str) -> _Meant | None:
    """Return the report whose blank form begins with this line, in any language."""
    said = _WORDS.findall(fold(head))
    titles = [
        (words, name)
        for name, entry in scene.programme.forms.items()
        for title in entry.titles.values()
        if (words := _WORDS.findall(fold(title))) == said[: len(words)]
    ]
    if titles:
        words, name = max(titles, key=lambda each: len(each[0]))
        return _Meant(name, _period_said(scene, name, said[len(words) :]), is_filled_form=True)
    form = scene.facts.form(fold(re.split(r"[.,:،]", head)[0]))
    return _Meant(form.name, None, is_filled_form=True) if form else None


def _period_said(scene: Scene, name: str, said: list[str]) -> str | None:
    """Return the period that the words begin with, else the one that the form is filled in for now."""
    every = scene.programme.forms[name].every
    for period in _lately(scene, every) if every and said else ():
        for code in scene.voices:
            there = replace(scene, who=replace(scene.who, language=code))
            words = _WORDS.findall(fold(there.period(period)))
            if words == said[: len(words)]:
                return period
    return period_of(scene, name)


def _lately(scene: Scene, every: str) -> Iterator[str]:
    """Yield the periods of the last months, the newest first."""
    today = scene.now.date()
    period = week_of(today) if every == "week" else month_of(today)
    for _ in range(_EARLIER[every]):
        yield period
        period = previous(period)


def _open_or_due(scene: Scene) -> _Meant | None:
    """Return the report that is open or asked for, else the one that is due."""
    choice = scene.talk.choice
    if choice and choice.kind in scheduled.OF_A_FORM:
        return _of_choice(choice)
    return _Meant(scene.report.form.name, scene.report.period) if scene.report else _due(scene)


def _of_choice(choice: Choice) -> _Meant:
    form, _, period = scheduled.about(choice).partition("@")
    return _Meant(form, period)


def _due(scene: Scene) -> _Meant | None:
    """Return the report of the rhythm; where there is no rhythm, the week's."""
    form, period = rhythm(scene)
    if form:
        return _Meant(form, period)
    weekly = scene.programme.form_of("week")
    return _Meant(weekly.name, week_of(scene.now.date())) if weekly else None


def _header(scene: Scene, meant: _Meant, channel: str) -> str:
    """Return the first line of a blank form: by it the report is known when it comes back."""
    known = meant.form in scene.programme.forms
    form, period = scene.title(meant.form) if known else meant.form, scene.period(meant.period)
    if channel == "sms":
        return scene.say("{form}, {period}:", form=form, period=period) if period else f"{form}:"
    if period:
        return scene.say(
            "{form}, {period}. Please fill in and send back (- to skip):", form=form, period=period
        )
    return scene.say("{form}. Please fill in and send back (- to skip):", form=form)
