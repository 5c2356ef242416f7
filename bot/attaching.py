"""Where an attachment or a place goes that answers no open question: nothing that is sent is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot import engine, reporting
from bot.asking import labels_open, line_of
from bot.filling import filling_for, filling_of
from bot.questions.attachment import value_of
from bot.session import Filling, askable, is_text, number_of, remembering, step_at
from bot.talk import Attached, Outcome, Report, Revised, Scene
from bot.values import Heard, Media, MediaKind

RECENT = timedelta(days=7)  # for which a report of no period takes what follows


def answers(scene: Scene, heard: Heard) -> bool:
    """Tell whether what is attached, or the place, is an answer to the question that is open."""
    if scene.report is None or scene.has_moved:
        return False
    filling = filling_of(scene)
    at = step_at(filling.sheet(), filling.session.at)
    wanted = {"geopoint"} if heard.location else set(MediaKind)
    return at is not None and at.question.type in wanted and engine.understands(filling, bare(heard))


def bare(heard: Heard) -> Heard:
    """Return the attachment or the place without the words beside it."""
    return replace(heard, text="")


def place(scene: Scene) -> Outcome:
    """Return one line: a place is kept only where a question asks for it."""
    text = scene.say("A place is not asked for now; nothing was changed.")
    return reporting.ask_current(scene, text) if scene.has_moved else reporting.say_only(scene, text)


def beside(scene: Scene, heard: Heard) -> Scene:
    """Keep all attachments of a message but the first beside the report that takes the first."""
    report = None if scene.report else scene.facts.last_report()
    if scene.city is None or not (scene.report or (report and _is_fresh(scene, report))):
        return scene
    for media in heard.also:
        scene = scene.did(Attached(report, media))
    return scene


def attach(scene: Scene, heard: Heard, go_on: Callable[[Scene, Heard], Outcome]) -> Outcome:
    """Keep what is attached with the open report, else the one worked on last; `go_on` reads the words."""
    media = heard.media
    if media is None or scene.city is None:
        return go_on(scene, replace(heard, media=None))
    if scene.report is not None:
        return _to_open(scene, scene.report, heard, media, go_on)
    report = scene.facts.last_report()
    if report is None or not _is_fresh(scene, report):
        report, first = None, _to_nothing(scene)
    elif report.state == "submitted":
        scene, first = _to_sent(scene, report, media)
    else:
        return _to_draft(scene, report, media)
    if scene.talk.choice and heard.text.strip():
        return go_on(scene, replace(heard, media=None)).preceded(first)
    is_asked_again = scene.talk.choice is not None and (report is None or scene.has_moved)
    return reporting.ask_current(scene, first) if is_asked_again else reporting.say_only(scene, first)


def _to_open(
    scene: Scene,
    report: Report,
    heard: Heard,
    media: Media,
    go_on: Callable[[Scene, Heard], Outcome],
) -> Outcome:
    """Give it to a question that waits for one, else keep it beside the answers; go on with the words."""
    filling = filling_of(scene)
    at = step_at(filling.sheet(), filling.session.at)
    is_at_text = at is not None and is_text(at) and scene.talk.choice is None
    is_said_not_written = media.kind is MediaKind.AUDIO and is_at_text and not heard.text.strip()
    path = None if is_said_not_written or scene.has_moved else _waiting(filling, media)
    if path is None:
        scene, first = scene.did(Attached(None, media)), _kept(scene, media)
    else:
        turn = engine.put(filling, path, value_of(media))
        scene, first = reporting.filled(scene, turn), turn.first
    if heard.text.strip() and not scene.has_moved:
        return go_on(scene, replace(heard, media=None)).preceded(first)
    if is_said_not_written and not scene.has_moved:
        return reporting.answer(scene, heard)  # says that writing is wanted, and what was sent is kept
    return reporting.ask_current(scene, first)


def _to_sent(scene: Scene, report: Report, media: Media) -> tuple[Scene, str]:
    """Let it follow a report that was sent: as a new answer to the question that waits, or beside it."""
    filling = filling_for(scene, report)
    path = _waiting(filling, media)
    if path is None:
        text = scene.say("Attached to {reference}.", reference=report.reference)
        return scene.did(Attached(report, media)), text
    after = engine.put(filling, path, value_of(media)).filling
    change, has_gap = (path, value_of(media)), bool(labels_open(after))
    report = replace(report, session=replace(report.session, firsts=remembering(after).firsts))
    scene = scene.did(Revised(report, (change,), after.sheet().record(), has_gap))
    line = line_of(after, number_of(after.sheet(), path))
    return scene, scene.say("Attached to {reference}: {answer}", reference=report.reference, answer=line)


def _to_draft(scene: Scene, draft: Report, media: Media) -> Outcome:
    """Wake the draft that this belongs to."""
    scene = reporting.taken(scene.chose(None), draft)
    filling = filling_of(scene)
    path = _waiting(filling, media)
    if path is None:
        return reporting.resume(scene.did(Attached(None, media)), _kept(scene, media))
    turn = engine.put(filling, path, value_of(media))
    return reporting.resume(reporting.filled(scene, turn), turn.first)


def _to_nothing(scene: Scene) -> str:
    return scene.say(
        "There is no report to attach this to, so it is not kept. Send REPORT, then attach it again."
    )


def _waiting(filling: Filling, media: Media) -> str | None:
    """Return the first question for this kind that has no answer, asked already or still to come."""
    given = filling.session.given
    steps = askable(filling.sheet())
    return next((s.path for s in steps if s.question.type == media.kind and given.get(s.path) is None), None)


def _is_fresh(scene: Scene, report: Report) -> bool:
    """Tell whether a report still takes what follows: its period is open, or it was begun lately."""
    if report.period is None:
        return scene.at - datetime.fromtimestamp(report.began, scene.at.tzinfo) < RECENT
    return not reporting.is_closed(scene, report)


def _kept(scene: Scene, media: Media) -> str:
    match media.kind:
        case MediaKind.IMAGE:
            return scene.say("The photo is kept with this report.")
        case MediaKind.AUDIO:
            return scene.say("The recording is kept with this report.")
        case MediaKind.VIDEO:
            return scene.say("The video is kept with this report.")
        case MediaKind.FILE:
            return scene.say("The document is kept with this report.")
