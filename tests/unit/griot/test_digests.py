"""The digest from the store: what counts for a week, what came since the last one, and who gets it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta

import pytest
from sqlalchemy import select

from bot.digest import DETAIL_CHARACTERS
from bot.programme import read_programme
from bot.values import Opening
from griot.digests import Digests
from griot.settings import data_folder
from griot.voices import voices
from models.base import Db
from models.city import pause
from models.consent import stop
from models.db import open_store
from models.digest_sending import send_digest
from models.form import FormShelf
from models.milestone import extend, waive
from models.outbox import Outbox
from models.person import Person, PersonState, add_person
from models.programme import ProgrammeShelf, load
from models.submission import Change, Submission, SubmissionState, keep_answers, reissue
from tests.programmes import ORCHARD, files_of

WEEK = "2026-W48"
THURSDAY = datetime(2026, 11, 26, 15, tzinfo=UTC)
FRIDAY = datetime(2026, 11, 27, 8, tzinfo=UTC)  # 09:00 in Paris
LAST_FRIDAY = datetime(2026, 11, 20, 8, tzinfo=UTC)
ON = ("chat", "telegram", "email")


@dataclass
class Stage:
    """A database with the programme, a coordinator, and the digests made of it."""

    db: Db
    digests: Digests
    author: int
    shelf: FormShelf = field(default_factory=FormShelf)

    def report(self, city: str, at: datetime, form: str = "weekly_update", **parts: object) -> None:
        """Keep a report that was sent at a time."""
        number = self.db.query(Submission).count() + 1
        answers = parts.pop("answers", {"status": "on_track"})
        values: dict[str, object] = {
            "reference": f"{city}-{number}",
            "form_version": self.shelf.form(self.db, form).version,
            "person_id": self.author,
            "period": WEEK,
            "state": SubmissionState.SUBMITTED,
            "channel": "chat",
            "language": "fr",
            "submitted_at": at,
            "hidden": {"milestone": parts.pop("milestone", "")},
            "kept": {},
        }
        times = {"started_at": at, "updated_at": at, "changed_at": at}
        row = Submission(form=form, city=city, answers=answers, **times, **(values | parts))
        self.db.add(row)
        self.db.flush()

    def text(self, at: datetime = FRIDAY, language: str = "en") -> str:
        """Return the digest's text."""
        return self.digests.of_week(self.db, WEEK, language, at).text

    def officer(self, state: PersonState = PersonState.ACTIVE, language: str = "en", **addresses: str) -> int:
        """Return a new officer in this state."""
        words = {"name": "Ana Example", "role": "officer", "language": language}
        id = add_person(self.db, **words, at=LAST_FRIDAY, addresses=addresses)
        self.db.get_one(Person, id).state = state
        self.db.flush()
        return id

    def queued(self) -> dict[str, Outbox]:
        """Return what is in the outbox, by key."""
        return {row.key: row for row in self.db.scalars(select(Outbox).order_by(Outbox.id))}


@pytest.fixture
def stage(aston_database: str) -> Iterator[Stage]:
    """Yield the stage with nothing reported, its coordinator known since September."""
    store = open_store(aston_database)
    with store.writers() as db:
        words = {"name": "Amina Example", "role": "coordinator", "language": "fr", "city": "bamako"}
        author = add_person(db, **words, at=datetime(2026, 9, 2, tzinfo=UTC))
        made = Digests(ProgrammeShelf(), FormShelf(), voices(data_folder("locales")))
        yield Stage(db, made, author)
    store.close()


