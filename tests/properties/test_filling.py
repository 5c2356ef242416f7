"""Whatever a person types into any of the nine forms: nothing raises, nothing is skipped, nothing is lost."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot import asking, engine
from bot.questions import type_named
from bot.session import Filling, Turn, askable, asked_of, is_media, step_at
from bot.values import Answer, Heard, Location, Media, MediaKind, Press, Value
from tests.filling import NINE, a_filling, form_named

LABELS = sorted(
    {
        label
        for name in NINE
        for q in form_named(name).questions
        for c in q.choices
        for label in c.labels.values()
    }
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.sampled_from(LABELS),
    st.sampled_from(
        ["1", "2", "3", "٤", "50 %", "12.500", "15/09/2026", "yes", "no", "-", "=", "4) yes\n5) 3"]
    ),
    st.lists(st.sampled_from(["1", "2", "no", "24", "-", "A text", "3) x", "soon"]), max_size=12).map(
        "\n".join
    ),
)
HEARD = st.one_of(
    TEXTS.map(lambda text: Heard(text=text)),
    st.integers(-1, 12).map(lambda option: Heard(press=Press("q", option))),
    st.sampled_from(list(MediaKind)).map(lambda kind: Heard(media=Media(kind, "ref", "a.bin"))),
    st.tuples(st.floats(-90, 90), st.floats(-180, 180)).map(lambda p: Heard(location=Location(*p))),
)
Move = Callable[[Filling], Turn]
MOVES: st.SearchStrategy[Move] = st.one_of(
    HEARD.map(lambda heard: lambda filling: engine.step(filling, heard)),
    st.sampled_from([engine.skip, engine.back, engine.keep_last]),
    st.integers(0, 20).map(lambda n: lambda filling: engine.go_to(filling, n) or Turn(filling)),
    st.tuples(st.integers(0, 5), HEARD).map(lambda pair: lambda filling: _edited(filling, *pair)),
)
LANGUAGES = st.sampled_from(["en", "fr", "pt", "ar"])


def _edited(filling: Filling, place: int, heard: Heard) -> Turn:
    paths = list(filling.session.given)[place : place + 2]
    return engine.change(filling, tuple(paths), heard) if paths else Turn(filling)


def _played(name: str, language: str, moves: list[Move]) -> list[Turn]:
    turns = [Turn(a_filling(name, language=language))]
    for move in moves:
        turns.append(move(turns[-1].filling))
    return turns


@pytest.mark.parametrize("name", NINE)
@given(LANGUAGES, st.lists(MOVES, max_size=14))
@settings(max_examples=15, deadline=None)
def test_nothing_raises_and_no_stored_answer_breaks_its_form(
    name: str, language: str, moves: list[Move]
) -> None:
    """Every answer was allowed when it was given; a required question has none that is empty."""
    for turn in _played(name, language, moves):
        asking.ask(turn.filling, turn.first)
        sheet = turn.filling.sheet()
        for path, value in turn.changes:
            at = step_at(sheet, path)
            if at is None:
                continue  # a line of the same message took it away again
            assert value is not None or not at.is_required or is_media(at)
        changed = dict(turn.changes)
        if len(changed) == 1:
            assert all(sheet.accepts(path, value) for path, value in changed.items())


@pytest.mark.parametrize("name", NINE)
@given(LANGUAGES, st.lists(MOVES, max_size=14))
@settings(max_examples=15, deadline=None)
def test_no_relevant_required_question_is_skipped(name: str, language: str, moves: list[Move]) -> None:
    """When nothing is left to ask, every required question that is relevant has an answer that holds."""
    filling = engine.start(_played(name, language, moves)[-1].filling).filling
    if filling.session.at is not None:
        return
    sheet = filling.sheet()
    for at in askable(sheet):
        assert at.path in filling.session.given
        value = filling.session.given[at.path]
        assert value is not None or not at.is_required or is_media(at)
        assert sheet.accepts(at.path, value)


@pytest.mark.parametrize("name", NINE)
@given(LANGUAGES, st.lists(MOVES, max_size=14))
@settings(max_examples=15, deadline=None)
def test_nothing_once_given_is_dropped(name: str, language: str, moves: list[Move]) -> None:
    """Going back and editing keep every answer, in case it becomes relevant again."""
    turns = _played(name, language, moves)
    for before, turn in itertools.pairwise(turns):
        assert set(before.filling.session.given) <= set(turn.filling.session.given)
        for path, value in before.filling.session.given.items():
            changed = dict(turn.changes)
            assert turn.filling.session.given[path] == (changed.get(path, value))


@pytest.mark.parametrize("name", NINE)
@given(LANGUAGES, st.lists(MOVES, max_size=14))
@settings(max_examples=15, deadline=None)
def test_reading_what_was_shown_returns_the_value(name: str, language: str, moves: list[Move]) -> None:
    """An answer read back can be typed again as it stands; attachments cannot be typed."""
    filling = _played(name, language, moves)[-1].filling
    sheet = filling.sheet()
    for at in askable(sheet):
        value: Value = filling.session.given.get(at.path)
        if value is None or isinstance(value, dict):
            continue
        kind, asked = type_named(at.question.type), asked_of(filling, sheet, at)
        shown = kind.shown(asked, value, filling.say)
        assert kind.read(asked, Heard(text=shown), filling.say) == Answer(value)
