"""The digest: what it counts, what it quotes, what comes first, and its length in the worst weeks."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.digest import CHARACTERS, DETAIL_CHARACTERS, city_text, digest, full_text
from bot.forms.form import Form
from bot.forms.read import read_form
from bot.media_words import Received
from bot.programme import Programme, read_programme
from bot.values import LANGUAGES, MediaKind, Say
from bot.week import Away, CityWeek, Deadline, Decision, Standing, Week
from bot.words import fold
from griot.settings import data_folder
from griot.voices import voices
from tests.programmes import ASTON, files_of

NAME = "2026-W48"
FRIDAY = date(2026, 11, 27)
MONDAY = datetime(2026, 11, 23, 10, tzinfo=UTC)
FRENCH = ("Le contrat n'est pas signé et la saison des pluies retarde les relevés sur place. " * 4)[:300]
ARABIC = ("تأخر توقيع العقد وما زالت الأمطار تعيق العمل الميداني في أحياء المدينة. " * 5)[:300]
HELPS = ("call", "tool", "training", "guidance", "expert", "peer", "other")


@pytest.fixture(scope="module")
def programme() -> Programme:
    """Return the ASToN programme."""
    read, problems = read_programme(files_of(ASTON))
    assert read is not None, problems
    return read


@pytest.fixture(scope="module")
def form() -> Form:
    """Return the weekly form."""
    return read_form((ASTON / "forms/weekly_update.md").read_bytes(), "weekly_update.md")


@pytest.fixture(scope="module")
def need() -> Form:
    """Return the form that asks for support."""
    return read_form((ASTON / "forms/need_request.md").read_bytes(), "need_request.md")


@pytest.fixture(scope="module")
def spoken() -> dict[str, Say]:
    """Return the four voices."""
    return dict(voices(data_folder("locales")))


def _reports(programme: Programme, form: Form, **answers: str) -> list[CityWeek]:
    return [
        CityWeek(
            city,
            Standing.SUBMITTED,
            form,
            f"{city.code}-{NAME}-1",
            "fr",
            {"status": "on_track"} | answers,
            sent_at=MONDAY,
        )
        for city in programme.cities.values()
    ]


def _week(cities: list[CityWeek], **parts: object) -> Week:
    return replace(Week(NAME, FRIDAY, tuple(cities)), **parts)  # type: ignore[arg-type] # named by each test


def _deadlines(programme: Programme) -> tuple[Deadline, ...]:
    """Return every milestone of every city, on three days each."""
    places = [(m, c) for m in programme.milestones.values() for c in programme.cities.values()]
    return tuple(
        Deadline(milestone, city, milestone.due - timedelta(days=number % 3))
        for number, (milestone, city) in enumerate(places)
    )


def _decisions(programme: Programme) -> tuple[Decision, ...]:
    milestone = programme.milestones["M05"]
    return tuple(
        Decision(city, milestone, FRIDAY + timedelta(days=30) if number % 2 else None, FRENCH)
        for number, city in enumerate(programme.cities.values())
    )


def _all_blocked(programme: Programme, form: Form, need: Form) -> Week:
    """Return a week in which every city is blocked, long in French or Arabic, late and in need.

    Most lack an answer since a change.
    """
    reports, needs = [], []
    for number, city in enumerate(programme.cities.values()):
        language, text = ("ar", ARABIC) if number % 2 else ("fr", FRENCH)
        said = dict.fromkeys(("main_activity", "challenge", "success", "next_step"), text)
        answers = {"status": "blocked", "progress": "25", "help_kind": HELPS[number % 7], **said}
        one = CityWeek(
            city,
            Standing.SUBMITTED,
            form,
            f"{city.code}-{NAME}-1",
            language,
            answers,
            weeks_told={fold(text): 11 + number},
            has_gap=number % 4 > 0,
        )
        reports.append(replace(one, sent_at=MONDAY + timedelta(days=number % 4)))
        asked = {"kind": HELPS[(number + 3) % 7], "topic": text, "urgency": "week"}
        needs.append(
            replace(one, form=need, answers=asked, reference=f"{city.code}-{NAME}-2", sent_at=MONDAY)
        )
    before = (
        replace(reports[0], answers={"status": "on_track"}),
        *(replace(r, standing=Standing.SILENT) for r in reports[1:]),
    )
    return _week(
        reports,
        before=before,
        since=tuple(needs),
        deadlines=_deadlines(programme),
        decisions=_decisions(programme),
        outputs=11,
        received=_received(programme),
    )


def _received(programme: Programme) -> tuple[Received, ...]:
    """Return forty files of each kind, from every city, half of them not kept."""
    return tuple(
        Received(city, kind, "DSC_20261123.jpg", 9_700_000, "refused" if number % 2 else "kept", FRENCH)
        for kind in MediaKind
        for number in range(4)
        for city in programme.cities.values()
    )


def _all_away(programme: Programme) -> Week:
    """Return a week without a report: cities silent for long, excused and paused, everything late."""
    kinds = (Standing.SILENT, Standing.PAUSED, Standing.EXCUSED)
    away = Away(FRIDAY + timedelta(days=20), FRENCH)
    cities = [
        CityWeek(city, kinds[number % 3], missed=1 + number % 4, away=away if number % 3 else None)
        for number, city in enumerate(programme.cities.values())
    ]
    return _week(
        cities,
        deadlines=_deadlines(programme),
        decisions=_decisions(programme),
        outputs=0,
        received=_received(programme),
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("worst", ["all blocked", "all away"])
def test_the_worst_week_has_room(
    programme: Programme, form: Form, need: Form, spoken: dict[str, Say], language: str, worst: str
) -> None:
    """At most 900 characters with every section, and 1500 for any city."""
    week = _all_blocked(programme, form, need) if worst == "all blocked" else _all_away(programme)
    say = spoken[language]
    found = digest(programme, week, say)
    assert len(found.text) <= CHARACTERS
    headings = [section.heading for section in found.sections]
    assert [heading for heading in headings if heading not in found.text] == []
    assert found.text.endswith(say("For one city, send MORE and the city's name."))
    assert max(len(city_text(programme, week, slug, say)) for slug in programme.cities) <= DETAIL_CHARACTERS


@pytest.mark.parametrize("language", LANGUAGES)
def test_eleven_blocked_cities_are_named(
    programme: Programme, form: Form, spoken: dict[str, Say], language: str
) -> None:
    """However long their words: every city stands in the text."""
    reports = _reports(programme, form, status="blocked", challenge=FRENCH, success=FRENCH)
    found = digest(programme, _week(reports), spoken[language])
    assert len(found.text) <= CHARACTERS
    assert [city.slug for city in programme.cities.values() if city.names[language] not in found.text] == []


def test_what_is_urgent_is_told_by_age(programme: Programme, form: Form, spoken: dict[str, Say]) -> None:
    """Milestones late by more than seven days and blocked cities, the oldest first."""
    first, second, *rest = _reports(programme, form)
    cities = [replace(first, answers={"status": "blocked", "challenge": "Sans contrat"}), second, *rest]
    m03, m04 = programme.milestones["M03"], programme.milestones["M04"]
    deadlines = (
        Deadline(m04, second.city, FRIDAY - timedelta(days=7)),
        Deadline(m03, second.city, FRIDAY - timedelta(days=8)),
    )
    text = digest(programme, _week(cities, deadlines=deadlines), spoken["en"]).text
    late = "- M03 Problem statement and city profile, not received yet, due 19 November: Benguerir"
    assert f"Act now:\n{late}\n- Bamako: work is blocked. Sans contrat (fr)\n" in text
    assert "M04" not in text


def test_what_is_due_leaves_out_who_is_far(programme: Programme, form: Form, spoken: dict[str, Say]) -> None:
    """Fourteen days ahead, and only cities that are not far enough by their own answer."""
    first, second, third, *_ = programme.cities.values()
    m05 = programme.milestones["M05"]
    deadlines = (
        Deadline(m05, first, m05.due),
        Deadline(m05, second, m05.due, is_far=True),
        Deadline(m05, third, FRIDAY + timedelta(days=15)),
    )
    week = _week(_reports(programme, form), deadlines=deadlines)
    text = digest(programme, week, spoken["en"]).text
    assert "Due in 14 days:\n- M05 Roadmap of local activities, 9 December: Bamako\n" in text


def test_only_what_was_sent_is_counted(programme: Programme, form: Form, spoken: dict[str, Say]) -> None:
    """A draft counts as begun, neither as received nor by its status; a paused city is not expected."""
    first, second, third, *rest = _reports(programme, form)
    cities = [
        replace(first, standing=Standing.PARTIAL, answers={"status": "blocked"}),
        replace(second, standing=Standing.PAUSED, form=None, answers=None),
        replace(third, standing=Standing.SILENT, form=None, answers=None, missed=1),
        *rest,
    ]
    found = digest(programme, _week(cities), spoken["en"])
    assert (found.answered, found.expected) == (8, 10)
    assert "Act now: Nothing\n" in found.text
    assert "On track: 8. Some delay: 0. Blocked: 0." in found.text
    assert "- Begun, not sent: Bamako" in found.text
    assert "- Paused: Benguerir" in found.text


def test_numbers_say_what_changed(programme: Programme, form: Form, spoken: dict[str, Say]) -> None:
    """Only where something changed, and only when anything came the week before."""
    reports = _reports(programme, form)
    before = [replace(reports[0], answers={"status": "blocked"}), *reports[2:]]
    text = digest(programme, _week(reports, before=tuple(before), outputs=2), spoken["en"]).text
    assert text.startswith("Digest, week 48. Updates received: 11 (+1) of 11.\n")
    assert "- On track: 11 (+2). Some delay: 0. Blocked: 0 (-1).\n- Outputs submitted: 2.\n" in text
    assert "(" not in digest(programme, _week(reports), spoken["en"]).text


def test_the_same_need_in_two_cities_comes_first(
    programme: Programme, form: Form, need: Form, spoken: dict[str, Say]
) -> None:
    """Whatever form said it: it is a topic for a thematic group; others follow in their own words."""
    first, second, third, *rest = _reports(programme, form)
    cities = [
        replace(first, answers={"status": "delayed", "challenge": "Un retard", "help_kind": "call"}),
        second,
        replace(third, answers={"status": "delayed", "challenge": "Une panne", "help_kind": "training"}),
        *rest,
    ]
    asked = replace(second, form=need, answers={"kind": "training", "topic": "Des cartes"})
    text = digest(programme, _week(cities, since=(asked,)), spoken["en"]).text
    assert (
        "Difficulties and needs:\n- Training: Bizerte and Benguerir. A topic for a thematic group.\n"
        "- Bamako (A call): Un retard (fr)\n- Bizerte: Une panne (fr)\n- Benguerir: Des cartes (fr)\n"
    ) in text


def test_a_late_report_names_its_week(programme: Programme, form: Form, spoken: dict[str, Say]) -> None:
    """It is told once it is there; a city blocked then counts as blocked until it says otherwise."""
    first, second, *rest = _reports(programme, form)
    silent = replace(first, standing=Standing.SILENT, form=None, answers=None, missed=1)
    said = {"status": "blocked", "success": "Une carte"}
    late = [replace(each, answers=said, period="2026-W47", reference="x") for each in (first, second)]
    week = _week([silent, second, *rest], since=tuple(late))
    text = digest(programme, week, spoken["en"]).text
    assert "- Bamako: work is blocked.\n" in text
    assert "Benguerir: work is blocked" not in text
    assert "- Bamako (week 47): Une carte (fr)\n- Benguerir (week 47): Une carte (fr)" in text


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        pytest.param(
            "en",
            (
                "- Bamako: work is blocked. Sans contrat (fr, for 3 weeks)",
                "- Benguerir (A call): Un retard (fr, for 2 weeks)",
                "- Bizerte: Une panne (fr)",
                "- Kampala (week 47): Sans contrat (fr, for 11 weeks)",
                "- Bamako: Une carte (fr)",
            ),
            id="en",
        ),
        pytest.param(
            "fr",
            (
                "- Bamako : travail bloqué. Sans contrat (depuis 3 semaines)",
                "- Benguerir (Un appel) : Un retard (depuis 2 semaines)",
                "- Bizerte : Une panne",
                "- Kampala (semaine 47) : Sans contrat (depuis 11 semaines)",
                "- Bamako : Une carte",
            ),
            id="fr",
        ),
        pytest.param(
            "pt",
            (
                "- Bamako: trabalho parado. Sans contrat (fr, há 3 semanas)",
                "- Benguerir (Uma chamada): Un retard (fr, há 2 semanas)",
                "- Bizerte: Une panne (fr)",
                "- Kampala (semana 47): Sans contrat (fr, há 11 semanas)",
                "- Bamako: Une carte (fr)",
            ),
            id="pt",
        ),
        pytest.param(
            "ar",
            (
                "- باماكو: العمل متوقف. Sans contrat (fr، منذ 3 أسابيع)",
                "- ابن جرير (مكالمة): Un retard (fr، منذ أسبوعين)",
                "- بنزرت: Une panne (fr)",
                "- كمبالا (الأسبوع 47): Sans contrat (fr، منذ 11 أسبوعًا)",
                "- باماكو: Une carte (fr)",
            ),
            id="ar",
        ),
    ],
)
def test_a_difficulty_that_lasts_says_for_how_long(
    programme: Programme, form: Form, spoken: dict[str, Say], language: str, lines: tuple[str, ...]
) -> None:
    """From two weeks on, beside the words that last; other words of the city have no age."""
    first, second, third, fourth, *_ = _reports(programme, form)
    blocked = {"status": "blocked", "challenge": "Sans contrat", "success": "Une carte"}
    late = {"status": "delayed", "challenge": "Sans contrat"}
    delayed = {"status": "delayed", "challenge": "Un retard", "help_kind": "call"}
    cities = [
        replace(first, answers=blocked, weeks_told={"sans contrat": 3}),
        replace(second, answers=delayed, weeks_told={"un retard": 2}),
        replace(third, answers={"status": "delayed", "challenge": "Une panne"}, weeks_told={"une panne": 1}),
    ]
    since = replace(fourth, answers=late, period="2026-W47", weeks_told={"sans contrat": 11})
    words = ("Sans contrat", "Un retard", "Une panne", "Une carte")
    text = digest(programme, _week(cities, since=(since,)), spoken[language]).text
    text = re.sub("[\u200f\u2068\u2069]", "", text)
    assert tuple(line for line in text.split("\n") if any(word in line for word in words)) == lines


def test_at_most_three_successes(programme: Programme, form: Form, spoken: dict[str, Say]) -> None:
    """All of them stand in the whole version."""
    found = digest(programme, _week(_reports(programme, form, success="Bravo")), spoken["en"])
    assert found.text.count("Bravo") == 3
    assert full_text(found, spoken["en"]).count(": Bravo (fr)") == 11


def test_silence_is_told_by_its_length(programme: Programme, form: Form, spoken: dict[str, Say]) -> None:
    """One missed update is listed, two are counted, at three an officer calls."""
    reports = _reports(programme, form)
    cities = [
        CityWeek(each.city, Standing.SILENT, missed=missed)
        for missed, each in enumerate(reports[:4], start=1)
    ]
    cities += [CityWeek(reports[4].city, Standing.SILENT, is_asked=False), *reports[5:]]
    found = digest(programme, _week(cities), spoken["en"])
    assert (found.answered, found.expected) == (6, 10)
    assert (
        "- Not received yet: Bamako\n- Benguerir: 2 weeks without an update.\n"
        "- Bizerte: 3 weeks without an update. A call is advised.\n"
        "- Kampala: 4 weeks without an update. A call is advised.\n"
    ) in found.text
    assert "Kigali" not in found.text


def test_decisions_and_pauses_say_until_when_and_why(
    programme: Programme, form: Form, spoken: dict[str, Say]
) -> None:
    """With the reason while there is room."""
    first, second, *rest = _reports(programme, form)
    away = Away(date(2026, 12, 12), "Inondations")
    cities = [CityWeek(first.city, Standing.PAUSED, away=away), second, *rest]
    m05 = programme.milestones["M05"]
    decisions = (
        Decision(second.city, m05, date(2026, 12, 20), "Conseil en décembre"),
        Decision(first.city, m05, None, "Sans objet"),
    )
    text = digest(programme, _week(cities, decisions=decisions), spoken["fr"]).text
    assert "- En pause : Bamako, jusqu'au 12 décembre : Inondations\n" in text
    assert (
        "M05 Feuille de route des activités locales, Benguerir : délai jusqu'au 20 décembre. Conseil en"
        in text
    )
    assert "Bamako : n'est plus demandé. Sans objet" in text


def test_words_of_another_language_are_named(
    programme: Programme, form: Form, spoken: dict[str, Say]
) -> None:
    """A quotation says its language when it is not the reader's."""
    week = _week(_reports(programme, form, success="Une réussite")[4:5])
    assert "Kigali: Une réussite (fr)" in digest(programme, week, spoken["en"]).text
    assert "Kigali : Une réussite\n" in digest(programme, week, spoken["fr"]).text


