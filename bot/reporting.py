"""What a person does with a report: open it, answer, check, correct."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from bot import asking, choices, editing, engine, scheduled
from bot.filling import filling_for, filling_of, last_time_of
from bot.forms.form import Form
from bot.periods import closes_at, form_due, month_of, next_milestone, previous, week_of
from bot.session import Filling, Session, Turn, remembering
from bot.talk import (
    Choice,
    Filled,
    Opened,
    Outcome,
    Report,
    Scene,
)
from bot.values import Heard, Message
from bot.words import number_in

_CHOSEN = frozenset(
    {"forms", "waiting", *scheduled.OF_A_FORM}
)  # whoever picked there need not be asked twice
_LIFE_WITHOUT_PERIOD = timedelta(days=7)  # in which a report that belongs to no period can be changed


def say_only(scene: Scene, text: str, kind: str = "reply") -> Outcome:
    """Return one message, and nothing asked."""
    return Outcome(scene.talk, scene.effects, (Message(text, kind=kind),) if text else ())


def choose(scene: Scene, choice: Choice, first: str = "", kind: str = "reply") -> Outcome:
    """Return the choice, asked."""
    scene = scene.chose(choice)
    return Outcome(scene.talk, scene.effects, (replace(choices.message_of(scene, choice, first), kind=kind),))


def ask_current(scene: Scene, first: str = "") -> Outcome:
    """Return what is open, asked again: the choice, the question, or the menu."""
    if scene.report and is_carrying(scene):
        return ask_first(scene, first)
    if scene.talk.choice:
        return choose(scene, scene.talk.choice, first)
    if scene.report:
        return ask_question(scene, first)
    return choose(scene, choices.menu(scene), first)


def ask_first(scene: Scene, first: str = "") -> Outcome:
    """Ask of a report without answers whether those of last time still hold, else its open question."""
    choice = choices.carry(scene)
    return choose(scene, choice, first) if choice else ask_question(scene, first)


def is_carrying(scene: Scene) -> bool:
    """Tell whether the person is asked about last time's answers."""
    return scene.talk.choice is not None and scene.talk.choice.kind == "carry"


def ask_question(scene: Scene, first: str = "", replaces: str = "") -> Outcome:
    """Return the open question of the report; when nothing is left to ask, the answers read back."""
    scene = scene.chose(None)
    message = asking.ask(filling_of(scene), first)
    if message is None and editing.is_editing(scene):
        return finish(scene, first)
    if message is None:
        return choose(scene, Choice("check", ("send", "edit", "keep")), first)
    return Outcome(scene.talk, scene.effects, (replace(message, replaces=replaces),))


def finish(scene: Scene, first: str = "") -> Outcome:
    """Leave a report that was sent before, and say what was changed in it."""
    left = scene.report.id if scene.report else 0
    text = "\n".join(filter(None, (first, editing.told(scene))))
    return what_waits(editing.ended(scene.chose(None)), text, "reply", left)


def what_waits(scene: Scene, text: str, kind: str, left: int) -> Outcome:
    """Return the text, and the offer to go on with a draft that waits, other than the report just left."""
    draft = scene.facts.last_draft(besides=left)
    if draft is None or is_closed(scene, draft) or not draft.session.given:
        return say_only(scene, text, kind)
    name = "@".join(filter(None, (draft.form.name, draft.period)))
    return choose(scene, Choice("waiting", (f"open:{name}", "later")), text, kind)


# Opening


def open_due(scene: Scene) -> Outcome:
    """Open the form that is due, or list those due; with nothing due the current week's form."""
    due = tuple(_due(scene)) or tuple(_usual(scene))
    if len(due) > 1:
        actions = tuple(f"open:{form}@{period}" for form, period in due)
        return choose(scene, Choice("forms", actions))
    if not due:
        return list_forms(scene)
    return open_form(scene, "@".join(due[0]))


def list_forms(scene: Scene) -> Outcome:
    """List all forms of the programme."""
    used = (name for name in scene.programme.forms if not scene.facts.is_retired(name))
    return choose(scene, Choice("forms", tuple(f"open:{name}" for name in used)))


def open_form(scene: Scene, more: str) -> Outcome:
    """Open a form (`name` or `name@period`): take up its draft, or begin."""
    name, _, period = more.partition("@")
    form = scene.facts.form(name)
    if form is None or scene.city is None:
        return ask_current(scene, scene.say("This form is not open to you."))
    return _open(scene, form, period or period_of(scene, name), "")


def open_output(scene: Scene, milestone: str) -> Outcome:
    """Open the form for handing in an output; `M05` names the milestone."""
    name = scene.programme.words["output"]
    form = scene.facts.form(name)
    if form is None or scene.city is None:
        return ask_current(scene, scene.say("This form is not open to you."))
    return _open(scene, form, period_of(scene, name), milestone.upper())


