"""A report that was sent, in the hands of a person who changes it: every change is kept at once."""

from dataclasses import replace

from bot.asking import cut, labels_open, lines_of
from bot.filling import filling_of
from bot.following import alerted, what_follows
from bot.session import Session, Turn
from bot.talk import Editing, LeftOpen, Reissued, Report, Scene, Talk
from bot.words import shown

_SHORT = 80  # characters of an answer that was changed


def is_editing(scene: Scene) -> bool:
    """Tell whether the open report is one that was sent."""
    return scene.report is not None and scene.report.state == "submitted"


def at_hand(talk: Talk, report: Report) -> Report:
    """Return an open report as this person stands in it: a colleague may stand elsewhere in one sent."""
    editing = talk.editing
    if report.state == "draft":
        return report
    stands = editing.session if editing and editing.report == report.id else Session()
    return replace(
        report, session=replace(report.session, at=stands.at, toggled=stands.toggled, doubt=stands.doubt)
    )


def taken(scene: Scene, report: Report, changed: tuple[str, ...] = ()) -> Scene:
    """Return the scene with a report that was sent at hand, and nothing asked in it yet."""
    talk = replace(scene.talk, editing=Editing(report.id, Session(), changed))
    return replace(scene, talk=talk, report=at_hand(talk, report))


def moved(scene: Scene, turn: Turn) -> Scene:
    """Return the scene after a reply to a report that was sent; the first change makes a new revision."""
    report = scene.report
    if report is None or report.state == "draft":
        return scene
    was = scene.talk.editing
    changed = dict.fromkeys((*(was.changed if was else ()), *(path for path, _ in turn.changes)))
    is_first = bool(turn.changes) and not (was and was.changed) and report.state == "submitted"
    editing = Editing(report.id, replace(turn.filling.session, given={}, firsts={}), tuple(changed))
    scene = replace(scene, talk=replace(scene.talk, editing=editing))
    if not is_first:
        return scene
    return replace(scene, report=replace(report, revision=report.revision + 1)).did(Reissued())


def alarmed(scene: Scene, *, is_over: bool) -> Scene:
    """Return the scene with the officers told of what holds since a change, once its reason is known.

    `is_over`: the person leaves the report; what holds is told without its reason then.
    """
    report, editing = scene.report, scene.talk.editing
    if report is None or not is_editing(scene) or not (editing and editing.changed):
        return scene
    given = report.session.given
    rules = [
        r for r in what_follows(scene, report, nothing=False)[1] if is_over or not r.text or given.get(r.text)
    ]
    return scene.did(*(alerted(report, rule, report.reference) for rule in rules))


def ended(scene: Scene) -> Scene:
    """Return the scene without the report that was being changed; as it is when none was."""
    if scene.report is None or scene.report.state == "draft":
        return scene
    scene = alarmed(scene, is_over=True)
    return replace(scene, talk=replace(scene.talk, editing=None)).without_report().did(LeftOpen())


def told(scene: Scene) -> str:
    """Return what was changed in the open report, which was sent, and what has no answer now."""
    report, editing = scene.report, scene.talk.editing
    if report is None:
        return ""
    if editing is None or not editing.changed:
        said = [scene.say("{reference} stays as it was.", reference=report.reference)]
    else:
        lines = lines_of(filling_of(scene), editing.changed)
        kept = scene.say(
            "Kept as revision {number} of {reference}.", number=report.revision, reference=report.reference
        )
        said = [*(cut(line, _SHORT) for line in lines), kept]
    return "\n".join((*said, *still_open(scene, labels_open(filling_of(scene)))))


def still_open(scene: Scene, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Return which questions have no answer since a change, and how to give it; nothing when all have."""
    if not labels:
        return ()
    return (
        scene.say("Now without an answer: {questions}", questions=" / ".join(labels)),
        scene.say("To complete it, send {edit}.", edit=shown("edit", scene.who.language)),
    )
