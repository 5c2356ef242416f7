"""Whatever a person sends, in whatever order, on whatever channel: no turn raises, no report is wrong.

A few conversations here; `--hypothesis-profile=long` has hundreds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.replies import candidates
from bot.filling import filling_for, filling_of
from bot.forms.read import read_form
from bot.session import Filling, askable, is_media, read, step_at
from bot.talk import Report, Scene
from bot.values import Answer, Heard, Location, Media, MediaKind, Message, Value
from bot.words import WORDS
from channels.fitting import fit, length
from models.base import Db
from models.db import write
from models.form import add_form
from models.submission import Submission
from tests.conversations.script import FORMS
from tests.conversations.stage import CHANNELS, MONDAY, Stage, a_copy, a_stage, a_store
from tests.properties.random_forms import text_of_form

EXAMPLES = settings.default.max_examples if settings.default else 100
FEW = settings(
    max_examples=max(EXAMPLES // 8, 12),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
WRITTEN = {file.name: file.read_bytes() for file in sorted(FORMS.glob("*.md"))}
DRAWN = {f"form{seed}.md": text_of_form(seed).encode() for seed in range(max(EXAMPLES // 10, 20))}
PROGRAMME = ("weekly_update", "monthly_progress", "milestone_output", "need_request", "good_practice")
NAMES = st.sampled_from(PROGRAMME) | st.sampled_from([Path(name).stem for name in (*WRITTEN, *DRAWN)])
LANGUAGES = st.sampled_from(["en", "fr", "pt", "ar"])

COMMANDS = sorted(
    {word for by_language in WORDS.values() for words in by_language.values() for word in words}
)
JUNK = (
    "", " ", "-", "=", "?", ".", "0", "-1", "99999999999999999999", "1,2,3", "٣", "١٥/٠٩/٢٠٢٦", "31/02/2026",
    "👍🏽", "👍", "\u202eabc\u202c", "\u200f", "\u200f12\u200e", "\x00",
    "a" * 4_000, "نص " * 1_300, "\n" * 50,
    "${place}", "<b>&amp;</b>", "%(n)s {name}", "1\n2\n3", "1) 5\n2) 3", "2: ok", "status: 1", "place: x",
    "sold: 100\nwhere: 1", "main_activity: ...", "edit 2", "edit 99", "edit -1", "menu 3", "yes no", "1 2 3",
    "and then …",
)  # fmt: skip
TEXTS = (
    st.sampled_from(JUNK)
    | st.sampled_from(COMMANDS)
    | st.text(max_size=20)
    | st.lists(st.sampled_from((*JUNK, "1", "2", "yes", "12:30")), min_size=2, max_size=6).map("\n".join)
    | st.tuples(st.sampled_from(COMMANDS), st.integers(0, 12)).map(lambda pair: f"{pair[0]} {pair[1]}")
)
USUAL = st.sampled_from(["send", "report", "skip", "back", "cancel", "nothing", "edit", "done", "change"])
MOVES = st.one_of(
    *[st.tuples(st.just("answers"), st.integers(1, 12))] * 3,
    *[st.tuples(st.just("sends"), st.none())] * 2,
    *[st.tuples(st.just("says"), st.just("send"))] * 2,  # before all is answered
    st.tuples(st.just("says"), TEXTS),
    st.tuples(st.just("says"), st.integers(1, 6).map(str)),
    st.tuples(st.just("says"), USUAL),
    st.tuples(st.just("says"), NAMES.map("report {}".format)),
    st.tuples(st.just("returns"), st.integers(1, 12)),
    st.tuples(st.just("lists"), st.integers(2, 9)),
    st.tuples(st.just("presses"), st.tuples(st.just(1), st.integers(0, 9))),
    st.tuples(st.just("presses"), st.tuples(st.integers(1, 9), st.integers(-1, 9))),
    st.tuples(
        st.just("edits"), st.tuples(st.integers(1, 12), TEXTS | st.sampled_from(["1", "2", "yes", "no"]))
    ),
    st.tuples(
        st.just("attaches"),
        st.tuples(st.sampled_from(list(MediaKind)), st.sampled_from(["", "", "caption", "1", "send"])),
    ),
    st.tuples(st.just("places"), st.tuples(st.floats(-90, 90), st.floats(-180, 180))),
    st.tuples(st.just("moves"), st.sampled_from(sorted(CHANNELS))),
    st.tuples(st.just("waits"), st.sampled_from([1, 25, 24 * 5, 24 * 8, 24 * 40])),
    st.tuples(st.just("falls_silent"), st.none()),
)
PLAYS = st.lists(MOVES, min_size=1, max_size=15)


@pytest.fixture(scope="session")
def mould(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with the programme, the forms of the transcripts and forms that were drawn."""
    path = tmp_path_factory.mktemp("any") / "mould.db"
    store = a_store(path)
    for name, content in (WRITTEN | DRAWN).items():
        form = read_form(content, name)
        write(store, lambda db, f=form, c=content, n=name: add_form(db, f, c, n, MONDAY))  # type: ignore[misc]
    store.close()
    return path


