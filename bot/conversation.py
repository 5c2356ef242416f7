"""The way of every reply: who may speak, what is open, which word or answer it is, what follows."""

from dataclasses import replace
from datetime import timedelta

from bot import (
    asking,
    attaching,
    choices,
    control,
    editing,
    engine,
    gathering,
    prompted,
    reopening,
    reporting,
    revising,
    scheduled,
    whole,
)
from bot.filling import filling_of
from bot.obeying import APART, OVER_A_QUESTION, act, commanded, is_meant
from bot.questions.options import chosen
from bot.questions.yes_no import plain
from bot.say import begun_right, is_isolating
from bot.talk import Choice, LeftOpen, Outcome, Report, Scene
from bot.values import Heard
from bot.words import Command, command_in, fold, number_in

AWAY = timedelta(hours=24)  # after this the open question is not taken for granted
_GREETINGS = frozenset({"menu", "start", "pending"})
_ANSWERS = frozenset({"skip", "nothing", "send", "done"})  # words that do something to the open question
_TO_A_QUESTION = frozenset({"done", "skip", "nothing"})
_MEANS = {"start": "begin", "send": "output"}  # words that name an option of the schedule by another name


def hear(scene: Scene, heard: Heard) -> Outcome:
    """Return what follows from one reply. Nothing a person can send raises."""
    return _said_well(_heard(scene, heard))


def _said_well(outcome: Outcome) -> Outcome:
    if not any(is_isolating(each.text) for each in outcome.messages):
        return outcome
    messages = tuple(replace(each, text=begun_right(each.text)) for each in outcome.messages)
    return replace(outcome, messages=messages)


def _heard(scene: Scene, heard: Heard) -> Outcome:
    if heard.opt_out:
        return _opted_out(scene, heard)
    command = command_in(heard.text) if heard.text else None
    if command and command.name == "stop" and not scene.who.is_stopped:
        return _stop(scene)
    if heard.edited:
        command = None
    if scene.who.is_stopped:
        return _stopped(scene, command)
    if not scene.who.agreed:
        return _not_agreed(scene, heard, command)
    scene, first = _closed(prompted.as_of_now(scene))
    scene, gone = reopening.as_of_now(scene, is_away=_is_away(scene))
    outcome = _route(scene, heard, command)
    return outcome.preceded("\n".join(filter(None, (first, gone))))


def _opted_out(scene: Scene, heard: Heard) -> Outcome:
    """Follow a stop or start word that the provider heard too and has answered itself."""
    is_stopped, silent = scene.who.is_stopped, Outcome(scene.talk, scene.effects, ())
    if heard.opt_out == "START":
        return control.restore(scene, is_confirmed=True) if is_stopped else _heard(scene, Heard(text="start"))
    if heard.opt_out == "STOP" and not is_stopped:
        return replace(_stop(scene), messages=())
    return silent


def _stop(scene: Scene) -> Outcome:
    scene, refused = gathering.settled(scene)
    return control.stop(scene, "").preceded(refused)


def silent(scene: Scene) -> Outcome:
    """Return what follows when a text that was being gathered is taken for finished."""
    scene, gone = reopening.as_of_now(scene, is_away=False)
    return _said_well(reporting.say_only(scene, gone) if gone else gathering.silence(scene))


def _route(scene: Scene, heard: Heard, command: Command | None) -> Outcome:
    if heard.edited:
        return _edited(scene, heard)
    if heard.media:
        return attaching.said_once(scene, _attached(scene, heard), heard)
    if heard.location:
        return _attached(scene, heard)
    if gathering.is_open(scene) and (heard.text.strip() or heard.press):
        return _gathered(scene, heard, command)
    if outcome := whole.headed(scene, heard):
        return outcome
    is_answer = command is None or command.name in _ANSWERS
    if scene.has_moved and is_answer and (scene.talk.choice or scene.report):
        return _moved(scene, heard, command)
    if heard.press:
        return _pressed(scene, heard)
    if outcome := whole.straight_off(scene, heard):
        return outcome
    if _is_away(scene) and scene.report and command and command.name in _GREETINGS:
        return reporting.resume(scene.chose(None))
    if scene.talk.choice:
        if action := _picked(scene, heard.text):
            return act(scene, action)
        if scene.talk.choice.kind == "check" and not command and gathering.goes_on(scene, heard):
            return gathering.added(scene, heard)
        if fold(heard.text) == "=":
            return reporting.keep_last(scene, "")
        if outcome := commanded(scene, command):
            return outcome
        return _not_picked(scene, heard)
    if scene.report:
        return _answered(scene, heard, command)
    if outcome := commanded(scene, command):
        return outcome
    return _idle(scene, heard, command)


