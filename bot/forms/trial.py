"""A dry run of a form's expressions on blank and on filled answers, before anyone is asked."""

from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime

from lxml import etree

from bot.forms.expressions import Expression, Scene
from bot.forms.form import Form, Node, Output
from bot.forms.rewriting import LISTS, list_element

_SCENE = Scene(datetime(2026, 11, 23, 10, tzinfo=UTC), "trial", "en")
_ITEMS = 3  # of each choice list; the others differ in nothing that could fail
_FILLINGS = ("", "1", "2026-11-23", "a b")


def failures(form: Form) -> Iterator[tuple[str, str, str]]:
    """Yield path, column and libxml2's message for every expression that cannot be evaluated."""
    answers = _with_lists(form)
    seen: set[tuple[str, str]] = set()
    for filling in _FILLINGS:
        for leaf in answers.iter(*{node.name for node in form.compiled.nodes.values() if not node.children}):
            leaf.text = filling
        for node in form.compiled.root.walk():
            element = answers.find(node.path) if node.path else answers
            for column, expression in _expressions(node):
                why = _failure(expression, element) if element is not None else ""
                if why and (node.path, column) not in seen:
                    seen.add((node.path, column))
                    yield node.path, column, why


def _with_lists(form: Form) -> etree._Element:
    answers = deepcopy(form.compiled.blank)
    lists = etree.SubElement(answers, LISTS)
    for name, choices in form.compiled.lists.items():
        items = etree.SubElement(etree.SubElement(lists, list_element(name)), "root")
        items.extend(deepcopy(item) for item in choices.findall("root/item")[:_ITEMS])
    return answers


def _expressions(node: Node) -> Iterator[tuple[str, Expression]]:
    named = {
        "relevant": node.relevant,
        "constraint": node.constraint,
        "required": node.required,
        "calculation": node.calculate,
        "default": node.default,
        "repeat_count": node.count,
        "choice_filter": node.options.filter if node.options else None,
    }
    yield from ((column, expression) for column, expression in named.items() if expression)
    texts = {
        "label": node.labels,
        "hint": node.hints,
        "guidance_hint": node.guidance,
        "constraint_message": node.constraint_messages,
        "required_message": node.required_messages,
    }
    for column, by_language in texts.items():
        for parts in by_language.values():
            yield from ((column, part.expression) for part in parts if isinstance(part, Output))


def _failure(expression: Expression, element: etree._Element) -> str:
    try:
        expression.value(element, _SCENE)
    except etree.XPathError as error:
        return str(error)
    return ""