@given(NAMES, LANGUAGES, st.integers(0, 2), st.integers(0, 20), st.integers(), PLAYS)
@FEW
def test_no_conversation_raises_or_sends_what_is_wrong(
    mould: Path, name: str, language: str, times: int, many: int, seed: int, moves: list[tuple[str, Any]]
) -> None:
    """After every reply: what is open is asked now, what was said is kept, what was sent is whole."""
    store = a_copy(mould, mould.parent / "talk.db")
    try:
        phone = _Phone(a_stage(store, "niamey", language, channels=sorted(CHANNELS)), Random(seed))
        begun: tuple[str, Any] = ("says", f"report {name}")
        sent = [begun, ("sends", None)] * times  # a second one of the period asks what to do with it
        end = [] if times == 2 else [begun, ("answers", many)]
        for move, what in [*sent, *end, *moves]:
            getattr(phone, move)(what)
    finally:
        store.close()


@dataclass
class _Phone:
    """Does what is drawn, and looks after every turn at what came of it."""

    stage: Stage
    chance: Random
    before: Filling | None = None
    was_open: int = 0  # the report that was open before the turn
    answered: dict[int, Mapping[str, Value]] = field(default_factory=dict)  # so far, by report

    def says(self, text: str) -> None:
        self._heard(self.stage.says(text))

    def answers(self, many: int) -> None:
        """Give so many good answers, as long as a question is open."""
        for _ in range(many):
            reply = self.stage.looks(self._good)
            if reply is None:
                return
            self._heard(self.stage.hears(reply))

    def sends(self, _: None) -> None:
        """Answer what is open, and send."""
        self.answers(60)
        self.says("send")

    def returns(self, number: int) -> None:
        """Open a question again, and answer it."""
        self.says(f"edit {number}")
        self.answers(1)

    def lists(self, many: int) -> None:
        """Give good answers to what is open and to what comes after it in one message."""
        self.says("\n".join(self.stage.looks(lambda scene: self._several(scene, many))))

    def _several(self, scene: Scene, many: int) -> list[str]:
        if scene.report is None:
            return ["1"] * many
        filling = filling_of(scene)
        left = [at for at in askable(filling.sheet()) if at.path not in filling.session.given]
        good = (next(iter(candidates(filling, at, self.chance)), Heard(text="1")) for at in left[:many])
        return [f"{reply.text or '-'}" for reply in good] or ["1"] * many

    def _good(self, scene: Scene) -> Heard | None:
        if scene.report is None:
            return None
        if scene.talk.choice:
            is_carry = scene.talk.choice.kind == "carry"
            return Heard(text=self.chance.choice(["1", "2"])) if is_carry else None
        filling = filling_of(scene)
        at = step_at(filling.sheet(), filling.session.at)
        if at is None:
            return None
        if at.question.type == "another":
            return Heard(text=self.chance.choice(["1", "2", "2"]))
        found = islice(candidates(filling, at, self.chance), 300)
        fits = (h for h in found if isinstance(read(filling, filling.sheet(), at, h), Answer))
        return next(fits, Heard(text="-"))

    def presses(self, what: tuple[int, int]) -> None:
        ago, option = what
        shown = [message for message in self.stage.shown if message.labels][-ago:]
        if shown:
            self._heard(self.stage.presses(option, shown[0]))

    def edits(self, what: tuple[int, str]) -> None:
        ago, text = what
        if ago <= len(self.stage.sources):
            self._heard(self.stage.edits(text, -ago))

    def attaches(self, what: tuple[MediaKind, str]) -> None:
        kind, caption = what
        media = Media(kind, f"ref-{self.stage.count}", "a.bin")
        self._heard(self.stage.hears(Heard(text=caption, media=media)))

    def places(self, at: tuple[float, float]) -> None:
        self._heard(self.stage.hears(Heard(location=Location(*at))))

    def moves(self, channel: str) -> None:
        self.stage.channel = channel

    def waits(self, hours: int) -> None:
        self.stage.clock += timedelta(hours=hours)

    def falls_silent(self, _: None) -> None:
        self._heard(self.stage.falls_silent())

    def _heard(self, messages: list[Message]) -> None:
        for message in messages:
            text = fit(message, CHANNELS[self.stage.channel].limits)
            assert 0 < length(text) <= 4096
        self.stage.looks(self._check)

    def _check(self, scene: Scene) -> None:
        for report in scene.facts.sent_reports(of_city=True):
            row = _row(scene, report)
            self._check_kept(report)
            if not row.nothing and row.updated_at >= self.stage.clock:
                _check_whole(filling_for(scene, report), row)
        report, before, was_open = scene.report, self.before, self.was_open
        self.before = filling_of(scene) if report else None
        self.was_open = report.id if report else 0
        if report is None or self.before is None:
            return
        self._check_kept(report)
        sheet, session = self.before.sheet(), self.before.session
        assert session.at is None or session.at in [at.path for at in askable(sheet)]
        if before and was_open == report.id:
            _check_fits(before, self.before)

    def _check_kept(self, report: Report) -> None:
        """Nothing that was said is dropped, relevant or not."""
        given = report.session.given
        assert {*self.answered.get(report.id, {})} <= {*given}
        self.answered[report.id] = given


def _row(scene: Scene, report: Report) -> Submission:
    db: Db = scene.facts.db  # type: ignore[attr-defined]  # the facts of the store
    row = db.get(Submission, report.id)
    assert row is not None
    return row


def _check_fits(before: Filling, after: Filling) -> None:
    """A single new answer is one that its constraint took when it was given."""
    was, given = before.session.given, after.session.given
    new = [path for path, value in given.items() if path not in was or was[path] != value]
    if len(new) == 1 and given[new[0]] is not None:
        sheets = [sheet for sheet in (before.sheet(), after.sheet()) if step_at(sheet, new[0])]
        assert any(sheet.accepts(new[0], given[new[0]]) for sheet in sheets), (new, given[new[0]])


def _check_whole(filling: Filling, row: Submission) -> None:
    """Every question that is asked has an answer that its constraint takes, or may be left out.

    What a change after sending opens stays open until it is answered.
    """
    sheet, given = filling.sheet(), filling.session.given
    assert row.answers == sheet.record()
    for at in askable(sheet):
        value = given.get(at.path)
        is_open = row.revision > 1 and at.path not in given
        assert value is not None or not at.is_required or is_media(at) or is_open, at.path
        assert value is None or sheet.accepts(at.path, value), (at.path, value)
