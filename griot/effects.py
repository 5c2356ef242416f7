"""Keep what a reply led to: every effect of the conversation is one write."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime

from bot import notices, reminders
from bot.programme.shapes import name_in
from bot.session import Session
from bot.talk import (
    CONSENT_VERSION,
    Agreed,
    Alerted,
    Attached,
    Captioned,
    Discarded,
    Effect,
    Filled,
    LeftOpen,
    Opened,
    Reissued,
    Report,
    Requested,
    Returned,
    Revised,
    Scene,
    Sent,
    Speaks,
    Stopped,
)
from bot.values import Media, MediaKind, Say, Value
from models import consent, media, outbox, submission, timetable
from models.alerts import tell_officers
from models.base import Db, Json
from models.db import settle
from models.facts import kept_of
from models.person import Role, set_language
from models.submission import GAP, Change


@dataclass(frozen=True, slots=True)
class Heard:
    """Where and when the reply came, its answers' source, its inbox row, and when its turn is taken."""

    channel: str
    source: str
    at: datetime
    handled_at: datetime
    inbox_id: int
    channels_on: Collection[str] = ()


def keep(db: Db, scene: Scene, effects: tuple[Effect, ...], heard: Heard) -> int | None:
    """Write every effect in its order; return the id of the report that is open afterwards."""
    report = scene.report
    for effect in effects:
        _settle_for(db, effect)
        report = _keep(db, scene, report, effect, heard)
    return report.id if report else None


def _settle_for(db: Db, effect: Effect) -> None:
    """Write what was gathered and this effect changes, or others read once it is kept."""
    match effect:
        case Filled() | Opened() | LeftOpen():
            return
        case Sent():
            settle(db, *submission.REPORTS)
        case _:
            settle(db)


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
            _settle_reminders(db, scene, report, heard)
            return None
        case Discarded() if report:
            submission.withdraw(db, report.id, heard.at, heard.handled_at)
            return None
        case LeftOpen():
            return None
        case Reissued() if report:
            submission.reissue(db, report.id, heard.at, heard.handled_at)
        case Revised():
            _revise(db, scene, effect, heard)
        case Attached(to, attached):
            if (kept := to or report) is not None:
                _attach(db, scene, kept.id, "", attached, heard)
        case Captioned(ref, caption):
            media.caption(db, scene.who.id, ref, caption, heard.handled_at)
        case Alerted():
            _alert(db, scene, effect, heard)
        case Requested():
            _request(db, scene, effect, heard)
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
            _tell_of_stop(db, scene, heard)
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
    kept = _kept_of(report, filled.session, has_gap=filled.has_gap)
    if filled.changes:
        change = _change(scene, filled.changes, heard, filled.source)
        submission.keep_answers(db, report.id, kept, filled.answers, change, report.session.given)
        _attach_answers(db, scene, report.id, filled.changes, heard)
    elif report.state == "draft":
        submission.keep(db, report.id, kept, heard.at, heard.handled_at)
    return replace(report, session=filled.session)


def _kept_of(report: Report, session: Session, *, has_gap: bool) -> dict[str, Json]:
    """Return what is kept of a report; where a person stands in one that was sent is in their chat."""
    if report.state == "draft":
        return kept_of(session)
    kept = kept_of(Session(session.given, firsts=session.firsts))
    return {**kept, GAP: True} if has_gap else kept


def _revise(db: Db, scene: Scene, revised: Revised, heard: Heard) -> None:
    report, changes = revised.report, revised.changes
    session = replace(report.session, given={**report.session.given, **dict(changes)})
    kept = _kept_of(report, session, has_gap=revised.has_gap)
    change = _change(scene, changes, heard)
    submission.keep_answers(db, report.id, kept, revised.answers, change, report.session.given)
    if report.state == "submitted":
        submission.reissue(db, report.id, heard.at, heard.handled_at)
    _attach_answers(db, scene, report.id, changes, heard)


def _attach_answers(
    db: Db, scene: Scene, report_id: int, changes: tuple[tuple[str, Value], ...], heard: Heard
) -> None:
    for question, value in media.attachments_in(changes):
        kind = MediaKind(value["type"])
        attached = Media(kind, value["ref"], value["name"], size=value["size"])
        _attach(db, scene, report_id, question, attached, heard)


def _attach(db: Db, scene: Scene, report_id: int, question: str, attached: Media, heard: Heard) -> None:
    new = media.Attachment(
        submission_id=report_id,
        person_id=scene.who.id,
        question=question,
        channel=heard.channel,
        ref=attached.ref,
        kind=attached.kind,
        name=attached.name,
        size=attached.size,
    )
    media.attach(db, new, heard.at, heard.handled_at)


def _change(scene: Scene, answers: tuple[tuple[str, Value], ...], heard: Heard, source: str = "") -> Change:
    return Change(answers, scene.who.id, heard.channel, source or heard.source, heard.at, heard.handled_at)


def _settle_reminders(db: Db, scene: Scene, report: Report, heard: Heard) -> None:
    """Cancel what is queued to ask the city for what it has just sent."""
    city = scene.who.city
    if city is None:
        return
    if report.period:
        timetable.cancel_report(db, city, report.form.name, report.period, heard.handled_at)
    if report.milestone and report.form.name == scene.programme.words.get("output"):
        timetable.cancel_milestone(db, city, report.milestone, heard.handled_at)


def _alert(db: Db, scene: Scene, alerted: Alerted, heard: Heard) -> None:
    """Tell every officer who can be reached, once, in their language."""

    def text_in(language: str) -> str:
        city = name_in(scene.city.names, language) if scene.city else ""
        return ALERTS[alerted.rule.alert or ""](scene.voices[language], city, alerted.reference, alerted.text)

    tell_officers(
        db,
        scene.programme,
        alerted.rule.alert or "",
        alerted.reference,
        text_in,
        heard.handled_at,
        heard.channels_on,
        city=scene.who.city,
    )


def _request(db: Db, scene: Scene, asked: Requested, heard: Heard) -> None:
    """Tell every officer that a city asks for more time, or what blocks it."""
    milestone = scene.programme.milestones.get(asked.milestone)

    def text_in(language: str) -> str:
        names = milestone.names if milestone else {}
        words = " ".join(filter(None, (asked.milestone, name_in(names, language))))
        city = name_in(scene.city.names, language) if scene.city else ""
        return reminders.request(scene.voices[language], asked.what, city, words, asked.text)

    about, city = f"{scene.who.id}:{asked.milestone}:{heard.inbox_id}", scene.who.city
    channels = heard.channels_on
    tell_officers(db, scene.programme, asked.what, about, text_in, heard.handled_at, channels, city=city)


def _tell_of_stop(db: Db, scene: Scene, heard: Heard) -> None:
    """Tell every officer that who reports for a city wants no more messages."""
    city = scene.city
    if city is None or scene.who.role not in REPORTERS:
        return

    def text_in(language: str) -> str:
        return reminders.stopped_alert(scene.voices[language], name_in(city.names, language), scene.who.name)

    about, channels = f"{scene.who.id}:{heard.inbox_id}", heard.channels_on
    tell_officers(db, scene.programme, "stopped", about, text_in, heard.handled_at, channels, city=city.slug)


REPORTERS = frozenset({Role.COORDINATOR, Role.DEPUTY})
ALERTS: dict[str, Callable[[Say, str, str, str], str]] = {
    "blocked": notices.blocked,
    "safety": notices.unsafe,
}
