"""What a person does with a report: open it, answer, check, send, leave."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from bot import choices, engine
from bot.engine import Session, Turn
from bot.filling import filling_for, filling_of
from bot.forms.form import Form
from bot.periods import closes_at, form_due, month_of, next_milestone, previous, week_of
from bot.programme import Rule
from bot.talk import (
    Alerted,
    Choice,
    Discarded,
    Filled,
    LeftOpen,
    Opened,
    Outcome,
    Report,
    Revised,
    Scene,
    Sent,
)
from bot.values import Heard, Message
from bot.words import fold


def say_only(scene: Scene, text: str, kind: str = "reply") -> Outcome:
    """Return one message, and nothing asked."""
    return Outcome(scene.talk, scene.effects, (Message(text, kind=kind),) if text else ())


def choose(scene: Scene, choice: Choice, first: str = "", kind: str = "reply") -> Outcome:
    """Return the choice, asked."""
    scene = scene.chose(choice)
    return Outcome(scene.talk, scene.effects, (replace(choices.message_of(scene, choice, first), kind=kind),))


def ask_current(scene: Scene, first: str = "") -> Outcome:
    """Return what is open, asked again: the choice, the question, or the menu."""
    if scene.talk.choice:
        return choose(scene, scene.talk.choice, first)
    if scene.report:
        return ask_question(scene, first)
    return choose(scene, choices.menu(scene), first)


def ask_question(scene: Scene, first: str = "", replaces: str = "") -> Outcome:
    """Return the open question of the report; when nothing is left to ask, the answers read back."""
    scene = scene.chose(None)
    message = engine.ask(filling_of(scene), first)
    if message is None:
        return choose(scene, Choice("check", ("send", "edit", "keep")), first)
    return Outcome(scene.talk, scene.effects, (replace(message, replaces=replaces),))


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
    return choose(scene, Choice("forms", tuple(f"open:{name}" for name in scene.programme.forms)))


def open_form(scene: Scene, more: str) -> Outcome:
    """Open a form (`name` or `name@period`): take up its draft, or begin."""
    name, _, period = more.partition("@")
    form = scene.facts.form(name)
    if form is None or scene.city is None:
        return ask_current(scene, scene.say("This form is not open to you."))
    return _open(scene, form, period or _period_of(scene, name), "")


def open_output(scene: Scene, milestone: str) -> Outcome:
    """Open the form for handing in an output; `M05` names the milestone."""
    name = scene.programme.words["output"]
    form = scene.facts.form(name)
    if form is None or scene.city is None:
        return ask_current(scene, scene.say("This form is not open to you."))
    return _open(scene, form, _period_of(scene, name), milestone.upper())


def resume(scene: Scene, first: str = "") -> Outcome:
    """Offer to go on with the open report, or ask its first question when nothing is answered yet."""
    done, total = engine.progress(filling_of(scene))
    if done == 0 or done == total:
        return ask_question(scene, first)
    return choose(scene, Choice("resume", ("continue", "later")), first)


def take_up(scene: Scene) -> Outcome:
    """Offer to go on with the draft this person worked on last; with none, show the menu."""
    draft = scene.facts.last_draft()
    if draft is None or is_closed(scene, draft):
        return choose(scene, choices.menu(scene))
    return resume(replace(scene, report=draft).did(Opened(draft)))


def is_closed(scene: Scene, report: Report) -> bool:
    """Tell whether the time of the report is over: late answers count for one more week."""
    until = _closing(scene, report)
    return until is not None and scene.at >= until


def _closing(scene: Scene, report: Report) -> datetime | None:
    return closes_at(scene.programme, scene.city, report.period) if report.period and scene.city else None


def _open(scene: Scene, form: Form, period: str | None, milestone: str) -> Outcome:
    if scene.report and (scene.report.form.name, scene.report.period) == (form.name, period):
        return resume(scene)
    draft = scene.facts.draft(form.name, period)
    if draft and not milestone:
        return resume(replace(scene, report=draft).did(Opened(draft)))
    scene = _begun(scene, form, period, milestone)
    return ask_question(scene)


def _begun(scene: Scene, form: Form, period: str | None, milestone: str = "") -> Scene:
    began = int(scene.at.timestamp())
    report = Report(form, period, Session(), milestone or _next_milestone(scene), began=began)
    turn = engine.start(filling_for(scene, report))
    report = replace(report, session=turn.filling.session)
    return replace(scene, report=report).did(Opened(report))


def _due(scene: Scene) -> Iterable[tuple[str, str]]:
    """Yield what is asked of the city now, an open report of the period before first."""
    form, period = _rhythm(scene)
    if scene.report and scene.report.period and scene.report.period != period:
        yield scene.report.form.name, scene.report.period
    if form and not scene.facts.sent(form, period):
        yield form, period


def _usual(scene: Scene) -> Iterable[tuple[str, str]]:
    """Yield the form of the rhythm when nothing is due: the week's own."""
    weekly = scene.programme.form_of("week")
    if weekly:
        yield weekly.name, week_of(scene.now.date())
    elif _rhythm(scene)[0]:
        yield _rhythm(scene)


