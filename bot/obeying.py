"""What each word and each option does."""

from collections.abc import Callable

from bot import (
    carrying,
    control,
    gathering,
    guiding,
    prompted,
    reopening,
    reporting,
    scheduled,
    sending,
    whole,
)
from bot.talk import Action, Outcome, Scene
from bot.whole import form_named
from bot.words import Command, fold

# choices that may be open over the question of a report
OVER_A_QUESTION = frozenset({"menu", "forms", "language", "offer", "waiting", "resume", *scheduled.KINDS})
# choices that stand for themselves, whatever report is open
APART = frozenset({*scheduled.KINDS, scheduled.WHY})


def act(scene: Scene, action: str) -> Outcome:
    """Do what an option stands for."""
    name, _, more = action.partition(":")
    return ACTIONS[name](scene, more)


def commanded(scene: Scene, command: Command | None) -> Outcome | None:
    """Do what a word says; None when the rest behind the word shows that it was not meant as one."""
    return COMMANDS[command.name](scene, command.more) if command and is_meant(scene, command) else None


def is_meant(scene: Scene, command: Command | None) -> bool:
    """Tell whether a word is one: what stands behind it fits."""
    return command is not None and (not command.more or _FITS[command.name](scene, command.more))


def _report(scene: Scene, more: str) -> Outcome:
    return reporting.open_form(scene, form_named(scene, more) or "") if more else reporting.open_due(scene)


def _word(command: str) -> Action:
    """Return the action that opens the form which the programme names for a word."""

    def opened(scene: Scene, more: str) -> Outcome:
        name = scene.programme.words.get(command)
        return reporting.open_form(scene, name) if name else control.not_yet(scene, more)

    return opened


def _output(scene: Scene, more: str) -> Outcome:
    if "output" not in scene.programme.words:
        return control.not_yet(scene, more)
    return reporting.open_output(scene, more)


def _start(scene: Scene, more: str) -> Outcome:
    if scene.report or scene.talk.choice:
        return reporting.ask_current(scene)
    return reporting.take_up(scene)


def _pending(scene: Scene, more: str) -> Outcome:
    choice = scene.talk.choice
    if scene.report:
        is_over = choice is not None and choice.kind in OVER_A_QUESTION
        return reporting.ask_current(scene.chose(None) if is_over else scene)
    if choice is not None and choice.kind in APART:
        return reporting.ask_current(scene)
    if scene.facts.last_draft():
        return reporting.take_up(scene)
    return control.status(scene, more)


def _continue(scene: Scene, more: str) -> Outcome:
    return reporting.ask_first(scene) if scene.report else reporting.ask_current(scene.chose(None))


def _more_of_digest(scene: Scene, more: str) -> Outcome:
    return control.not_yet(scene, more) if scene.who.city else control.more(scene, more)


COMMANDS: dict[str, Action] = {
    "start": _start,
    "menu": control.menu,
    "help": guiding.help_,
    "language": control.language,
    "report": _report,
    "form": whole.send_blank,
    "status": control.status,
    "calendar": control.calendar,
    "pending": _pending,
    "skip": reporting.skip,
    "back": reporting.back,
    "edit": reopening.edit,
    "cancel": sending.cancel,
    "later": sending.later,
    "nothing": sending.nothing,
    "send": sending.send,
    "stop": control.stop,
    "need": _word("need"),
    "practice": _word("practice"),
    "meeting": _word("meeting"),
    "output": _output,
    "more": _more_of_digest,
    "ask": control.not_yet,
    "absent": control.not_yet,
    "why": guiding.why,
    "example": guiding.example,
    "done": gathering.done,
}

ACTIONS: dict[str, Action] = {
    "agree": control.agree,
    "refuse": control.refuse,
    "language": control.language,
    "report": _report,
    "status": control.status,
    "calendar": control.calendar,
    "forms": control.forms,
    "help": guiding.help_,
    "open": reporting.open_form,
    "decline": sending.decline,
    "send": sending.send,
    "edit": reporting.edit,
    "answer": reporting.edit,
    "keep": sending.later,
    "continue": _continue,
    "still": carrying.keep_all,
    "changed": carrying.ask_each,
    "later": prompted.later,
    "replace": sending.replace_sent,
    "add": sending.add_to_sent,
    "neither": sending.later,
    "discard": sending.discard,
    "begin": prompted.begin,
    "nothing": prompted.nothing,
    "output": reporting.open_output,
    "moretime": prompted.ask_why("moretime"),
    "blocks": prompted.ask_why("blocks"),
    "details": control.details,
}

_FITS: dict[str, Callable[[Scene, str], bool]] = {
    "report": lambda scene, more: form_named(scene, more) is not None,
    "form": lambda scene, more: form_named(scene, more) is not None,
    "language": lambda scene, more: control.language_named(more) is not None,
    "edit": lambda scene, more: fold(more).isdecimal() or reopening.is_reference(more),
    "output": lambda scene, more: more.upper() in scene.programme.milestones,
    "more": lambda scene, more: scene.who.city is None,
    "absent": lambda scene, more: False,
}
