"""The engine: one form, one person, one reply after another."""

import pytest

from bot import asking, engine
from bot.values import Heard, Press, Value
from tests.filling import a_filling, after
from tests.xlsform import choices, form_of, survey

DONE: dict[str, Value] = {
    "status": "on_track",
    "progress": "50",
    "main_activity": "Map finished",
    "lag_met": "yes",
    "lag_people": 24,
    "severity": "none",
    "success": None,
    "next_step": "Meeting",
}
RULES = form_of(
    survey(
        "note | hello | Hello. | | | ",
        "select_multiple colour | colours | Which colours? | | | yes",
        "integer | many | How many ${colours}? | | . < 10 | yes",
        "note | bye | Goodbye. | | | ",
        columns="type | name | label | relevant | constraint | required",
    )
    + choices("colour | red | Red", "colour | blue | Blue")
)


def test_questions_come_one_after_another_and_only_relevant_ones() -> None:
    """A number of people is asked only where a meeting was held."""
    filling = after(a_filling(), "1", "2", "Map finished", "no")
    assert filling.session.at == "severity"
    assert after(a_filling(), "1", "2", "Map finished", "yes").session.at == "lag_people"


def test_a_question_carries_its_number_label_and_options() -> None:
    """The number is shown as 2/9; options are numbered by the channel."""
    message = asking.ask(after(a_filling(), "1"))
    assert message is not None
    assert message.text == "2/9 How far is your next milestone: Roadmap?"
    assert message.options == ("Not started", "25%", "50%", "75%", "Finished")
    assert message.question == "progress"


def test_notes_are_said_with_the_question_or_the_answers_after_them() -> None:
    """A note needs no answer and has no number."""
    filling = a_filling(RULES)
    message = asking.ask(filling)
    assert message is not None
    assert message.text == "Hello.\n1/2 Which colours?"
    assert message.finish == "Done"
    assert asking.closing_notes(after(filling, "1 2", "3")) == ("Goodbye.",)
    assert asking.lines_of(after(filling, "1 2", "3")) == (
        "(1) Which colours? Red, Blue",
        "(2) How many Red, Blue? 3",
    )


def test_a_constraint_keeps_the_question_open_and_says_what_was_understood() -> None:
    """12 is no answer to a question that wants less than 10."""
    turn = engine.step(after(a_filling(RULES), "1"), Heard(text="12"))
    assert turn.filling.session.at == "many"
    assert "12" in turn.first
    assert turn.changes == ()


def test_toggles_are_not_lost_on_the_way() -> None:
    """Taps add up; what is chosen is marked."""
    turn = engine.step(a_filling(RULES), Heard(press=Press("q", 2)))
    message = asking.ask(turn.filling)
    assert message is not None
    assert message.options == ("Red", "Blue ✓")
    assert after(turn.filling, "done").session.given == {"colours": ["blue"]}


def test_a_doubt_is_settled_by_yes_no_or_a_new_answer() -> None:
    """`12.500` counts only once it was checked."""
    doubtful = after(a_filling("budget_report"), "1", "12.500")
    assert "lines[1]/spent" not in doubtful.session.given
    assert after(doubtful, "yes").session.given["lines[1]/spent"] == 12500
    assert after(doubtful, "no").session.at == "lines[1]/spent"
    assert after(doubtful, "no").session.doubt is None
    assert after(doubtful, "12,5").session.given["lines[1]/spent"] == 12.5


def test_a_button_of_a_doubt_is_not_a_button_of_its_question() -> None:
    """Their tokens differ: an old tap cannot answer the check."""
    plain = after(a_filling("budget_report"), "1")
    doubtful = after(plain, "12.500")
    path = "lines[1]/spent"
    assert asking.token_of(plain, path) != asking.token_of(doubtful, path)


def test_a_repeat_goes_on_while_there_is_another_one() -> None:
    """Yes opens the next round, no ends it."""
    one = after(a_filling("budget_report"), "1", "5", "6", "1")
    one = engine.skip(one).filling
    assert one.session.at == "lines[1]"
    assert after(one, "yes").session.at == "lines[2]/line"
    assert after(one, "no").session.at == "next_instalment"


def test_skipping() -> None:
    """An optional question is passed, a required one is not."""
    optional = a_filling(given={k: v for k, v in DONE.items() if k not in ("success", "next_step")})
    turn = engine.skip(optional)
    assert turn.changes == (("success", None),)
    refused = engine.skip(turn.filling)
    assert refused.first
    assert refused.filling.session.at == "next_step"


def test_keeping_last_times_answer() -> None:
    """There must be one, and it must still be allowed."""
    kept = engine.keep_last(a_filling(previous={"status": "delayed"}))
    assert kept.changes == (("status", "delayed"),)
    assert engine.keep_last(a_filling()).changes == ()
    assert engine.keep_last(a_filling(previous={"status": "an option of an older version"})).changes == ()
    assert engine.keep_last(a_filling(previous={"status": ["delayed"]})).changes == ()
    strict = after(a_filling(RULES, previous={"many": 40}), "1")
    assert engine.keep_last(strict).filling.session.at == "many"


def test_back_and_edit_drop_nothing() -> None:
    """Answers that become irrelevant are kept for the case that they apply again."""
    filling = after(a_filling(), "1", "2", "Map", "yes", "30")
    without = after(engine.go_to(filling, 4).filling, "no")  # type: ignore[union-attr]  # it exists
    assert "lag_people" not in without.sheet().record()
    again = after(engine.back(without).filling, "yes")
    assert again.session.at == "severity"
    assert again.sheet().record()["lag_people"] == 30


