"""What reads what in a form: which nodes an answer can change."""

import re
from collections.abc import Iterable, Mapping

from bot.forms.expressions import Expression
from bot.forms.form import Kind, Node, Reach

ALWAYS = "*"  # read by what more than answers decide, such as the time
BESIDE = "**"  # read by what the system fills in: another report's is another
_INSTANCE = re.compile(r"\[\d+\]")
_OF_THE_MOMENT = frozenset({"now", "today", "seed", "here"})
_BEGINS_WITH_DEFAULT = frozenset({Kind.CALCULATE, Kind.HIDDEN, Kind.METADATA})


def without_instances(path: str) -> str:
    """Return a path of the answers as the form has it: `lines/spent` for `lines[2]/spent`."""
    return _INSTANCE.sub("", path) if "[" in path else path


def inputs_of(root: Node, keeping: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """Return for each node the paths that decide what it and all below it are like, its own as well.

    `keeping`: the nodes that keep their first value, which is each session's own.
    """
    inputs: dict[str, frozenset[str]] = {}

    def gather(node: Node) -> frozenset[str]:
        below = [gather(child) for child in node.children]
        inputs[node.path] = frozenset({node.path}).union(*below, *map(_read, _deciding(node)))
        if node.kind is Kind.METADATA or node.path in keeping:
            inputs[node.path] |= {ALWAYS}
        if node.kind is Kind.HIDDEN:
            inputs[node.path] |= {BESIDE}
        return inputs[node.path]

    gather(root)
    return inputs


def _deciding(node: Node) -> list[Expression]:
    default = node.default if node.kind in _BEGINS_WITH_DEFAULT else None
    found = (node.relevant, node.calculate, node.trigger, node.count, default)
    return [expression for expression in found if expression]


def _read(expression: Expression) -> Iterable[str]:
    return (ALWAYS,) if expression.reads is None else expression.reads


def read_by(expression: Expression, nodes: Mapping[str, Node], root: str) -> frozenset[str]:
    """Return the form paths that an expression reads."""
    paths = (full.removeprefix(f"/{root}").lstrip("/") for full in expression.references)
    return frozenset(path for path in paths if path in nodes)


def read_through(expression: Expression, nodes: Mapping[str, Node], root: str) -> frozenset[str]:
    """Return the form paths that the calculations which an expression reads are made of."""
    found: set[str] = set()
    waiting = list(read_by(expression, nodes, root))
    while waiting:
        calculate = nodes[waiting.pop()].calculate
        new = read_by(calculate, nodes, root) - found if calculate else frozenset[str]()
        found |= new
        waiting += new
    return frozenset(found)


def reach_of(constraint: Expression, nodes: Mapping[str, Node], root: str) -> Reach:
    """Return what a constraint reads."""
    through = read_through(constraint, nodes, root)
    return Reach(through, through | read_by(constraint, nodes, root))


def keeping(nodes: Iterable[Node], root: str) -> frozenset[str]:
    """Return the nodes that keep the first value they had in a session.

    Source: ODK XForms Specification, "once()" and "Event: odk-instance-first-load"; XLSForm, "trigger".
    """
    return frozenset(node.path for node in nodes if _keeps_first(node, f"/{root}/{node.path}"))


def _keeps_first(node: Node, full: str) -> bool:
    if node.preload == "start":
        return True
    calculate, default = node.calculate, node.default
    if calculate and ("here" in calculate.variables or full in calculate.references):
        return True
    of_the_moment = default or (calculate if node.trigger else None)
    return of_the_moment is not None and not _OF_THE_MOMENT.isdisjoint(of_the_moment.variables)


def looks_ahead(nodes: Iterable[Node], root: str) -> bool:
    """Return whether what decides a node reads one that comes after it, or other instances of its repeat."""
    ordered = {f"/{root}/{node.path}".rstrip("/"): node for node in nodes}
    last: dict[str, int] = {}
    for number, (full, node) in enumerate(ordered.items()):
        last[full] = number + sum(1 for _ in node.walk()) - 1
    repeats = [f"{full}/" for full, node in ordered.items() if node.kind is Kind.REPEAT]
    return any(
        (last.get(path, -1) > number and not f"{full}/".startswith(f"{path}/"))
        or (path in expression.source and any(full.startswith(r) and path.startswith(r) for r in repeats))
        for number, (full, node) in enumerate(ordered.items())
        for expression in _deciding(node)
        for path in expression.references
    )
