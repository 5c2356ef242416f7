"""Question types: what is understood as an answer, what is asked back, what is refused."""

from datetime import date
from gettext import NullTranslations

import pytest

from bot.forms.form import Choice
from bot.questions import TYPES, type_named
from bot.questions.base import Asked
from bot.say import Voice
from bot.values import Answer, Doubt, Heard, Location, Media, MediaKind, Press, Rejection, Toggled, Value

SAY = Voice("en", NullTranslations(), "en_GB")
TODAY = date(2026, 11, 23)
SEVERITY = (
    Choice("none", {"en": "No, none", "fr": "Non, aucune", "ar": "لا توجد صعوبة"}),
    Choice("minor", {"en": "Yes, minor", "fr": "Oui, légère", "ar": "نعم، صعوبة بسيطة"}),
    Choice("blocking", {"en": "Yes, work is blocked", "fr": "Oui, travail bloqué", "ar": "نعم، العمل متوقف"}),
)
PROGRESS = (
    Choice("0", {"en": "Not started"}),
    Choice("25", {"en": "25%"}),
    Choice("100", {"en": "Finished"}),
)
PHOTO = Media(MediaKind.IMAGE, "ref-1", "street.jpg", size=2048)
FILE = Media(MediaKind.FILE, "ref-2", "plan.pdf")


def read(kind: str, heard: Heard | str, asked: Asked) -> Answer | Doubt | Rejection | Toggled:
    """Return what a question type makes of a reply."""
    return type_named(kind).read(asked, Heard(text=heard) if isinstance(heard, str) else heard, SAY)


def _value(reading: Answer | Doubt | Rejection | Toggled) -> Value:
    """Return the value of an answer; of nothing else."""
    return reading.value if isinstance(reading, Answer) else None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        pytest.param("2", "minor", id="western"),
        pytest.param("٢", "minor", id="arabic-indic"),
        pytest.param("۲", "minor", id="extended-arabic-indic"),
        pytest.param(" 2. ", "minor", id="with-signs"),
        pytest.param("2️⃣", "minor", id="keycap"),
        pytest.param("2. Yes, minor", "minor", id="copied-with-its-number"),
        pytest.param("٢) نعم، صعوبة", "minor", id="copied-in-part"),
        pytest.param("3. Yes, minor", None, id="copied-with-another-number"),
        pytest.param("2.5", None, id="a-decimal"),
        pytest.param("yes, MINOR", "minor", id="label"),
        pytest.param("oui, legere", "minor", id="label-of-another-language"),
        pytest.param("نعم، العمل متوقف", "blocking", id="arabic-label"),
        pytest.param("no", "none", id="beginning"),
        pytest.param("yes, w", "blocking", id="beginning-of-one"),
        pytest.param("yes", None, id="beginning-of-two"),
        pytest.param("0", None, id="zero-is-no-option"),
        pytest.param("4", None, id="beyond-the-last"),
        pytest.param("maybe", None, id="something-else"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_one_option(said: str, name: str | None) -> None:
    """A number, a label in any language or a beginning that only one option has."""
    reading = read("select_one", said, Asked("", SEVERITY))
    assert reading == Answer(name) if name else isinstance(reading, Rejection)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("2", "25"),
        ("25", "25"),
        ("100", "100"),
        ("0", "0"),
        ("3", "100"),
        ("2. 25%", "25"),
        ("3) 100", "100"),
    ],
)
def test_options_that_are_numbers(said: str, name: str) -> None:
    """The place in the list counts first, then the option's own name."""
    assert read("select_one", said, Asked("", PROGRESS)) == Answer(name)


def test_an_ambiguous_beginning_is_told_apart_from_a_wrong_one() -> None:
    """The rejection says what was understood."""
    ambiguous, wrong = (read("select_one", said, Asked("", SEVERITY)) for said in ("yes", "maybe"))
    assert isinstance(ambiguous, Rejection)
    assert isinstance(wrong, Rejection)
    assert ambiguous.text != wrong.text
    assert "3" in ambiguous.text


