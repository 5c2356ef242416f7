"""The expressions and texts of a form, compiled; what is wrong with them is gathered with its place."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from lxml import etree

from bot.forms.expressions import Bound, Expression, compile_expression
from bot.forms.form import MOST_INSTANCES, Output, Texts
from bot.forms.functions import ALWAYS_BLANK
from bot.forms.places import place_in_words
from bot.forms.rewriting import LAST, ExpressionError, Scope
from bot.forms.wording import authored
from bot.forms.xform import JR, SELECTS, XForm
from bot.sentence import sentence
from bot.values import Problem

_MOST_PAIRS = 250_000  # looked at by a condition inside a condition: a few milliseconds
_KINDS = {"int": "number", "decimal": "number", "date": "date", "dateTime": "date"}


class Cells:
    """What the cells of one form say; lives as long as it takes to build the form.

    `problems` refuse the form, `warnings` are told, `reads_last`: whether a cell reads last time's report.
    """

    def __init__(self, xform: XForm, rows: Mapping[str, int], functions: Bound) -> None:
        self.scope = Scope(
            root=str(xform.answers.tag),
            kinds=MappingProxyType(
                {p: _KINDS[b.get("type", "")] for p, b in xform.binds.items() if b.get("type") in _KINDS}
            ),
            resolve=_Names(xform.answers).path,
            single=_single(xform),
        )
        self.problems: list[Problem] = []
        self.warnings: list[str] = []
        self.reads_last = False
        self._xform = xform
        self._rows = rows
        self._functions = functions
        self._paths = frozenset(_paths(xform.answers, ""))

    def expression(self, source: str, full: str, column: str) -> Expression | None:
        """Return what a cell of the row with a full path says, compiled; None for a blank or wrong one."""
        if not source.strip():
            return None
        try:
            expression = compile_expression(source, full, self.scope, self._functions)
        except ExpressionError as error:
            fault = error.fault
            self.problems.append(Problem(fault.code, self._place(full, column), fault.mend, fault.message))
            return None
        self._check_time(expression, full, column)
        self.reads_last = self.reads_last or bool(expression.last)
        self._warn_of_blanks(expression, full, column)
        return expression

    def _warn_of_blanks(self, expression: Expression, full: str, column: str) -> None:
        """Warn of everything in an expression that has no value in a chat, or nowhere."""
        for path in sorted(expression.references - expression.last - self._paths):
            self.warn(
                full,
                column,
                sentence(
                    "{name} is no question, so it is blank. Write '{name}' for a text, "
                    "${{{name}}} for a question.",
                    name=path.rpartition("/")[2],
                ),
            )
        for name in sorted(expression.functions & ALWAYS_BLANK):
            self.warn(full, column, sentence("{name}() is always blank in a chat.", name=name))
        for name in expression.files - self._xform.lists.keys():
            self.warn(
                full,
                column,
                sentence("{file} is missing, so its values are blank.", file=f"{name}.csv"),
            )
        for name in sorted(expression.lists - self._xform.lists.keys() - {LAST}):
            file = self._xform.files.get(name)
            missing = sentence("{file} is missing, so its values are blank.", file=file)
            unknown = sentence("The form has no list {name}, so nothing is found there.", name=name)
            self.warn(full, column, missing if file else unknown)

    def _check_time(self, expression: Expression, full: str, column: str) -> None:
        """Add a problem when a condition inside a condition would look at too many pairs."""
        if not expression.is_nested:
            return
        sizes = [len(self._xform.lists[n][0]) for n in expression.lists if n in self._xform.lists]
        repeats = [MOST_INSTANCES for path in expression.references if self._is_repeated(path)]
        longest = sorted([*sizes, *repeats, 1], reverse=True)
        if longest[0] * (longest[1] if len(longest) > 2 else longest[0]) > _MOST_PAIRS:
            message = sentence("A condition inside another looks at too many choices.")
            mend = sentence("Find the inner value in a calculate row first, and name that row.")
            self.problems.append(Problem("expression_slow", self._place(full, column), mend, message))

    def _is_repeated(self, path: str) -> bool:
        return any(f"{path}/".startswith(f"{repeat}/") for repeat in self._xform.repeats)

    def _place(self, full: str, column: str) -> str:
        path = full.removeprefix(f"/{self.scope.root}").lstrip("/")
        row = self._rows.get(path)
        return f"survey, row {row}, {column}" if row else f"survey, {path}, {column}"

    def warn(self, full: str, column: str, what: str) -> None:
        """Add a warning with its place, once."""
        warning = sentence("{where}: {what}", where=place_in_words(self._place(full, column)), what=what)
        if warning not in self.warnings:  # each language of a label has its own expression
            self.warnings.append(warning)

    def texts(self, values: Mapping[str, etree._Element], full: str, column: str) -> Texts:
        """Return texts by language in parts, those that say nothing left out."""
        texts = {language: self._parts(value, full, column) for language, value in values.items()}
        return {language: parts for language, parts in texts.items() if parts}

    def _parts(self, value: etree._Element, full: str, column: str) -> tuple[str | Output, ...]:
        """Return a text in parts, its ends stripped: pyxform puts spaces around texts with outputs."""
        parts: list[str | Output] = [(value.text or "").lstrip()]
        for output in value:
            parts += [self._output(output.get("value", ""), full, column), output.tail or ""]
        parts[-1] = str(parts[-1]).rstrip()
        return tuple(part for part in parts if part)

    def _output(self, source: str, full: str, column: str) -> Output | str:
        expression = self.expression(source, full, column)
        if expression is None:
            return ""
        read = expression.references | expression.last
        shown = next(iter(read)) if len(read) == 1 else ""
        control = self._xform.controls.get(shown)
        is_choice = expression.is_path and control is not None and control.tag in SELECTS
        return Output(expression, shown if is_choice else "", authored(source))

    def message(self, bind: etree._Element | None, name: str, full: str) -> Texts:
        """Return a message of a bind (`constraintMsg`, `requiredMsg`) by language, {} for none."""
        message = bind.get(f"{JR}{name}", "") if bind is not None else ""
        if not message:
            return {}
        column = "constraint_message" if name == "constraintMsg" else "required_message"
        texts = self.texts(self._xform.text_of(message), full, column)
        is_plain = not message.startswith("jr:itext(")
        return {self._xform.default_language: (message.strip(),)} if is_plain else texts


class _Names:
    """The paths of a form's questions by name."""

    def __init__(self, answers: etree._Element) -> None:
        self._paths: dict[str, list[str]] = {}
        for question in answers:
            self._gather(question, f"/{answers.tag}")

    def _gather(self, element: etree._Element, above: str) -> None:
        path = f"{above}/{element.tag}"
        self._paths.setdefault(str(element.tag), []).append(path)
        for child in element:
            self._gather(child, path)

    def path(self, name: str) -> str:
        """Return the path of the question with a name; raise ExpressionError unless there is just one."""
        paths = self._paths.get(name, [])
        if len(paths) == 1:
            return paths[0]
        mend = sentence("Correct the name.")
        if paths:
            message = sentence("Several questions are named {name}.", name=name)
            raise ExpressionError("name_ambiguous", message, mend)
        raise ExpressionError("name_unknown", sentence("No question is named {name}.", name=name), mend)


def _paths(element: etree._Element, above: str) -> Iterator[str]:
    """Yield the absolute path of an element of the answers and of all below."""
    path = f"{above}/{element.tag}"
    yield path
    for child in element:
        yield from _paths(child, path)


def _single(xform: XForm) -> frozenset[str]:
    """Return the absolute paths of the questions outside repeats."""
    tree = etree.ElementTree(xform.answers)
    leaves = [tree.getpath(element) for element in xform.answers.iter(etree.Element) if not len(element)]
    return frozenset(
        p for p in leaves if not any(f"{p}/".startswith(f"{repeat}/") for repeat in xform.repeats)
    )
