"""A trace in words: every state, reason and kind that can be stored has its sentence in four languages."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.ladder import FIRST, NEWEST, NEXT, OFF, WINDOW_CLOSED
from bot.schedule import HELD, PLANNED
from bot.trace_reasons import HELD as REASONS
from bot.trace_reasons import KINDS, held_in, kind_in, way_in
from bot.trace_words import steps_of
from bot.traces import Brought, Decision, Filled, Gave, Heard, Kept, Step, Told, Trace, Way, Whose
from bot.values import LANGUAGES
from griot.ways import WORDS
from models.media import MediaState
from models.occurrence import OccurrenceState
from models.outbox import OutboxState
from models.sending import UNASKED
from tests.conversations.stage import VOICES

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)
LATER = AT + timedelta(hours=1)
AWA = Whose(7, "Awa Exemple", "niamey")
WAY = Way(
    id=4,
    channel="whatsapp",
    rung="whatsapp",
    reason=NEWEST,
    state="queued",
    code="",
    error="",
    tries=0,
    repeats=0,
    created_at=AT,
    due_at=AT,
    lease_until=None,
    not_after=LATER,
    sent_at=None,
    changed_at=AT,
    text="A question?",
)
PROMPT = Decision("prompt:a:2026-W48:7", "prompt", "sent", "", "a", "2026-W48", "", AT, AT, AT, AWA)
HEARD = Heard(3, "telegram", AWA, "said", "done", 0, "", AT, AT, AT, "12", is_erased=False)
FILLED = Filled("NIM-1", "a", "2026-W48", AWA, "submitted", 1, "sms", AT, AT, (), (), ())


def steps(trace: Trace, language: str = "en", at: datetime = AT) -> list[Step]:
    return steps_of(VOICES[language], trace, at, has_names=False, has_texts=False)


def told(**changes: object) -> Told:
    return Told("prompt:a:2026-W48:7", "prompt", AWA, (replace(WAY, **changes),), PROMPT)  # type: ignore[arg-type]


def last(trace: Trace, at: datetime = AT) -> tuple[str, datetime | None, str]:
    """Return the last step: where it stands, from or until when, in words."""
    step = steps(trace, at=at)[-1]
    return step.what, step.at, step.text


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", list(OutboxState))
def test_every_state_of_a_message_out(state: OutboxState, language: str) -> None:
    """Its state is said, also where it failed and nothing follows."""
    assert state in [step.what for step in steps(told(state=state), language)]


@pytest.mark.parametrize(
    ("changes", "when", "words"),
    [
        pytest.param({"code": "budget", "due_at": LATER}, LATER, "budget is used up", id="budget"),
        pytest.param({"repeats": 1, "tries": 1}, AT, "sent once more if it is missing", id="repeat"),
        pytest.param({"alone_since": LATER}, LATER, "tried again by itself", id="circuit"),
        pytest.param({"tries": 2, "error": "Too busy", "code": "429"}, AT, "429 Too busy", id="retry"),
        pytest.param({"due_at": LATER}, LATER, "waits until then", id="later"),
        pytest.param({"state": "expired"}, LATER, "expired", id="expired"),
        pytest.param({"state": "sending", "lease_until": LATER}, LATER, "being sent", id="lease"),
        pytest.param({"state": "uncertain"}, AT, "an officer can do so", id="uncertain"),
        pytest.param({"state": "cancelled", "error": "no longer true"}, AT, "no longer true", id="cancelled"),
        pytest.param(
            {"state": "sent", "channel": "telegram"}, None, "not told on this channel", id="telegram"
        ),
    ],
)
def test_what_comes_next(changes: dict[str, object], when: datetime | None, words: str) -> None:
    """A message that waits says until when or for what."""
    _, at, text = last(told(**changes))
    assert at == when
    assert words in text


def test_the_last_way_that_failed() -> None:
    """Only the last row of a message says that it went no other way."""
    failed = replace(WAY, state="failed")
    both = Told("key", "prompt", AWA, (failed, replace(failed, id=5)), PROMPT)
    assert [step.what for step in steps(both)].count("no_way_left") == 1
    assert last(Told("key", "prompt", AWA, (failed, replace(WAY, state="read")), PROMPT))[0] == "read"


@pytest.mark.parametrize(("channel", "is_checked"), [("telegram", True), ("sms", True), ("chat", False)])
def test_only_what_a_provider_brought_was_checked(channel: str, *, is_checked: bool) -> None:
    """The phone of the terminal and of the simulator has no secret and no signature."""
    said = [step.what for step in steps(replace(HEARD, channel=channel))]
    assert ("authentic" in said) is is_checked


def test_what_was_fetched_was_brought_by_no_webhook() -> None:
    """Nothing is said of a signature that was never there."""
    said = [step.what for step in steps(replace(HEARD, channel="sms", is_fetched=True))]
    assert said[:2] == ["received", "fetched"]
    assert "authentic" not in said


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_of_the_schedule(language: str) -> None:
    """Those that `docs/schedule.md` lists are those that have words, each its own."""
    page = Path("docs/schedule.md").read_text(encoding="utf-8").partition("## What is held")[2]
    rows = [line for line in page.partition("## ")[0].splitlines() if line.startswith("| `")]
    listed = {code for row in rows for code in re.findall(r"`(\w+)`", row.split("|")[1])}
    assert listed == set(REASONS)
    said = {held_in(VOICES[language], code) for code in listed}
    assert len(said) == len(listed)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_way_and_kind(language: str) -> None:
    """Why a way was taken, whatever failed before; what sort of message it is."""
    say = VOICES[language]
    obstacles = {OFF, WINDOW_CLOSED, "blocked", "unknown", "not_started", *WORDS.values()}
    known = [NEWEST, FIRST, NEXT, *(f"whatsapp: {each}" for each in obstacles), "sent again by person 9"]
    other = way_in(say, "?")[0].replace("?", "")
    for reason in known:
        [sentence] = way_in(say, reason)
        assert reason not in sentence
        assert not sentence.startswith(other)
    assert len(way_in(say, "telegram: blocked; whatsapp: channel off")) == 2
    for kind in (*KINDS, *UNASKED):
        assert kind in KINDS
        assert kind_in(say, kind)


@pytest.mark.parametrize("state", [*OccurrenceState, PLANNED])
def test_every_decision(state: str) -> None:
    """What is held or planned says when it leaves; what will not leave says so."""
    decided = replace(PROMPT, state=state, reason="budget", send_at=LATER)
    what, at, _ = last(decided)
    assert (what, at) == ("decided" if state == "sent" else state, LATER if state in (HELD, PLANNED) else AT)
    assert "budget" in [step.what for step in steps(decided)]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"state": "open"}, "open"),
        ({"state": "open", "due_at": LATER}, "limited"),
        ({"state": "open", "tries": 1, "due_at": LATER, "error": "ValueError"}, "failed_once"),
        ({"state": "quarantined", "tries": 3, "error": "ValueError"}, "quarantined"),
        ({"tries": 1}, "handled"),
        ({"news": "blocked"}, "blocked"),
        ({"news": "returned"}, "returned"),
        ({"whose": Whose(None, "", None), "text": "hello"}, "stranger"),
        ({"news": ""}, "raw_gone"),
        ({"is_erased": True, "news": ""}, "erased"),
        ({"agreed": False, "text": "2"}, "consent"),
        ({"text": "[2]"}, "option"),
        ({"text": "STOP"}, "word"),
        ({"text": "something odd"}, "nothing"),
        ({"answers": (Kept("status", "NIM-1", 1, is_current=False),)}, "replaced"),
        *(({"files": (Brought("NIM-1", state),)}, "file") for state in MediaState),
    ],
)
def test_what_came_in_and_what_it_became(changes: dict[str, object], what: str) -> None:
    """Each is said in every language; what a person wrote, and who they are, only when it is asked for."""
    heard = replace(HEARD, **changes)  # type: ignore[arg-type]
    for language in LANGUAGES:
        assert what in [step.what for step in steps(heard, language)]
    text = "\n".join(step.text for step in steps(heard))
    assert "Awa" not in text
    assert "something odd" not in text
    shown = steps_of(VOICES["en"], heard, AT, has_names=True, has_texts=True)
    assert any("Awa Exemple" in step.text for step in shown) is (heard.whose == AWA)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, "submitted"),
        ({"submitted_at": None, "state": "draft"}, "draft"),
        ({"submitted_at": None, "state": "withdrawn"}, "withdrawn"),
        ({"state": "withdrawn"}, "withdrawn"),
    ],
)
def test_a_report(changes: dict[str, object], what: str) -> None:
    """Whose messages it is made of is said; a message that is gone is not named."""
    gave = (Gave(3, 7, "sms", AT, 1), Gave(None, 7, "sms", AT, 2))
    found = steps(replace(FILLED, gave=gave, **changes))  # type: ignore[arg-type]
    assert [step.what for step in found] == ["began", "answers", "answers", what]
    assert found[1].text == "Person 7 gave 1 answer on SMS, by message in:3."
    assert found[2].text == "Person 7 gave 2 answers on SMS."
