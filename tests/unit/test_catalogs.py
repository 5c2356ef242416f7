"""The four catalogs: complete, counted as the languages count, within the limits of phones."""

import ast
import io
import re
from collections.abc import Iterator
from functools import cache
from gettext import GNUTranslations
from pathlib import Path

import polib
import pytest
from babel import Locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from bot import choices
from bot.say import Voice
from bot.values import LANGUAGES
from bot.words import WORDS, shown
from tests import catalogs

CLDR = {"en": "en", "fr": "fr", "pt": "pt_PT", "ar": "ar"}  # in Maputo 0 is plural, as in Portugal
FORMS = {
    "en": ("one", "other"),
    "fr": ("one", "other"),
    "pt": ("one", "other"),
    "ar": ("zero", "one", "two", "few", "many", "other"),
}
NUMBERS = (0, 1, 2, 3, 10, 11, 14, 99, 100, 102, 103, 111)
BUTTON, SENTENCE = 20, 160  # characters
STEERING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # marks and isolates of UAX 9
CAPITALS = re.compile(r"\b[^\W\da-zà-ÿ_]{2,}(?: [^\W\da-zà-ÿ_]{2,})*\b")
ONE = "{n} answer read. Please check it:"
MANY = "{n} answers read. Please check them:"

USUAL = {
    "name": "Fatimata Diallo-Sow",
    "officer": "Jeanne Exemple",
    "deputy": "Moussa Exemple",
    "programme": "ASToN",
    "city": "Nouakchott",
    "form": "Point hebdomadaire",
    "milestone": "M05 Plan d'action local",
    "group": "Dépenses",
    "period": "semaine 48",
    "date": "27 novembre 2026",
    "day": "vendredi",
    "time": "10:00",
    "reference": "NKC-2026-W48-1",
    "word": "RAPPORT",
    "year": "2026",
}


class Usual(dict[str, str]):
    """The usual values of placeholders; a plain figure for all others."""

    def __missing__(self, name: str) -> str:
        return "12"


@cache
def entries(language: str) -> tuple[polib.POEntry, ...]:
    """Return what a catalog holds."""
    return tuple(catalogs.catalog(language))


@cache
def compiled(language: str) -> GNUTranslations:
    """Return the catalog compiled, with one more counted sentence that says which form was taken."""
    path = catalogs.ROOT / "locales" / language / "LC_MESSAGES" / "griot.po"
    with path.open("rb") as written:
        catalog = read_po(written, locale=language)
    catalog.add(("one", "many"), tuple(map(str, range(catalog.num_plurals))))
    file = io.BytesIO()
    write_mo(file, catalog)
    file.seek(0)
    return GNUTranslations(file)


def texts(language: str) -> Iterator[tuple[str, str]]:
    """Yield the English sentence and its translation, every plural form of it."""
    for entry in entries(language):
        for form in catalogs.forms_of(entry):
            yield entry.msgid, form


def counted(language: str) -> Iterator[polib.POEntry]:
    """Yield the counted sentences."""
    return (entry for entry in entries(language) if entry.msgid_plural)


@cache
def button_labels() -> frozenset[str]:
    """Return what the bot puts on buttons of its own: the options of choices, yes and no, the last one."""
    tree = ast.parse(Path(choices.__file__).read_text(encoding="utf-8"))
    assigned = (node for node in tree.body if isinstance(node, ast.AnnAssign))
    labels = next(node for node in assigned if ast.unparse(node.target) == "_LABELS")
    said = (node.args[0] for node in ast.walk(labels) if isinstance(node, ast.Call) and node.args)
    own = {str(each.value) for each in said if isinstance(each, ast.Constant)}
    return frozenset(own | {"Yes", "No", "Yes, now", "Done"})