def test_a_week_counts_its_own_reports(stage: Stage) -> None:
    """Whenever they were sent; the change is against the week before."""
    stage.report("bamako", THURSDAY)
    stage.report("niamey", THURSDAY, answers={"status": "blocked", "challenge": "Sans contrat"})
    stage.report("bamako", LAST_FRIDAY, period="2026-W47")
    found = stage.digests.of_week(stage.db, WEEK, "en", FRIDAY)
    assert (found.answered, found.expected) == (2, 11)
    assert found.text.startswith("Digest, week 48. Updates received: 2 (+1) of 11.\n")
    assert "Niamey: work is blocked. Sans contrat (fr)" in found.text
    states = {each.city.slug: (each.standing.value, status) for each, status in found.cities}
    assert states["niamey"] == ("submitted", "blocked")
    assert states["lagos"] == ("silent", None)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        pytest.param("en", "Received, incomplete", id="English"),
        pytest.param("fr", "Reçu, incomplet", id="French"),
        pytest.param("pt", "Recebido, incompleto", id="Portuguese"),
        pytest.param("ar", "تم الاستلام، غير مكتمل", id="Arabic"),
    ],
)
def test_a_report_that_lacks_an_answer_says_so(stage: Stage, language: str, words: str) -> None:
    """It counts as received, this week's and a late one; its state is partial, also in what MORE tells."""
    stage.report("bamako", THURSDAY, kept={"gap": True})
    stage.report("niamey", THURSDAY)
    stage.report("lagos", THURSDAY, period="2026-W47", kept={"gap": True})
    found = stage.digests.of_week(stage.db, WEEK, language, FRIDAY)
    [line] = [each for each in found.text.splitlines() if words in each]
    named = {"ar": ("باماكو", "لاغوس", "نيامي")}.get(language, ("Bamako", "Lagos", "Niamey"))
    assert [name in line for name in named] == [True, True, False]
    states = {each.city.slug: each.state.value for each, _ in found.cities}
    assert (states["bamako"], states["niamey"], found.answered) == ("partial", "submitted", 2)
    details = dict(found.details)
    assert [words in details[slug] for slug in ("bamako", "lagos", "niamey")] == [True, True, False]


def test_a_city_s_answers_stand_in_the_form_s_order(stage: Stage) -> None:
    """However the database keeps them."""
    said = {"status": "delayed", "main_activity": "Une réunion", "lag_met": "no", "severity": "minor"}
    stage.report("bamako", THURSDAY, answers=said)
    details = dict(stage.digests.of_week(stage.db, WEEK, "en", FRIDAY).details)["bamako"]
    begun = ("How is the project", "What was the main", "Did the local", "Is any difficulty")
    places = [details.index(each) for each in begun]
    assert places == sorted(places)


def test_what_came_since_the_last_digest_is_told(stage: Stage) -> None:
    """A late answer of the week before and a request for support; what was told stays told."""
    before, after = LAST_FRIDAY.replace(hour=7), LAST_FRIDAY.replace(hour=9)
    told = {"status": "delayed", "challenge": "Ancien retard"}
    stage.report("bamako", before, period="2026-W47", answers=told)
    stage.report("niamey", after, period="2026-W47", answers={"status": "delayed", "challenge": "Retard"})
    need = {"kind": "training", "topic": "Des cartes", "urgency": "week"}
    stage.report("lagos", after, "need_request", answers=need)
    stage.report("kigali", after, "milestone_output", milestone="M04", answers={"version": "final"})
    text = stage.text()
    assert "Ancien retard" not in text
    assert "- Niamey (week 47): Retard (fr)" in text
    assert "- Lagos (Training): Des cartes (fr)" in text
    assert "- Outputs submitted: 1." in text