def _moved(scene: Scene, heard: Heard, command: Command | None) -> Outcome:
    """Ask again, where the person writes now, what they may not have seen there; drop no text for it."""
    text, choice = heard.text.strip(), scene.talk.choice
    if command or not text or scene.report is None:
        return reporting.ask_current(scene)
    if (choice is None or choice.kind == "check") and gathering.goes_on(scene, heard):
        return gathering.added(scene, heard)
    if choice is None and engine.takes_free_text(filling_of(scene)):
        return reporting.doubtful(scene, text, "")
    is_known = _picked(scene, text) if choice else engine.understands(filling_of(scene), heard)
    is_short = is_known and "\n" not in text  # is soon written again
    return reporting.ask_current(scene, "" if is_short else gathering.not_stored(scene, text))


def _attached(scene: Scene, heard: Heard) -> Outcome:
    """Take an attachment or a place as the answer that is asked for; else keep the one and read the words."""
    scene = attaching.beside(scene, heard)
    if attaching.answers(scene, heard):
        over = scene.talk.choice is not None and scene.talk.choice.kind in OVER_A_QUESTION
        outcome = _answered(scene.chose(None) if over else scene, attaching.bare(heard), None)
        return attaching.with_caption(scene, heard, outcome)
    if heard.media:
        return attaching.attach(scene, heard, _beside)
    if heard.text.strip():
        return _route(scene, replace(heard, location=None), command_in(heard.text))
    return attaching.place(scene)


def _beside(scene: Scene, heard: Heard) -> Outcome | None:
    """Return what follows from the words beside an attachment; None when they only say what it shows."""
    words = replace(heard, media=None, also=())
    command = command_in(words.text)
    is_said = bool(words.text.strip()) and _is_said(scene, words, command)
    return _route(scene, words, command) if is_said else None


def _is_said(scene: Scene, words: Heard, command: Command | None) -> bool:
    """Tell whether words are a command, an option or an answer to what is open."""
    choice = scene.talk.choice
    if scene.has_moved and (choice or scene.report):
        return is_meant(scene, command) and command is not None and command.name not in _ANSWERS
    if is_meant(scene, command) or gathering.is_open(scene):
        return True
    if choice and (_picked(scene, words.text) or (choice.kind == scheduled.WHY and not _is_away(scene))):
        return True
    if whole.headed(scene, words) or whole.straight_off(scene, words):
        return True
    if scene.report is None or not (choice is None or _is_behind(choice, words)):
        return False
    filling = filling_of(scene)
    return engine.step(filling, words).filling.session != filling.session


def _gathered(scene: Scene, heard: Heard, command: Command | None) -> Outcome:
    """Add a reply to the text that is being gathered; a word or a choice ends it, and is then obeyed."""
    is_choice = heard.press is not None or (scene.talk.choice is not None and _picked(scene, heard.text))
    ended, refused = gathering.settled(scene)
    if not is_choice and not is_meant(scene, command) and fold(heard.text) != "=":
        outcome = whole.within(ended, heard)
        return outcome.preceded(refused) if outcome else gathering.gone_on(scene, heard)
    scene = ended
    if not is_choice and ((command and command.name in _TO_A_QUESTION) or fold(heard.text) == "="):
        return reporting.ask_current(scene, refused)  # they were not said of the question that comes now
    return _route(scene, heard, command).preceded(refused)


def _edited(scene: Scene, heard: Heard) -> Outcome:
    """Correct what the edited message answered; one that was not understood last counts as a new reply."""
    outcome = gathering.corrected(scene, heard) or whole.edited(scene, heard)
    if heard.media and (outcome is None or outcome.effects == scene.effects):
        return attaching.with_caption(scene, heard, outcome or Outcome(scene.talk, scene.effects, ()))
    if outcome is not None:
        return outcome
    if heard.source and scene.source == scene.talk.rejected:
        return _route(scene, replace(heard, edited=False), command_in(heard.text))
    is_text = bool(scene.report and heard.text.strip()) and command_in(heard.text) is None
    return reporting.say_only(scene, gathering.not_stored(scene, heard.text) if is_text else "")