@pytest.mark.parametrize(
    ("said", "names"),
    [
        pytest.param("1 3", ["none", "blocking"], id="spaces"),
        pytest.param("1. No, none\n3. Yes, work", ["none", "blocking"], id="copied-with-their-numbers"),
        pytest.param("3,1", ["none", "blocking"], id="commas-in-any-order"),
        pytest.param("١، ٣", ["none", "blocking"], id="arabic"),
        pytest.param("3", ["blocking"], id="one"),
        pytest.param("Yes, minor", ["minor"], id="a-label-with-a-comma"),
        pytest.param("1\n2", ["none", "minor"], id="lines"),
        pytest.param("1 9", None, id="one-of-them-wrong"),
        pytest.param("done", None, id="done-with-nothing-chosen"),
    ],
)
def test_several_options(said: str, names: list[str] | None) -> None:
    """All that is named must be options; they are kept in the form's order."""
    reading = read("select_multiple", said, Asked("", SEVERITY))
    assert reading == Answer(names) if names else isinstance(reading, Rejection)


def test_taps_toggle_until_the_last_button() -> None:
    """A tap adds or takes away; the button after the last option ends."""
    asked = Asked("", SEVERITY, toggled=("none",))
    assert read("select_multiple", Heard(press=Press("t", 3)), asked) == Toggled(("none", "blocking"))
    assert read("select_multiple", Heard(press=Press("t", 1)), asked) == Toggled(())
    assert read("select_multiple", Heard(press=Press("t", 4)), asked) == Answer(["none"])
    assert read("select_multiple", "fini", asked) == Answer(["none"])
    assert isinstance(read("select_multiple", Heard(press=Press("t", 9)), asked), Rejection)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param("24", Answer(24), id="digits"),
        pytest.param("٢٤", Answer(24), id="arabic-indic"),
        pytest.param("۲۴", Answer(24), id="extended"),
        pytest.param("0", Answer(0), id="zero"),
        pytest.param("1 250", Answer(1250), id="space"),
        pytest.param("1\u202f250", Answer(1250), id="narrow-space"),
        pytest.param("50 %", Answer(50), id="percent"),
        pytest.param("12.500", Doubt(12500, "12 500"), id="two-readings"),
        pytest.param("24.0", Answer(24), id="whole-with-a-point"),
        pytest.param("12,5", None, id="fraction"),
        pytest.param("many", None, id="word"),
        pytest.param("12 5", None, id="two-numbers"),
        pytest.param("24 people", Doubt(24, "24"), id="number-and-word"),
        pytest.param("3k", Answer(3000, "3000"), id="said-back-where-it-was-words"),
        pytest.param("", None, id="nothing"),
        pytest.param("9" * 16, None, id="very-long"),
    ],
)
def test_whole_numbers(said: str, expected: Answer | Doubt | None) -> None:
    """A whole number in any digits; one that can be read in two ways is asked back."""
    reading = read("integer", said, Asked(""))
    assert reading == expected if expected else isinstance(reading, Rejection)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        pytest.param("12500,5", Answer(12500.5), id="comma"),
        pytest.param("12.500,5", Answer(12500.5), id="points-and-comma"),
        pytest.param("12,500.5", Answer(12500.5), id="commas-and-point"),
        pytest.param("١٢٫٥", Answer(12.5), id="arabic-decimal-sign"),
        pytest.param("1.000.000", Answer(1000000), id="groups"),
        pytest.param("0.125", Answer(0.125), id="nothing-before-the-point"),
        pytest.param("12.500", Doubt(12500, "12 500"), id="two-readings"),
        pytest.param("-3", Answer(-3), id="negative"),
        pytest.param("1.00.000", None, id="groups-of-two"),
        pytest.param("9" * 400 + ".5", None, id="very-long"),
        pytest.param("1e5", None, id="exponent"),
        pytest.param("..", None, id="signs"),
    ],
)
def test_numbers_with_decimals(said: str, expected: Answer | Doubt | None) -> None:
    """Grouping and decimal sign as people of the cities write them."""
    reading = read("decimal", said, Asked(""))
    assert reading == expected if expected else isinstance(reading, Rejection)


