"""What is a beginning of a long text, when silence ends it, which texts are remembered."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot import gathering
from bot.forms.form import Form
from bot.gathering import SILENCE
from bot.programme import Programme, read_programme
from bot.session import Session
from bot.talk import Facts, Last, Report, Scene, Stands, Talk, Who, Writing
from bot.values import Heard, Value
from griot.settings import data_folder
from griot.voices import voices
from tests.programmes import ASTON, files_of
from tests.xlsform import form_of, settings, survey

VOICES = voices(data_folder("locales"))
NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
FORM = "\n".join(
    (
        survey(
            "text | note | Note | | string-length(.) <= 450",
            "text | story | Story | multiline |",
            "integer | people | People | |",
            columns="type | name | label | appearance | constraint",
        ),
        settings("form_title | form_id | version", "Story | story | 1"),
    )
)


class Known(Facts):
    """What is known of a person who has seen the last question, or not."""

    def __init__(self, *, seen: bool) -> None:
        self.seen = seen

    def was_asked(self) -> bool:
        return self.seen

    def previous(self, form: str, besides: int = 0) -> Last:
        return Last()


@pytest.fixture(scope="module")
def form() -> Form:
    """Return a form with a short text, a long one and a number."""
    return form_of(FORM)


@pytest.fixture(scope="module")
def programme() -> Programme:
    """Return the ASToN programme."""
    read, problems = read_programme(files_of(ASTON))
    assert read is not None, problems
    return read


@pytest.fixture
def scene(form: Form, programme: Programme) -> Scene:
    """Return the scene of a person at the first question of report 5."""
    who = Who(7, "Awa Exemple", "coordinator", "lagos", "en", agreed=True)
    report = Report(form, None, Session({}, "note"), id=5)
    return Scene(who, programme, NOW, VOICES, Known(seen=False), Talk(), report, source="telegram:9")


def at(scene: Scene, path: str, *, doubt: Value = None, **given: Value) -> Scene:
    """Return the scene with this question open."""
    assert scene.report is not None
    return replace(scene, report=replace(scene.report, session=Session(given, path, doubt=doubt)))


def wrote(*texts: str, stands: Stands = Stands.STORED, path: str = "story", number: int = 1) -> Writing:
    """Return a text in several messages, the last of them written now."""
    pieces = tuple((f"telegram:{number}.{place}", text) for place, text in enumerate(texts, start=1))
    return Writing(5, path, pieces, NOW, stands)


def having(scene: Scene, writing: Writing, *earlier: Writing) -> Scene:
    """Return the scene after these texts."""
    return replace(scene, talk=replace(scene.talk, writing=writing, earlier=earlier))


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("We met.", False),
        ("We met and", True),
        ("Nous avons vu ET", True),
        ("Vimos o mercado e", True),
        ("زرنا السوق و", True),
        ("band", False),
        ("We met…", True),
        ("We met...", True),
        ("We met,", True),
        ("زرنا السوق،", True),
        ("The list:", True),
        ("We met -", True),
        ("x" * 399, False),
        ("x" * 400, True),
        ("x" * 451, False),  # too long already: said at once
        (" ", False),
    ],
)
def test_a_short_text_begins_a_longer_one_when_it_ends_open_or_is_long(
    scene: Scene, text: str, begins: bool
) -> None:
    """In each language; where the form wants several lines any text does, where it wants a number none."""
    assert gathering.begins(scene, Heard(text=text)) == begins
    assert gathering.begins(at(scene, "story"), Heard(text=text)) == bool(text.strip())
    assert not gathering.begins(at(scene, "people"), Heard(text=text))


def test_silence_ends_only_the_open_text_of_the_open_report() -> None:
    """Ninety seconds after its last message."""
    is_open = wrote("We met", stands=Stands.OPEN)
    assert gathering.silence_of(Talk(writing=is_open), 5) == NOW + timedelta(seconds=90)
    assert gathering.silence_of(Talk(writing=is_open), 6) is None
    assert gathering.silence_of(Talk(writing=wrote("We met")), 5) is None
    assert gathering.silence_of(Talk(), 5) is None


def test_a_message_more_is_silent_but_on_another_channel(scene: Scene) -> None:
    """There it says how to go on, and what follows is asked there."""
    scene = having(at(scene, "story"), wrote("We met", stands=Stands.OPEN))
    here = gathering.gone_on(scene, Heard(text=" the mayor "))
    assert here.talk.writing
    assert here.talk.writing.text == "We met\nthe mayor"
    assert here.messages == ()
    (said,) = gathering.gone_on(replace(scene, has_moved=True), Heard(text="the mayor")).messages
    assert said.text == "Received. Go on, or send DONE."


@pytest.mark.parametrize(
    ("text", "after", "seen", "goes_on"),
    [
        ("and the mayor", 5, False, True),
        ("and the mayor", 5, True, False),  # an answer to what was asked, though no number
        ("and the mayor", 90, False, False),
        ("12", 5, False, False),
        ("", 5, False, False),
    ],
)
def test_a_text_written_before_the_question_was_seen_goes_on(
    scene: Scene, text: str, after: int, seen: bool, goes_on: bool
) -> None:
    """Unless it is what the question asks for."""
    scene = having(at(scene, "people", note="n", story="We met"), wrote("We met"))
    scene = replace(scene, at=NOW + timedelta(seconds=after), facts=Known(seen=seen))
    assert gathering.goes_on(scene, Heard(text=text)) == goes_on


@pytest.mark.parametrize(
    ("text", "seen", "said"),
    [
        ("and the mayor", False, "Understood as: We met\nand the mayor. Is that right?"),
        ("and the mayor", True, ""),
        ("yes", False, ""),
    ],
)
def test_a_text_that_is_checked_takes_in_what_was_written_on(
    scene: Scene, text: str, seen: bool, said: str
) -> None:
    """Before the check was seen; later a text is a new answer, and yes is yes."""
    scene = replace(at(scene, "note", doubt="We met"), facts=Known(seen=seen))
    outcome = gathering.gone_on_in_doubt(scene, Heard(text=text))
    assert (outcome.messages[0].text if outcome else "") == said


def test_texts_are_remembered_while_an_edit_of_their_messages_could_not_be_found_else(scene: Scene) -> None:
    """Those of several messages, and those that are stored nowhere; the newest eight."""
    one, two = wrote("One", number=1), wrote("One", "two", number=2)
    refused = wrote("Too long", stands=Stands.REFUSED, number=3)
    begun = [
        gathering.begun(having(at(scene, "story"), each), Heard(text="Next")) for each in (one, two, refused)
    ]
    assert [each.talk.earlier for each in begun] == [(), (two,), (refused,)]
    many = [wrote("One", "two", number=number) for number in range(10)]
    talk = gathering.begun(having(at(scene, "story"), many[9], *many[:9]), Heard(text="Next")).talk
    assert talk.earlier == tuple(many[2:])


@pytest.mark.parametrize(
    ("earlier", "last"),
    [
        pytest.param(wrote("One", "two"), wrote("Anew", number=2), id="written anew"),
        pytest.param(
            wrote("Long", stands=Stands.REFUSED), wrote("Other", path="note", number=2), id="never stored"
        ),
    ],
)
def test_an_edit_of_a_text_that_counts_no_more_says_so(scene: Scene, earlier: Writing, last: Writing) -> None:
    """It changes nothing: a newer text took its place, or none was stored."""
    scene = having(replace(scene, source="telegram:1.1"), last, earlier)
    outcome = gathering.corrected(scene, Heard(text="One more", edited=True))
    assert outcome is not None
    assert [message.text for message in outcome.messages] == ["Not stored: One more"]
    assert (outcome.effects, outcome.talk) == ((), scene.talk)


def test_a_text_of_a_question_that_is_asked_no_more_is_said_back(scene: Scene) -> None:
    """It is stored nowhere."""
    scene, said = gathering.settled(having(scene, wrote("We met", stands=Stands.OPEN, path="gone")))
    assert said == "Not stored: We met"
    assert scene.talk.writing
    assert scene.talk.writing.stands == Stands.REFUSED


def test_only_the_next_message_is_left_over(scene: Scene) -> None:
    """Right after the text that ended its report; later words are about something else."""
    heard_at = replace(having(scene, wrote("We met")).talk, heard_at=NOW)
    scene = replace(scene, talk=heard_at, at=NOW + timedelta(seconds=5))
    assert gathering.left_over(scene, Heard(text="bye")) == "Not stored: bye"
    assert gathering.left_over(replace(scene, at=NOW + SILENCE), Heard(text="bye")) == ""
    assert gathering.left_over(having(scene, wrote("x", stands=Stands.OPEN)), Heard(text="bye")) == ""
