"""Changing a report after it was sent: which one, until when, and when it is left."""

import re
from dataclasses import replace

from bot import asking, editing, engine, gathering, reporting, revising, scheduled
from bot.filling import filling_for, filling_of
from bot.talk import Outcome, Report, Scene
from bot.words import fold, number_in, shown

_REFERENCE = re.compile(r"[^\s-]+-\S+-\d+")  # BKO-2026-W48-1
_REPORTERS = frozenset({"coordinator", "deputy"})  # of a city, who may change each other's reports


def edit(scene: Scene, more: str) -> Outcome:
    """List the answers of the report named, of the open one, or of the newest sent; or go to one."""
    if is_reference(more):
        return _edit_named(scene, fold(more).upper())
    if scene.report:
        return reporting.edit(scene, more)
    if scene.talk.choice and scene.talk.choice.kind in (*scheduled.KINDS, scheduled.WHY):
        return reporting.ask_current(scene, reporting.no_report(scene))
    return _edit_newest(scene, more)


def is_reference(text: str) -> bool:
    """Tell whether a text looks like the reference of a report."""
    return _REFERENCE.fullmatch(fold(text)) is not None


def as_of_now(scene: Scene, *, is_away: bool) -> tuple[Scene, str]:
    """Leave a report that was sent when it counts no more or nothing in it is asked; say the former."""
    report = scene.report
    if report is None or report.state == "draft":
        return scene, ""
    if report.state == "withdrawn":
        scene, refused = gathering.settled(scene)
        return _left(scene), "\n".join(filter(None, (refused, revising.gone(scene))))
    is_listed = scene.talk.choice is not None and scene.talk.choice.kind == "edit"
    is_idle = report.session.at is None and not is_listed
    if is_idle or (is_away and not asking.labels_open(filling_of(scene))):
        return _left(scene), ""
    return scene, ""


def _left(scene: Scene) -> Scene:
    is_of_report = scene.talk.choice is not None and scene.talk.choice.kind == "edit"
    return editing.ended(scene.chose(None) if is_of_report else scene)


def _edit_newest(scene: Scene, more: str) -> Outcome:
    found = scene.facts.sent_reports(of_city=scene.who.role in _REPORTERS)
    still = next((each for each in found if not reporting.is_closed(scene, each)), None)
    if still:
        return _reopened(scene, still, more)
    return _told(scene, revising.too_late(scene, found[0]) if found else reporting.no_report(scene))


def _edit_named(scene: Scene, reference: str) -> Outcome:
    found = scene.facts.sent_reports(reference, of_city=scene.who.role in _REPORTERS)
    if not found:
        unknown = scene.say("There is no report {reference} that you could change.", reference=reference)
        return _told(scene, unknown)
    if reporting.is_closed(scene, found[0]):
        return _told(scene, revising.too_late(scene, found[0]))
    return _reopened(scene, found[0], "")


def _told(scene: Scene, text: str) -> Outcome:
    is_open = scene.report is not None or scene.talk.choice is not None
    return reporting.ask_current(scene, text) if is_open else reporting.say_only(scene, text)


def _reopened(scene: Scene, report: Report, more: str) -> Outcome:
    """Ask what has no answer in the report, else the question of this number, else which one."""
    if not report.session.given:
        again = shown("report", scene.who.language)
        text = scene.say(
            "{reference}: nothing to report. To replace it, send {report}.",
            reference=report.reference,
            report=again,
        )
        return _told(scene, text)
    labels_open = asking.labels_open(filling_for(scene, report))
    scene = editing.taken(reporting.taken(scene.chose(None), report), report)
    turn = (
        engine.start(filling_of(scene)) if labels_open else engine.go_to(filling_of(scene), number_in(more))
    )
    if turn is None:
        return reporting.edit(scene, "")
    return reporting.carry_on(scene, replace(turn, first=scene.say.value(report.reference)))