def resume(scene: Scene, first: str = "") -> Outcome:
    """Offer to go on with the open report, or ask its first question when nothing is answered yet."""
    done, total = asking.progress(filling_of(scene))
    if done == 0 or done == total:
        return ask_first(scene, first)
    if scene.talk.choice and scene.talk.choice.kind in _CHOSEN:
        return ask_question(scene, saved(scene))  # this very report was just chosen
    return choose(scene, Choice("resume", ("continue", "later")), first)


def saved(scene: Scene) -> str:
    """Return how far the open report is."""
    return _saved(filling_of(scene))


def _saved(filling: Filling) -> str:
    done, total = asking.progress(filling)
    return filling.say("Answers saved: {done} of {total}.", done=done, total=total)


def take_up(scene: Scene) -> Outcome:
    """Offer to go on with the draft this person worked on last; with none, show the menu."""
    draft = scene.facts.last_draft()
    if draft is None or is_closed(scene, draft):
        return choose(scene, choices.menu(scene))
    return resume(taken(scene.chose(None), draft))


def is_closed(scene: Scene, report: Report) -> bool:
    """Tell whether the time of the report is over: late answers count for one more week."""
    until = closing(scene, report)
    return until is not None and scene.at >= until


def closing(scene: Scene, report: Report) -> datetime | None:
    """Return when the time of a report is over, None for a draft that belongs to no period."""
    if report.period:
        return closes_at(scene.programme, scene.city, report.period) if scene.city else None
    return report.sent_at + _LIFE_WITHOUT_PERIOD if report.sent_at else None


def _open(scene: Scene, form: Form, period: str | None, milestone: str) -> Outcome:
    if retired(scene, form, period, milestone):
        return no_longer_used(scene)
    return resume(opened(scene, form, period, milestone))


def retired(scene: Scene, form: Form, period: str | None, milestone: str = "") -> bool:
    """Tell whether a form is retired and this person has nothing begun on it to finish."""
    is_begun = scene.report is not None and _is_of(scene.report, form, period, milestone)
    if is_begun or not scene.facts.is_retired(form.name):
        return False
    return scene.facts.draft(form.name, period, milestone) is None


def no_longer_used(scene: Scene) -> Outcome:
    """Say that no new report begins on a form, and ask what is open."""
    return ask_current(scene, scene.say("This form is no longer used."))


def opened(scene: Scene, form: Form, period: str | None, milestone: str = "") -> Scene:
    """Return the scene with the report of a form and period open: as it is, its draft, or a new one."""
    if scene.report and _is_of(scene.report, form, period, milestone):
        return scene
    draft = scene.facts.draft(form.name, period, milestone)
    return taken(scene, draft) if draft else begun(scene, form, period, milestone)


def _is_of(report: Report, form: Form, period: str | None, milestone: str) -> bool:
    is_same = (report.form.name, report.period, report.state) == (form.name, period, "draft")
    return is_same and milestone in ("", report.milestone)


def taken(scene: Scene, draft: Report) -> Scene:
    """Return the scene with a draft open again."""
    return replace(editing.ended(scene), report=draft).did(Opened(draft))


def begun(scene: Scene, form: Form, period: str | None, milestone: str = "") -> Scene:
    """Return the scene with a new report open at its first question."""
    scene = editing.ended(scene)
    began = int(scene.at.timestamp())
    report = Report(form, period, Session(), milestone or _next_milestone(scene), began=began)
    turn = engine.start(filling_for(scene, report))
    report = replace(report, session=remembering(turn.filling))
    return replace(scene, report=report).did(Opened(report))


def _due(scene: Scene) -> Iterable[tuple[str, str]]:
    """Yield what is asked of the city now, reports begun for other periods first."""
    form, period = rhythm(scene)
    begun_before = [each for each in scene.facts.drafts() if _is_unfinished(scene, each)]
    left = dict.fromkeys((each.form.name, each.period or "") for each in begun_before)
    yield from (each for each in left if each != (form, period))
    if form and not scene.facts.sent(form, period):
        yield form, period


def _is_unfinished(scene: Scene, report: Report) -> bool:
    return bool(report.period and report.session.given) and not is_closed(scene, report)


def _usual(scene: Scene) -> Iterable[tuple[str, str]]:
    """Yield the form of the rhythm when nothing is due: the week's own."""
    weekly = scene.programme.form_of("week")
    if weekly:
        yield weekly.name, week_of(scene.now.date())
    elif rhythm(scene)[0]:
        yield rhythm(scene)


def rhythm(scene: Scene) -> tuple[str, str]:
    """Return form and period that the rhythm asks of the city now, "" for none."""
    due = form_due(scene.programme, scene.city, scene.at) if scene.city else None
    return due or ("", "")


