"""An automatic coordinator: fills in a form through the real turns, from the first question to SEND."""

import time
from dataclasses import dataclass, field
from random import Random

from sqlalchemy import select

from bench.replies import candidates
from bot.filling import filling_of
from bot.forms.sheet import Step
from bot.session import Filling, askable, read, step_at
from bot.talk import Scene
from bot.values import Answer, Doubt, Heard
from models.db import read as read_store
from models.submission import Submission, SubmissionState
from tests.conversations.stage import Stage

ROUNDS = 2  # of each repeat
_FIRST = {"check": "send", "resume": "continue", "second": "replace", "offer": "decline"}
_TRIED = 300  # candidates for one question at most


class Stuck(Exception):
    """The coordinator cannot go on; the text says where and why."""


@dataclass(slots=True)
class Walk:
    """One form on one phone: what was asked and how long each turn took."""

    stage: Stage
    chance: Random
    seconds: list[float] = field(default_factory=list)  # of each turn
    asked: set[str] = field(default_factory=set)
    _said: dict[str, set[str]] = field(default_factory=dict)  # by question, so that no reply is tried twice

    def submits(self, form: str) -> None:
        """Report until the report is submitted; raise Stuck when no reply leads on."""
        self._says(f"report {form}")
        while not self._is_submitted(form):
            self._hears(self.stage.looks(self._next))

    def _next(self, scene: Scene) -> Heard:
        """Return the reply to what is open."""
        if scene.report is None:
            raise Stuck("no report is open")
        filling, choice = filling_of(scene), scene.talk.choice
        if len(self.seconds) > 50 + 3 * len(askable(filling.sheet())):
            raise Stuck(f"still at {filling.session.at} after {len(self.seconds)} replies")
        if choice is not None:
            wanted = _FIRST.get(choice.kind, "")
            names = [action.partition(":")[0] for action in choice.actions]
            return Heard(text=str(names.index(wanted) + 1 if wanted in names else 1))
        at = step_at(filling.sheet(), filling.session.at)
        if at is None:
            raise Stuck("nothing is asked and nothing can be sent")
        self.asked.add(at.path)
        return Heard(text="1") if filling.session.doubt is not None else self._reply(filling, at)

    def _reply(self, filling: Filling, at: Step) -> Heard:
        if at.question.type == "another":
            return Heard(text="1" if _round(at) < ROUNDS else "2")
        if not at.is_required and self.chance.random() < 0.5:
            return Heard(text="-")
        sheet = filling.sheet()
        said = self._said.setdefault(at.path, set())
        for tried, heard in enumerate(candidates(filling, at, self.chance)):
            if repr(heard) not in said and isinstance(read(filling, sheet, at, heard), Answer | Doubt):
                said.add(repr(heard))
                return heard
            if tried > _TRIED:
                break
        if not at.is_required:
            return Heard(text="-")
        raise Stuck(f"{at.path} ({at.question.type}): {_why(filling, at)}")

    def _says(self, text: str) -> None:
        self._hears(Heard(text=text))

    def _hears(self, heard: Heard) -> None:
        began = time.perf_counter()
        self.stage.hears(heard)
        self.seconds.append(time.perf_counter() - began)

    def _is_submitted(self, form: str) -> bool:
        query = select(Submission.state).where(
            Submission.person_id == self.stage.person_id, Submission.form == form
        )
        states = read_store(self.stage.store, lambda db: db.scalars(query).all())
        return SubmissionState.SUBMITTED in states


def _round(at: Step) -> int:
    return int(at.path.rsplit("[", 1)[1].rstrip("]"))


def _why(filling: Filling, at: Step) -> str:
    if at.question.choices and not filling.sheet().choices(at.path):
        return "no option is left by the choice filter"
    written = at.question.constraint
    return f"no value satisfies {written}" if written else "no reply is understood"