def test_an_empty_week_says_so(programme: Programme, spoken: dict[str, Say]) -> None:
    """With nothing urgent the first section says "nothing"; silent cities are listed."""
    text = digest(
        programme, _week([CityWeek(c, Standing.SILENT) for c in programme.cities.values()]), spoken["pt"]
    ).text
    assert "0 de 11" in text
    assert "Nada" in text
    assert "Maputo-Matola" in text


def test_a_city_without_a_name_in_the_language_keeps_another_name(
    programme: Programme, form: Form, spoken: dict[str, Say]
) -> None:
    """Never its slug."""
    one = _reports(programme, form)[0]
    nameless = replace(one, city=replace(one.city, names={"fr": "Ville d'essai"}), standing=Standing.SILENT)
    text = digest(programme, _week([nameless]), spoken["pt"]).text
    assert "Ville d'essai" in text
    assert one.city.slug not in text


def test_a_city_tells_everything_it_said(programme: Programme, form: Form, spoken: dict[str, Say]) -> None:
    """Its answers by question, then what it has not handed in."""
    week = _week(
        _reports(programme, form, status="delayed", challenge="Un retard"),
        deadlines=(Deadline(programme.milestones["M05"], programme.cities["bamako"], date(2026, 12, 9)),),
    )
    assert city_text(programme, week, "bamako", spoken["en"]).split("\n") == [
        "Bamako: Received (BKO-2026-W48-1)",
        "How is the project going this week? Some delay",
        "What is the difficulty? (1 or 2 sentences) Un retard (fr)",
        "M05 Roadmap of local activities, 9 December: Bamako",
    ]


