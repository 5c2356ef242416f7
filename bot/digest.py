"""The weekly digest: a week within one message, whole for e-mail, and everything that a city said."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from babel.lists import format_list

from bot.digest_page import (
    FULL,
    Line,
    Quote,
    Room,
    Section,
    changed,
    incomplete,
    name_of,
    standing_in_words,
)
from bot.digest_sections import deadlines_of, sections
from bot.forms.form import Form
from bot.media_words import Received, described
from bot.programme import City, Programme
from bot.say import begun_right, isolate
from bot.values import LANGUAGE_NAMES, Say, Value
from bot.week import CityWeek, Week, by_city, shown, told

CHARACTERS = 900  # of the text, domain rules section 6
DETAIL_CHARACTERS = 1500  # of what one city said
_OUTPUT = re.compile(r"\s*:?\s*\$\{[^}]+\}")  # what was put in when it was asked
ROOMS = (  # the first in which everything has room is taken, else the last
    Room(160, 12, names=True, reasons=True),
    Room(120, 12, names=True, reasons=True),
    Room(90, 12, names=True, reasons=True),
    Room(90, 12, names=True, reasons=False),
    Room(60, 12, names=False, reasons=False),
    Room(60, 4, names=False, reasons=False, lines=8),
    Room(40, 4, names=False, reasons=False, lines=6),
    Room(40, 4, names=False, reasons=False, lines=4, successes=2),
    Room(40, 4, names=False, reasons=False, lines=3, successes=1),
    Room(0, 12, names=False, reasons=False),
    Room(0, 6, names=False, reasons=False, lines=8),
    Room(0, 4, names=False, reasons=False, lines=4),
    Room(0, 3, names=False, reasons=False, lines=3),
    Room(0, 3, names=False, reasons=False, lines=2),
    Room(0, 3, names=False, reasons=False, urgent=4, lines=2),
    Room(0, 2, names=False, reasons=False, urgent=3, lines=2),
    Room(0, 2, names=False, reasons=False, urgent=3, lines=1),
)


@dataclass(frozen=True, slots=True)
class Detail:
    """Everything one city said: where it stands, then each question with its answer."""

    city: City
    standing: str
    answers: tuple[tuple[str, Quote], ...]


@dataclass(frozen=True, slots=True)
class Digest:
    """One week as text, and what stands behind it."""

    week: str
    language: str
    text: str
    details: tuple[tuple[str, str], ...]  # city and everything it said
    expected: int
    answered: int
    cities: tuple[tuple[CityWeek, str | None], ...]  # with the status answered
    title: str = ""
    sections: tuple[Section, ...] = ()  # whole
    said: tuple[Detail, ...] = ()


def digest(programme: Programme, week: Week, say: Say) -> Digest:
    """Return the digest of a week in the voice's language."""
    say = say.of(programme.locale(say.language))
    reports, own = told(programme, week.cities), by_city(week, programme.cities)
    cities = [(city, own[city.slug]) for city in programme.cities.values()]
    return Digest(
        week=week.name,
        language=say.language,
        text=_within(programme, week, say),
        details=tuple((city.slug, _everything(programme, city, part, say)) for city, part in cities),
        expected=week.expected,
        answered=week.answered,
        cities=tuple((each.week, each.status if each.week.is_sent else None) for each in reports),
        title=_title(week, say, str(week.answered)),
        sections=tuple(sections(programme, week, say, FULL)),
        said=tuple(detail for city, part in cities for detail in _said_by(city, part, say)),
    )


def city_text(programme: Programme, week: Week, slug: str, say: Say) -> str:
    """Return what a city said within 1500 characters, its longest answers shortened first."""
    city, say = programme.cities[slug], say.of(programme.locale(say.language))
    texts = (
        _everything(programme, city, week, say, most) for most in (1_000, 500, 300, 200, 120, 80, 40, 20)
    )
    shortest = ""
    for shortest in texts:
        if len(shortest) <= DETAIL_CHARACTERS:
            return shortest
    return _whole_lines(shortest, DETAIL_CHARACTERS)


def full_text(found: Digest, say: Say) -> str:
    """Return the whole digest as plain text, with what each city said."""
    parts = [found.title, *(_section(each, say, FULL.quote) for each in found.sections)]
    parts += [text for _, text in found.details]
    return "\n\n".join(_laid_out(part, say) for part in parts)


def subject(week: str, say: Say) -> str:
    """Return the subject of the digest's e-mail."""
    return say("Digest, week {week}", week=number_of(week))


def number_of(week: str) -> str:
    """Return the number of an ISO week."""
    return week.rpartition("W")[2].lstrip("0")


def language_mark(quote: Quote, say: Say) -> str:
    """Return the name of a quotation's language when it is not the reader's, else an empty text."""
    if quote.language in ("", say.language):
        return ""
    return LANGUAGE_NAMES.get(quote.language, quote.language)