@pytest.mark.parametrize(
    ("said", "language", "expected"),
    [
        pytest.param("15/09/2026", "en", "2026-09-15", id="slashes"),
        pytest.param("2026-09-15", "en", "2026-09-15", id="iso"),
        pytest.param("١٥/٠٩/٢٠٢٦", "ar", "2026-09-15", id="arabic-indic"),
        pytest.param("15.9.26", "fr", "2026-09-15", id="short-year"),
        pytest.param("15/12", "fr", "2026-12-15", id="no-year-but-near"),
        pytest.param("02/01", "fr", "2027-01-02", id="over-the-new-year"),
        pytest.param("aujourd'hui", "fr", "2026-11-23", id="today"),
        pytest.param("ontem", "pt", "2026-11-22", id="yesterday"),
        pytest.param("غدا", "ar", "2026-11-24", id="tomorrow"),
        pytest.param("15 septembre 2026", "fr", "2026-09-15", id="french"),
        pytest.param("15 de Setembro de 2026", "pt", "2026-09-15", id="portuguese"),
        pytest.param("15 janvier", "fr", "2027-01-15", id="words-without-a-year"),
        pytest.param("31/02/2026", "en", None, id="no-such-day"),
        pytest.param("29/02", "en", None, id="no-such-day-near"),
        pytest.param("soon", "en", None, id="word"),
    ],
)
def test_dates(said: str, language: str, expected: str | None) -> None:
    """Day first; without a year the nearest such day, when that is near."""
    say = Voice(language, NullTranslations())
    reading = type_named("date").read(Asked("", today=TODAY), Heard(text=said), say)
    assert _value(reading) == expected if expected else isinstance(reading, Rejection)


@pytest.mark.parametrize(
    ("said", "locale", "expected"),
    [
        pytest.param("15 نونبر", "ar_MA", "2026-11-15", id="Morocco"),
        pytest.param("١٥ غشت ٢٠٢٦", "ar_MA", "2026-08-15", id="Morocco-with-year"),
        pytest.param("15 أوت 2026", "ar_TN", "2026-08-15", id="Tunisia"),
        pytest.param("15 أغشت 2026", "ar_MR", "2026-08-15", id="Mauritania"),
    ],
)
def test_months_of_the_country(said: str, locale: str, expected: str) -> None:
    """What is shown can be written too."""
    say = Voice("ar", NullTranslations(), locale)
    reading = type_named("date").read(Asked("", today=TODAY), Heard(text=said), say)
    assert _value(reading) == expected


@pytest.mark.parametrize("said", ["12/13 November", "Monday 12 November", "March 5"])
def test_a_day_that_may_be_another_one_is_asked_back(said: str) -> None:
    """Two days, a wrong day of the week, a day far away: the person is asked."""
    assert isinstance(read("date", said, Asked("", today=TODAY)), Doubt)


def test_a_day_far_away_without_its_year_is_asked_back() -> None:
    """In November, 15/05 may be half a year ago or half a year ahead."""
    reading = read("date", "15/05", Asked("", today=TODAY))
    assert reading == Doubt("2027-05-15", "15 May 2027")


@pytest.mark.parametrize(
    ("heard", "value"),
    [
        pytest.param(Heard(location=Location(12.65, -8.0, 5)), "12.65 -8.0 0 5", id="shared"),
        pytest.param(Heard(text="12.65, -8.00"), "12.65 -8.0 0 0", id="typed"),
        pytest.param(Heard(text="١٢.٦٥ ٨"), "12.65 8.0 0 0", id="arabic-indic"),
        pytest.param(Heard(text="95, 10"), None, id="off-the-globe"),
        pytest.param(Heard(text="Niamey"), None, id="name"),
    ],
)
def test_places(heard: Heard, value: str | None) -> None:
    """A shared location or two numbers in degrees, as ODK writes them."""
    reading = read("geopoint", heard, Asked(""))
    assert reading == Answer(value) if value else isinstance(reading, Rejection)