CAME = {  # bidi isolates left out
    "en": (
        "Received with the reports: 2 photos, 1 recording, 1 video and 1 document"
        " (Bamako and Maputo-Matola).",
        "Attached: recording (on its way) and document plan.pdf (not kept)",
        "Attached: photo a.jpg (340 kB): Le marché",
        "Attached: photo (2.1 MB) and video (no longer there)",
    ),
    "fr": (
        "Reçu avec les rapports : 2 photos, 1 enregistrement, 1 vidéo et 1 document"
        " (Bamako et Maputo-Matola).",
        "Pièces jointes : enregistrement (en cours de réception) et document plan.pdf (non conservé)",
        "Pièces jointes : photo a.jpg (340 ko) : Le marché",
        "Pièces jointes : photo (2,1 Mo) et vidéo (n'est plus disponible)",
    ),
    "pt": (
        "Recebido com os relatórios: 2 fotografias, 1 gravação, 1 vídeo e 1 documento"
        " (Bamako e Maputo-Matola).",
        "Anexos: gravação (a caminho) e documento plan.pdf (não guardado)",
        "Anexos: fotografia a.jpg (340 kB): Le marché",
        "Anexos: fotografia (2,1 MB) e vídeo (já não está disponível)",
    ),
    "ar": (
        "وصل مع التقارير: صورتان وتسجيل واحد وفيديو واحد ووثيقة واحدة (باماكو ومابوتو-ماتولا).",
        "المرفقات: تسجيل (قيد الوصول) ووثيقة plan.pdf (لم يُحفظ)",
        "المرفقات: صورة a.jpg (340 كيلوبايت): Le marché",
        "المرفقات: صورة (2.1 ميغابايت) وفيديو (لم يعد متاحًا)",
    ),
}


