"""A form in one person's hands: the answers so far, and the ground that reading and asking stand on."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from bot.forms.first import First
from bot.forms.form import Form
from bot.forms.sheet import Sheet, Step
from bot.questions import MEDIA_TYPES, type_named
from bot.questions.base import Asked, Reading
from bot.values import Answer, Doubt, Heard, Rejection, Say, Value

_AT_MOST = re.compile(r"string-length\(\s*\.\s*\)\s*(<=|<)\s*(\d+)")


@dataclass(frozen=True, slots=True)
class Session:
    """What was said so far. `given` keeps also what is not relevant now: it may become so again."""

    given: Mapping[str, Value] = field(default_factory=dict)  # by instance path; None: skipped
    at: str | None = None  # the open step; None: nothing is left to ask
    toggled: tuple[str, ...] = ()  # options chosen so far at the open step
    doubt: Value = None  # a value to be checked with the person
    firsts: Mapping[str, First] = field(default_factory=dict)  # what once() found, by instance path


@dataclass(frozen=True, slots=True)
class Laid:
    """A sheet, and what it was laid out from."""

    form: Form
    given: Mapping[str, Value]
    hidden: Mapping[str, str]
    sheet: Sheet


@dataclass(frozen=True, slots=True)
class Filling:
    """A form in the hands of one person, at one moment."""

    form: Form
    session: Session
    hidden: Mapping[str, str]  # what the system knows: city, period, …
    now: datetime  # city time
    say: Say
    previous: Mapping[str, Value] = field(default_factory=dict)  # the answers of last time
    token: str = ""  # of this report: with the step it makes the token of a question
    laid: list[Laid] = field(default_factory=list, compare=False, repr=False)  # sheets of this turn

    def sheet(self) -> Sheet:
        """Return the form with the answers of the session; laid out once a turn for the same answers."""
        given = self.session.given
        for one in self.laid:
            if one.given is given and one.form is self.form and one.hidden == self.hidden:
                return one.sheet
        beside = (self.hidden, self.now, self.previous, self.session.firsts)
        sheet = Sheet(self.form, given, *beside, kept_as=self.token)
        self.laid.append(Laid(self.form, given, self.hidden, sheet))
        return sheet

    def holding(self, session: Session) -> "Filling":
        """Return the same form at the same moment with another session."""
        beside = (self.hidden, self.now, self.say, self.previous, self.token, self.laid)
        return Filling(self.form, session, *beside)  # several a turn: `replace` costs three times as much


@dataclass(frozen=True, slots=True)
class Turn:
    """What a reply led to: the filling after it, what to say first, which answers are new."""

    filling: Filling
    first: str = ""
    changes: tuple[tuple[str, Value], ...] = ()


def askable(sheet: Sheet) -> list[Step]:
    """Return the steps that want an answer, in order."""
    return [s for s in sheet.steps() if s.question.type != "note"]


def remembering(filling: Filling) -> Session:
    """Return the session with the first values that the form keeps, as they are after its answers."""
    if not filling.form.compiled.keeping:
        return filling.session
    return replace(filling.session, firsts=dict(filling.sheet().firsts()))


def step_at(sheet: Sheet, path: str | None) -> Step | None:
    """Return the step at this path, None when it is not asked now."""
    return next((s for s in sheet.steps() if s.path == path), None)


def number_of(sheet: Sheet, path: str) -> int:
    """Return the number that a question is shown with (`3` of `3/9`)."""
    return [s.path for s in askable(sheet)].index(path) + 1


def moved_to(filling: Filling, path: str | None) -> Filling:
    """Return the filling with this question open; options chosen before are chosen still."""
    value = filling.session.given.get(path) if path else None
    chosen = tuple(value) if isinstance(value, list) else ()
    return filling.holding(Session(filling.session.given, path, chosen, firsts=filling.session.firsts))


def go_on(filling: Filling) -> Turn:
    """Move to the first question that is not answered, or whose answer no longer holds; say why."""
    sheet, given = filling.sheet(), filling.session.given
    for at in askable(sheet):
        if at.path not in given:
            return Turn(moved_to(filling, at.path))
        value = given[at.path]
        if value is None and at.is_required and not is_media(at):
            return Turn(moved_to(filling, at.path))
        if value is not None and not sheet.accepts(at.path, value):
            return Turn(moved_to(filling, at.path), _why_refused(filling, sheet, at))
    return Turn(moved_to(filling, None))


def given(filling: Filling, answers: Mapping[str, Value]) -> Turn:
    """Return the filling with new answers, at what is open then."""
    session = Session({**filling.session.given, **answers}, firsts=filling.session.firsts)
    turn = go_on(filling.holding(session))
    return Turn(turn.filling, turn.first, tuple(answers.items()))


def asked_of(filling: Filling, sheet: Sheet, at: Step) -> Asked:
    """Return the question as it is put to this person."""
    return Asked(
        label=label_of(filling, sheet, at),
        choices=sheet.choices(at.path) if at.question.choices else (),
        languages=filling.form.languages,
        today=filling.now.date(),
        toggled=filling.session.toggled if at.path == filling.session.at else (),
        appearance=at.question.appearance,
        may_follow=at.is_required and is_media(at),
        parameters=at.question.parameters,
        is_required=at.is_required,
        fits=partial(sheet.accepts, at.path),
    )


def label_of(filling: Filling, sheet: Sheet, at: Step) -> str:
    """Return the label in the person's language, its `${…}` put in."""
    if at.question.type == "another":
        labels = at.question.labels
        group = labels.get(filling.say.language) or next(iter(labels.values()), at.question.path)
        return filling.say("{group}: is there another one to add?", group=group)
    return sheet.label(at.path, filling.say.language, filling.say.value)