@pytest.mark.parametrize(
    ("kind", "media", "is_taken"),
    [
        pytest.param("image", PHOTO, True, id="photo"),
        pytest.param("image", FILE, True, id="photo-sent-as-file"),
        pytest.param("audio", PHOTO, False, id="photo-for-a-recording"),
        pytest.param("file", PHOTO, True, id="photo-of-a-document"),
        pytest.param("file", None, False, id="only-words"),
    ],
)
def test_attachments(kind: str, media: Media | None, is_taken: bool) -> None:
    """A kind or a file; kept as type, name, size and the provider's reference."""
    reading = read(kind, Heard(text="here", media=media), Asked(""))
    if is_taken and media:
        kept: dict[str, object] = {
            "type": media.kind.value,
            "name": media.name,
            "size": media.size,
            "ref": media.ref,
        }
        assert reading == Answer(kept)
    else:
        assert isinstance(reading, Rejection)


@pytest.mark.parametrize(
    ("heard", "value"),
    [
        pytest.param(Heard(text="  two\nlines "), "two\nlines", id="lines"),
        pytest.param(Heard(text="a caption", media=PHOTO), "a caption", id="caption"),
        pytest.param(Heard(media=PHOTO), None, id="no-words"),
        pytest.param(Heard(text="   "), None, id="spaces"),
    ],
)
def test_texts(heard: Heard, value: str | None) -> None:
    """Any writing is an answer, as written; something else is not."""
    reading = read("text", heard, Asked(""))
    assert reading == Answer(value) if value else isinstance(reading, Rejection)


@pytest.mark.parametrize(("said", "value"), [("yes", "yes"), ("نعم", "yes"), ("2", "no"), ("não", "no")])
def test_one_more_round(said: str, value: str) -> None:
    """Yes and no are understood in four languages."""
    assert read("another", said, Asked("")) == Answer(value)


SHOWN: list[tuple[str, Asked, Value]] = [
    ("select_one", Asked("", SEVERITY), "blocking"),
    ("select_multiple", Asked("", (Choice("a", {"en": "Roads"}), Choice("b", {"en": "Signs"}))), ["a", "b"]),
    ("integer", Asked(""), 12500),
    ("decimal", Asked(""), 0.5),
    ("decimal", Asked(""), 1234567.25),
    ("date", Asked("", today=TODAY), "2027-01-15"),
    ("geopoint", Asked(""), "12.65 -8.0 0 0"),
    ("text", Asked(""), "as written"),
    ("another", Asked(""), "no"),
    ("time", Asked(""), "14:30"),
    ("rank", Asked("", (Choice("a", {"en": "Roads"}), Choice("b", {"en": "Signs"}))), ["b", "a"]),
    ("range", Asked("", parameters={"start": "0", "end": "5", "step": "0.5"}), 2.5),
    ("acknowledge", Asked(""), "OK"),
    ("barcode", Asked(""), "3045320094084"),
]


@pytest.mark.parametrize(("kind", "asked", "value"), SHOWN, ids=lambda part: str(part)[:20])
def test_what_is_shown_reads_as_the_same_value(kind: str, asked: Asked, value: Value) -> None:
    """Reading what was shown returns the value."""
    assert read(kind, type_named(kind).shown(asked, value, SAY), asked) == Answer(value)


def test_a_type_without_a_module_is_asked_as_text() -> None:
    """Nothing is left out: what has no way of its own is written."""
    assert type_named("geotrace") is TYPES["text"]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        pytest.param("select_one", "⑳" * 4000, id="digits"),
        pytest.param("select_multiple", "⑳" * 4000, id="digits-for-several"),
        pytest.param("rank", "⑳" * 4000, id="digits-in-order"),
        pytest.param("select_multiple", "all but " * 600 + "1", id="exceptions-without-end"),
    ],
)
def test_a_reply_without_end_is_refused(kind: str, said: str) -> None:
    """What no person means is asked again; nothing breaks."""
    assert isinstance(read(kind, said, Asked("", SEVERITY)), Rejection)


def test_a_name_that_nobody_sees_takes_no_beginning_away() -> None:
    """The beginning of one label only is that option, whatever the form calls the others."""
    asked = Asked("", (Choice("n1", {"en": "Yes"}), Choice("n2", {"en": "No"})))
    assert read("select_one", "n", asked) == Answer("n2")
    assert read("select_one", "n1", asked) == Answer("n1")
