"""`python -m bench.sheets`: what the expressions of one turn cost on a form of 400 questions."""

import gc
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from gettext import NullTranslations
from random import Random
from statistics import quantiles
from typing import TypeVar

from bench.replies import candidates
from bot import asking, engine
from bot.forms.form import Form
from bot.forms.read import read_form
from bot.forms.sheet import Sheet
from bot.say import Voice
from bot.session import Filling, Session, Turn, askable, read, step_at
from bot.values import Answer, Heard

T = TypeVar("T")

QUESTIONS = 400
AT = datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
_REGIONS, _TOWNS = 12, 40  # the second list is filtered by the first
_COLUMNS = ("type", "name", "label", "relevant", "constraint", "required", "calculation", "choice_filter")
_SECTION: tuple[tuple[str, str, str, dict[str, str]], ...] = (
    ("begin_group", "section", "Section {n}", {}),
    (
        "select_one size",
        "size",
        "How large is work {n}?",
        {"relevant": "{last} != 'none'", "required": "yes"},
    ),
    (
        "integer",
        "people",
        "How many people?",
        {"relevant": "${{size{n}}} != 'none'", "constraint": ". >= 0 and . <= 5000", "required": "yes"},
    ),
    (
        "integer",
        "women",
        "How many of ${{people{n}}} are women?",
        {"relevant": "${{people{n}}} > 0", "constraint": ". >= 0 and . <= ${{people{n}}}", "required": "yes"},
    ),
    ("calculate", "men", "", {"calculation": "coalesce(${{people{n}}}, 0) - coalesce(${{women{n}}}, 0)"}),
    (
        "select_multiple need",
        "needs",
        "What is needed?",
        {"relevant": "${{men{n}}} >= 0", "constraint": "count-selected(.) <= 3"},
    ),
    (
        "text",
        "other",
        "Which other need in ${{size{n}}} work?",
        {"relevant": "selected(${{needs{n}}}, 'other')", "constraint": "string-length(.) < 200"},
    ),
    ("select_one region", "region", "Which region?", {"required": "yes"}),
    (
        "select_one town",
        "town",
        "Which town?",
        {"required": "yes", "choice_filter": "region = ${{region{n}}}"},
    ),
    ("date", "day", "Since when in ${{town{n}}}?", {"constraint": ". <= today()"}),
    (
        "decimal",
        "cost",
        "What does it cost?",
        {"relevant": "${{size{n}}} = 'large' or ${{people{n}}} > 10", "constraint": ". > 0"},
    ),
    ("text", "code", "Its code?", {"constraint": "regex(., '[A-Z]{{2}}-[0-9]{{3}}')"}),
    (
        "calculate",
        "share",
        "",
        {"calculation": "if(${{people{n}}} > 0, round(${{cost{n}}} div ${{people{n}}}, 2), 0)"},
    ),
    ("end_group", "", "", {}),
)


def large_form(questions: int = QUESTIONS) -> Form:
    """Return a form of so many questions, most of them asked only after an earlier answer."""
    rows = [" | ".join(row.get(column, "") for column in _COLUMNS) for row in _rows(questions)]
    lists = ("list_name | name | label | region", *_choices())
    survey = "".join(f"| | {row} |\n" for row in (" | ".join(_COLUMNS), *rows))
    choices = "".join(f"| | {row} |\n" for row in lists)
    return read_form(f"| survey |\n{survey}| choices |\n{choices}".encode(), "large.md")


def _rows(questions: int) -> Iterator[dict[str, str]]:
    for number in range(questions // 10):
        last = f"${{size{number - 1:02}}}" if number else "'large'"
        for sort, name, label, cells in _SECTION:
            row = {"name": f"{name}{{n}}" if name else "", "label": label, **cells}
            yield {"type": sort, **{c: text.format(n=f"{number:02}", last=last) for c, text in row.items()}}
    total = " + ".join(f"coalesce(${{cost{number:02}}}, 0)" for number in range(questions // 10))
    yield {"type": "calculate", "name": "total", "calculation": total}
    yield {"type": "note", "name": "closing", "label": "All costs ${total}.", "relevant": "${total} > 0"}


def _choices() -> Iterator[str]:
    yield from (f"size | {name} | {name.title()} | " for name in ("none", "small", "middle", "large"))
    yield from (f"need | {name} | {name.title()} | " for name in ("money", "people", "time", "other"))
    yield from (f"region | r{region} | Region {region} | " for region in range(_REGIONS))
    for region in range(_REGIONS):
        yield from (f"town | r{region}t{town} | Town {region}-{town} | r{region}" for town in range(_TOWNS))


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of CPU per turn: one layout with the open question's texts, and all that the engine does."""

    sheets: list[float]
    turns: list[float]
    answered: int


def measure(form: Form, *, whole_turns: bool = True) -> Timing:
    """Return what each turn costs while a form is filled in from the first question to the last."""
    filling = engine.start(_filling(form, Session())).filling
    chance, sheets, turns = Random(1), list[float](), list[float]()
    gc.collect()
    gc.disable()  # a collection counts where it happens to fall
    while filling.session.at is not None:
        sheets.append(_seconds(_evaluated, filling)[0])
        heard = _reply(filling, chance)
        seconds, turn = _seconds(_turn, filling if not whole_turns else replace(filling, laid=[]), heard)
        turns.append(seconds)
        filling = replace(turn.filling, laid=turn.filling.laid[-1:])
    gc.enable()
    return Timing(sheets, turns, len(filling.session.given))


def _seconds(work: Callable[..., T], *arguments: object) -> tuple[float, T]:
    began = time.thread_time()
    result = work(*arguments)
    return time.thread_time() - began, result


def _turn(filling: Filling, heard: Heard) -> Turn:
    turn = engine.step(filling, heard) if heard.text != "-" else engine.skip(filling)
    asking.ask(turn.filling, turn.first)
    return turn


def _filling(form: Form, session: Session) -> Filling:
    return Filling(form, session, {}, AT, Voice("en", NullTranslations()))


def _reply(filling: Filling, chance: Random) -> Heard:
    sheet = filling.sheet()
    at = step_at(sheet, filling.session.at)
    assert at is not None
    found = candidates(filling, at, chance)
    good = (heard for heard in found if isinstance(read(filling, sheet, at, heard), Answer))
    return next(good, Heard(text="-"))


def _evaluated(filling: Filling) -> None:
    """Do with a sheet what a turn does: lay it out, find the question, read its texts and options."""
    sheet = Sheet(filling.form, filling.session.given, filling.hidden, filling.now)
    at = step_at(sheet, filling.session.at)
    assert at is not None
    len(askable(sheet))
    sheet.label(at.path, "en")
    sheet.hint(at.path, "en")
    sheet.choices(at.path)
    sheet.accepts(at.path, "1")


def both(seconds: list[float]) -> str:
    """Return median and 99th percentile in milliseconds."""
    cuts = quantiles(seconds, n=100)
    return f"{cuts[49] * 1e3:.2f} / {cuts[98] * 1e3:.2f}"


def main() -> None:
    """Print the figures of one form filled in."""
    form = large_form()
    began = time.process_time()
    timing = measure(form)
    print(f"questions asked {timing.answered}, of {len(form.questions)}")
    print(f"expressions of a turn, p50 / p99 ms          {both(timing.sheets)}")
    print(f"whole turn in the engine, p50 / p99 ms       {both(timing.turns)}")
    print(f"seconds of CPU in all                        {time.process_time() - began:.1f}")


if __name__ == "__main__":
    main()