def read(filling: Filling, sheet: Sheet, at: Step, heard: Heard) -> Reading:
    """Return what a reply is as the answer to a question; one that its constraint refuses is a Rejection."""
    asked = asked_of(filling, sheet, at)
    reading = type_named(at.question.type).read(asked, heard, filling.say)
    if not isinstance(reading, Answer | Doubt) or sheet.accepts(at.path, reading.value):
        return reading
    if reading.value is None and is_media(at):
        return reading  # it follows later
    why = _why_refused(filling, sheet, at)
    if at.question.type == "text":
        over = over_limit(at, str(reading.value))
        too_many = filling.say.count("{n} character too many.", "{n} characters too many.", over)
        return Rejection(f"{why} {too_many}" if over else why)
    shown = type_named(at.question.type).shown(asked, reading.value, filling.say)
    understood = filling.say("Understood as: {value}.", value=shown)
    return Rejection(f"{understood} {why}")


def over_limit(at: Step, text: str) -> int:
    """Return by how many characters a text is longer than the constraint of its question lets it be."""
    found = _AT_MOST.search(at.question.constraint)
    if found is None:
        return 0
    most = int(found[2]) - (found[1] == "<")
    return max(0, len(text) - most)


def _why_refused(filling: Filling, sheet: Sheet, at: Step) -> str:
    own = sheet.constraint_message(at.path, filling.say.language, filling.say.value)
    return own or filling.say("This answer is not possible here. Please check it and send it again.")


def is_text(at: Step) -> bool:
    """Tell whether any text at all would be an answer to the question."""
    return type_named(at.question.type) is type_named("text")


def is_multiline(at: Step) -> bool:
    """Tell whether the form wants more than a line for the question."""
    return "multiline" in at.question.appearance.split()


def is_media(at: Step) -> bool:
    """Tell whether the question wants something attached; a report is complete without it."""
    return at.question.type in MEDIA_TYPES


def why_required(filling: Filling, at: Step) -> str:
    """Return the reason why a question cannot be skipped: the form's own, else the common one."""
    own = filling.sheet().required_message(at.path, filling.say.language, filling.say.value)
    return own or filling.say(
        "This answer is needed to go on. To pause here, send LATER; everything is kept."
    )
