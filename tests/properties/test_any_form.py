"""Whatever a form asks and whatever a person replies: nothing raises, is skipped, broken or lost.

A few forms and replies here; `--hypothesis-profile=long` tries thousands.
"""

from collections.abc import Callable
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import asking, engine
from bot.forms.building import open_form
from bot.forms.sheet import Sheet
from bot.questions import type_named
from bot.session import Filling, Turn, askable, asked_of, is_media, read, step_at
from bot.values import Answer, Heard, Location, Media, MediaKind, Press, Value
from tests.filling import a_filling
from tests.properties.random_forms import random_form

EXAMPLES = settings.default.max_examples if settings.default else 100
FEW = settings(max_examples=max(EXAMPLES // 5, 20), deadline=None)
FORMS = st.integers(0, max(EXAMPLES // 5, 24)).map(random_form)
LANGUAGES = st.sampled_from(["en", "fr", "pt", "ar"])

GOOD = (
    "1",
    "2",
    "3",
    "1 2",
    "12",
    "2.5",
    "2026-11-20",
    "Small",
    "large",
    "Ségou",
    "yes",
    "no",
    "a text",
    "10:30",
)
ODD = (
    "-",
    "=",
    "?",
    "",
    " ",
    "0",
    "-5",
    "٤",
    "١٥/٠٩/٢٠٢٦",
    "12 500,5",
    "31/02/2026",
    "2e9",
    "1-3",
    "none",
    "∞",
)
HARD = (
    "نعم ٣",
    "\u202e123\u202c",
    "👍🏽",
    "a" * 5000,
    "\x00\x1b",
    "${q1}",
    "<b>&amp;</b>",
    "'\"]]>",
    "q2: 5",
    "2) x",
)
TEXTS = (
    st.sampled_from(GOOD)
    | st.sampled_from(ODD + HARD)
    | st.text(max_size=30)
    | st.lists(st.sampled_from(GOOD + ODD), min_size=2, max_size=9).map("\n".join)
    | st.lists(st.tuples(st.integers(0, 12), st.sampled_from(GOOD)), max_size=5).map(
        lambda lines: "\n".join(f"{number}) {text}" for number, text in lines)
    )
)
HEARD = (
    TEXTS.map(lambda text: Heard(text=text))
    | st.integers(-1, 9).map(lambda option: Heard(press=Press("q", option)))
    | st.sampled_from(list(MediaKind)).map(lambda kind: Heard(media=Media(kind, "ref", "a.bin")))
    | st.tuples(st.floats(-90, 90), st.floats(-180, 180)).map(lambda at: Heard(location=Location(*at)))
)
Move = Callable[[Filling], Turn]
MOVES: st.SearchStrategy[Move] = st.one_of(
    HEARD.map(lambda heard: lambda filling: engine.step(filling, heard)),
    st.sampled_from(GOOD).map(lambda text: lambda filling: engine.step(filling, Heard(text=text))),
    st.just(engine.start),
    st.sampled_from([engine.skip, engine.back, engine.keep_last]),
    st.integers(0, 20).map(lambda n: lambda filling: engine.go_to(filling, n) or Turn(filling)),
    st.tuples(st.integers(0, 5), HEARD).map(lambda pair: lambda filling: _edited(filling, *pair)),
)
PLAYS = st.lists(MOVES, max_size=25)


def _edited(filling: Filling, place: int, heard: Heard) -> Turn:
    paths = list(filling.session.given)[place : place + 2]
    return engine.change(filling, tuple(paths), heard) if paths else Turn(filling)


def _answered(filling: Filling, many: int) -> Filling:
    """Return the filling with good answers to the next questions, where any of the usual ones is good."""
    for _ in range(many):
        filling = replace(filling, laid=[])
        at = step_at(filling.sheet(), filling.session.at)
        if at is None:
            break
        turn = next((t for text in GOOD if (t := engine.step(filling, Heard(text=text))).changes), None)
        filling = (turn or engine.skip(filling)).filling
    return filling


def _next(filling: Filling, move: Move) -> Turn:
    return move(replace(filling, laid=[]))  # a turn begins with nothing laid out


@given(FORMS, LANGUAGES, st.integers(0, 12), PLAYS)
@FEW
def test_no_reply_raises_skips_breaks_or_drops_anything(
    form: object, language: str, many: int, moves: list[Move]
) -> None:
    """After every reply: the open question is asked now, every new answer fits, every older one is kept."""
    filling = _answered(a_filling(form, language=language), many)  # type: ignore[arg-type]
    for move in moves:
        turn = _next(filling, move)
        asking.ask(turn.filling, turn.first)
        asking.lines_of(turn.filling)
        sheet = _fresh(turn.filling)
        steps = {at.path: at for at in askable(sheet)}
        assert turn.filling.session.at is None or turn.filling.session.at in steps
        _check_answers(filling, turn, sheet)
        _check_complete(turn, sheet)
        filling = turn.filling
    _check_memory(filling)


def _fresh(filling: Filling) -> Sheet:
    """Return the sheet laid out anew: relevance must not depend on what was asked before."""
    sheet = Sheet(filling.form, dict(filling.session.given), filling.hidden, filling.now, filling.previous)
    assert sheet.steps() == filling.sheet().steps()
    assert sheet.record() == filling.sheet().record()
    return sheet


def _check_memory(filling: Filling) -> None:
    """What expressions came to before is what they come to in a form opened just now."""
    anew = replace(filling, form=open_form(filling.form.source), laid=[])
    assert anew.sheet().steps() == filling.sheet().steps()
    assert anew.sheet().record() == filling.sheet().record()


def _check_answers(before: Filling, turn: Turn, sheet: Sheet) -> None:
    given_before, given_now = before.session.given, turn.filling.session.given
    changes = dict(turn.changes)
    assert {**given_before, **changes} == given_now
    if len(changes) == 1:
        old = _fresh(before)
        for path, value in changes.items():
            asked = step_at(old, path)
            assert old.accepts(path, value)
            assert value is not None or asked is None or not asked.is_required or is_media(asked)


def _check_complete(turn: Turn, sheet: Sheet) -> None:
    if turn.filling.session.at is not None:
        return
    for at in askable(sheet):
        value = turn.filling.session.given[at.path]
        assert value is not None or not at.is_required or is_media(at)
        assert sheet.accepts(at.path, value)


@given(FORMS, st.integers(1, 20), st.integers(1, 12), st.sampled_from(GOOD))
@FEW
def test_what_becomes_relevant_again_has_its_answer_again(
    form: object, many: int, number: int, other: str
) -> None:
    """An answer changed and changed back brings back every question and every answer."""
    filling = _answered(a_filling(form), many)  # type: ignore[arg-type]
    before, record = filling.session.given, filling.sheet().record()
    turn = engine.go_to(filling, number)
    if turn is None or turn.filling.session.at not in before:
        return
    path = turn.filling.session.at
    assert path is not None
    changed = engine.step(turn.filling, Heard(text=other))
    if len(changed.changes) != 1 or not _is_typed(filling, path, before[path]):
        return
    again = next(n for n, at in enumerate(askable(changed.filling.sheet()), start=1) if at.path == path)
    returned = engine.go_to(changed.filling, again)
    assert returned is not None
    restored = engine.step(returned.filling, Heard(text=_shown(returned.filling, path, before[path])))
    assert {**restored.filling.session.given, **before} == restored.filling.session.given
    assert restored.filling.sheet().record() == record


def _shown(filling: Filling, path: str, value: Value) -> str:
    at = step_at(filling.sheet(), path)
    assert at is not None
    return type_named(at.question.type).shown(asked_of(filling, filling.sheet(), at), value, filling.say)


def _is_typed(filling: Filling, path: str, value: Value) -> bool:
    """Tell whether an answer can be given again by typing what is shown of it."""
    at = step_at(filling.sheet(), path)
    if at is None or value is None:
        return False
    return read(filling, filling.sheet(), at, Heard(text=_shown(filling, path, value))) == Answer(value)


@given(FORMS, st.integers(0, 20))
@FEW
def test_going_back_from_the_end_passes_every_question(form: object, many: int) -> None:
    filling = _answered(a_filling(form), many)  # type: ignore[arg-type]
    given_before = filling.session.given
    for _ in range(len(askable(filling.sheet()))):
        filling = engine.back(replace(filling, laid=[])).filling
    assert filling.session.at == askable(filling.sheet())[0].path
    assert filling.session.given == given_before