def test_a_difficulty_that_comes_back_is_counted(stage: Stage) -> None:
    """In the same words, over a week without a report, a month's report and "nothing"; per city."""
    same = {"status": "delayed", "challenge": "Sans contrat"}
    folded = {"status": "delayed", "challenge": "sans  contrat. "}
    week = timedelta(days=7)
    stage.report("bamako", THURSDAY - 5 * week, period="2026-W43", answers=same)
    stage.report("bamako", THURSDAY - 3 * week, "monthly_progress", period="2026-10", answers=folded)
    stage.report("bamako", THURSDAY - 2 * week, period="2026-W46", answers={}, nothing=True)
    stage.report("bamako", THURSDAY, answers=same)
    stage.report("niamey", THURSDAY - 2 * week, period="2026-W46", answers=same)
    stage.report("niamey", THURSDAY - week, period="2026-W47", answers={"status": "on_track"})
    stage.report("niamey", THURSDAY, answers=same)
    withdrawn = {"period": "2026-W47", "state": SubmissionState.WITHDRAWN}
    stage.report("kigali", THURSDAY - week, answers=same, **withdrawn)
    stage.report("kigali", THURSDAY, answers=same)
    stage.report("lagos", THURSDAY - 3 * week, period="2026-W45", answers=same)
    stage.report("lagos", THURSDAY, period="2026-W47", answers=same)
    text = stage.text()
    assert "- Bamako: Sans contrat (fr, for 6 weeks)\n" in text
    assert "- Niamey: Sans contrat (fr)\n" in text
    assert "- Kigali: Sans contrat (fr)\n" in text
    assert "- Lagos (week 47): Sans contrat (fr, for 3 weeks)\n" in text


def test_a_difficulty_is_counted_whatever_its_severity(stage: Stage) -> None:
    """The same words told as minor, serious and blocking; a week in which there was none ends the count."""
    week = timedelta(days=7)
    told = {
        "bamako": ("minor", "serious", "serious", "minor", "blocking"),
        "niamey": ("minor", "none", "serious", "minor", "blocking"),
    }
    for city, severities in told.items():
        for number, severity in enumerate(severities, start=44):
            words = {} if severity == "none" else {"challenge": "Sans contrat"}
            at = THURSDAY - (48 - number) * week
            answers = {"status": "delayed", "severity": severity, **words}
            stage.report(city, at, period=f"2026-W{number}", answers=answers)
    text = stage.text()
    assert "- Bamako: Sans contrat (fr, for 5 weeks)\n" in text
    assert "- Niamey: Sans contrat (fr, for 3 weeks)\n" in text


@pytest.mark.parametrize(
    ("week", "was", "now", "age"),
    [
        pytest.param(46, "Sans contrat", "Il pleut", ", for 2 weeks", id="other words"),
        pytest.param(47, "Sans contrat", None, "", id="no difficulty"),
        pytest.param(47, "Il pleut", "Sans contrat", ", for 4 weeks", id="the same words"),
        pytest.param(48, "Il pleut", "Sans contrat", ", for 4 weeks", id="this week's"),
    ],
)
def test_the_age_follows_a_report_corrected_later(
    stage: Stage, week: int, was: str, now: str | None, age: str
) -> None:
    """By what the report says since it was changed, whenever that was."""

    def answers(words: str | None) -> dict[str, str]:
        return {"status": "delayed"} | ({"severity": "minor", "challenge": words} if words else {})

    for number in range(45, 49):
        said = answers(was if number == week else "Sans contrat")
        at = THURSDAY - timedelta(weeks=48 - number)
        stage.report("bamako", at, period=f"2026-W{number}", answers=said)
    changed = stage.db.scalar(select(Submission.id).where(Submission.period == f"2026-W{week}"))
    assert changed is not None
    at = FRIDAY - timedelta(hours=1)
    change = Change([("challenge", now)], stage.author, "chat", "", at, at)
    keep_answers(stage.db, changed, {"given": answers(now)}, answers(now), change, {"challenge"})
    reissue(stage.db, changed, at, at)
    assert f"- Bamako: Sans contrat (fr{age})\n" in stage.text()


