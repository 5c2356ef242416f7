"""Edited messages: what an edit of a message changes in the report that the message answered."""

from dataclasses import replace

from bot import asking, editing, engine
from bot.filling import filling_for, filling_of
from bot.following import alerted, what_follows
from bot.reporting import (
    ask_current,
    ask_question,
    carry_on,
    filled,
    is_closed,
    not_understood,
    say_only,
    taken,
)
from bot.session import Turn, remembering
from bot.talk import Outcome, Report, Revised, Scene
from bot.values import Heard

_OF_THE_END = ("check", "second")  # choices about a report in which nothing is left to ask


def edited(
    scene: Scene, heard: Heard, *, is_filled_form: bool = False, is_whole: bool = False
) -> Outcome | None:
    """Correct the answers that an edited message gave; None when it gave none.

    `is_filled_form`: the numbers in it are those of the blank form; `is_whole`: it is one text.
    """
    found = scene.facts.answered_by(scene.source)
    if found is None:
        return None
    report, paths = found
    is_open = scene.report is not None and scene.report.id == report.id
    filling = filling_of(scene) if is_open else filling_for(scene, report)
    turn = engine.change(filling, paths, heard, is_filled_form=is_filled_form, is_whole=is_whole)
    return _edited_open(scene, turn) if is_open else _edited_sent(scene, report, turn)


def _edited_open(scene: Scene, turn: Turn) -> Outcome:
    is_doubtful = turn.filling.session.doubt is not None and not turn.first
    scene = filled(scene, turn, scene.source)
    if is_doubtful:
        return ask_question(not_understood(scene))
    if not turn.first:
        return Outcome(scene.talk, scene.effects, ())
    is_complete = scene.report is not None and scene.report.session.at is None
    is_stale = scene.talk.choice is not None and scene.talk.choice.kind in _OF_THE_END and not is_complete
    return ask_current(scene.chose(None) if is_stale else scene, turn.first)


def _edited_sent(scene: Scene, report: Report, turn: Turn) -> Outcome:
    if report.state == "submitted" and is_closed(scene, report):
        return say_only(scene, too_late(scene, report))
    if turn.filling.session.doubt is not None and not turn.changes:
        shown = scene.say("That can be read in two ways; the report stays as it was.")
        return say_only(scene, shown)
    named = scene.say.value(report.reference or scene.title(report.form.name))
    first = f"{named}\n{turn.first}" if turn.first else ""
    if not turn.changes:
        return say_only(scene, first)
    labels_open = asking.labels_open(turn.filling)
    report = replace(report, session=replace(report.session, firsts=remembering(turn.filling).firsts))
    scene = scene.did(Revised(report, turn.changes, turn.filling.sheet().record(), bool(labels_open)))
    if report.state == "withdrawn":
        return say_only(scene, f"{first}\n{gone(scene)}")
    if report.state != "submitted":
        return say_only(scene, first)
    revised = replace(report, session=remembering(turn.filling), revision=report.revision + 1)
    alerts = what_follows(scene, revised, nothing=False)[1]
    scene = scene.did(*(alerted(revised, rule, report.reference) for rule in alerts))
    if labels_open and not scene.report and not scene.talk.choice:
        return _ask_on(scene, revised, tuple(path for path, _ in turn.changes), first)
    return say_only(scene, "\n".join(filter(None, (first, *editing.still_open(scene, labels_open)))))


def _ask_on(scene: Scene, revised: Report, changed: tuple[str, ...], first: str) -> Outcome:
    """Ask what has no answer since a change."""
    scene = editing.taken(taken(scene, revised), revised, changed)
    return carry_on(scene, replace(engine.start(filling_of(scene)), first=first))


def gone(scene: Scene) -> str:
    """Return the sentence for a report that counts no more."""
    return scene.say("This report was replaced or cancelled.")


def too_late(scene: Scene, report: Report) -> str:
    """Return why a report that was sent cannot be changed any more, and whom to write to."""
    reference, officer = report.reference, scene.facts.officer()
    if officer:
        return scene.say(
            "The time to change {reference} is over. Please write to {officer}.",
            reference=reference,
            officer=officer,
        )
    return scene.say(
        "The time to change {reference} is over. Please write to the Secretariat.", reference=reference
    )