def _bare(text: str) -> list[str]:
    return re.sub("[\u2066-\u2069\u200f]", "", text).split("\n")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_digest_tells_what_came(
    programme: Programme, form: Form, spoken: dict[str, Say], language: str
) -> None:
    """How many of each kind from where; a city's own text says which, how large, and what became of it."""
    bamako, matola = programme.cities["bamako"], programme.cities["matola"]
    received = (
        Received(bamako, "image", "a.jpg", 340_000, "kept", "Le marché"),
        Received(bamako, "audio", "", None, "waiting"),
        Received(bamako, "file", "plan.pdf", None, "refused"),
        Received(matola, "image", "", 2_100_000, "kept"),
        Received(matola, "video", "", None, "lost"),
    )
    week, say = _week(_reports(programme, form), received=received), spoken[language]
    counted, *own = CAME[language]
    assert f"- {counted}" in _bare(digest(programme, week, say).text)
    assert _bare(city_text(programme, week, "bamako", say))[-2:] == own[:2]
    assert _bare(city_text(programme, week, "matola", say))[-1:] == own[2:]


def test_arabic_quoted_in_another_language_runs_from_the_right(
    programme: Programme, form: Form, spoken: dict[str, Say]
) -> None:
    """It is isolated: full stop and numbers stand where they were written; lines stay as they are."""
    said = "تأخر توريد 12 عمودًا (SMS)."
    report = replace(_reports(programme, form, challenge=said)[0], language="ar")
    text = digest(programme, _week([report]), spoken["fr"]).text
    assert f"\u2068{said}\u2069 (ar)" in text
    assert "\u200f" not in text