def test_a_difficulty_is_counted_through_half_a_year(stage: Stage) -> None:
    """What is older is not looked for; a difficulty told as support is asked for has no age."""
    for weeks in range(30):
        at = THURSDAY - timedelta(weeks=weeks)
        period = f"{at.isocalendar().year}-W{at.isocalendar().week:02}"
        stage.report("bamako", at, period=period, answers={"status": "delayed", "challenge": "Sans contrat"})
    need = {"kind": "training", "topic": "Des cartes", "urgency": "week"}
    for at in (THURSDAY - timedelta(weeks=1), THURSDAY):
        stage.report("lagos", at, "need_request", period=None, answers=need)
    text = stage.text()
    assert "- Bamako: Sans contrat (fr, for 26 weeks)\n" in text
    assert "- Lagos (Training): Des cartes (fr)\n" in text


def test_a_former_week_tells_nothing_of_later_ones(stage: Stage) -> None:
    """Its digest ends when it was due."""
    stage.report("lagos", THURSDAY, "need_request", answers={"kind": "training", "topic": "Des cartes"})
    former = stage.digests.of_week(stage.db, "2026-W47", "en", FRIDAY)
    assert "Des cartes" not in former.text


def test_deadlines_follow_outputs_decisions_and_progress(stage: Stage) -> None:
    """Neither who handed in, nor who was spared, nor who is far enough by the last answer about it."""
    programme = ProgrammeShelf().programme(stage.db)
    done = ("M01", "M02", "M03", "M04")
    for city in programme.cities:
        for milestone in done if city != "lagos" else done[1:]:
            stage.report(city, LAST_FRIDAY, "milestone_output", milestone=milestone, answers={})
    far, near = {"status": "on_track", "progress": "75"}, {"status": "on_track", "progress": "50"}
    stage.report("bamako", THURSDAY, milestone="M05", answers=far)
    stage.report("niamey", LAST_FRIDAY, milestone="M05", answers=far, period="2026-W47")
    stage.report("niamey", THURSDAY, milestone="M05", answers=near)
    extend(stage.db, programme, "kigali", "M05", date(2026, 12, 20), "Conseil municipal", THURSDAY)
    waive(stage.db, programme, "kumasi", "M05", "Not needed", THURSDAY)
    pause(stage.db, "kampala", date(2026, 12, 31), "Floods", THURSDAY)
    stage.db.info.clear()
    text = stage.text()
    assert "- M01 Kick-off and contact sheet, not received yet, due 15 September: Lagos\n" in text
    soon = "Benguerir, Bizerte, Lagos, Maputo-Matola, Niamey, Nouakchott and Sèmè-Podji"
    assert f"- M05 Roadmap of local activities, 9 December: {soon}\n" in text
    assert "Kigali: extended to 20 December. Conseil municipal" in text
    assert "Kumasi: waived. Not needed" in text
    assert "Paused: Kampala, until 31 December: Floods" in text


def test_what_was_over_before_the_load_is_not_late(database: str) -> None:
    """Nobody was ever asked for it."""
    store = open_store(database)
    files = files_of(ORCHARD)
    programme, _ = read_programme(files)
    assert programme is not None
    with store.writers() as db:
        load(db, programme, files, datetime(2030, 1, 1, tzinfo=UTC))
        made = Digests(ProgrammeShelf(), FormShelf(), voices(data_folder("locales")))
        text = made.of_week(db, "2030-W01", "en", datetime(2030, 1, 2, tzinfo=UTC)).text
    store.close()
    assert "Act now: Nothing\n" in text
    assert "Outputs submitted" not in text


def test_what_officers_were_called_about_is_late(database: str) -> None:
    """A deadline just over when it was set: its escalation came after seven days, so the digest tells it."""
    store, files = open_store(database), files_of(ORCHARD)
    programme, _ = read_programme(files)
    assert programme is not None
    milestone = min(programme.milestones.values(), key=lambda each: each.due)
    loaded = datetime.combine(milestone.due + timedelta(days=1), time(12), UTC)
    with store.writers() as db:
        load(db, programme, files, loaded)
        made = Digests(ProgrammeShelf(), FormShelf(), voices(data_folder("locales")))
        at = loaded + timedelta(days=9)
        text = made.of_week(db, made.this_week(db, at), "en", at).text
    store.close()
    assert f"{milestone.id} " in text.partition("Numbers:")[0]


