"""How a report is left: sent, kept for later, cancelled."""

from datetime import timedelta

from bot import engine, scheduled
from bot.editing import is_editing
from bot.filling import filling_of
from bot.following import alerted, what_follows
from bot.reporting import (
    ask_current,
    ask_question,
    begun,
    choose,
    city_closed,
    closing,
    filled,
    finish,
    is_carrying,
    is_closed,
    no_report,
    nothing_due,
    resume,
    rhythm,
    say_only,
    skip,
    taken,
    what_waits,
)
from bot.talk import Choice, Discarded, LeftOpen, Outcome, Report, Scene, Sent


def send(scene: Scene, more: str) -> Outcome:
    """Send the open report when nothing is left to ask; a second one of the period asks what to do first."""
    if scene.report is None:
        return ask_current(scene, no_report(scene))
    if is_carrying(scene):
        return ask_current(scene, scene.say("Before sending, this question is still open:"))
    asked = _still_open(scene)
    if asked is not None:
        return asked
    return finish(scene) if is_editing(scene) else _send(scene, nothing=False)


def _still_open(scene: Scene) -> Outcome | None:
    """Ask what has no answer that holds before a report is sent; None when nothing is left to ask."""
    if scene.report is None:
        return None
    was = scene.report.session
    first_open = engine.start(filling_of(scene))
    if was.doubt is None and first_open.filling.session.at is None:
        return None
    if was.doubt is None and first_open.filling.session.at != was.at:
        scene = filled(scene, first_open)
    return ask_question(scene, scene.say("Before sending, this question is still open:"))


def nothing(scene: Scene, more: str) -> Outcome:
    """Submit at once with no answers, before the first answer; later it skips an optional question.

    It is no answer to a milestone: what was asked about one is asked again, whatever report lies behind it.
    """
    asked = scene.talk.choice.kind if scene.talk.choice else ""
    if asked == scheduled.WHY or (asked in scheduled.OF_A_MILESTONE and scene.report):
        return ask_current(scene)
    if scene.report is None:
        return _nothing_due(scene)
    if scene.report.session.given:
        return skip(scene, "")
    return _send(scene, nothing=True)


def _nothing_due(scene: Scene) -> Outcome:
    name, period = rhythm(scene)
    if not name or scene.facts.sent(name, period):
        return ask_current(scene, nothing_due(scene))
    return nothing_of(scene, name, period)


def nothing_of(scene: Scene, name: str, period: str) -> Outcome:
    """Submit a form of a period with no answers; go on with its draft when it has some."""
    form = scene.facts.form(name)
    if form is None:
        return ask_current(scene, nothing_due(scene))
    draft = scene.facts.draft(name, period)
    if draft and draft.session.given:
        return resume(taken(scene, draft))
    return _send(taken(scene, draft) if draft else begun(scene, form, period), nothing=True)


def replace_sent(scene: Scene, more: str) -> Outcome:
    """Send the open report in place of the one already sent."""
    choice = scene.talk.choice
    return _sent_second(scene, replaces=choice.data.get("reference", "") if choice else "")


def add_to_sent(scene: Scene, more: str) -> Outcome:
    """Send the open report beside the one already sent."""
    return _sent_second(scene, replaces="")


def _sent_second(scene: Scene, *, replaces: str) -> Outcome:
    """Send it as was chosen; an edited message may have opened a question since that was asked."""
    choice = scene.talk.choice
    nothing = bool(choice and choice.data.get("nothing"))
    asked = None if nothing else _still_open(scene)
    return asked or _sent(scene, nothing=nothing, replaces=replaces)


def later(scene: Scene, more: str) -> Outcome:
    """Leave the open report as a draft for now; one that was sent before stays sent."""
    if is_editing(scene):
        return finish(scene)
    draft = scene.report or scene.facts.last_draft()
    if draft is None or is_closed(scene, draft):
        if scene.talk.choice and scene.talk.choice.kind in (*scheduled.OF_A_MILESTONE, scheduled.WHY):
            return say_only(scene.chose(None), _all_right(scene))
        said = scene.say("All right. To begin, send REPORT.") if scene.city else nothing_due(scene)
        return say_only(scene.chose(None), said)
    scene = scene.chose(None).without_report().did(LeftOpen())
    until = closing(scene, draft)
    if until is None:
        return say_only(scene, scene.say("All right. Your answers are kept. To go on, send PENDING."))
    last = (until - timedelta(seconds=1)).astimezone(scene.zone).date()
    text = scene.say("The draft is kept until {date}. To go on, send REPORT.", date=scene.day(last))
    return say_only(scene, text)


def cancel(scene: Scene, more: str) -> Outcome:
    """Ask whether the open report is to be cancelled; one that was sent before stays sent."""
    if is_editing(scene):
        return finish(scene)
    if scene.report is None:
        return ask_current(scene.chose(None))
    return choose(scene, Choice("cancel", ("discard", "continue")))


def discard(scene: Scene, more: str) -> Outcome:
    """Cancel the open report; what was left open before comes back."""
    if is_editing(scene):
        return finish(scene)
    cancelled = scene.report.id if scene.report else 0
    scene = scene.chose(None).without_report().did(Discarded())
    return what_waits(scene, scene.say("The report is cancelled."), "reply", cancelled)


def decline(scene: Scene, more: str) -> Outcome:
    """Accept that an offer is declined; what was left open before comes back."""
    return what_waits(scene.chose(None), _all_right(scene), "reply", 0)


def _all_right(scene: Scene) -> str:
    return scene.say("All right. MENU shows all that is possible.")


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
    if report is None:
        return ask_current(scene.chose(None))
    if scene.city is None:
        return say_only(scene.chose(None).without_report().did(LeftOpen()), city_closed(scene))
    stem = report.period or scene.now.date().isoformat()
    reference = scene.facts.next_reference(f"{scene.city.code}-{stem}")  # the city is locked from here on
    if replaces and replaces not in scene.facts.sent(report.form.name, report.period or ""):
        return _send(scene, nothing=nothing)  # a colleague replaced it meanwhile
    scene = scene.chose(None).did(Sent(reference, nothing, replaces))
    text = _receipt(scene, report, reference, nothing=nothing)
    offers, alerts = what_follows(scene, report, nothing=nothing)
    scene = scene.did(*(alerted(report, rule, reference) for rule in alerts)).without_report()
    if offers:
        offer = Choice("offer", (*(f"open:{form}" for form in offers), "decline"))
        return choose(scene, offer, text, kind="receipt")
    return what_waits(scene, text, "receipt", report.id)


def _receipt(scene: Scene, report: Report, reference: str, *, nothing: bool) -> str:
    city = scene.named(scene.city.names) if scene.city else ""
    form, period = scene.title(report.form.name), scene.period(report.period)
    if nothing:
        noted = (
            scene.say(
                "Noted: nothing to report for {city}, {period}. No further reminder for this period.",
                city=city,
                period=period,
            )
            if period
            else scene.say("Noted: nothing to report for {city}, {form}.", city=city, form=form)
        )
        named = scene.say("Reference: {reference}", reference=reference)
        return f"{noted} {named}"
    if period:
        return scene.say(
            "Thank you. The update of {city} ({period}) is received. Reference: {reference}",
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
