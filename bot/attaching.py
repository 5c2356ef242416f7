"""Where an attachment or a place goes that answers no open question: nothing that is sent is lost."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot import engine, reporting
from bot.asking import labels_open, line_of
from bot.filling import filling_for, filling_of
from bot.gathering import not_stored
from bot.questions.attachment import value_of
from bot.session import Filling, askable, is_text, number_of, remembering, step_at
from bot.talk import Attached, Captioned, Outcome, Report, Revised, Scene
from bot.values import Heard, Media, MediaKind

BURST = timedelta(seconds=15)  # between the photos of an album, each a message of its own
RECENT = timedelta(days=7)  # for which a report of no period takes what follows


Read = Callable[[Scene, Heard], Outcome | None]  # what follows from words; None: they say what a file shows


def answers(scene: Scene, heard: Heard) -> bool:
    """Tell whether what is attached, or the place, is an answer to the question that is open."""
    if scene.report is None or scene.has_moved or (heard.media and reporting.is_carrying(scene)):
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


def captioned(scene: Scene, heard: Heard) -> Scene:
    """Keep the words beside an attachment with it: they are shown to the officers."""
    caption = heard.text.strip()
    return scene.did(Captioned(heard.media.ref, caption)) if heard.media and caption else scene


def with_caption(scene: Scene, heard: Heard, outcome: Outcome) -> Outcome:
    """Return the outcome with the words beside an attachment kept with it; beside a place they are named."""
    if heard.media is None:
        return outcome.preceded(not_stored(scene, heard.text)) if heard.text.strip() else outcome
    kept = captioned(replace(scene, effects=outcome.effects), heard)
    return replace(outcome, effects=kept.effects)


def said_once(scene: Scene, outcome: Outcome, heard: Heard) -> Outcome:
    """Return the outcome; nothing is said anew of what follows an attachment at once and is kept like it."""
    outcome = replace(outcome, talk=replace(outcome.talk, attached_at=scene.at))
    last, new = scene.talk.attached_at, outcome.effects
    is_next = last is not None and last == scene.talk.heard_at and abs(scene.at - last) < BURST
    is_said = bool(heard.text.strip()) and not any(isinstance(each, Captioned) for each in new)
    is_kept_beside = all(isinstance(each, Attached | Captioned) for each in new)
    is_same = outcome.talk.choice == scene.talk.choice and not scene.has_moved
    is_silent = is_next and is_same and is_kept_beside and not is_said
    return replace(outcome, messages=()) if is_silent else outcome


def attach(scene: Scene, heard: Heard, read: Read) -> Outcome:
    """Keep what is attached, and its words, with the open report, else with the one worked on last."""
    media = heard.media
    if media is None or scene.city is None:
        return _to_none(scene, heard, read, scene.say("There is nothing to attach this to; it is not kept."))
    if scene.report is not None:
        return _to_open(scene, heard, media, read)
    report = scene.facts.last_report()
    if report is None or not _is_fresh(scene, report):
        first = scene.say(
            "There is no report to attach this to, so it is not kept. Send REPORT, then attach it again."
        )
        return _to_none(scene, heard, read, first)
    if report.state != "submitted":
        return _to_draft(scene, report, heard, media, read)
    scene, first = _to_sent(scene, report, media)
    if outcome := read(scene, heard):
        return outcome.preceded(first)
    scene = captioned(scene, heard)
    is_asked_again = scene.talk.choice is not None and scene.has_moved
    return reporting.ask_current(scene, first) if is_asked_again else reporting.say_only(scene, first)


def _to_none(scene: Scene, heard: Heard, read: Read, first: str) -> Outcome:
    """Say that what is attached is not kept; its words are read, or named as not kept either."""
    if outcome := read(scene, heard):
        return outcome.preceded(first)
    named = not_stored(scene, heard.text) if heard.text.strip() else ""
    text = "\n".join(filter(None, (first, named)))
    return reporting.ask_current(scene, text) if scene.talk.choice else reporting.say_only(scene, text)


def _to_open(scene: Scene, heard: Heard, media: Media, read: Read) -> Outcome:
    """Give it to a question that waits for one, else keep it beside the answers; go on with the words."""
    filling = filling_of(scene)
    at = step_at(filling.sheet(), filling.session.at)
    is_at_text = at is not None and is_text(at) and scene.talk.choice is None
    is_said_not_written = media.kind is MediaKind.AUDIO and is_at_text and not heard.text.strip()
    path = None if is_said_not_written or scene.has_moved else _waiting(filling, media)
    scene, first = _given(scene, filling, path, media)
    if outcome := read(scene, heard):
        return outcome.preceded(first)
    if is_said_not_written and not scene.has_moved:
        return reporting.answer(scene, heard)  # says that writing is wanted, and what was sent is kept
    return reporting.ask_current(captioned(scene, heard), first)


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


def _to_draft(scene: Scene, draft: Report, heard: Heard, media: Media, read: Read) -> Outcome:
    """Wake the draft that this belongs to, unless its words say what is to be done."""
    if outcome := read(scene.did(Attached(draft, media)), heard):
        return outcome.preceded(_kept(scene, media))
    scene = reporting.taken(scene.chose(None), draft)
    filling = filling_of(scene)
    scene, first = _given(scene, filling, _waiting(filling, media), media)
    return reporting.resume(captioned(scene, heard), first)


def _given(scene: Scene, filling: Filling, path: str | None, media: Media) -> tuple[Scene, str]:
    """Give it to a question of the open report, or keep it beside the answers; return what to say."""
    if path is None:
        return scene.did(Attached(None, media)), _kept(scene, media)
    turn = engine.put(filling, path, value_of(media))
    return reporting.filled(scene, turn), turn.first


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