def test_there_is_nothing_before_the_first_and_beyond_the_last_question() -> None:
    """Back at the first question says so; a number too high goes nowhere."""
    assert engine.back(a_filling()).first
    assert engine.go_to(a_filling(), 10) is None
    assert engine.go_to(a_filling(), 0) is None
    assert engine.back(a_filling(given=DONE)).filling.session.at == "next_step"


LINES = [
    pytest.param(
        "1\n2\nMap\nno\n1", ["status", "progress", "main_activity", "lag_met", "severity"], id="plain"
    ),
    pytest.param("1\n\n  2  \n", ["status", "progress"], id="blank-lines"),
    pytest.param("1\nsoon\nMap", ["status", "main_activity"], id="one-unreadable"),
    pytest.param("1) 1\n2) 2", ["status", "progress"], id="numbered"),
    pytest.param("2. 3\n1. 1", ["progress", "status"], id="numbered-in-another-order"),
    pytest.param("١) ١\n٢) ٢", ["status", "progress"], id="numbered-in-arabic-digits"),
    pytest.param("1)1\n3)Map\nof the bus stops", ["status", "main_activity"], id="a-line-that-goes-on"),
    pytest.param("3) Map finished", ["main_activity"], id="one-numbered-line"),
    pytest.param("1\n2\n-", ["status", "progress"], id="a-required-one-skipped"),
    pytest.param("1\n2\nMap\nmaybe\n1", ["status", "progress", "main_activity"], id="nothing-guessed"),
    pytest.param("1) 1\n40) 3", ["status"], id="a-number-that-is-none"),
    pytest.param("soon\n1\n2", [], id="the-first-unreadable"),
]


@pytest.mark.parametrize(("text", "paths"), LINES)
def test_several_answers_in_one_message(text: str, paths: list[str]) -> None:
    """Each line is read for its question; what cannot be read stays open."""
    turn = engine.step(a_filling(), Heard(text=text))
    assert [path for path, _ in turn.changes] == paths
    first_open = next(
        p
        for p in ("status", "progress", "main_activity", "lag_met", "severity", "success")
        if p not in turn.filling.session.given
    )
    assert turn.filling.session.at in (first_open, "challenge")


def test_lines_that_could_not_be_read_are_named() -> None:
    """The person sees which, and why for the one that is asked next."""
    turn = engine.step(a_filling(), Heard(text="1\nsoon\nMap"))
    assert "soon" in turn.first
    assert "from 1 to 5" in turn.first


def test_a_doubt_within_several_answers_is_checked() -> None:
    """The amount is asked back, the rest is kept."""
    turn = engine.step(a_filling("budget_report"), Heard(text="1\n12.500\n-\n1"))
    assert dict(turn.changes) == {
        "lines[1]/line": "staff",
        "lines[1]/committed": None,
        "lines[1]/versus": "good",
    }
    assert turn.filling.session.at == "lines[1]/spent"
    assert turn.filling.session.doubt == 12500


@pytest.mark.parametrize("text", ["We met\nand planned", "1. We met\n2. We planned", "7) Hm\n8) Ha"])
def test_a_text_takes_all_lines(text: str) -> None:
    """At a text question a message of several lines is one answer, unless it is numbered from here on."""
    at_text = after(a_filling(), "1", "2")
    assert engine.step(at_text, Heard(text=text)).changes == (("main_activity", text),)
    numbered = engine.step(at_text, Heard(text="3) Map\n4) no"))
    assert dict(numbered.changes) == {"main_activity": "Map", "lag_met": "no"}


def test_lines_may_be_options_of_one_question() -> None:
    """At a choice of several, lines that answer nothing else are all its own."""
    assert engine.step(a_filling(RULES), Heard(text="Red\nBlue")).changes == (("colours", ["red", "blue"]),)


def test_an_edit_keeps_the_open_question() -> None:
    """The answer changes, the open question stays, a toggle in between stays too."""
    filling = after(a_filling(), "1", "2")
    turn = engine.change(filling, ("status",), Heard(text="3"))
    assert turn.changes == (("status", "blocked"),)
    assert turn.filling.session.at == "main_activity"
    assert "1" in turn.first


@pytest.mark.parametrize("text", ["1", "On track"])
def test_an_edit_that_changes_nothing_is_silent(text: str) -> None:
    """No revision, no message."""
    turn = engine.change(after(a_filling(), "1"), ("status",), Heard(text=text))
    assert (turn.first, turn.changes) == ("", ())


def test_an_edit_that_cannot_be_read_changes_nothing() -> None:
    """The person hears that the answer stays."""
    turn = engine.change(after(a_filling(), "1"), ("status",), Heard(text="soon"))
    assert turn.changes == ()
    assert "stays" in turn.first


def test_an_edit_opens_what_it_makes_relevant() -> None:
    """After a full report, no difficulty becomes a serious one: what it is must be asked."""
    turn = engine.change(a_filling(given=DONE), ("severity",), Heard(text="3"))
    assert turn.filling.session.at == "challenge"


def test_an_edit_of_several_lines() -> None:
    """Only the lines that differ are changes, also those that could not be read before."""
    filling = after(a_filling(), "1\nsoon\nMap")
    turn = engine.change(filling, ("status", "main_activity"), Heard(text="1\n50\nBig map"))
    assert dict(turn.changes) == {"progress": "50", "main_activity": "Big map"}
    assert turn.filling.session.at == "lag_met"