def test_every_sentence_is_in_all_four_catalogs() -> None:
    """Nothing is missing, fuzzy, left over, hidden from Babel, or has lost a placeholder."""
    assert catalogs.faults() == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_plural_rule_is_that_of_the_language(language: str) -> None:
    """The hand-written header agrees with CLDR (Babel's own rule for Arabic swaps two forms)."""
    rule = Locale.parse(CLDR[language]).plural_form
    taken = [FORMS[language][int(compiled(language).ngettext("one", "many", n))] for n in range(2000)]
    assert taken == [rule(n) for n in range(2000)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_counted_sentences_have_every_form(language: str) -> None:
    """Each number takes the form of its own, with the number in Western digits unless it is a word."""
    voice, rule = Voice("", compiled(language)), Locale.parse(CLDR[language]).plural_form
    for entry in counted(language):
        for n in NUMBERS:
            form = catalogs.forms_of(entry)[FORMS[language].index(rule(n))]
            said = voice.count(entry.msgid, entry.msgid_plural, n, **_values(entry))
            assert said == form.format_map({**_values(entry), "n": n})
            assert str(n) in said or (language == "ar" and n < 3), said


def _values(entry: polib.POEntry) -> dict[str, object]:
    return {name: Usual(USUAL)[name] for name in catalogs.placeholders(entry.msgid) - {"n"}}


@pytest.mark.parametrize(
    ("n", "said"),
    [
        (0, "لم تُقرأ أي إجابة."),
        (1, "قُرئت إجابة واحدة. يرجى التحقق منها:"),
        (2, "قُرئت إجابتان. يرجى التحقق منهما:"),
        (3, "قُرئت 3 إجابات. يرجى التحقق منها:"),
        (10, "قُرئت 10 إجابات. يرجى التحقق منها:"),
        (11, "قُرئت 11 إجابة. يرجى التحقق منها:"),
        (14, "قُرئت 14 إجابة. يرجى التحقق منها:"),
        (99, "قُرئت 99 إجابة. يرجى التحقق منها:"),
        (100, "قُرئت 100 إجابة. يرجى التحقق منها:"),
        (102, "قُرئت 102 إجابة. يرجى التحقق منها:"),
        (103, "قُرئت 103 إجابات. يرجى التحقق منها:"),
        (111, "قُرئت 111 إجابة. يرجى التحقق منها:"),
    ],
)
def test_arabic_counts(n: int, said: str) -> None:
    """Arabic has six forms, two of them without a figure."""
    assert Voice("", compiled("ar")).count(ONE, MANY, n) == said


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_fit_a_button(language: str) -> None:
    """Buttons of every channel take 20 characters."""
    labels = {english: said for english, said in texts(language) if english in button_labels()}
    assert labels.keys() == button_labels()
    assert [label for label in labels.values() if len(label) > BUTTON] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_sentences_are_short(language: str) -> None:
    """A sentence with usual values stays within 160 characters."""
    said = [form.format_map(Usual(USUAL)) for _, form in texts(language)]
    assert [each for each in said if len(each) > SENTENCE] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_steers_direction(language: str) -> None:
    """The voice puts isolates around values; the catalogs hold none."""
    assert [form for _, form in texts(language) if STEERING.search(form)] == []


def test_french_signs_stand_after_a_plain_space() -> None:
    """`?`, `!`, `:` and `;` follow a plain space, but within a time, an address or a column's name."""
    sign = re.compile(r"(?<![ :])[?!:;](?![\d/:])|[\u00a0\u202f]")
    assert [form for _, form in texts("fr") if sign.search(form)] == []


@pytest.mark.parametrize("language", ["en", "pt", "ar"])
def test_other_signs_stand_close(language: str) -> None:
    """No other language writes a space before a sign."""
    assert [form for _, form in texts(language) if re.search(r"\s[?!:;,.؟؛،](?!\w)", form)] == []


def test_arabic_writes_western_digits() -> None:
    """Morocco, Tunisia and Mauritania write 0 to 9."""
    assert [form for _, form in texts("ar") if re.search("[٠-٩۰-۹]", form)] == []


def test_portuguese_is_that_of_mozambique() -> None:
    """The spelling is that of before 1990, and nobody is called `você`."""
    other = re.compile(
        r"\b(projet|atual|ativ|seleç|você|arquivo|celular|corret|obrigad|bem-vind)", re.IGNORECASE
    )
    assert [form for _, form in texts("pt") if other.search(form)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_words_to_type_are_those_of_the_language(language: str) -> None:
    """A word to type is the first of its command: in capitals, in Arabic within guillemets."""
    commands = {shown(command, "en"): command for command in WORDS}
    for english, form in texts(language):
        asked = [commands[word] for word in CAPITALS.findall(english) if word in commands]
        assert sorted(_words_to_type(form, language, english)) == sorted(
            shown(command, language) for command in asked
        ), form


def _words_to_type(form: str, language: str, english: str) -> list[str]:
    """Return the words marked to be typed; capitals that are no command (such as ID) stay as in English."""
    if language == "ar":
        return re.findall("«[^»]*[ء-ي][^»]*»", form)  # not signs as «-», nor file kinds
    names = {word for word in CAPITALS.findall(english) if word not in {shown(c, "en") for c in WORDS}}
    return [word for word in CAPITALS.findall(form) if word not in names]


@pytest.mark.parametrize("folder", ["console", "reports"])
def test_templates_leave_counting_to_python(folder: str) -> None:
    """Counted sentences in a template are not found for the catalogs: they would stay English."""
    pages = list((Path(__file__).parents[2] / folder / "templates").glob("*.html"))
    assert pages
    assert not [page.name for page in pages if "say.count(" in page.read_text(encoding="utf-8")]
