"""What a person could answer to a question: candidates by type, likelier ones first."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from random import Random

from bench.matching import texts_for
from bot.forms.form import Form
from bot.forms.sheet import Sheet, Step
from bot.session import Filling
from bot.values import Heard, Location, Media, MediaKind, Value
from bot.words import command_in

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_QUOTED = re.compile(r"'([^']*)'|\"([^\"]*)\"")
_SENTENCES = ("The work goes on as planned.", "Two visits were made.", "Nothing special.", "Ama Exemple")
_USUAL = (2, 1, 3, 0, 5, 10, 12, 18, 25, 30, 50, 75, 100, 150, 1000, 2026, -1, -10, 100000, 10**8, 10**9)
_FILES = {
    "image": (MediaKind.IMAGE, "photo.jpg", "image/jpeg"),
    "audio": (MediaKind.AUDIO, "voice.ogg", "audio/ogg"),
    "video": (MediaKind.VIDEO, "clip.mp4", "video/mp4"),
    "file": (MediaKind.FILE, "plan.pdf", "application/pdf"),
}
_MOST = 4000  # candidates for one question


def candidates(filling: Filling, at: Step, chance: Random) -> Iterator[Heard]:
    """Yield replies in the words of a person; not all of them satisfy the constraint."""
    kind = at.question.type
    if kind in _FILES:
        media, name, content = _FILES[kind]
        yield Heard(media=Media(media, f"file-{chance.random()}", name, content, 12345))
        return
    if kind == "geopoint":
        yield Heard(location=Location(13.5116, 2.1254, 8.0))
    yield from (Heard(text=text) for text in _texts(filling, at, chance) if command_in(text) is None)


def _texts(filling: Filling, at: Step, chance: Random) -> Iterator[str]:
    sheet, today = filling.sheet(), filling.now.date()
    rule = filling.form.compiled.nodes[at.question.path].constraint
    written = rule.source if rule else ""
    match at.question.type:
        case "select_one":
            yield from _one_of(len(sheet.choices(at.path)), chance)
        case "select_multiple":
            yield from _several_of(len(sheet.choices(at.path)), written, chance)
        case "rank":
            yield " ".join(str(number) for number in range(1, len(sheet.choices(at.path)) + 1))
        case "acknowledge":
            yield from ("1", "yes")
        case "range":
            yield from _range(at.question.parameters, written, chance)
        case "integer":
            yield from map(str, _whole(sheet, written, chance))
            yield from texts_for(_literals(written), chance)
        case "decimal":
            yield from map(_plain, _numbers(sheet, written, chance))
        case "date":
            yield from (day.isoformat() for day in _days(sheet, written, today))
        case "time":
            yield from (f"{hour:02}:{minute:02}" for hour in (10, 15, *range(24)) for minute in (0, 30, 59))
        case "datetime":
            days = _days(sheet, written, today)
            yield from (f"{day.isoformat()} {hour:02}:30" for day in days for hour in (10, 0, 23))
        case _:
            yield from _free(sheet, written, chance)
            yield from _listed(filling.form, rule.lists if rule else ())


def _one_of(many: int, chance: Random) -> Iterator[str]:
    yield from (str(number) for number in chance.sample(range(1, many + 1), many))


def _several_of(many: int, written: str, chance: Random) -> Iterator[str]:
    sizes = [1, 2, *(int(float(n)) + d for n in _NUMBER.findall(written) for d in (0, -1, 1)), 3, many]
    for size in dict.fromkeys(size for size in sizes if 1 <= size <= many):
        for _ in range(many + 4):
            yield " ".join(map(str, sorted(chance.sample(range(1, many + 1), size))))


def _range(parameters: object, written: str, chance: Random) -> Iterator[str]:
    known = dict(parameters) if isinstance(parameters, dict) else {}
    start, end, step = (float(known.get(k, d)) for k, d in (("start", 1), ("end", 10), ("step", 1)))
    count = int(abs(end - start) / abs(step or 1)) + 1
    steps = range(count) if count < 200 else chance.sample(range(count), 200)
    yield from (_plain(start + number * step) for number in steps)


def _whole(sheet: Sheet, written: str, chance: Random) -> Iterator[int]:
    seen: set[int] = set()
    for number in _numbers(sheet, written, chance):
        whole = int(number)
        if whole not in seen:
            seen.add(whole)
            yield whole


def _numbers(sheet: Sheet, written: str, chance: Random) -> Iterator[float]:
    known = [float(number) for number in _NUMBER.findall(written)]
    near = [number + by for number in known for by in (0, 1, -1, 0.5)]
    between = [(a + b) / 2 for a in known for b in known if a < b]
    yield from chance.sample(_USUAL[:4], 4) if not known else near + between
    given = [value for value in _flat(sheet.record()) if isinstance(value, int | float)]
    yield from (float(value + by) for value in given[-60:] for by in (0, 1, -1))
    yield from (float(value + sign * number) for value in given[-60:] for number in known for sign in (1, -1))
    yield from (a + b for a in given[-12:] for b in given[-12:])
    yield from map(float, _USUAL)
    yield from map(float, range(4, 130))


def _days(sheet: Sheet, written: str, today: date) -> Iterator[date]:
    given = [value for value in _flat(sheet.record()) if isinstance(value, str)]
    named = [found for text in (written, *given) for found in _DAY.findall(text)]
    anchors = [today, *filter(None, map(_day, dict.fromkeys(named)))]
    near = [int(float(number)) for number in _NUMBER.findall(written) if abs(float(number)) < 40000]
    for by in (
        0,
        -1,
        1,
        -7,
        7,
        *(sign * n for n in near for sign in (1, -1)),
        30,
        -30,
        400,
        -400,
        -8000,
        8000,
    ):
        yield from (day + timedelta(days=by) for day in anchors if 700000 < day.toordinal() + by < 800000)
    yield from (today + timedelta(days=by) for by in range(-40, 41))
    yield from (today.replace(month=month, day=1) for month in range(1, 13))


def _free(sheet: Sheet, written: str, chance: Random) -> Iterator[str]:
    if not written:
        yield chance.choice(_SENTENCES)
    literals = _literals(written)
    yield from (text for text in literals if text.strip())
    yield from texts_for(literals, chance)
    yield from _SENTENCES
    for length in dict.fromkeys(int(float(n)) + by for n in _NUMBER.findall(written) for by in (0, 1, -1)):
        if 0 < length <= 4000:
            yield from ("a" * length, "1" * length, "7" * length, "A" * length)
            yield from (text.ljust(length, sign) for text in literals if text for sign in "a1")
    yield from ("ama@example.org", "0612345678", "+22790123456", "2026-11-23", "12:30", "A", "ab", "yes", "1")
    yield from (str(value) for value in _flat(sheet.record()) if isinstance(value, str | int | float))


def _listed(form: Form, names: Iterable[str]) -> Iterator[str]:
    """Yield what stands in the lists that a constraint looks into."""
    for name in names:
        items = form.compiled.lists.get(name)
        texts = (column.text for item in items.iter("item") for column in item) if items is not None else ()
        yield from (text for text, _ in zip(filter(None, texts), range(_MOST), strict=False))


def _literals(written: str) -> list[str]:
    return [single or double for single, double in _QUOTED.findall(written)]


def _flat(value: Value | list[object]) -> Iterator[object]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _flat(inner)  # type: ignore[arg-type]  # a record's rows
    elif isinstance(value, list):
        for one in value:
            yield from _flat(one)
    elif value is not None:
        yield value


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _plain(number: float) -> str:
    return str(int(number)) if number == int(number) else f"{number:.4f}".rstrip("0")
