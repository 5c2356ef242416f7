"""A form: its questions in order, and the compiled expressions that decide which of them are asked."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from lxml import etree

from bot.forms.expressions import Bound, Expression, compile_expression
from bot.forms.outline import Outline
from bot.forms.recent import Recent
from bot.forms.rewriting import ExpressionError, Fault, Scope
from bot.sentence import sentence
from bot.values import Labels, Problem

_UNREAD = Fault(
    "rule_last_saved",
    sentence("A rule reads the answers of last time only where its form reads them too."),
    sentence("Write ${{last-saved#name}} in the form as well, such as in a calculate row."),
)
MOST_INSTANCES = 500  # of one repeat, whatever its repeat_count says

Texts: TypeAlias = "Mapping[str, tuple[str | Output, ...]]"  # language to the parts of a text


class FormError(Exception):
    """A form was refused; `problems` says everything that is wrong, where, and the mend."""

    def __init__(self, problems: tuple[Problem, ...], outline: Outline | None = None) -> None:
        """Keep the problems, and what can be told of the form nevertheless."""
        super().__init__("; ".join(f"{p.where}: {p.message}" for p in problems))
        self.problems = problems
        self.outline = outline


@dataclass(frozen=True, slots=True)
class Output:
    """A `${…}` inside a text."""

    expression: Expression
    path: str  # the question it shows, when it is nothing but one; else ""
    written: str  # as the author wrote it: `${name}`


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a question."""

    name: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class Question:
    """What a person is asked, as the form has it: texts with their `${…}` as written.

    `path` is the XLSForm path without the form's name (`lines/spent`), `type` the XLSForm type in one
    spelling (text, integer, decimal, date, time, datetime, select_one, select_multiple, rank, note, image,
    audio, video, file, geopoint, barcode, acknowledge, range), or `another` for one more instance of a
    repeat. `relevant`, `constraint` and `required` are the expressions as written, "" for none.
    """

    path: str
    type: str
    labels: Labels
    hints: Labels = field(default_factory=dict)
    guidance: Labels = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    repeat: str | None = None  # path of the repeat it is in
    constraint_messages: Labels = field(default_factory=dict)
    required_messages: Labels = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    appearance: str = ""
    page: str = ""  # path of the field-list group it is in: such a group is one message
    relevant: str = ""
    constraint: str = ""
    required: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to ask: a question at its place in the answers (`lines[1]/spent`).

    For "another one?" after instance n of a repeat the path is `lines[n]` and the type `another`.
    """

    path: str
    question: Question
    is_required: bool


@dataclass(frozen=True, slots=True)
class Repeat:
    """A group that is asked again and again."""

    path: str
    labels: Labels
    is_counted: bool  # by repeat_count; else "another one?" is asked after each instance


class Kind(StrEnum):
    """What a node of the form is."""

    GROUP = "group"
    REPEAT = "repeat"
    QUESTION = "question"
    CALCULATE = "calculate"
    HIDDEN = "hidden"
    METADATA = "metadata"


@dataclass(frozen=True, slots=True)
class ChoiceRow:
    """An option as written, and its texts in parts."""

    choice: Choice
    texts: Texts


@dataclass(frozen=True, slots=True)
class ChoiceList:
    """The options of one list; questions that use the list share it."""

    rows: tuple[ChoiceRow, ...] = ()
    choices: tuple[Choice, ...] = ()
    has_outputs: bool = False  # a label shows an answer


@dataclass(frozen=True, slots=True)
class Keyed:
    """A filter that is one equality: the rows of each value of a column, and the question compared with."""

    rows: Mapping[str, tuple[int, ...]]
    wanted: Expression


@dataclass(frozen=True, slots=True)
class Options:
    """Where the options of a question come from: a whole list, or what an expression leaves of it."""

    list: ChoiceList
    filter: Expression | None = None  # its nodes carry the row's number, or are answers of a repeat
    value: str = ""  # for answers of a repeat: name of the node whose text is the option
    keyed: Keyed | None = None  # the same as the filter without looking at each row of a long list


@dataclass(frozen=True, slots=True)
class Node:
    """One node of the form with everything compiled; children in the form's order."""

    name: str
    path: str  # without the form's name
    kind: Kind
    children: tuple["Node", ...] = ()
    question: Question | None = None  # of a repeat: its "another one?"
    relevant: Expression | None = None
    constraint: Expression | None = None
    required: Expression | None = None
    calculate: Expression | None = None
    trigger: Expression | None = None  # the question whose answer starts the calculation
    default: Expression | None = None
    preset: str = ""  # the value it begins with
    preload: str = ""  # of metadata: start, end, today, deviceid, username …
    count: Expression | None = None  # of a repeat
    options: Options | None = None
    is_generated: bool = False  # by the reader, from repeat_count: no answer of anybody
    labels: Texts = field(default_factory=dict)
    hints: Texts = field(default_factory=dict)
    guidance: Texts = field(default_factory=dict)
    constraint_messages: Texts = field(default_factory=dict)
    required_messages: Texts = field(default_factory=dict)

    def asked(self, question: Question) -> "Node":
        """Return the same node with its question."""
        return replace(self, question=question)

    def walk(self) -> Iterator["Node"]:
        """Yield this node and all below it in the form's order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Reach:
    """What a constraint reads, by path."""

    through: frozenset[str]  # what the calculations that it reads are made of
    all: frozenset[str]  # these, and what it reads itself


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a sheet needs and nobody else."""

    root: Node
    blank: etree._Element  # the empty answers, one instance of each repeat; copied, never changed
    lists: Mapping[str, etree._Element]  # choice lists that expressions read
    scope: Scope
    choice_name: Callable[[str, str, str], str]  # path, value, language: the choice's label
    bound: Bound
    nodes: Mapping[str, Node]  # by path
    rules: dict[str, Expression]  # expressions of the programme, compiled when first asked for
    looks_ahead: bool  # an expression reads a question that comes later
    inputs: Mapping[str, frozenset[str]]  # by path of a node: the paths whose answers can change it
    keeping: frozenset[str]  # paths of nodes that keep the first value they had
    reaches: Mapping[str, Reach]  # by path of a node with a constraint
    recent: Recent[object] = field(default_factory=Recent, init=False)  # layouts to begin turns with


