"""The answers of one session laid over a form: what is relevant, and what is calculated from it."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

from lxml import etree

from bot.forms.arguments import IRRELEVANT, Argument, number_of, number_text, text_of, xml_text
from bot.forms.dependence import ALWAYS, BESIDE, without_instances
from bot.forms.expressions import Expression, Scene
from bot.forms.first import First
from bot.forms.form import MOST_INSTANCES, Form, Kind, Node, Step
from bot.forms.rewriting import LAST, LISTS, list_element
from bot.values import Value

T = TypeVar("T")
Results = dict[object, tuple[object, object]]  # of an expression: what it read, its value

_ROUNDS = 5  # at most, where an expression reads a later question
_MOST_TOGETHER = 20_000  # questions laid out, where repeats are inside repeats
_MOST_NEW = 20  # answers; with more of them, laying everything out is as fast
_NODES_KEPT = 8_000  # about, in the layouts kept of one form
_LEAST_KEPT, _MOST_KEPT = 8, 100  # layouts
_NOWHERE = object()
INSTANCE = "instanceID"  # the hidden field that tells one report from any other: it decides uuid()


@dataclass(slots=True)  # not frozen: hundreds are made at once, at three times the cost
class Place:
    """A node of the form at one place of the answers; shared by the layouts that it does not change in."""

    node: Node
    is_relevant: bool
    step: Step | None = None  # kept where it stays the same


@dataclass(frozen=True, slots=True)
class Laid:
    """What the next layout begins with; but for the results, never changed."""

    given: Mapping[str, Value]
    hidden: Mapping[str, str]
    at: datetime
    answers: etree._Element
    places: dict[str, Place]
    state: dict[str, object]
    calculated: dict[str, Value]
    results: Results  # grows: what is found later in a turn is kept as well


class Layout:
    """The answers laid out: what the turn before left, and what reads a new answer done again."""

    def __init__(
        self,
        form: Form,
        given: Mapping[str, Value],
        hidden: Mapping[str, str],
        at: datetime,
        previous: Mapping[str, Value],
        firsts: Mapping[str, First],
        kept_as: str = "",
    ) -> None:
        """Lay the answers out and decide what is relevant; `kept_as` tells it from others of this report."""
        self._form = form
        self._compiled = form.compiled
        self._given = given
        self._hidden = hidden
        self._previous = previous
        self.firsts = dict(firsts)
        seed = hidden.get(INSTANCE) or "|".join(f"{name}={hidden[name]}" for name in sorted(hidden))
        self.scene = Scene(at, f"{form.name}|{seed}", form.default_language)
        self._known = {"today": at.date(), "language": form.default_language}
        self._lists: etree._Element | None = None
        self._last: Layout | None = None
        self._lasts: dict[etree._Element, str] = {}  # paths of last time's answers, once they are needed
        self._asked_of_last_time: tuple[object, object] | None = None  # what these answers depend on
        self._results: Results = {}
        self._new: set[str] = set()  # paths that differ from the layout before
        self._is_built_anew = False
        self._settle((seed, kept_as))

    def _begin(self, laid: Laid) -> None:
        self._origin = laid.answers
        self._answers: etree._Element | None = None
        self._lists = self._last = None
        self._lasts = {}
        self.places = dict(laid.places)
        self.calculated = dict(laid.calculated)
        self._state = dict(laid.state)  # by path: the text that expressions read, (text,) where not asked

    @property
    def answers(self) -> etree._Element:
        """Return the answers as expressions read them, copied when the first of them does."""
        if self._answers is None:
            self._answers = deepcopy(self._origin)
        return self._answers

    def element(self, path: str) -> etree._Element:
        """Return the element of the answers at a path that is laid out."""
        found = self.answers.find(path) if path else self.answers
        if found is None:
            raise KeyError(path)
        return found

    # -- the turn before

    def _settle(self, key: object) -> None:
        """Decide relevance and calculate: what is new since the turn before, else everything."""
        before = self._compiled.recent.get(key)
        if isinstance(before, Laid):
            self._results = before.results
        if isinstance(before, Laid) and self._follows(before):
            laid = self._laid() if self._new != {ALWAYS} else before
        else:
            self._lay_all()
            laid = self._laid()
        self._compiled.recent.keep(key, self.scene.at, laid, self._most_kept())

    def _follows(self, before: Laid) -> bool:
        """Lay out what reads something new; False where that is not enough."""
        if self._compiled.looks_ahead or before.at.date() != self.scene.at.date():
            return False
        news = _news(before.given, self._given)
        if len(news) > _MOST_NEW:
            return False
        self._begin(before)
        self._new = {*news, ALWAYS} if before.hidden == self._hidden else {*news, ALWAYS, BESIDE}
        self._is_built_anew = False
        self._lay_again(self._compiled.root, "", True)
        return not self._is_built_anew

    def _laid(self) -> Laid:
        return Laid(
            self._given,
            self._hidden,
            self.scene.at,
            self._given_away(),
            self.places,
            self._state,
            self.calculated,
            self._results,
        )

    def _given_away(self) -> etree._Element:
        """Return the answers to be kept, without the lists that expressions read; ours are copied anew."""
        if self._answers is None:
            return self._origin
        if self._lists is None:
            self._origin, self._answers = self._answers, None
            return self._origin
        self._answers.remove(self._lists)
        answers = deepcopy(self._answers)
        self._answers.append(self._lists)
        return answers

    def _most_kept(self) -> int:
        """Return how many layouts are kept of this form: few of a long one."""
        return max(_LEAST_KEPT, min(_MOST_KEPT, _NODES_KEPT // len(self._compiled.nodes)))

    def _lay_again(self, node: Node, path: str, above: bool) -> None:
        """Lay out what reads something new, at this node and below it."""
        if self._compiled.inputs[node.path].isdisjoint(self._new):
            return
        place = self.places.get(path)
        if node.kind is Kind.REPEAT:
            self._lay_instances(node, self.element(f"{path}[1]"), path, above)
        elif node.kind is Kind.GROUP and place and place.is_relevant == self._is_relevant(node, path, above):
            for child in node.children:
                self._lay_again(child, f"{path}/{child.name}" if path else child.name, place.is_relevant)
        else:
            self._lay(node, self.element(path), path, above)

    # -- relevance and calculation

    def _lay_all(self) -> None:
        """Lay everything out, in the form's order; again while later answers change earlier."""
        self._begin(Laid({}, {}, self.scene.at, self._compiled.blank, {}, {}, {}, {}))
        before: list[object] = []
        for _ in range(_ROUNDS):
            self.places, self.calculated = {}, {}
            self._lay(self._compiled.root, self.answers, "", True)
            if not self._compiled.looks_ahead:
                return
            after: list[object] = [(p.is_relevant, self._state.get(path)) for path, p in self.places.items()]
            if after == before:
                return
            before = after

    def _is_relevant(self, node: Node, at: etree._Element | str, above: bool) -> bool:
        return above and (node.relevant is None or self.holds(node.relevant, at))

    def _lay(self, node: Node, element: etree._Element, path: str, above: bool) -> None:
        """Lay out one node and all below it; irrelevant ones are blank for whoever reads them."""
        is_relevant = self._is_relevant(node, element, above)
        if not is_relevant:
            element.set(IRRELEVANT, "")
        elif element.get(IRRELEVANT) is not None:
            del element.attrib[IRRELEVANT]
        if node.path in self._compiled.keeping:
            self._begin_with_first(element, path)
        match node.kind:
            case Kind.GROUP:
                self._lay_children(node, element, path, is_relevant)
            case Kind.REPEAT:
                self._lay_children(node, element, path, is_relevant)
                if node.count is not None:
                    return
            case Kind.QUESTION:
                if is_relevant and node.path in self._compiled.keeping:
                    self.preset(node, element, path)
                self._write(
                    element, path, text_given(self._given.get(path)) if is_relevant else None, is_relevant
                )
            case Kind.CALCULATE:
                text = self._calculate(node, element, path) if is_relevant else self._uncalculated(path)
                self._write(element, path, text, is_relevant)
            case Kind.HIDDEN | Kind.METADATA:
                self._write(element, path, self._filled(node, element, path), is_relevant)
        self.places[path] = Place(node, is_relevant)

    def _begin_with_first(self, element: etree._Element, path: str) -> None:
        """Put the session's first value in: the layout before may be another person's."""
        first = self.firsts.get(path)
        element.text = text_given(first.value) if first else None
        self._state.pop(path, None)
        if element.text is not None:
            self._state[path] = element.text
        self._new.add(path)

    def _write(self, element: etree._Element, path: str, text: str | None, is_relevant: bool) -> None:
        before = self._state.get(path, _NOWHERE)
        state = text if is_relevant else (text,)
        if state == before:
            return
        if text is not None or before is not _NOWHERE:
            element.text = text
        self._state[path] = state
        self._new.add(path)

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
                self._is_built_anew = True
            if following is None or number >= wanted:
                break
            element = following
        following = element.getnext()
        while following is not None and following.tag == element.tag:
            self._is_built_anew = True
            following.getparent().remove(following)  # type: ignore[union-attr]  # an instance is never the root
            following = element.getnext()
        return following

    def _instances(self, node: Node, first: etree._Element, path: str) -> int:
        most = min(MOST_INSTANCES, _MOST_TOGETHER - len(self.places))
        if node.count is not None:
            number = number_of(self.value(node.count, first))
            return int(max(min(number, most), 0)) if number == number else 0
        count = 1
        while count < most and self._given.get(f"{path}[{count}]") == "yes":
            count += 1
        return count

    def _calculate(self, node: Node, element: etree._Element, path: str) -> str | None:
        """Return a calculation's text and keep its value with its type."""
        trigger = node.trigger.text(element, self.scene) if node.trigger else ""
        if node.trigger is not None and not trigger:
            return self._uncalculated(path)
        if node.calculate is None:
            typed = _typed(self.preset(node, element, path))
        else:
            typed = self._remembered(node.calculate, element, partial(self._computed, node.calculate))
            if node.path in self._compiled.keeping:
                typed = self._first_of(node.calculate, node, path, First(typed, trigger))
        if typed is None:
            return self._uncalculated(path)
        self.calculated[path] = typed
        return text_given(typed)

    def _first_of(self, calculate: Expression, node: Node, path: str, now: First) -> Value:
        """Return the first value of a calculation, kept until it is blank, started anew or puts another."""
        first = self.firsts.pop(path, now)
        reads_itself = f"/{self._compiled.root.name}/{node.path}" in calculate.references
        is_other = reads_itself and text_given(first.value) != text_given(now.value)
        kept = now if is_other or first.trigger != now.trigger or now.value is None else first
        if kept.value is not None:
            self.firsts[path] = kept
        return kept.value

    def _uncalculated(self, path: str) -> str | None:
        self.calculated.pop(path, None)
        return None

    def _computed(self, expression: Expression, element: etree._Element) -> Value:
        value = self.value(expression, element)
        if isinstance(value, list) and value and expression.is_path:
            copied = self._calculated_at(value[0], expression)
            if copied is not None:
                return copied
        if isinstance(value, list) and expression.kind == "number":
            value = number_of(value)
        return _typed(value)

    def _calculated_at(self, element: etree._Element, expression: Expression) -> Value:
        """Return another calculation's value with its type, None where the element holds no such."""
        paths = (path for path in expression.reads or () if path in self.calculated)
        return next((self.calculated[path] for path in paths if self.element(path) is element), None)

    def _filled(self, node: Node, element: etree._Element, path: str) -> str | None:
        known = self._hidden.get(node.path, self._hidden.get(node.name))
        if known is not None:
            return xml_text(known)
        if node.kind is Kind.METADATA:
            at = self.scene.at
            times = {"start": at.isoformat(), "end": at.isoformat(), "today": at.date().isoformat()}
            if node.preload == "start":
                return text_given(self.firsts.setdefault(path, First(times["start"])).value)
            return times.get(node.preload)
        return self.preset(node, element, path) or None

    def preset(self, node: Node, element: etree._Element, path: str) -> str:
        """Return the value that a node begins with as text: of a default of the moment its first."""
        if node.default is None:
            return node.preset
        if (first := self.firsts.get(path)) is not None and node.path in self._compiled.keeping:
            return text_given(first.value) or ""
        self._attach(node.default)
        text = node.default.text(element, self.scene)
        if text and node.path in self._compiled.keeping:
            self.firsts[path] = First(text)
        return text

    # -- evaluation

    def _remembered(
        self,
        expression: Expression,
        at: etree._Element | str,
        compute: Callable[[etree._Element], T],
        *instead: str | None,
    ) -> T:
        """Return what an expression gives; it is evaluated only where an answer that it reads is new.

        Most answers stay as they were from one turn to the next, and libxml2 takes ten times as long.
        """
        if expression.reads is None:
            return compute(self._at(at))
        read = (
            *map(self._state.get, expression.reads),
            *map(self._known.get, expression.variables),
            *instead,
        )
        known = self._results.get(id(expression))  # the form holds it as long as the results are kept
        if known is not None and known[0] == read:
            return known[1]  # type: ignore[return-value]  # an expression is always computed one way
        result = compute(self._at(at))
        self._results[id(expression)] = read, result
        return result

    def _at(self, at: etree._Element | str) -> etree._Element:
        return self.element(at) if isinstance(at, str) else at

    def holds(self, expression: Expression, at: etree._Element | str) -> bool:
        """Return the truth of an expression at an element, or at the path of one."""
        if expression.constant is not None:
            return expression.constant
        return self._remembered(expression, at, partial(self._is_true, expression))

    def holds_with(self, expression: Expression, path: str, text: str | None) -> bool:
        """Return the truth of an expression at a path, with another text there."""
        is_true = partial(self._is_true_with, expression, text)
        return self._remembered(expression, path, is_true, text)

    def _is_true_with(self, expression: Expression, text: str | None, element: etree._Element) -> bool:
        before = element.text
        element.text = text
        try:
            return self._is_true(expression, element)
        finally:
            element.text = before

    def _is_true(self, expression: Expression, element: etree._Element) -> bool:
        self._attach(expression)
        return expression.holds(element, self.scene)

    def value(self, expression: Expression, element: etree._Element) -> Argument:
        """Return the value of an expression at an element."""
        self._attach(expression)
        return expression.value(element, self.scene)

    def text(self, expression: Expression, path: str, language: str) -> str:
        """Return the text of an expression at a path, for a reader of that language."""
        self._attach(expression)
        return expression.text(self.element(path), self.scene.speaking(language))

    def of_last_time(self, expression: Expression, path: str) -> Value:
        """Return the answer of last time that an expression names, as it was given or calculated."""
        if self._asked_of_last_time is None:
            self._asked_of_last_time = dict(self._previous), self.scene.at.date()
        read = self._asked_of_last_time
        known = self._results.get((id(expression), path))
        if known is None or known[0] != read:
            found = self.value(expression, self.element(path))
            known = self._results[id(expression), path] = read, self._given_at(found)
        return known[1]  # type: ignore[return-value]  # what `_given_at` returned

    def _given_at(self, found: Argument) -> Value:
        if self._last is None or not isinstance(found, list) or not found:
            return None
        last = self._last
        self._lasts = self._lasts or {last.element(path): path for path in last.places if path}
        path = self._lasts.get(found[0], "")
        return last.calculated.get(path, self._previous.get(path))

    def _attach(self, expression: Expression) -> None:
        """Put the choice lists an expression reads into the document of the answers, when first needed."""
        for name in expression.lists:
            if self._lists is None:
                self._lists = etree.SubElement(self.answers, LISTS)
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
            self._last = Layout(
                self._form, self._previous, {}, self.scene.at, {}, {}, kept_as=self.scene.seed
            )
        holder.append(self._last.answers if self._last else deepcopy(self._compiled.blank))
        return holder


def text_given(value: Value) -> str | None:
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


def _copied_after(element: etree._Element) -> etree._Element:
    """Return a blank instance of a repeat after another one."""
    copied = deepcopy(element)
    for node in copied.iter():
        node.text = None
    element.addnext(copied)
    return copied


def _news(before: Mapping[str, Value], now: Mapping[str, Value]) -> set[str]:
    """Return the paths whose answers differ, by their names in the form."""
    return {
        without_instances(path)
        for path in before.keys() | now.keys()
        if before.get(path) != now.get(path) or type(before.get(path)) is not type(now.get(path))
    }