def _rhythm(scene: Scene) -> tuple[str, str]:
    due = form_due(scene.programme, scene.city, scene.at) if scene.city else None
    return due or ("", "")


def _period_of(scene: Scene, name: str) -> str | None:
    entry = scene.programme.forms.get(name)
    if entry is None or entry.every is None:
        return None
    form, period = _rhythm(scene)
    if form == name:
        return period
    today = scene.now.date()
    return week_of(today) if entry.every == "week" else previous(month_of(today))


def _next_milestone(scene: Scene) -> str:
    found = next_milestone(scene.programme, scene.city, scene.now.date()) if scene.city else None
    return found.id if found else ""


# Answering


def answer(scene: Scene, heard: Heard) -> Outcome:
    """Read a reply to the open question and ask what follows."""
    return carry_on(scene, engine.step(filling_of(scene), heard), heard)


def doubtful(scene: Scene, text: str, first: str) -> Outcome:
    """Have a text checked before it counts as the answer: it comes after days of silence."""
    turn = Turn(engine.doubt(filling_of(scene), text))
    return ask_question(filled(scene, turn), first)


def skip(scene: Scene, more: str) -> Outcome:
    """Skip the open question."""
    return carry_on(scene, engine.skip(filling_of(scene))) if scene.report else ask_current(scene)


def back(scene: Scene, more: str) -> Outcome:
    """Go to the question before."""
    return carry_on(scene, engine.back(filling_of(scene))) if scene.report else ask_current(scene)


def keep_last(scene: Scene, more: str) -> Outcome:
    """Keep last period's answer at the open question."""
    return carry_on(scene, engine.keep_last(_with_previous(scene))) if scene.report else ask_current(scene)


def edit(scene: Scene, more: str) -> Outcome:
    """List the answers, or go to one by its number."""
    if scene.report is None:
        return ask_current(scene, _no_report(scene))
    if not more:
        numbers = range(1, engine.progress(filling_of(scene))[1] + 1)
        return choose(scene, Choice("edit", tuple(f"answer:{n}" for n in numbers)))
    turn = engine.go_to(filling_of(scene), int(fold(more)) if fold(more).isdecimal() else 0)
    if turn is None:
        return edit(scene, "")
    return carry_on(scene, turn)


def carry_on(scene: Scene, turn: Turn, heard: Heard | None = None) -> Outcome:
    """Keep what the engine made of a reply and ask what is open now."""
    toggled = turn.filling.session.toggled and heard and heard.press
    scene = filled(scene, turn)
    is_understood = bool(turn.changes) or not turn.first
    scene = replace(scene, talk=replace(scene.talk, rejected="" if is_understood else scene.source))
    return ask_question(scene, turn.first, heard.source if toggled and heard else "")


