"""A form with the answers of one session: what is asked, what is accepted, what it reads like."""

import re
from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import TypeAlias, TypeVar

from lxml import etree

from bot.forms.arguments import IRRELEVANT, Argument, number_of, number_text, text_of, xml_text
from bot.forms.expressions import Expression, Scene
from bot.forms.form import MOST_INSTANCES, Choice, ChoiceRow, Form, Kind, Node, Output, Question, Texts
from bot.forms.rewriting import LAST, LISTS, list_element
from bot.forms.xform import ROW
from bot.values import Value

Isolate: TypeAlias = Callable[[str], str]
T = TypeVar("T")

_ROUNDS = 5  # at most, where an expression reads a later question
_MOST_TOGETHER = 20_000  # questions laid out, where repeats are inside repeats
NOTHING: Mapping[str, Value] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to ask: a question at its place in the answers (`lines[1]/spent`).

    For "another one?" after instance n of a repeat the path is `lines[n]` and the type `another`.
    """

    path: str
    question: Question
    is_required: bool


@dataclass(slots=True)  # not frozen: hundreds are made in each turn, at three times the cost
class _Place:
    """A node of the form at one place of the answers."""

    node: Node
    element: etree._Element
    is_relevant: bool


class Sheet:
    """The answers of one session laid over a form; made anew for each turn, used by one thread.

    `given` maps paths to answers (None: skipped) and holds also what is not relevant just now;
    `hidden` fills hidden fields and metadata by name; `at` is an aware city time; `previous` holds the
    answers of last time by path, for `${last-saved#name}`.
    """

    def __init__(
        self,
        form: Form,
        given: Mapping[str, Value],
        hidden: Mapping[str, str],
        at: datetime,
        previous: Mapping[str, Value] = NOTHING,
    ) -> None:
        """Lay the answers out and decide what is relevant."""
        self._form = form
        self._compiled = form.compiled
        self._given = given
        self._hidden = hidden
        self._previous = previous
        seed = "|".join(f"{name}={hidden[name]}" for name in sorted(hidden))
        self._scene = Scene(at, f"{form.name}|{seed}", form.default_language)
        self._answers = deepcopy(self._compiled.blank)
        self._lists: etree._Element | None = None
        self._last: Sheet | None = None
        self._places: dict[str, _Place] = {}
        self._state: dict[
            str, object
        ] = {}  # by path: the text that expressions read, (text,) where not asked
        self._is_known = {"today": at.date(), "language": form.default_language}
        self._calculated: dict[str, Value] = {}
        self._known_steps: tuple[Step, ...] | None = None
        self._settle()

    # -- what is asked

    def steps(self) -> tuple[Step, ...]:
        """Return what is asked, in order, notes included: the relevant questions and "another one?"."""
        if self._known_steps is None:
            self._known_steps = tuple(self._steps())
        return self._known_steps

    def _steps(self) -> Iterator[Step]:
        for path, place in self._places.items():
            question = place.node.question
            if question and place.is_relevant:
                yield Step(path, question, self._is_required(place))

    def _is_required(self, place: _Place) -> bool:
        if place.node.kind is Kind.REPEAT:
            return True
        required = place.node.required
        return required is not None and self._holds(required, place.element)

    def accepts(self, path: str, value: Value) -> bool:
        """Return whether the constraint holds with this value; blank and unknown paths have none."""
        place = self._places.get(path)
        if place is None or place.node.constraint is None or value in (None, "", []):
            return True
        before, state = place.element.text, self._state.get(path)
        place.element.text = self._state[path] = _text(value)
        try:
            return self._holds(place.node.constraint, place.element)
        finally:
            place.element.text, self._state[path] = before, state

    def choices(self, path: str, isolate: Isolate = str) -> tuple[Choice, ...]:
        """Return the options left by the choice filter, `${…}` in their labels put in."""
        place = self._places.get(path)
        options = place.node.options if place else None
        if place is None or options is None:
            return ()
        rows = options.list.rows
        if options.filter is not None:
            found = self._value(options.filter, place.element)
            nodes = found if isinstance(found, list) else []
            if options.value:
                return self._answered(nodes, options.value)
            rows = tuple(rows[int(node.get(ROW, "0"))] for node in nodes)
        elif not options.list.has_outputs:
            return options.list.choices
        return tuple(self._choice(row, place, isolate) for row in rows)

    def _answered(self, nodes: list[etree._Element], name: str) -> tuple[Choice, ...]:
        """Return answers of a repeat as choices."""
        texts = [node.findtext(name) or "" for node in nodes if node.get(IRRELEVANT) is None]
        return tuple(Choice(text, {self._form.default_language: text}) for text in texts if text)

    def _choice(self, row: ChoiceRow, place: _Place, isolate: Isolate) -> Choice:
        labels = {
            language: self._written(parts, place, language, isolate) for language, parts in row.texts.items()
        }
        return Choice(row.choice.name, labels)

    def default(self, path: str) -> Value:
        """Return the value a question begins with (its `default`); None for none.

        As text, but an answer of last time as it was given.
        """
        place = self._places.get(path)
        if place is None:
            return None
        default = place.node.default
        if default is not None and self.carries(path):
            return self._of_last_time(self._value(default, place.element))
        return self._preset(place.node, place.element) or None

    def carries(self, path: str) -> bool:
        """Tell whether a question begins with an answer of last time (`${last-saved#name}`)."""
        place = self._places.get(path)
        default = place.node.default if place else None
        return default is not None and bool(default.last) and default.is_path

    def _of_last_time(self, found: Argument) -> Value:
        """Return the answer that lay at the node found, as it was given or calculated."""
        if self._last is None or not isinstance(found, list):
            return None
        last = self._last
        at = next((p for p, place in last._places.items() if found and place.element is found[0]), "")
        return last._calculated.get(at, self._previous.get(at))

    # -- what it reads like

    def label(self, path: str, language: str, isolate: Isolate = str) -> str:
        """Return a question's label with its `${…}` put in, each value through `isolate`.

        In that language, else the form's default one, else any, else the question's name.
        """
        place = self._places.get(path)
        if place is None:
            return path
        return self._text_of(place, place.node.labels, language, isolate) or place.node.name

    def heading(self, path: str, language: str, isolate: Isolate = str) -> str:
        """Return the label of the page that a question lies on, "" for none."""
        place = self._places.get(path)
        page = place.node.question.page if place and place.node.question else ""
        if place is None or not page:
            return ""
        group, depth = self._compiled.nodes[page], place.node.path.count("/") - page.count("/")
        around = next(islice(place.element.iterancestors(), depth - 1, None), place.element)
        return self._text_of(_Place(group, around, is_relevant=True), group.labels, language, isolate)

    def hint(self, path: str, language: str, isolate: Isolate = str) -> str:
        """Return a question's hint, "" for none."""
        return self._named(path, "hints", language, isolate)

    def guidance(self, path: str, language: str, isolate: Isolate = str) -> str:
        """Return a question's guidance hint, "" for none."""
        return self._named(path, "guidance", language, isolate)

    def constraint_message(self, path: str, language: str, isolate: Isolate = str) -> str:
        """Return what the form says when the constraint does not hold, "" for nothing."""
        return self._named(path, "constraint_messages", language, isolate)

    def required_message(self, path: str, language: str, isolate: Isolate = str) -> str:
        """Return what the form says when a required question is skipped, "" for nothing."""
        return self._named(path, "required_messages", language, isolate)

    def _named(self, path: str, texts: str, language: str, isolate: Isolate) -> str:
        place = self._places.get(path)
        return self._text_of(place, getattr(place.node, texts), language, isolate) if place else ""

    def _text_of(self, place: _Place, texts: Texts, language: str, isolate: Isolate) -> str:
        for candidate in (language, self._form.default_language, *texts):
            if parts := texts.get(candidate):
                return self._written(parts, place, language, isolate).strip()
        return ""

    def _written(
        self, parts: tuple[str | Output, ...], place: _Place, language: str, isolate: Isolate
    ) -> str:
        return "".join(
            part if isinstance(part, str) else self._shown(part, place, language, isolate) for part in parts
        )

    def _shown(self, output: Output, place: _Place, language: str, isolate: Isolate) -> str:
        scene = self._scene.speaking(language)
        self._attach(output.expression)
        text = output.expression.text(place.element, scene)
        if output.path and text:
            text = self._compiled.choice_name(output.path, text, language)
        return isolate(text) if text else ""

    # -- what follows from it

    def holds(self, expression: str) -> bool:
        """Return whether a rule of the programme holds; raise ExpressionError when it cannot be used."""
        return self._holds(self._form.rule(expression), self._answers)

    def record(self) -> dict[str, Value]:
        """Return the answers as exports have them: flat by path, repeats as lists of such objects.

        Only what is relevant; None for skipped; calculated values are in, hidden ones and notes are not.
        """
        record: dict[str, Value] = {}
        for path, place in self._places.items():
            if place.is_relevant and self._is_recorded(path, place.node):
                _put(record, path, _exported(self._calculated.get(path, self._given.get(path))))
        return record

    def _is_recorded(self, path: str, node: Node) -> bool:
        if node.kind is Kind.CALCULATE:
            return path in self._calculated and not node.is_generated
        is_note = node.question is not None and node.question.type == "note"
        return node.kind is Kind.QUESTION and path in self._given and not is_note

    # -- relevance and calculation

    def _settle(self) -> None:
        """Decide relevance and calculate, in the form's order; again while later answers change earlier."""
        before: list[object] = []
        for _ in range(_ROUNDS):
            self._places, self._calculated = {}, {}
            self._lay(self._compiled.root, self._answers, "", True)
            if not self._compiled.looks_ahead:
                return
            after: list[object] = [(place.is_relevant, place.element.text) for place in self._places.values()]
            if after == before:
                return
            before = after

    def _lay(self, node: Node, element: etree._Element, path: str, above: bool) -> None:
        """Lay out one node and all below it; irrelevant ones are blank for whoever reads them."""
        is_relevant = above and (node.relevant is None or self._holds(node.relevant, element))
        if not is_relevant:
            element.set(IRRELEVANT, "")
        elif element.get(IRRELEVANT) is not None:
            del element.attrib[IRRELEVANT]
        match node.kind:
            case Kind.GROUP:
                self._lay_children(node, element, path, is_relevant)
            case Kind.REPEAT:
                self._lay_children(node, element, path, is_relevant)
                if node.count is not None:
                    return
            case Kind.QUESTION:
                self._write(element, path, _text(self._given.get(path)) if is_relevant else None, is_relevant)
            case Kind.CALCULATE:
                text = self._calculate(node, element, path) if is_relevant else None
                self._write(element, path, text, is_relevant)
            case Kind.HIDDEN | Kind.METADATA:
                self._write(element, path, self._filled(node, element), is_relevant)
        if node.kind is not Kind.GROUP:
            self._places[path] = _Place(node, element, is_relevant)

    def _write(self, element: etree._Element, path: str, text: str | None, is_relevant: bool) -> None:
        if text is not None or path in self._state:
            element.text = text
        self._state[path] = text if is_relevant else (text,)

    def _lay_children(self, node: Node, element: etree._Element, path: str, is_relevant: bool) -> None:
        prefix = f"{path}/" if path else ""
        current = element[0] if len(element) else None
        for child in node.children:
            if current is None:
                return
            if child.kind is Kind.REPEAT:
                current = self._lay_instances(child, current, f"{prefix}{child.name}", is_relevant)
            else:
                self._lay(child, current, f"{prefix}{child.name}", is_relevant)
                current = current.getnext()

    def _lay_instances(
        self, node: Node, first: etree._Element, path: str, above: bool
    ) -> etree._Element | None:
        """Lay out the instances of a repeat, making and dropping elements; return what follows them."""
        wanted = self._instances(node, first, path)
        element = first
        for number in range(1, max(wanted, 1) + 1):  # one stays where none is wanted, to be copied later
            self._lay(node, element, f"{path}[{number}]", above and number <= wanted)
            following = element.getnext()
            if number < wanted and (following is None or following.tag != element.tag):
                following = _copied_after(element)
            if following is None or number >= wanted:
                break
            element = following
        return _rest_dropped(element)

    def _instances(self, node: Node, first: etree._Element, path: str) -> int:
        most = min(MOST_INSTANCES, _MOST_TOGETHER - len(self._places))
        if node.count is not None:
            number = number_of(self._value(node.count, first))
            return int(max(min(number, most), 0)) if number == number else 0
        count = 1
        while count < most and self._given.get(f"{path}[{count}]") == "yes":
            count += 1
        return count

    def _calculate(self, node: Node, element: etree._Element, path: str) -> str | None:
        """Return a calculation's text and keep its value with its type."""
        if node.trigger is not None and not node.trigger.text(element, self._scene):
            return None
        if node.calculate is None:
            typed = _typed(self._preset(node, element))
        else:
            typed = self._remembered(node.calculate, element, self._computed)
        if typed is not None:
            self._calculated[path] = typed
        return _text(typed)

    def _computed(self, expression: Expression, element: etree._Element) -> Value:
        value = self._value(expression, element)
        if isinstance(value, list) and expression.kind == "number":
            value = number_of(value)
        return _typed(value)

    def _filled(self, node: Node, element: etree._Element) -> str | None:
        known = self._hidden.get(node.path, self._hidden.get(node.name))
        if known is not None:
            return xml_text(known)
        if node.kind is Kind.METADATA:
            at = self._scene.at
            times = {"start": at.isoformat(), "end": at.isoformat(), "today": at.date().isoformat()}
            return times.get(node.preload)
        return self._preset(node, element) or None

    def _preset(self, node: Node, element: etree._Element) -> str:
        if node.default is None:
            return node.preset
        self._attach(node.default)
        return node.default.text(element, self._scene)

    # -- evaluation

    def _remembered(
        self,
        expression: Expression,
        element: etree._Element,
        compute: Callable[[Expression, etree._Element], T],
    ) -> T:
        """Return what an expression gives; it is evaluated only where an answer that it reads is new.

        Most answers stay as they were from one turn to the next, and libxml2 takes ten times as long.
        """
        if expression.reads is None:
            return compute(expression, element)
        key = (*map(self._state.get, expression.reads), *map(self._is_known.get, expression.variables))
        found = expression.memo.get(key, expression)
        if found is not expression:
            return found  # type: ignore[return-value]  # an expression is always computed one way
        result = compute(expression, element)
        expression.remember(key, result)
        return result

    def _holds(self, expression: Expression, element: etree._Element) -> bool:
        if expression.constant is not None:
            return expression.constant
        return self._remembered(expression, element, self._is_true)

    def _is_true(self, expression: Expression, element: etree._Element) -> bool:
        self._attach(expression)
        return expression.holds(element, self._scene)

    def _value(self, expression: Expression, element: etree._Element) -> Argument:
        self._attach(expression)
        return expression.value(element, self._scene)

    def _attach(self, expression: Expression) -> None:
        """Put the choice lists an expression reads into the document of the answers, when first needed."""
        for name in expression.lists:
            if self._lists is None:
                self._lists = etree.SubElement(self._answers, LISTS)
            if self._lists.find(list_element(name)) is not None:
                continue
            if name == LAST:
                self._lists.append(self._answers_of_last_time())
            elif name in self._compiled.lists:
                self._lists.append(deepcopy(self._compiled.lists[name]))

    def _answers_of_last_time(self) -> etree._Element:
        """Return the answers of last time as expressions read them, calculations and relevance as well."""
        holder = etree.Element(list_element(LAST))
        if self._previous:
            self._last = Sheet(self._form, self._previous, {}, self._scene.at)
        holder.append(self._last._answers if self._last else deepcopy(self._compiled.blank))
        return holder


