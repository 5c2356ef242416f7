"""A form with the answers of one session: what is asked, what is accepted, what it reads like."""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TypeAlias

from lxml import etree

from bot.forms.arguments import IRRELEVANT
from bot.forms.first import First
from bot.forms.form import Choice, ChoiceRow, Form, Kind, Node, Output, Question, Step, Texts
from bot.forms.layout import Layout, Place, text_given
from bot.forms.xform import ROW
from bot.values import Value

__all__ = ["NOTHING", "Isolate", "Sheet", "Step"]

Isolate: TypeAlias = Callable[[str], str]
_INSTANCES = re.compile(r"\[(\d+)\]/")
NOTHING: Mapping[str, Value] = MappingProxyType({})
NO_FIRSTS: Mapping[str, First] = MappingProxyType({})


class Sheet:
    """The answers of one session laid over a form; made anew for each turn, used by one thread.

    `given` maps paths to answers (None: skipped) and holds also what is not relevant just now;
    `hidden` fills hidden fields and metadata by name; `at` is an aware city time; `previous` holds the
    answers of last time by path, for `${last-saved#name}`; `firsts` the first values that the session kept;
    `kept_as` tells the report from others, so that a turn begins with what the one before worked out.
    """

    def __init__(
        self,
        form: Form,
        given: Mapping[str, Value],
        hidden: Mapping[str, str],
        at: datetime,
        previous: Mapping[str, Value] = NOTHING,
        firsts: Mapping[str, First] = NO_FIRSTS,
        kept_as: str = "",
    ) -> None:
        """Lay the answers out and decide what is relevant."""
        self._form = form
        self._given = given
        self._beside = (hidden, at, previous, firsts, kept_as)
        self._layout = Layout(form, given, *self._beside)
        self._places = self._layout.places
        self._known_steps: tuple[Step, ...] | None = None

    # -- what is asked

    def steps(self) -> tuple[Step, ...]:
        """Return what is asked, in order, notes included: the relevant questions and "another one?"."""
        if self._known_steps is None:
            self._known_steps = tuple(self._steps())
        return self._known_steps

    def _steps(self) -> Iterator[Step]:
        for path, place in self._places.items():
            if place.is_relevant and place.node.question:
                yield place.step or self._step(path, place, place.node.question)

    def _step(self, path: str, place: Place, question: Question) -> Step:
        required = place.node.required
        if place.node.kind is Kind.REPEAT or required is None or required.constant is not None:
            always = place.node.kind is Kind.REPEAT or (required is not None and required.constant is True)
            place.step = Step(path, question, always)
            return place.step
        return Step(path, question, self._layout.holds(required, path))

    def accepts(self, path: str, value: Value) -> bool:
        """Return whether the constraint holds with this value; blank and unknown paths have none.

        A calculation that it reads is made with this value. One that reads a question of the same page which
        was not answered yet is decided by that answer, as ODK judges a page once it is filled in.
        """
        place = self._places.get(path)
        constraint = place.node.constraint if place else None
        if place is None or constraint is None or value in (None, "", []):
            return True
        reach = self._form.compiled.reaches[place.node.path]
        layout = self._layout_with(path, value) if place.node.path in reach.through else self._layout
        if layout.holds_with(constraint, path, text_given(value)):
            return True
        return not self._open_beside(path, place.node).isdisjoint(reach.all)

    def _layout_with(self, path: str, value: Value) -> Layout:
        if self._given.get(path) == value:
            return self._layout
        layout = Layout(self._form, {**self._given, path: value}, *self._beside)
        return layout if path in layout.places else self._layout

    def _open_beside(self, path: str, node: Node) -> set[str]:
        """Return the form paths of what is on the page of a question and not answered."""
        page = node.question.page if node.question else ""
        if not page:
            return set()
        above = path.rsplit("/", node.path.count("/") - page.count("/"))[0] + "/"
        return {
            place.node.path
            for other, place in self._places.items()
            if other.startswith(above) and other != path and place.is_relevant and other not in self._given
        }

    def choices(self, path: str, isolate: Isolate = str) -> tuple[Choice, ...]:
        """Return the options left by the choice filter, `${…}` in their labels put in."""
        place = self._places.get(path)
        options = place.node.options if place else None
        if place is None or options is None:
            return ()
        rows = options.list.rows
        if options.keyed is not None:
            wanted = self._layout.text(options.keyed.wanted, path, self._form.default_language)
            rows = tuple(rows[number] for number in options.keyed.rows.get(wanted, ()))
        elif options.filter is not None:
            found = self._layout.value(options.filter, self._layout.element(path))
            nodes = found if isinstance(found, list) else []
            if options.value:
                return self._answered(nodes, options.value)
            rows = tuple(rows[int(node.get(ROW, "0"))] for node in nodes)
        elif not options.list.has_outputs:
            return options.list.choices
        return tuple(self._choice(row, path, isolate) for row in rows)

    def _answered(self, nodes: list[etree._Element], name: str) -> tuple[Choice, ...]:
        """Return answers of a repeat as choices."""
        texts = [node.findtext(name) or "" for node in nodes if node.get(IRRELEVANT) is None]
        return tuple(Choice(text, {self._form.default_language: text}) for text in texts if text)

    def _choice(self, row: ChoiceRow, path: str, isolate: Isolate) -> Choice:
        labels = {
            language: self._written(parts, path, language, isolate) for language, parts in row.texts.items()
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
        if default is None:
            return place.node.preset or None
        if self.carries(path):
            return self._layout.of_last_time(default, path)
        return self._layout.preset(place.node, self._layout.element(path), path) or None

    def carries(self, path: str) -> bool:
        """Tell whether a question begins with an answer of last time (`${last-saved#name}`)."""
        place = self._places.get(path)
        default = place.node.default if place else None
        return default is not None and bool(default.last) and default.is_path

    def firsts(self) -> Mapping[str, First]:
        """Return the first values to be kept with the answers: of once(), of a default such as now()."""
        return self._layout.firsts

    # -- what it reads like

    def label(self, path: str, language: str, isolate: Isolate = str) -> str:
        """Return a question's label with its `${…}` put in, each value through `isolate`.

        In that language, else the form's default one, else any, else the question's name.
        """
        place = self._places.get(path)
        if place is None:
            return path
        return self._text_of(path, place.node.labels, language, isolate) or place.node.name

    def heading(self, path: str, language: str, isolate: Isolate = str) -> str:
        """Return the label of the page that a question lies on, "" for none."""
        place = self._places.get(path)
        page = place.node.question.page if place and place.node.question else ""
        if place is None or not page:
            return ""
        depth = place.node.path.count("/") - page.count("/")
        labels = self._form.compiled.nodes[page].labels
        return self._text_of(path.rsplit("/", depth)[0], labels, language, isolate)

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
        return self._text_of(path, getattr(place.node, texts), language, isolate) if place else ""

    def _text_of(self, path: str, texts: Texts, language: str, isolate: Isolate) -> str:
        for candidate in (language, self._form.default_language, *texts):
            if parts := texts.get(candidate):
                return self._written(parts, path, language, isolate).strip()
        return ""

    def _written(self, parts: tuple[str | Output, ...], path: str, language: str, isolate: Isolate) -> str:
        return "".join(
            part if isinstance(part, str) else self._shown(part, path, language, isolate) for part in parts
        )

    def _shown(self, output: Output, path: str, language: str, isolate: Isolate) -> str:
        text = self._layout.text(output.expression, path, language)
        if output.path and text:
            text = self._form.compiled.choice_name(output.path, text, language)
        return isolate(text) if text else ""

    # -- what follows from it

    def holds(self, expression: str) -> bool:
        """Return whether a rule of the programme holds; raise ExpressionError when it cannot be used."""
        return self._layout.holds(self._form.rule(expression), "")

    def record(self) -> dict[str, Value]:
        """Return the answers as exports have them: flat by path, repeats as lists of such objects.

        Only what is relevant; None for skipped; calculated values are in, hidden ones and notes are not.
        """
        record: dict[str, Value] = {}
        for path, place in self._places.items():
            if place.is_relevant and self._is_recorded(path, place.node):
                _put(record, path, _exported(self._layout.calculated.get(path, self._given.get(path))))
        return record

    def _is_recorded(self, path: str, node: Node) -> bool:
        if node.kind is Kind.CALCULATE:
            return path in self._layout.calculated and not node.is_generated
        is_note = node.question is not None and node.question.type == "note"
        return node.kind is Kind.QUESTION and path in self._given and not is_note


def _exported(value: Value) -> Value:
    """Return an answer as exports have it: media without the provider's reference."""
    if isinstance(value, dict):
        return {name: value.get(name) for name in ("type", "name", "size")}
    return value


def _put(record: dict[str, Value], path: str, value: Value) -> None:
    """Put a value at its path: `lines[2]/spent` goes into the second object of `lines`."""
    *instances, name = _INSTANCES.split(path)
    at = record
    for repeat, number in zip(instances[::2], instances[1::2], strict=True):
        rows: list[dict[str, Value]] = at.setdefault(repeat, [])  # type: ignore[assignment]  # a Value
        rows += [{} for _ in range(int(number) - len(rows))]
        at = rows[int(number) - 1]
    at[name] = value