def period_of(scene: Scene, name: str) -> str | None:
    """Return the period that a form is filled in for now, None for a form without periods."""
    entry = scene.programme.forms.get(name)
    if entry is None or entry.every is None:
        return None
    form, period = rhythm(scene)
    if form == name:
        return period
    today = scene.now.date()
    if entry.every == "week":
        return week_of(today)
    last = previous(month_of(today))
    is_open = scene.city is not None and scene.at < closes_at(scene.programme, scene.city, last)
    return last if is_open else month_of(today)


def _next_milestone(scene: Scene) -> str:
    found = next_milestone(scene.programme, scene.city, scene.now.date()) if scene.city else None
    return found.id if found else ""


# Answering


def answer(scene: Scene, heard: Heard) -> Outcome:
    """Read a reply to the open question and ask what follows."""
    return carry_on(scene, engine.step(filling_of(scene), heard), heard)


def answer_after_days(scene: Scene, heard: Heard) -> Outcome:
    """Read a reply that comes after days, and say first how far the report is."""
    turn = engine.step(filling_of(scene), heard)
    first = (_saved(turn.filling), turn.first)
    return carry_on(scene, replace(turn, first="\n".join(filter(None, first))), heard)


def doubtful(scene: Scene, text: str, first: str) -> Outcome:
    """Have a text checked before it counts as the answer: the question was not the last thing said."""
    scene = filled(scene, Turn(engine.doubt(filling_of(scene), text)))
    return ask_question(not_understood(scene), first)


def skip(scene: Scene, more: str) -> Outcome:
    """Skip the open question; one that is hidden behind a choice stays."""
    if scene.report is None or scene.talk.choice:
        return ask_current(scene)
    return carry_on(scene, engine.skip(filling_of(scene)))


def back(scene: Scene, more: str) -> Outcome:
    """Go to the question before."""
    if scene.report is None or is_carrying(scene):
        return ask_current(scene)
    return carry_on(scene, engine.back(filling_of(scene)))


def keep_last(scene: Scene, more: str) -> Outcome:
    """Keep last period's answer at the open question; one that is hidden behind a choice stays."""
    if scene.report is None or scene.talk.choice:
        return ask_current(scene)
    return carry_on(scene, engine.keep_last(_with_previous(scene)))


def edit(scene: Scene, more: str) -> Outcome:
    """List the answers, or go to one by its number."""
    if scene.report is None:
        return ask_current(scene, no_report(scene))
    if not more:
        return _list_answers(scene)
    turn = engine.go_to(filling_of(scene), number_in(more))
    return carry_on(scene, turn) if turn else _list_answers(scene)


def _list_answers(scene: Scene) -> Outcome:
    numbers = range(1, asking.last_answered(filling_of(scene)) + 1)
    if not numbers:
        return ask_current(scene, scene.say("There is no answer to change yet."))
    return choose(scene, Choice("edit", tuple(f"answer:{n}" for n in numbers)))


def carry_on(scene: Scene, turn: Turn, heard: Heard | None = None) -> Outcome:
    """Keep what the engine made of a reply and ask what is open now."""
    before, after = filling_of(scene).session, turn.filling.session
    is_toggle = bool(heard and heard.press) and after.at == before.at and after.toggled != before.toggled
    is_checked = before.doubt is not None and before.doubt in [value for _, value in turn.changes]
    scene = filled(scene, turn, scene.talk.rejected if is_checked else "")
    if heard and not turn.changes:
        scene = not_understood(scene)
    return ask_question(scene, turn.first, heard.source if is_toggle and heard else "")


def not_understood(scene: Scene) -> Scene:
    """Return the scene in which an edit of this message counts as a new reply."""
    return replace(scene, talk=replace(scene.talk, rejected=scene.source))


def filled(scene: Scene, turn: Turn, source: str = "") -> Scene:
    """Return the scene with the engine's new session, and the effect that keeps it.

    `source`: the message that gave the answers, when it is an earlier one.
    """
    if scene.report is None:
        return scene
    report, session = scene.report, remembering(turn.filling)
    answers = turn.filling.sheet().record() if turn.changes else {}
    has_gap = editing.is_editing(scene) and bool(asking.labels_open(turn.filling))
    scene = editing.moved(scene, turn)
    revision = scene.report.revision if scene.report else report.revision
    report = replace(report, session=session, revision=revision)
    scene = replace(scene, report=report)
    return editing.alarmed(
        scene.did(Filled(report.session, turn.changes, answers, source, has_gap)), is_over=False
    )


def _with_previous(scene: Scene) -> Filling:
    filling = filling_of(scene)
    report = scene.report
    return replace(filling, previous=last_time_of(scene, report)) if report else filling


def city_closed(scene: Scene) -> str:
    """Return the sentence for a city that left the programme."""
    return scene.say("No reports are asked of your city now.")


def no_report(scene: Scene) -> str:
    """Return the sentence for a word that needs an open report."""
    return scene.say("No report is open. To begin, send REPORT.") if scene.city else nothing_due(scene)


def nothing_due(scene: Scene) -> str:
    """Return the sentence for who has nothing to send."""
    return scene.say("Nothing is due now.")