def test_silence_counts_from_when_somebody_is_there(stage: Stage) -> None:
    """A city without a coordinator misses nothing but this week; a report ends the count."""
    stage.report("bamako", datetime(2026, 11, 10, tzinfo=UTC), period="2026-W46")
    text = stage.text()
    assert "Bamako: 2 weeks without an update." in text
    assert "Not received yet: Benguerir, Bizerte" in text


def test_one_city_in_full(stage: Stage) -> None:
    """Its answers and deadlines, within 1500 characters; an unknown city is an error."""
    long = "Une phrase assez longue pour un seul message. " * 6
    answers = dict.fromkeys(("main_activity", "challenge", "success", "next_step"), long)
    stage.report("bamako", THURSDAY, answers={"status": "blocked", **answers})
    stage.report("bamako", THURSDAY, "need_request", answers={"kind": "call", "topic": long, "tried": long})
    text = stage.digests.details_of(stage.db, "bamako", "en", FRIDAY)
    assert len(text) <= DETAIL_CHARACTERS
    assert text.startswith("Bamako: Received (bamako-1)\n")
    assert "M05 Roadmap of local activities, 9 December: Bamako" in text
    with pytest.raises(KeyError):
        stage.digests.details_of(stage.db, "atlantis", "en", FRIDAY)


def test_the_message_opens_with_week_and_numbers(stage: Stage) -> None:
    """For WhatsApp's template; the e-mail carries the whole in both parts."""
    stage.report("bamako", THURSDAY, answers={"status": "on_track", "main_activity": "Une réunion"})
    message = stage.digests.message_of(stage.db, WEEK, "fr", FRIDAY)
    assert message.kind == "digest"
    assert message.opening == Opening("digest", "fr", ("48", "1", "11"))
    assert message.subject == "Synthèse, semaine 48"
    assert "Une réunion" in message.html
    assert "Une réunion" not in message.text
    mail = stage.digests.mail_of(stage.db, WEEK, "fr", FRIDAY)
    assert "Une réunion" in mail.text
    assert mail.html == message.html


def test_every_officer_gets_it_once(stage: Stage) -> None:
    """On their best channel, and the whole by e-mail; a second run sends nothing."""
    both = stage.officer(telegram="40000001", email="a@example.org", language="fr")
    only_mail = stage.officer(PersonState.INVITED, email="b@example.org", telegram="40000002")
    quiet = stage.officer(email="c@example.org", telegram="40000003")
    stop(stage.db, quiet, THURSDAY)
    stage.officer(PersonState.PAUSED, email="d@example.org", telegram="40000004")
    assert send_digest(stage.db, stage.digests, ON, WEEK, FRIDAY) == 3
    assert send_digest(stage.db, stage.digests, ON, WEEK, FRIDAY) == 0
    queued = stage.queued()
    assert sorted(queued) == sorted(
        [f"dig:{WEEK}:{both}", f"dig:{WEEK}:{both}:email", f"dig:{WEEK}:{only_mail}:email"]
    )
    chat, mail = queued[f"dig:{WEEK}:{both}"], queued[f"dig:{WEEK}:{both}:email"]
    assert (chat.channel, chat.rung, chat.kind) == ("telegram", "telegram", "digest")
    assert "html" not in chat.message
    assert (mail.channel, mail.address, mail.kind) == ("email", "a@example.org", "digest")
    assert mail.message["subject"] == "Synthèse, semaine 48"
    assert mail.message["html"].startswith("<!doctype html>")


def test_a_channel_that_is_off_carries_nothing(stage: Stage) -> None:
    """The next digest finds it again."""
    stage.officer(telegram="40000001", email="a@example.org")
    assert send_digest(stage.db, stage.digests, ("chat",), WEEK, FRIDAY) == 0
    assert send_digest(stage.db, stage.digests, ("chat", "telegram"), WEEK, FRIDAY) == 1
