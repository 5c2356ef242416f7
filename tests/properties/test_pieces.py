"""Whatever a person sends while a long text comes in pieces: no text is lost, doubled or out of order."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.forms.read import read_form
from bot.values import Message
from models.conversation import chat_of
from models.db import Store, read, write
from models.form import add_form
from tests.conversations.stage import MONDAY, Stage, a_stage, a_store

FORM = b"""
| survey |
| | type | name | label | required | appearance |
| | text | story | What happened? | yes | multiline |
| | text | lesson | What was learnt? | yes | multiline |
| | integer | people | How many people came? | yes | |
| | text | next | What comes next? | yes | |
| settings |
| | form_title | form_id | version |
| | Story | story | 1 |
"""
TEXTS = ("story", "lesson", "next")
TOKEN = re.compile(r"w(\d+)x")  # every text of a run holds one: its place among the texts
REFUSALS = (
    "could not be read as a number",
    "Please send one number only",
    "That is not one of the choices",
    "What would you like to do?",
)
LISTED = re.compile(r"answers? read\. Please check")
WORDS = [
    "back",
    "edit 1",
    "edit 3",
    "report story",
    "done",
    "help",
    "why",
    "example",
    "menu",
    "status",
    "pending",
    "calendar",
    "skip",
    "=",
    "12",
    "1",
]
SHAPES = [
    "{}",
    "{}, and",
    "{}...",
    "Market: {}",
    "1) {}\n2) more",
    "How many people came?: 3\nWhat was learnt?: {}",
    "{}\nin two lines",
    "- {}",
    "{}" + 8 * " long",
]


@dataclass
class Run:
    """A phone, and what became of each text that was written on it."""

    stage: Stage
    texts: list[str] = field(default_factory=list)  # of each its token, as it was last edited
    sent: list[tuple[int, str]] = field(default_factory=list)  # place in `stage.sources`, channel
    told: str = ""  # all that the bot said
    refused: set[int] = field(default_factory=set)

    def waits(self, seconds: int) -> None:
        """Let time pass; the silence ends a text when it is due, as the worker has it."""
        until = self.stage.clock + timedelta(seconds=seconds)
        due = read(self.stage.store, lambda db: chat_of(db, self.stage.person_id).due_at)
        if due is not None and due <= until:
            self._noted(self.stage.falls_silent())
        self.stage.clock = until

    def moves(self, channel: str) -> None:
        """Go on writing on another channel."""
        self.stage.channel = channel

    def says(self, text: str) -> None:
        """Send a word or an answer that is not among the texts."""
        self.stage.clock -= timedelta(seconds=59)  # `stage.says` lets a minute pass
        self._noted(self.stage.says(text))

    def writes(self, shape: str) -> None:
        """Send a text."""
        place = len(self.texts)
        self.texts.append(f"w{place}x")
        self.sent.append((len(self.stage.sources), self.stage.channel))
        self.stage.clock -= timedelta(seconds=59)
        self._noted(self.stage.says(shape.format(self.texts[place])), place)

    def edits(self, which: int, shape: str) -> None:
        """Edit one of the texts, where it was written."""
        if not self.texts:
            return
        place, here = which % len(self.texts), self.stage.channel
        self.texts[place] = f"w{place}x{self.stage.count}"
        self.refused.discard(place)
        source, self.stage.channel = self.sent[place]
        self._noted(self.stage.edits(shape.format(self.texts[place]), source), place)
        self.stage.channel = here

    def _noted(self, messages: list[Message], place: int | None = None) -> None:
        said = "\n".join(message.text for message in messages)
        self.told += said
        if place is not None and any(refusal in said for refusal in REFUSALS):
            self.refused.add(place)
        if LISTED.search(said):  # by its number or name an answer takes the place of another, and is shown
            kept = self.answers()
            self.refused |= {n for n, text in enumerate(self.texts) if text not in "\n".join(kept)}

    def answers(self) -> list[str]:
        """Return the texts that are kept."""
        kept = self.stage.stored()
        return [str(kept[name]) for name in TEXTS if kept.get(name)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store with the form of long texts."""
    store = a_store(tmp_path_factory.mktemp("gathering") / "griot.db")
    write(store, lambda db: add_form(db, read_form(FORM, "story.md"), FORM, "story.md", MONDAY))
    yield store
    store.close()


def a_run(store: Store) -> Run:
    """Return the phone of a new person who has just opened the form."""
    run = Run(a_stage(store, "lagos", "en", channels=("telegram", "sms")))
    run.says("report story")
    return run


PLACES = st.integers(0, 9)
STEPS = st.one_of(
    st.builds(lambda shape: ("writes", shape), st.sampled_from(SHAPES)),
    st.builds(lambda shape: ("writes", shape), st.sampled_from(SHAPES)),
    st.builds(lambda seconds: ("waits", seconds), st.sampled_from([20, 88, 91, 400])),
    st.builds(lambda word: ("says", word), st.sampled_from(WORDS)),
    st.builds(lambda place, shape: ("edits", place, shape), PLACES, st.sampled_from(SHAPES)),
    st.builds(lambda name: ("moves", name), st.sampled_from(["telegram", "sms"])),
)


TWO_TEXTS = [("writes", "{}"), ("writes", "{}"), ("says", "done"), ("writes", "{}")]
BEGUN = st.sampled_from([[], TWO_TEXTS])


@given(BEGUN, st.lists(STEPS, min_size=4, max_size=12))
@settings(max_examples=20, deadline=None)
def test_no_text_is_lost_doubled_or_out_of_order(
    store: Store,
    begun: list[tuple[str, str]],
    steps: list[tuple[str, str] | tuple[str, int] | tuple[str, int, str]],
) -> None:
    """Each stands once in an answer, as last edited, or was said back, or its reply says what is asked."""
    run = a_run(store)
    for name, *args in [*begun, *steps]:
        getattr(run, name)(*args)
    run.waits(100)
    answers = run.answers()
    for place, text in enumerate(run.texts):
        assert place in run.refused or text in "\n".join(answers) or text in run.told, text
    for answer in answers:
        places = [int(found) for found in TOKEN.findall(answer)]
        assert places == sorted(set(places)), answer
