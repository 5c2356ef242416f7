"""Keep what a reply led to: every effect of the conversation is one write."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from bot import notices
from bot.talk import (
    CONSENT_VERSION,
    Agreed,
    Alerted,
    Discarded,
    Effect,
    Filled,
    LeftOpen,
    Opened,
    Report,
    Returned,
    Revised,
    Scene,
    Sent,
    Speaks,
    Stopped,
)
from bot.values import Message, Value
from models import consent, outbox, submission
from models.base import Db
from models.facts import kept_of
from models.person import officers, set_language
from models.submission import Change


@dataclass(frozen=True, slots=True)
class Heard:
    """Where and when the reply came, its answers' source, and when its turn is taken."""

    channel: str
    source: str
    at: datetime
    handled_at: datetime


def keep(db: Db, scene: Scene, effects: tuple[Effect, ...], heard: Heard) -> int | None:
    """Write every effect in its order; return the id of the report that is open afterwards."""
    report = scene.report
    for effect in effects:
        report = _keep(db, scene, report, effect, heard)
    return report.id if report else None


def _keep(db: Db, scene: Scene, report: Report | None, effect: Effect, heard: Heard) -> Report | None:
    match effect:
        case Opened(opened):
            return opened if opened.id else replace(opened, id=_open(db, scene, opened, heard))
        case Filled() if report:
            return _fill(db, scene, report, effect, heard)
        case Sent(reference, nothing, replaces) if report:
            submission.mark_sent(
                db,
                report.id,
                reference,
                nothing=nothing,
                replaces=replaces,
                at=heard.at,
                handled_at=heard.handled_at,
            )
            return None
        case Discarded() if report:
            submission.withdraw(db, report.id, heard.at, heard.handled_at)
            return None
        case LeftOpen():
            return None
        case Revised(revised, changes, answers):
            _revise(db, scene, revised, changes, answers, heard)
        case Alerted():
            _alert(db, scene, effect, heard)
        case _:
            _keep_person(db, scene, effect, heard)
    return report


def _keep_person(db: Db, scene: Scene, effect: Effect, heard: Heard) -> None:
    match effect:
        case Agreed(agreed):
            consent.record_consent(
                db,
                scene.who.id,
                agreed=agreed,
                version=CONSENT_VERSION,
                language=scene.who.language,
                channel=heard.channel,
                how="answered in the chat",
                at=heard.at,
                handled_at=heard.handled_at,
            )
        case Speaks(language):
            set_language(db, scene.who.id, language, heard.handled_at)
        case Stopped():
            consent.stop(db, scene.who.id, heard.handled_at)
            outbox.cancel(db, scene.who.id, heard.handled_at)
        case Returned():
            consent.start(db, scene.who.id, heard.handled_at)


def _open(db: Db, scene: Scene, report: Report, heard: Heard) -> int:
    values = {
        "form": report.form.name,
        "form_version": report.form.version,
        "city": scene.who.city,
        "person_id": scene.who.id,
        "period": report.period,
        "channel": heard.channel,
        "language": scene.who.language,
        "hidden": {"milestone": report.milestone},
        "kept": kept_of(report.session),
    }
    return submission.open_report(db, values, heard.at, heard.handled_at)


def _fill(db: Db, scene: Scene, report: Report, filled: Filled, heard: Heard) -> Report:
    kept = kept_of(filled.session)
    if filled.changes:
        change = _change(scene, filled.changes, heard, filled.source)
        submission.keep_answers(db, report.id, kept, filled.answers, change, report.session.given)
    else:
        submission.keep(db, report.id, kept, heard.at, heard.handled_at)
    return replace(report, session=filled.session)


def _revise(
    db: Db,
    scene: Scene,
    report: Report,
    changes: tuple[tuple[str, Value], ...],
    answers: Mapping[str, Value],
    heard: Heard,
) -> None:
    session = replace(report.session, given={**report.session.given, **dict(changes)})
    change = _change(scene, changes, heard)
    submission.keep_answers(db, report.id, kept_of(session), answers, change, report.session.given)


def _change(scene: Scene, answers: tuple[tuple[str, Value], ...], heard: Heard, source: str = "") -> Change:
    return Change(answers, scene.who.id, heard.channel, source or heard.source, heard.at, heard.handled_at)


def _alert(db: Db, scene: Scene, alerted: Alerted, heard: Heard) -> None:
    """Tell every officer who can be reached, once, in their language."""
    for officer in officers(db):
        say = scene.voices[officer.language]
        city = scene.city.names.get(officer.language, scene.city.slug) if scene.city else ""
        text = notices.blocked(say, city, alerted.reference, alerted.text)
        outbox.enqueue(
            db,
            key=f"alert:{alerted.rule.alert}:{alerted.reference}:{officer.id}",
            person_id=officer.id,
            recipient=str(officer.id),
            channel=officer.channel,
            address=officer.address,
            kind="alert",
            message=Message(text, kind="alert"),
            at=heard.at,
            handled_at=heard.handled_at,
        )
