"""ODK's expressions rewritten to XPath that libxml2 evaluates as ODK would; what is unsafe is refused.

Source: ODK XForms Specification, "XPath Evaluation"; XPath 1.0, section 3.7 for the tokens.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.forms.dates import moment
from bot.forms.functions import FUNCTIONS, OF_THE_QUESTION, PREFIX, Function
from bot.forms.operands import OPERATORS, Piece, as_number, as_truth, joined
from bot.forms.patterns import pattern_fault
from bot.forms.slips import meant, mended
from bot.sentence import sentence

LONGEST = 4000  # characters of an expression as its author wrote it
DEEPEST = 100  # nested parentheses; long tables of if(…, if(… have sixty
LAST = "__last-saved"  # pyxform's name of the answers of last time
LISTS = "__lists"  # element that holds the choice lists, in the same document as the answers

_TOKEN = re.compile(
    r"""(?P<space>\s+)
    |(?P<literal>"[^"]*"|'[^']*')
    |(?P<number>[0-9]+(?:\.[0-9]*)?|\.[0-9]+)
    |(?P<reference>\$\{[^{}]*\})
    |(?P<name>[^\W\d][\w.\-]*(?::[^\W\d][\w.\-]*)?)
    |(?P<symbol>::|//|\.\.|<=|>=|!=|[()\[\],/.@+\-*=<>|])""",
    re.VERBOSE,
)
_NAME = re.compile(r"\$\{([^{}]*)\}")
_LAST_SAVED = "last-saved#"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why an expression cannot be used, and what its author can do."""

    code: str
    message: str
    mend: str


class ExpressionError(ValueError):
    """An expression cannot be used; `fault` says why."""

    def __init__(self, code: str, message: str, mend: str) -> None:
        """Keep the fault."""
        super().__init__(message)
        self.fault = Fault(code, message, mend)


@dataclass(frozen=True, slots=True)
class Scope:
    """What an expression can refer to."""

    root: str  # name of the form's root element
    kinds: Mapping[str, str]  # absolute path to "number", "date" or "text"
    resolve: Callable[[str], str]  # `${name}` to a path; raises ExpressionError
    single: frozenset[str] = frozenset()  # absolute paths of questions that stand in no repeat


@dataclass(frozen=True, slots=True)
class Rewritten:
    """An expression for libxml2, and what it needs."""

    xpath: str
    kind: str  # number, boolean, date, text, nodes
    is_path: bool  # nothing but one question
    functions: frozenset[str]
    variables: frozenset[str]  # values of the sheet it reads: today, now, language, seed, here, current
    references: frozenset[str]  # absolute paths it reads
    lists: frozenset[str]  # choice lists it reads
    last: frozenset[str]  # absolute paths whose answers of last time it reads
    files: frozenset[str]  # attached files that pulldata() names
    is_nested: bool  # a condition stands inside another: its time is the product of two lists


@dataclass(slots=True)
class _Found:
    functions: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    lists: set[str] = field(default_factory=set)
    last: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)
    is_nested: bool = False


def rewrite(source: str, here: str, scope: Scope) -> Rewritten:
    """Return an expression rewritten for libxml2, `here` being the path of its own question.

    Raise ExpressionError for what is unknown, unsafe or not an expression.
    """
    if len(source) > LONGEST:
        raise ExpressionError(
            "expression_too_long",
            sentence(
                "The expression has {length} characters; {most} are allowed.",
                length=len(source),
                most=LONGEST,
            ),
            sentence("Split it over calculate rows."),
        )
    try:
        reader = _Reader(tokens(source), here, scope)
        piece = reader.whole()
    except ExpressionError as error:
        raise _with_mend(error, source) from None
    found = reader.found
    return Rewritten(
        piece.text,
        piece.kind,
        piece.is_path,
        frozenset(found.functions),
        frozenset(found.variables),
        frozenset(found.references),
        frozenset(found.lists),
        frozenset(found.last),
        frozenset(found.files),
        found.is_nested,
    )


def absolute(path: str, here: str) -> str:
    """Return a path with `.` and `..` resolved against the path of the question it is written at."""
    steps = [] if path.startswith("/") else here.strip("/").split("/")
    for step in path.strip("/").split("/"):
        if step == "..":
            steps = steps[:-1]
        elif step not in ("", "."):
            steps.append(step)
    return "/" + "/".join(steps)


def tokens(source: str) -> list[tuple[str, str]]:
    """Return kind and text of each word of an expression; raise ExpressionError where it cannot be read."""
    words, place = [], 0
    while place < len(source):
        found = _TOKEN.match(source, place)
        if not found:
            raise _syntax(sentence("“{what}” cannot be read.", what=source[place : place + 12]))
        place = found.end()
        if found.lastgroup != "space":
            words.append((str(found.lastgroup), found.group()))
    return words


def _with_mend(error: ExpressionError, source: str) -> ExpressionError:
    """Return the error of an expression that cannot be read with the mend of what its author slipped on."""
    mend = mended(source) if error.fault.code == "expression_syntax" else None
    return ExpressionError(error.fault.code, error.fault.message, mend) if mend else error


def _syntax(message: str) -> ExpressionError:
    return ExpressionError(
        "expression_syntax",
        message,
        sentence("Correct the expression; texts need straight quotes, as in 'yes'."),
    )


def _unsafe(what: str) -> ExpressionError:
    return ExpressionError(
        "expression_unsafe",
        sentence("“{what}” is not allowed in an expression.", what=what),
        sentence("Name each question as ${{name}}."),
    )


class _Reader:
    """Reads tokens from left to right and writes them again; libxml2 checks the grammar afterwards."""

    def __init__(self, tokens: list[tuple[str, str]], here: str, scope: Scope) -> None:
        self._tokens = tokens
        self._at = 0
        self._here = here  # "" where relative paths mean something else: in a predicate of a list
        self._scope = scope
        self._predicates = 0
        self._depth = 0
        self.found = _Found()

    def whole(self) -> Piece:
        if not self._tokens:
            raise _syntax(sentence("The expression is empty."))
        piece = self._expression()
        if self._at < len(self._tokens):
            raise _syntax(sentence("An operator is missing before “{what}”.", what=self._next()[1]))
        return piece

    def _next(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("end", "")

    def _take(self) -> tuple[str, str]:
        token = self._next()
        self._at += 1
        return token

    def _skip(self, symbol: str) -> bool:
        if self._next() == ("symbol", symbol):
            self._at += 1
            return True
        return False

    def _expect(self, symbol: str) -> None:
        if not self._skip(symbol):
            following = self._next()[1]
            if following:
                raise _syntax(sentence("“{what}” is missing before “{next}”.", what=symbol, next=following))
            raise _syntax(sentence("“{what}” is missing.", what=symbol))

    def _expression(self) -> Piece:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(
                "expression_too_deep",
                sentence("More than {most} parentheses are inside one another.", most=DEEPEST),
                sentence("Split it over calculate rows."),
            )
        operands, operators = [self._operand()], list[str]()
        while self._next()[1] in OPERATORS and self._next()[0] in ("name", "symbol"):
            operators.append(self._take()[1])
            operands.append(self._operand())
        self._depth -= 1
        if "|" in operators and not all(piece.is_nodes for piece in operands):
            raise _syntax(sentence("“|” joins questions, not values."))
        return joined(operands, operators)

    def _operand(self) -> Piece:
        minus = ""
        while self._skip("-"):
            minus += "-"
        piece = self._path()
        return Piece(f"{minus}{as_number(piece).text}", "number") if minus else piece

    def _path(self) -> Piece:
        """Read a literal, a call or a path with its steps and predicates."""
        sort, text = self._take()
        match sort:
            case "literal":
                return self._end_of_value(Piece(text, "date" if moment(text[1:-1]) else "text"))
            case "number":
                return self._end_of_value(Piece(text, "number"))
            case "reference":
                return self._reference(text[2:-1].strip())
            case "name" if self._next() == ("symbol", "("):
                return self._call(text)
            case "name":
                self._check_name(text)
                return self._steps(text, text)
            case "symbol":
                return self._path_of_symbol(text)
        raise _syntax(sentence("The expression ends too early."))

    def _reference(self, name: str) -> Piece:
        path = self._scope.resolve(name.removeprefix(_LAST_SAVED).strip())
        if not name.startswith(_LAST_SAVED):
            return self._steps(path, path)
        self.found.lists.add(LAST)
        return self._of_last_time(self._steps(f"{self._list(LAST)}{path}", path, in_list=True), path)

    def _of_last_time(self, piece: Piece, path: str) -> Piece:
        self.found.last.add(path)
        return Piece(piece.text, self._scope.kinds.get(path, "text"), is_path=True)

    def _path_of_symbol(self, text: str) -> Piece:
        match text:
            case "(":
                inner = self._expression()
                self._expect(")")
                return self._end_of_value(Piece(f"({inner.text})", inner.kind, inner.is_path))
            case "." | "..":
                return self._steps(text, text)
            case "/":
                name = self._step()
                return self._steps(f"/{name}", f"/{name}")
            case "//" | "*" | "@" | "::":
                raise _unsafe(text)
        raise _syntax(sentence("A value is missing before “{what}”.", what=text))

    def _end_of_value(self, piece: Piece) -> Piece:
        if self._next()[1] in ("/", "//", "["):
            raise _unsafe(self._next()[1])
        return piece

    def _check_name(self, name: str) -> None:
        if self._next()[1] == "::":
            raise _unsafe(f"{name}::")
        if ":" in name:
            raise _unsafe(name)

    def _step(self) -> str:
        sort, text = self._take()
        if text in (".", ".."):
            return text
        if sort == "name":
            self._check_name(text)
            if self._next()[1] == "(":
                raise _unsafe(f"{text}()")
            return text
        if text in ("*", "@", "/"):
            raise _unsafe(text)
        raise _syntax(sentence("A name is missing after “/”."))

    def _steps(self, text: str, plain: str, *, in_list: bool = False) -> Piece:
        """Read the steps after a path's beginning; `plain` is the path without its predicates."""
        while True:
            if self._skip("/"):
                step = self._step()
                text, plain = f"{text}/{step}", f"{plain}/{step}"
            elif self._next() == ("symbol", "["):
                text += self._predicate("" if in_list else self._absolute(plain))
            elif self._next() == ("symbol", "//"):
                raise _unsafe("//")
            else:
                break
        path = "" if in_list else self._absolute(plain)
        if path:
            self.found.references.add(path)
        return Piece(text, self._scope.kinds.get(path, "text"), is_path=True)

    def _absolute(self, plain: str) -> str:
        if plain.startswith("/"):
            return plain
        return absolute(plain, self._here) if self._here else ""

    def _predicate(self, base: str) -> str:
        self._expect("[")
        if self._predicates > 1:
            raise _unsafe("[…[…[…]…]…]")
        self.found.is_nested |= self._predicates == 1
        self._predicates, outside, self._here = self._predicates + 1, self._here, base
        inner = self._expression()
        self._predicates, self._here = self._predicates - 1, outside
        self._expect("]")
        return f"[{inner.text}]"

    def _call(self, name: str) -> Piece:
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(
                "function_unknown",
                sentence("The function {name}() is not known.", name=name),
                meant(name, FUNCTIONS, "{}()")
                or sentence("See the list of functions in docs/xlsform-support.md."),
            )
        self.found.functions.add(name)
        self._expect("(")
        if name in ("instance", "current"):
            return self._call_for_path(name)
        arguments = self._arguments(name, function)
        self._check_regex(name, arguments)
        if name == "pulldata" and arguments[0].text[:1] in "'\"":
            self.found.files.add(arguments[0].text[1:-1])
        piece = self._written(name, function, arguments)
        return self._steps_after_call(piece) if function.kind == "nodes" else self._end_of_value(piece)

    def _steps_after_call(self, piece: Piece) -> Piece:
        if self._next()[1] in ("/", "["):
            return self._steps(piece.text, piece.text, in_list=True)
        return piece

    def _call_for_path(self, name: str) -> Piece:
        sort, text = self._take() if name == "instance" else ("", "")
        self._expect(")")
        if name == "current":
            return self._current()
        if sort != "literal":
            raise _unsafe("instance(…)")
        self.found.lists.add(text[1:-1])
        start = self._at
        piece = self._steps(self._list(text[1:-1]), "", in_list=True)
        if text[1:-1] != LAST:
            return piece
        steps = [word for sort, word in self._tokens[start : self._at] if sort == "name"]
        return self._of_last_time(piece, "/" + "/".join(steps))

    def _list(self, name: str) -> str:
        return f"/{self._scope.root}/{LISTS}/{list_element(name)}"

    def _current(self) -> Piece:
        if not self._predicates:
            return self._steps(".", ".")
        self.found.variables.add("current")
        return self._steps("$current", "", in_list=True)

    def _arguments(self, name: str, function: Function) -> list[Piece]:
        arguments: list[Piece] = []
        if not self._skip(")"):
            arguments.append(self._expression())
            while self._skip(","):
                arguments.append(self._expression())
            self._expect(")")
        if len(arguments) < function.least or (function.most is not None and len(arguments) > function.most):
            raise ExpressionError(
                "function_arguments",
                sentence(
                    "The function {name}() has {count} arguments; it takes {wanted}.",
                    name=name,
                    count=len(arguments),
                    wanted=_range(function),
                ),
                sentence("Give the function the arguments it needs."),
            )
        return arguments

    def _check_regex(self, name: str, arguments: list[Piece]) -> None:
        if name != "regex" or arguments[1].text[:1] not in "'\"":
            return
        if why := pattern_fault(arguments[1].text[1:-1]):
            raise ExpressionError(
                "regex_unsupported",
                sentence("The regular expression cannot be used: {why}.", why=why),
                sentence("Correct the pattern: close each bracket; “?”, “+” and “*” follow something."),
            )

    def _written(self, name: str, function: Function, arguments: list[Piece]) -> Piece:
        if function.variable:
            self.found.variables.add(function.variable)
            return Piece(f"${function.variable}", function.kind)
        self.found.variables.update(function.needs)
        if name in ("not", "boolean", "if"):
            arguments = [as_truth(arguments[0]), *arguments[1:]]
        elif name == "jr:choice-name":
            arguments = [arguments[0], self._with_path(arguments[1])]
        elif name in OF_THE_QUESTION and not arguments:
            arguments = [Piece(".", "text", is_path=True)]
        elif name in ("position", "last") and not arguments and not self._predicates:
            return Piece("1", "number")  # of the question itself; libxml2 has no answer
        texts = [argument.text for argument in arguments] + [f"${value}" for value in function.needs]
        is_core = function.run is None and not function.is_bound
        written = name if is_core or (name == "position" and not arguments) else function_element(name)
        return Piece(f"{written}({', '.join(texts)})", function.kind)

    def _with_path(self, piece: Piece) -> Piece:
        """Return the question that jr:choice-name() names in quotes, as its path."""
        return Piece(
            _NAME.sub(lambda found: self._scope.resolve(found.group(1).strip()), piece.text), piece.kind
        )


def list_element(name: str) -> str:
    """Return the element name of a choice list: its own may not be one of XML's."""
    return "list-" + "".join(c if c.isalnum() else f".{ord(c):x}" for c in name)


def function_element(name: str) -> str:
    """Return the name under which a function of ours is given to libxml2."""
    return PREFIX + name.removeprefix("jr:")


def _range(function: Function) -> str:
    if function.most is None:
        return sentence("{least} or more", least=function.least)
    if function.least == function.most:
        return str(function.least)
    return sentence("{least} to {most}", least=function.least, most=function.most)