def filled(scene: Scene, turn: Turn) -> Scene:
    """Return the scene with the engine's new session, and the effect that keeps it."""
    if scene.report is None:
        return scene
    report = replace(scene.report, session=turn.filling.session)
    answers = turn.filling.sheet().record() if turn.changes else {}
    return replace(scene, report=report).did(Filled(report.session, turn.changes, answers))


def edited(scene: Scene, heard: Heard) -> Outcome:
    """Correct the answer that an edited message gave; a message that was not understood counts anew."""
    found = scene.facts.answered_by(scene.source)
    if found is None:
        is_retry = scene.report is not None and scene.source == scene.talk.rejected
        return answer(scene, heard) if is_retry else Outcome(scene.talk, scene.effects, ())
    report, path = found
    if scene.report and report.id == scene.report.id:
        turn = engine.change(filling_of(scene), path, heard)
        return ask_current(filled(scene, turn), turn.first) if turn.first else _quiet(scene)
    turn = engine.change(filling_for(scene, report), path, heard)
    if turn.changes:
        scene = scene.did(Revised(report, turn.changes, turn.filling.sheet().record()))
    return say_only(scene, turn.first)


def _quiet(scene: Scene) -> Outcome:
    return Outcome(scene.talk, scene.effects, ())


def _with_previous(scene: Scene) -> engine.Filling:
    filling = filling_of(scene)
    return replace(filling, previous=scene.facts.previous(filling.form.name))


# Sending and leaving


def send(scene: Scene, more: str) -> Outcome:
    """Send the open report when nothing is left to ask; a second one of the period asks what to do first."""
    if scene.report is None:
        return ask_current(scene, _no_report(scene))
    if scene.report.session.at is not None:
        return ask_question(scene, scene.say("Before sending, this question is still open:"))
    return _send(scene, nothing=False)


def nothing(scene: Scene, more: str) -> Outcome:
    """Submit at once with no answers, before the first answer; later it skips an optional question."""
    if scene.report is None and scene.city:
        form, period = _rhythm(scene)
        if not form or scene.facts.sent(form, period):
            return ask_current(scene, scene.say("Nothing is due now."))
        found = scene.facts.form(form)
        scene = _begun(scene, found, period) if found else scene
    if scene.report is None:
        return ask_current(scene)
    if scene.report.session.given:
        return skip(scene, "")
    return _send(scene, nothing=True)


def replace_sent(scene: Scene, more: str) -> Outcome:
    """Send the open report in place of the one already sent."""
    choice = scene.talk.choice
    data = choice.data if choice else {}
    return _sent(scene, nothing=bool(data.get("nothing")), replaces=data.get("reference", ""))


def add_to_sent(scene: Scene, more: str) -> Outcome:
    """Send the open report beside the one already sent."""
    choice = scene.talk.choice
    return _sent(scene, nothing=bool(choice and choice.data.get("nothing")), replaces="")


def later(scene: Scene, more: str) -> Outcome:
    """Leave the open report as a draft for now."""
    if scene.report is None:
        return say_only(scene.chose(None), scene.say("All right. To begin, send REPORT."))
    until = _closing(scene, scene.report)
    text = scene.say("All right. Your answers are kept. To go on, send REPORT.")
    if until:
        text = scene.say(
            "The draft is kept until {date}. To go on, send REPORT.",
            date=scene.day(until.astimezone(scene.zone).date()),
        )
    return say_only(scene.chose(None).without_report().did(LeftOpen()), text)


def cancel(scene: Scene, more: str) -> Outcome:
    """Ask whether the open report is to be cancelled."""
    if scene.report is None:
        return ask_current(scene.chose(None))
    return choose(scene, Choice("cancel", ("discard", "continue")))


