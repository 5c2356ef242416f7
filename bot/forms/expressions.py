"""Expressions compiled once per form version, and the values of a sheet that they read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias

from lxml import etree

from bot.forms.arguments import Argument, number_text, text_of, truth_of
from bot.forms.functions import FUNCTIONS, Run
from bot.forms.rewriting import ExpressionError, Rewritten, Scope, function_element, rewrite
from bot.sentence import sentence

Bound: TypeAlias = Mapping[str, Run]  # the functions that a form gives: they read its lists and texts

_KNOWN = frozenset({"today", "language"})  # values of a sheet that stay the same for a while


@dataclass(frozen=True, slots=True)
class Scene:
    """What expressions read beside the answers."""

    at: datetime  # aware, city time
    seed: str = ""  # decides uuid() and random()
    language: str = ""

    def speaking(self, language: str) -> "Scene":
        """Return the same scene for labels in another language."""
        return self if language == self.language else replace(self, language=language)

    def value(self, name: str, node: etree._Element) -> object:
        """Return one value that an expression reads, `node` being its question."""
        match name:
            case "today":
                return self.at.date().isoformat()
            case "now":
                return self.at.isoformat(timespec="milliseconds")
            case "language":
                return self.language
            case "here":
                return node.text or ""
            case "seed":
                return f"{self.seed}|{node.getroottree().getpath(node)}"
        return node


@dataclass(frozen=True, slots=True)
class Expression:
    """One compiled expression; safe to evaluate from several threads."""

    source: str
    kind: str
    variables: tuple[str, ...]
    references: frozenset[str]
    lists: frozenset[str]
    last: frozenset[str]  # absolute paths whose answers of last time it reads
    files: frozenset[str]  # attached files that pulldata() names
    functions: frozenset[str]
    is_nested: bool  # a condition stands inside another
    is_path: bool  # nothing but one question
    constant: bool | None  # true() and false() need no evaluation
    run: etree.XPath = field(repr=False, compare=False)
    reads: tuple[str, ...] | None = None  # paths that alone decide the result; None: more than paths does

    def value(self, node: etree._Element, scene: Scene) -> Argument:
        """Return the result at a node: text, number, truth or nodes."""
        if not self.variables:
            return self.run(node)  # type: ignore[return-value]  # the stubs allow any XPath result
        values = {name: scene.value(name, node) for name in self.variables}
        return self.run(node, **values)  # type: ignore[return-value, arg-type]  # the same

    def holds(self, node: etree._Element, scene: Scene) -> bool:
        """Return the truth of the result at a node."""
        if self.constant is not None:
            return self.constant
        value = self.value(node, scene)
        if isinstance(value, list) and self.kind == "number":
            return text_of(value).strip("0. -") != ""
        return truth_of(value)

    def text(self, node: etree._Element, scene: Scene) -> str:
        """Return the result at a node as text; not a number is blank, as ODK stores it."""
        value = self.value(node, scene)
        if isinstance(value, float):
            return number_text(value) if value == value else ""
        return text_of(value)


def compile_expression(source: str, here: str, scope: Scope, bound: Bound) -> Expression:
    """Return an expression compiled for the question at `here`; raise ExpressionError when it cannot be."""
    rewritten = rewrite(source, here, scope)
    return Expression(
        source.strip(),
        rewritten.kind,
        tuple(sorted(rewritten.variables)),
        rewritten.references,
        rewritten.lists,
        rewritten.last,
        rewritten.files,
        rewritten.functions,
        rewritten.is_nested,
        rewritten.is_path,
        {"true()": True, "false()": False}.get(rewritten.xpath),
        _compiled(rewritten, bound),
        _reads(rewritten, scope),
    )


def _reads(rewritten: Rewritten, scope: Scope) -> tuple[str, ...] | None:
    """Return the paths whose answers decide the result, or None when something else does as well."""
    if rewritten.last or not (rewritten.references <= scope.single and rewritten.variables <= _KNOWN):
        return None
    root = len(scope.root) + 2
    return tuple(path[root:] for path in sorted(rewritten.references))


def check_expression(source: str, scope: Scope) -> None:
    """Raise ExpressionError when an expression cannot be used; questions are taken to exist."""
    _compiled(rewrite(source, "", scope), {})


def _compiled(rewritten: Rewritten, bound: Bound) -> etree.XPath:
    try:
        return etree.XPath(
            rewritten.xpath,
            extensions=_extensions(rewritten.functions, bound),
            smart_strings=False,
        )
    except etree.XPathSyntaxError as error:
        raise ExpressionError(
            "expression_syntax",
            sentence("The expression cannot be read: {reason}.", reason=error.msg),
            sentence("Correct the expression."),
        ) from error


def _extensions(names: frozenset[str], bound: Bound) -> Mapping[tuple[None, str], object]:
    """Return the functions an expression uses and no more: libxml2 registers them at each evaluation."""
    used = {(None, function_element(name)): bound.get(name, FUNCTIONS[name].run) for name in names}
    used[None, function_element("number")] = FUNCTIONS["number"].run
    return {name: run for name, run in used.items() if run is not None}