@dataclass(frozen=True, slots=True)
class Form:
    """A questionnaire as published; equal when name and version are.

    `source` rebuilds the same form through `open_form` in a few milliseconds, without the reader.
    """

    name: str  # the form_id folded to a-z 0-9 _
    version: str
    title: str = field(compare=False)
    languages: tuple[str, ...] = field(compare=False)  # en, fr, pt, ar where recognised; () for none
    default_language: str = field(compare=False)
    questions: tuple[Question, ...] = field(compare=False, repr=False)
    repeats: tuple[Repeat, ...] = field(compare=False, repr=False)
    hidden: tuple[str, ...] = field(compare=False)  # paths filled by the bot: city, period, …
    warnings: tuple[str, ...] = field(compare=False, repr=False)
    reads_last: bool = field(compare=False)  # an expression reads the answers of last time
    source: str = field(compare=False, repr=False)
    compiled: Compiled = field(compare=False, repr=False)

    def rule(self, expression: str) -> Expression:
        """Return a rule of the programme compiled over this form; raise ExpressionError when it cannot be."""
        known = self.compiled.rules.get(expression)
        if known is None:
            compiled = self.compiled
            known = compile_expression(expression, f"/{compiled.root.name}", compiled.scope, compiled.bound)
            known = compiled.rules.setdefault(expression, known)  # one for all threads
        return known

    def fault(self, expression: str) -> Fault | None:
        """Return why a rule of the programme cannot be used over this form, or None."""
        try:
            rule = self.rule(expression)
        except ExpressionError as error:
            return error.fault
        return _UNREAD if rule.last and not self.reads_last else None