def discard(scene: Scene, more: str) -> Outcome:
    """Cancel the open report."""
    scene = scene.chose(None).without_report().did(Discarded())
    return choose(scene, choices.menu(scene), scene.say("The report is cancelled."))


def decline(scene: Scene, more: str) -> Outcome:
    """Accept that an offer is declined; what was left open before comes back."""
    return _what_waits(
        scene.chose(None), scene.say("All right. MENU shows all that is possible."), "reply", 0
    )


def _what_waits(scene: Scene, text: str, kind: str, sent: int) -> Outcome:
    """Return the text, and the offer to go on with a draft that waits, other than the report just sent."""
    draft = scene.facts.last_draft()
    if draft is None or draft.id == sent or is_closed(scene, draft) or not draft.session.given:
        return say_only(scene, text, kind)
    choice = Choice(
        "waiting", (f"open:{draft.form.name}{'@' + draft.period if draft.period else ''}", "later")
    )
    return choose(scene, choice, text, kind)


def _no_report(scene: Scene) -> str:
    return scene.say("No report is open. To begin, send REPORT.")


def _send(scene: Scene, *, nothing: bool) -> Outcome:
    report = scene.report
    if report is None:
        return ask_current(scene)
    earlier = scene.facts.sent(report.form.name, report.period) if report.period else ()
    if not earlier:
        return _sent(scene, nothing=nothing, replaces="")
    data = {"reference": earlier[0], "period": str(report.period), "nothing": "yes" if nothing else ""}
    return choose(scene, Choice("second", ("replace", "add", "neither"), data))


def _sent(scene: Scene, *, nothing: bool, replaces: str) -> Outcome:
    report = scene.report
    if report is None or scene.city is None:
        return ask_current(scene.chose(None))
    stem = report.period or scene.now.date().isoformat()
    reference = scene.facts.next_reference(f"{scene.city.code}-{stem}")
    scene = scene.chose(None).did(Sent(reference, nothing, replaces))
    text = _receipt(scene, report, reference, nothing=nothing)
    offers, alerts = _what_follows(scene, report, nothing=nothing)
    scene = scene.did(*(_alerted(report, rule, reference) for rule in alerts)).without_report()
    if offers:
        offer = Choice("offer", (*(f"open:{form}" for form in offers), "decline"))
        return choose(scene, offer, text, kind="receipt")
    return _what_waits(scene, text, "receipt", report.id)


def _alerted(report: Report, rule: Rule, reference: str) -> Alerted:
    text = report.session.given.get(rule.text) if rule.text else ""
    return Alerted(rule, reference, str(text or ""))


def _receipt(scene: Scene, report: Report, reference: str, *, nothing: bool) -> str:
    city = scene.named(scene.city.names) if scene.city else ""
    period = scene.period(report.period)
    if nothing:
        noted = scene.say(
            "Noted: nothing to report for {city}, {period}. No further reminder for this period.",
            city=city,
            period=period,
        )
        return f"{noted} {scene.say('Reference: {reference}', reference=reference)}"
    form = choices.title_of(scene, report.form.name)
    if period:
        return scene.say(
            "Thank you. Received: {form}, {city} ({period}). Reference: {reference}",
            form=form,
            city=city,
            period=period,
            reference=reference,
        )
    return scene.say(
        "Thank you. Received: {form}, {city}. Reference: {reference}",
        form=form,
        city=city,
        reference=reference,
    )


def _what_follows(scene: Scene, report: Report, *, nothing: bool) -> tuple[list[str], list[Rule]]:
    """Return the forms to offer and the alerts to raise, by the programme's rules."""
    rules = [] if nothing else [r for r in scene.programme.rules if r.form == report.form.name]
    if not rules:
        return [], []
    sheet = filling_for(scene, report).sheet()
    hold = [rule for rule in rules if sheet.holds(rule.when)]
    return [r.offer for r in hold if r.offer], [r for r in hold if r.alert]