def _text(value: Value) -> str | None:
    """Return an answer as the text that expressions read."""
    match value:
        case None | "":
            return None
        case str():
            return xml_text(value)
        case bool():
            return "true" if value else "false"
        case int() | float():
            return number_text(value)
        case list():
            return xml_text(" ".join(value))
        case _:
            return xml_text(str(value.get("name") or value.get("ref") or value.get("type") or "file"))


def _typed(value: Argument) -> Value:
    """Return a calculated value with its type: whole numbers as int, blank and not-a-number as None."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            if value != value or value in (float("inf"), float("-inf")):
                return None
            return int(value) if value == int(value) else value
        case _:
            return text_of(value) or None


def _exported(value: Value) -> Value:
    """Return an answer as exports have it: media without the provider's reference."""
    if isinstance(value, dict):
        return {name: value.get(name) for name in ("type", "name", "size")}
    return value


def _put(record: dict[str, Value], path: str, value: Value) -> None:
    """Put a value at its path: `lines[2]/spent` goes into the second object of `lines`."""
    *instances, name = re.split(r"\[(\d+)\]/", path)
    at = record
    for repeat, number in zip(instances[::2], instances[1::2], strict=True):
        rows: list[dict[str, Value]] = at.setdefault(repeat, [])  # type: ignore[assignment]  # a Value
        rows += [{} for _ in range(int(number) - len(rows))]
        at = rows[int(number) - 1]
    at[name] = value


def _copied_after(element: etree._Element) -> etree._Element:
    """Put a further instance after this one, without its answers."""
    copied = deepcopy(element)
    for each in copied.iter():
        each.text = None
    element.addnext(copied)
    return copied


def _rest_dropped(element: etree._Element) -> etree._Element | None:
    """Drop the further instances after the last one wanted; return what follows."""
    following = element.getnext()
    while following is not None and following.tag == element.tag:
        element.getparent().remove(following)  # type: ignore[union-attr]  # an instance is never the root
        following = element.getnext()
    return following