def _within(programme: Programme, week: Week, say: Say) -> str:
    texts = (_text(programme, week, say, room) for room in ROOMS)
    text = ""
    for text in texts:
        if len(text) <= CHARACTERS:
            return text
    return _whole_lines(text, CHARACTERS)


def _text(programme: Programme, week: Week, say: Say, room: Room) -> str:
    before = sum(each.is_sent for each in week.before)
    parts = [
        _title(week, say, changed(week.answered, before, say) if before else str(week.answered)),
        *(_section(each, say, room.quote) for each in sections(programme, week, say, room)),
        say("For one city, send MORE and the city's name."),
    ]
    return _laid_out("\n".join(parts), say)


def _title(week: Week, say: Say, answered: str) -> str:
    return say(
        "Digest, week {week}. Updates received: {answered} of {expected}.",
        week=number_of(week.name),
        answered=answered,
        expected=week.expected,
    )


def _section(section: Section, say: Say, most: int) -> str:
    if not section.lines:
        return say("{name}: {text}", name=section.heading, text=say("Nothing"))
    lines = (f"- {_line(line, say, most)}" for line in section.lines)
    return "\n".join((say("{heading}:", heading=section.heading), *lines))


def _line(line: Line, say: Say, most: int) -> str:
    if not most or not line.quotes:
        return line.text
    quoted = " / ".join(_quoted(each, say, most) for each in line.quotes)
    if line.text.endswith((".", "؟")):
        return f"{line.text} {quoted}"
    return say("{name}: {text}", name=line.text, text=quoted)


def _quoted(quote: Quote, say: Say, most: int) -> str:
    text = _cut(quote.text, most)
    text = isolate(text) if "ar" in (say.language, quote.language) else text
    language = "" if quote.language == say.language else quote.language
    marks = [mark for mark in (language, quote.age) if mark]
    comma = "، " if say.language == "ar" else ", "
    return f"{text} ({comma.join(marks)})" if marks else text


def _laid_out(text: str, say: Say) -> str:
    """Return an Arabic text with each line from the right; in other languages quotations alone run so."""
    return begun_right(text) if say.language == "ar" else text


def _everything(programme: Programme, city: City, week: Week, say: Say, most: int = 1_000_000) -> str:
    blocks = deadlines_of(programme, week, city, say)
    for detail in reversed(list(_said_by(city, week, say))):
        lines = [say("{name}: {text}", name=name_of(city, say), text=detail.standing)]
        lines += [f"{label} {_quoted(quote, say, most)}" for label, quote in detail.answers]
        blocks.insert(0, "\n".join(lines))
    own = [each for each in week.received if each.city.slug == city.slug]
    if plain := [described(each, say) for each in own if not each.caption]:
        blocks.append(say("Attached: {list}", list=format_list(plain, locale=say.locale)))
    blocks += [_captioned(each, say, most) for each in own if each.caption]
    return _laid_out("\n".join(blocks), say)


def _captioned(one: Received, say: Say, most: int) -> str:
    shown = say("{name}: {text}", name=described(one, say), text=_cut(one.caption, most))
    return say("Attached: {list}", list=shown)


def _said_by(city: City, week: Week, say: Say) -> Iterator[Detail]:
    for report in (*week.cities, *week.since):
        if report.city.slug == city.slug:
            yield Detail(city, _standing(report, say), tuple(_answers(report, say)))


def _answers(report: CityWeek, say: Say) -> Iterator[tuple[str, Quote]]:
    form = report.form
    if form is None:
        return
    order = {question.path: place for place, question in enumerate(form.questions)}
    said = report.answers or {}
    for path in sorted(said, key=lambda each: order.get(each, len(order))):  # PostgreSQL keeps no order
        value = said[path]
        if value is None or isinstance(value, dict) or _is_of_repeat(value):
            continue
        text = shown(form, path, value, say.language)
        is_words = text == value and isinstance(value, str)
        yield _label(form, path, say), Quote(text, report.language if is_words else "")


def _is_of_repeat(value: Value) -> bool:
    return isinstance(value, list) and any(not isinstance(each, str) for each in value)


def _standing(week: CityWeek, say: Say) -> str:
    words = say("Nothing to report") if week.nothing else standing_in_words(week.standing, say)
    if week.has_gap:
        words = incomplete(say)
    return f"{words} ({week.reference})" if week.reference else words


def _label(form: Form, path: str, say: Say) -> str:
    question = next((each for each in form.questions if each.path == path), None)
    if question is None:
        return path
    label = question.labels.get(say.language) or next(iter(question.labels.values()), path)
    return _OUTPUT.sub("", label)


def _cut(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[:most].rsplit(" ", 1)[0] + "…"


def _whole_lines(text: str, most: int) -> str:
    """Return the first lines that have room, and an ellipsis."""
    kept: list[str] = []
    for line in text.split("\n"):
        if len("\n".join([*kept, line])) > most - 2:
            break
        kept.append(line)
    return "\n".join([*kept, "…"])