def _answered(scene: Scene, heard: Heard, command: Command | None) -> Outcome:
    """Read a reply to the open question: an exact option first, then a word, then an answer."""
    filling = filling_of(scene)
    if not engine.is_label(filling, heard.text):
        if fold(heard.text) == "=":
            return reporting.keep_last(scene, "")
        if command and command.name == "done" and engine.takes_several(filling):
            return reporting.answer(scene, heard)
        if outcome := commanded(scene, command):
            return outcome
    if not _is_away(scene):
        return _answered_now(scene, heard)
    if heard.text.strip() and engine.takes_free_text(filling):
        return reporting.doubtful(scene, heard.text.strip(), reporting.saved(scene))
    if not engine.understands(filling, heard):
        return reporting.resume(reporting.not_understood(scene))
    return reporting.answer_after_days(scene, heard)


def _answered_now(scene: Scene, heard: Heard) -> Outcome:
    """Read an answer; a text may be the beginning of a longer one, or the end of the one before."""
    if outcome := gathering.gone_on_in_doubt(scene, heard):
        return outcome
    if gathering.goes_on(scene, heard):
        return gathering.added(scene, heard)
    if gathering.begins(scene, heard):
        return gathering.begun(scene, heard)
    return gathering.noted(scene, heard, reporting.answer(scene, heard))


def _is_away(scene: Scene) -> bool:
    return scene.talk.heard_at is not None and scene.at - scene.talk.heard_at > AWAY


def _pressed(scene: Scene, heard: Heard) -> Outcome:
    """Take a tap on the open question; one on an older question changes nothing."""
    press = heard.press
    if press is None:
        return reporting.ask_current(scene)
    choice = scene.talk.choice
    is_this = choice is not None and press.token == choices.token_of(scene, choice)
    if choice and is_this and (action := scheduled.action_at(choice, press.option)):
        return act(scene, action)
    filling = filling_of(scene) if scene.report else None
    at = scene.report.session.at if scene.report else None
    if filling and at and not choice and press.token == asking.token_of(filling, at):
        return reporting.answer(scene, heard)
    if earlier := prompted.still_true(scene, press):
        return act(*earlier)
    if scene.who.city is None and (week := scheduled.digest_in(press.token)):
        return control.read_digest(scene, week)
    old = scene.say("That button belongs to an earlier question; nothing was changed. Current question:")
    return reporting.ask_current(scene, old)


def _picked(scene: Scene, text: str) -> str | None:
    """Return the action of the option that the reply names; a word is no beginning of an option."""
    choice = scene.talk.choice
    if choice is None:
        return None
    if 1 <= (number := number_in(text)) <= len(choice.actions):
        return choice.actions[number - 1]
    labels = [_names_of(scene, choice, action) for action in choice.actions]
    if any(choices.answers_to(choice, action) for action in choice.actions):
        text = plain(text)
    index = chosen(text, labels)
    exact = [i for i, texts in enumerate(labels) if fold(text) in map(fold, texts)]
    if not exact and not fold(text).isdecimal() and (command := command_in(text)):
        return _named_by(choice, command)
    return choice.actions[index] if index is not None else None


def _named_by(choice: Choice, command: Command) -> str | None:
    """Return the option of the schedule that a word names, such as `later` or `nothing`."""
    if choice.kind not in scheduled.KINDS or command.more:
        return None
    name = _MEANS.get(command.name, command.name)
    if name == "nothing" and scheduled.BEGUN in choice.data:
        name = "begin"  # a report with answers is not nothing
    return next((each for each in choice.actions if each.partition(":")[0] == name), None)


def _names_of(scene: Scene, choice: Choice, action: str) -> list[str]:
    """Return an option's label in every language, and the plain yes or no that it stands for."""
    labels = [choices.label_of(_in_language(scene, code), choice, action) for code in scene.voices]
    return [*labels, *choices.answers_to(choice, action)]


def _in_language(scene: Scene, code: str) -> Scene:
    return replace(scene, who=replace(scene.who, language=code))


