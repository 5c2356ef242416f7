"""A form before it is published: every question as it would be asked, whatever it depends on."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from bot.asking import ask
from bot.forms.form import Form, Node, Question
from bot.forms.sheet import Sheet, Step
from bot.say import begun_right
from bot.session import Filling, Session, asked_of, moved_to
from bot.values import Message, Say, Value

MOST = 300  # questions shown: a longer form is looked at in parts

_SAMPLES: Mapping[str, Value] = MappingProxyType(
    {
        "integer": 1,
        "decimal": 1,
        "range": 1,
        "date": "",  # the day itself
        "time": "09:00",
        "datetime": "",
        "acknowledge": "OK",
        "another": "no",
        "image": {"type": "image", "name": "", "size": None, "ref": ""},
        "geopoint": "0 0 0 0",
    }
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One question of a preview."""

    question: Question
    message: Message
    is_conditional: bool  # it is asked only where the answers before it say so


def preview(form: Form, say: Say, at: datetime, hidden: Mapping[str, str]) -> tuple[Shown, ...]:
    """Return the questions in the form's order as a person would get them in this language, the first 300.

    Nothing is left out: conditions are not looked at. Each question is answered with a sample, so that lists
    which depend on one another and `${…}` in labels show something. `at` is an aware city time.
    """
    filling = Filling(_unconditional(form), Session(), hidden, at, say)
    shown: list[Shown] = []
    passed: set[str] = set()
    while (at_step := _next(filling.sheet(), passed)) and len(shown) < MOST:
        passed.add(at_step.path)
        filling = moved_to(filling, at_step.path)
        if message := ask(filling):
            message = replace(message, text=begun_right(message.text))
            shown.append(Shown(at_step.question, message, _is_conditional(form, at_step.question.path)))
        filling = _answered(filling, at_step)
    return tuple(shown)


def _next(sheet: Sheet, passed: set[str]) -> Step | None:
    return next((s for s in sheet.steps() if s.question.type != "note" and s.path not in passed), None)


def _answered(filling: Filling, at: Step) -> Filling:
    given = {**filling.session.given, at.path: _sample(filling, at)}
    return replace(filling, session=Session(given, firsts=filling.session.firsts))


def _sample(filling: Filling, at: Step) -> Value:
    """Return an answer that lets the questions after this one show themselves."""
    if at.question.choices:
        names = [choice.name for choice in asked_of(filling, filling.sheet(), at).choices]
        return names[:1] if at.question.type in ("select_multiple", "rank") else next(iter(names), None)
    if at.question.type == "date":
        return filling.now.date().isoformat()
    if at.question.type == "datetime":
        return filling.now.replace(tzinfo=None).isoformat(timespec="minutes")
    return _SAMPLES.get(at.question.type, "…")


def _is_conditional(form: Form, path: str) -> bool:
    """Tell whether the question, or a group it lies in, is asked only under a condition."""
    parts = path.split("/")
    above = ("/".join(parts[:end]) for end in range(1, len(parts) + 1))
    return any(form.compiled.nodes[each].relevant is not None for each in above)


def _unconditional(form: Form) -> Form:
    """Return the form with every question relevant, and each repeat asked once."""
    root = _freed(form.compiled.root)
    nodes = MappingProxyType({node.path: node for node in root.walk()})
    return replace(form, compiled=replace(form.compiled, root=root, nodes=nodes))


def _freed(node: Node) -> Node:
    return replace(node, relevant=None, count=None, children=tuple(_freed(child) for child in node.children))
