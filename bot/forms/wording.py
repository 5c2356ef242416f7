"""Questions, choices and texts as their author wrote them, made of the compiled ones."""

import re
from dataclasses import dataclass
from types import MappingProxyType

from lxml import etree

from bot.forms.form import Choice, ChoiceList, ChoiceRow, Node, Output, Question, Repeat, Texts
from bot.forms.xform import ORX
from bot.values import Labels

_LAST = re.compile(r" instance\('__last-saved'\)/(?:[\w\-.]+/)*([\w\-.]+) ")
_REFERENCE = re.compile(r" (?:/|(?:current\(\)/)?\.\./)(?:(?:[\w\-][\w.\-]*|\.\.)/)*[\w\-][\w.\-]* ")


@dataclass(frozen=True, slots=True)
class Above:
    """Where a node lies: its own path, the repeat and the field-list group it is in."""

    path: str = ""
    repeat: str | None = None
    page: str = ""


def authored(expression: str) -> str:
    """Return an expression with its paths as `${name}` again."""
    of_last = _LAST.sub(r"${last-saved#\1}", expression)
    shown = _REFERENCE.sub(lambda found: "${" + found.group().strip().rsplit("/", 1)[-1] + "}", of_last)
    return shown.strip()


def written(texts: Texts) -> Labels:
    """Return texts by language with each `${name}` as written."""
    return {
        language: "".join(part if isinstance(part, str) else part.written for part in parts)
        for language, parts in texts.items()
    }


def label_in(labels: Labels, language: str, default: str) -> str:
    """Return the label in a language, else in the default one, else in any; "" for none."""
    for known in (language, default, *labels):
        if label := labels.get(known):
            return label
    return ""


def choice_list(items: list[tuple[str, Texts]]) -> ChoiceList:
    """Return the list of these names and texts."""
    rows = tuple(ChoiceRow(Choice(name, written(texts)), texts) for name, texts in items)
    return ChoiceList(
        rows,
        tuple(row.choice for row in rows),
        any(isinstance(part, Output) for row in rows for parts in row.texts.values() for part in parts),
    )


def repeat_of(node: Node) -> Repeat:
    """Return what a form tells of a repeat."""
    return Repeat(node.path, written(node.labels), node.count is not None)


def asked(
    node: Node,
    sort: str,
    control: etree._Element | None,
    bind: etree._Element | None,
    above: Above,
) -> Node:
    """Return the node with its question, when it is one that a person meets."""
    if not sort:
        return node
    expressions = {
        name: authored(bind.get(name, "")) if bind is not None else ""
        for name in ("relevant", "constraint", "required")
    }
    question = Question(
        path=node.path,
        type=sort,
        labels=written(node.labels),
        hints=written(node.hints),
        guidance=written(node.guidance),
        choices=node.options.list.choices if node.options else (),
        repeat=above.repeat,
        page=above.page,
        constraint_messages=written(node.constraint_messages),
        required_messages=written(node.required_messages),
        parameters=_parameters(control, bind),
        appearance=control.get("appearance", "") if control is not None else "",
        **expressions,
    )
    return node.asked(question)


def _parameters(control: etree._Element | None, bind: etree._Element | None) -> Labels:
    if control is None:
        return {}
    of_range = {name: control.get(name, "") for name in ("start", "end", "step") if control.get(name)}
    attributes = bind.items() if bind is not None else []
    of_bind = {str(name).removeprefix(ORX): str(v) for name, v in attributes if str(name).startswith(ORX)}
    return MappingProxyType({**of_range, **of_bind})