def _not_picked(scene: Scene, heard: Heard) -> Outcome:
    """Take the reply for the question behind the choice if it can be that, else ask the choice again."""
    choice = scene.talk.choice
    if choice is None:
        return reporting.ask_current(scene)
    if choice.kind == scheduled.WHY and not _is_away(scene):
        return prompted.pass_on(scene, heard)
    scene = reporting.not_understood(scene)
    if choice.kind == scheduled.WHY:
        return reporting.ask_current(scene)
    if scene.report and _is_behind(choice, heard) and engine.understands(filling_of(scene), heard):
        behind = scene.chose(None)
        if engine.takes_free_text(filling_of(behind)):
            return reporting.doubtful(behind, heard.text.strip(), "")
        return reporting.answer(behind, heard)
    if choice.kind in OVER_A_QUESTION and (action := _of_the_menu(scene, heard.text)):
        return act(scene, action)
    last = len(choice.actions)
    return reporting.ask_current(
        scene, scene.say("That is not one of the choices. Please send a number from 1 to {last}.", last=last)
    )


def _is_behind(choice: Choice, heard: Heard) -> bool:
    """Tell whether a reply may answer the question behind the choice: to "Still so?" a list may."""
    has_lines = len(heard.text.split("\n")) > 1
    return choice.kind in OVER_A_QUESTION or (choice.kind == "carry" and has_lines)


def _idle(scene: Scene, heard: Heard, command: Command | None) -> Outcome:
    """Wake what was left, or show what can be done; a word with an unknown name behind it gets the names."""
    if command and command.name == "report":
        return reporting.list_forms(scene)
    if command and command.name == "language":
        return control.language(scene, "")
    if command and command.name == "output" and "output" in scene.programme.words:
        unknown = scene.say("There is no milestone {id}. CALENDAR shows them.", id=command.more)
        return reporting.ask_current(scene, unknown)
    if action := _of_the_menu(scene, heard.text):
        return act(scene, action)
    return reporting.take_up(scene).preceded("" if command else gathering.left_over(scene, heard))


def _of_the_menu(scene: Scene, text: str) -> str | None:
    """Return the option of the menu that is written out; the menu itself may be long gone."""
    menu = choices.menu(scene)
    return next((a for a in menu.actions if fold(choices.label_of(scene, menu, a)) == fold(text)), None)


def _stopped(scene: Scene, command: Command | None) -> Outcome:
    """Only `start` is heard from somebody who stopped the messages."""
    if command and command.name == "start":
        return control.restore(scene)
    return Outcome(scene.talk, scene.effects, ())


def _not_agreed(scene: Scene, heard: Heard, command: Command | None) -> Outcome:
    """Before agreement only the question itself, help, language and stop are served."""
    scene = scene.without_report()
    choice = scene.talk.choice
    is_asked = choice is not None and choice.kind == "consent"
    if is_asked and not scene.has_moved:
        action = _consent_action(scene, heard)
        if action:
            return act(scene, action)
    if command and command.name == "language" and command.more and control.language_named(command.more):
        return control.speak(scene, control.language_named(command.more) or scene.who.language)
    has_refused = scene.who.agreed is False and not is_asked
    if command and command.name == "help":
        what = scene.say("Griot asks short questions for your city's reports.")
        return control.refused(scene, what) if has_refused else control.ask_consent(scene, what)
    if has_refused and not (command and command.name == "start"):
        return control.refused(scene)
    return control.ask_consent(replace(scene, who=replace(scene.who, agreed=None)))


def _consent_action(scene: Scene, heard: Heard) -> str | None:
    choice = scene.talk.choice
    if choice is None:
        return None
    if heard.press:
        is_this = heard.press.token == choices.token_of(scene, choice)
        is_option = 1 <= heard.press.option <= len(choice.actions)
        return choice.actions[heard.press.option - 1] if is_this and is_option else None
    return _picked(scene, heard.text)


def _closed(scene: Scene) -> tuple[Scene, str]:
    """Leave a report whose period has closed, and say so; what was asked apart from it stays open."""
    if scene.report is None or not reporting.is_closed(scene, scene.report):
        return scene, ""
    scene, refused = gathering.settled(scene)
    report = scene.report
    if report is None:
        return scene, ""
    choice = scene.talk.choice
    is_apart = choice is not None and choice.kind in APART
    left = editing.ended(scene if is_apart else scene.chose(None)).without_report().did(LeftOpen())
    return left, "\n".join(filter(None, (refused, _why_closed(scene, report))))


def _why_closed(scene: Scene, report: Report) -> str:
    if editing.is_editing(scene):
        return revising.too_late(scene, report)
    period = scene.period(report.period)
    if report.session.given:
        return scene.say(
            "Period closed: {period}. The answers given are kept as a partial update.", period=period
        )
    return scene.say("Period closed: {period}.", period=period)
