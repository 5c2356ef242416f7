"""Forms at random: every type, rules over earlier and later answers, groups and repeats in one another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random

from bot.forms.form import Form
from tests.xlsform import choices, form_of, survey

COLUMNS = (
    "type",
    "name",
    "label",
    "hint",
    "relevant",
    "constraint",
    "required",
    "calculation",
    "choice_filter",
    "default",
    "repeat_count",
    "appearance",
    "trigger",
)
TYPES = (
    *("text", "integer", "decimal", "date", "select_one size", "select_multiple size", "select_one town"),
    *(
        "time",
        "dateTime",
        "note",
        "acknowledge",
        "range",
        "rank size",
        "geopoint",
        "image",
        "file",
        "barcode",
    ),
    *("calculate", "select_one size or_other", "hidden"),
)
LIKELY = 7  # the first ones are drawn as often as all others together
_TRUTHS: dict[str, tuple[str, ...]] = {
    "text": ("string-length({0}) > 3", "{0} != ''", "contains({0}, 'a')"),
    "integer": ("{0} > 3", "{0} mod 2 = 0", "{0} != ''", "not({0} < 10)", "{0} = 2 or {0} = 4"),
    "decimal": ("{0} > 2.5", "round({0}, 1) != 1.5"),
    "date": ("{0} <= today()", "{0} > date('2026-01-01')", "format-date({0}, '%m') = '11'"),
    "size": ("{0} = 'small'", "selected({0}, 'large')", "{0} != 'none'", "count-selected({0}) > 1"),
    "town": ("{0} = 'segou'", "jr:choice-name({0}, '{0}') != 'Thiès'"),
}
_CONSTRAINTS: dict[str, tuple[str, ...]] = {
    "text": ("string-length(.) < 20", "regex(., '[A-Za-z0-9 .]+')", ". != 'no'"),
    "integer": (". >= 0 and . <= 100", ". != 7", ". > 0 or . = -5"),
    "decimal": (". < 1000", ". >= 0.5"),
    "date": (". <= today()", ". > date('2020-01-01')"),
    "select_one size": (". != 'none'",),
    "select_multiple size": ("count-selected(.) <= 2", "not(selected(., 'none') and count-selected(.) > 1)"),
}
_DEFAULTS = {
    "text": ("none", "${q1}"),
    "integer": ("3", "1 + 1", "some"),
    "decimal": ("1 div 0", "2.5"),
    "date": ("today()", "2026-11-01", "now()", "soon"),
    "time": ("now()", "10:30", "2026-11-01"),
    "dateTime": ("now()", "today()", "2026-11-01"),
    "geopoint": ("13.5 2.1", "here"),
    "select_one size": ("small", "${q1}"),
    "select_multiple size": ("small large",),
    "rank size": ("small", "large small none"),
}
_CHOICES = choices(
    *(f"size | {name} | {name.title()} | " for name in ("none", "small", "large")),
    *("town | segou | Ségou | small", "town | thies | Thiès | large", "town | other | ${q1}, other | small"),
    columns="list_name | name | label | group",
)


@dataclass(slots=True)
class _Writer:
    """Writes one form; `names` are the questions so far with their sort and the repeat they are in."""

    chance: Random
    rows: list[str] = field(default_factory=list)
    names: list[tuple[str, str, str]] = field(default_factory=list)
    count: int = 0

    def form(self) -> str:
        self.row("text", self.name(), label="What is this about?", hint="In a few words")
        self.names.append(("q1", "text", ""))
        self.questions(self.chance.randint(4, 12), 0, "")
        return survey(*self.rows, columns=" | ".join(COLUMNS)) + _CHOICES

    def name(self) -> str:
        self.count += 1
        return f"q{self.count}"

    def row(self, sort: str, name: str, **cells: str) -> None:
        cells = {"type": sort, "name": name, **cells}
        self.rows.append(" | ".join(cells.get(column, "") for column in COLUMNS))

    def questions(self, many: int, depth: int, repeat: str) -> None:
        for _ in range(many):
            drawn = self.chance.random()
            if drawn < 0.12 and depth < 3:
                self.block("repeat", depth, repeat)
            elif drawn < 0.24 and depth < 3:
                self.block("group", depth, repeat)
            else:
                self.question(repeat)

    def block(self, sort: str, depth: int, repeat: str) -> None:
        name = f"{sort}{self.name()}"
        cells = {"label": f"About {name}", "relevant": self.maybe(0.4, self.truth)}
        if sort == "repeat":
            cells["repeat_count"] = self.maybe(0.4, self.counted)
        else:
            cells["appearance"] = self.chance.choice(("", "", "field-list"))
        self.row(f"begin_{sort}", name, **cells)
        self.question(name if sort == "repeat" else repeat)
        self.questions(self.chance.randint(0, 3), depth + 1, name if sort == "repeat" else repeat)
        self.row(f"end_{sort}", "")

    def question(self, repeat: str) -> None:
        name, sort = self.name(), self.chance.choice((*TYPES, *TYPES[:LIKELY] * 2))
        cells = {
            "label": self.chance.choice((f"Question {name}?", f"{name} after ${{q1}}?")),
            "relevant": self.maybe(0.35, self.truth),
            "constraint": self.maybe(0.5, lambda: self.constraint(sort)),
            "required": self.chance.choice(("", "yes", "yes", self.truth())),
        }
        if sort in ("calculate", "hidden", "note"):
            cells = {**cells, "constraint": "", "required": "", "calculation": self.sum_of(sort)}
        if sort in _DEFAULTS:
            cells["default"] = self.maybe(0.3, lambda: self.chance.choice(_DEFAULTS[sort]))
        if sort == "calculate":
            cells["trigger"] = self.maybe(0.3, lambda: "${q1}")
        if sort == "select_one town":
            cells["choice_filter"] = self.maybe(0.5, lambda: f"group = {self.of('size')} or group = 'small'")
        self.row(sort, name, **cells)
        self.names.append((name, sort.split()[-1] if "select" in sort else sort, repeat))

    def maybe(self, share: float, written: Callable[[], str]) -> str:
        return written() if self.chance.random() < share else ""

    def truth(self) -> str:
        """Return a condition over one or two questions, sometimes over one that is yet to come."""
        first = self.one_truth()
        match self.chance.randrange(6):
            case 0:
                return f"({first}) and ({self.one_truth()})"
            case 1:
                return f"{first} or {self.one_truth()}"
            case 2:
                return f"not({first})"
        return first

    def one_truth(self) -> str:
        known = [each for each in self.names if each[1] in _TRUTHS]
        name, sort, _repeat = self.chance.choice(known)
        return self.chance.choice(_TRUTHS[sort]).format(f"${{{name}}}")

    def constraint(self, sort: str) -> str:
        own = self.chance.choice(_CONSTRAINTS.get(sort, ("",)))
        if sort in ("integer", "date") and self.chance.random() < 0.3:
            return f"{own} and (. >= {self.of(sort)} or {self.of(sort)} = '')"
        return own

    def of(self, sort: str, otherwise: str = "''") -> str:
        names = [name for name, each, _ in self.names if each == sort]
        return f"${{{self.chance.choice(names)}}}" if names else otherwise

    def counted(self) -> str:
        return self.chance.choice(("2", self.of("integer", "3"), f"if({self.truth()}, 1, 3)"))

    def sum_of(self, sort: str) -> str:
        if sort != "calculate":
            return ""
        repeats = [
            (f"${{{name}}}", repeat) for name, each, repeat in self.names if repeat and each == "integer"
        ]
        repeated = [name for name, _ in repeats]
        number = self.of("integer")
        calculations: Sequence[str] = (
            f"coalesce({number}, 0) + 1",
            f"if({self.truth()}, 'yes', concat(${{q1}}, '!'))",
            f"count-selected({self.of('size')}) * 2",
            *(f"sum({name}) div count({name})" for name in repeated),
            *(f"max({name})" for name in repeated),
            "once(uuid())",
            "format-date(today(), '%d/%m/%Y')",
            "position(..)",
            *(f"indexed-repeat({name}, ${{{repeat}}}, 1)" for name, repeat in repeats),
        )
        return self.chance.choice(calculations)


@cache
def random_form(seed: int) -> Form:
    """Return the form that a number stands for."""
    return form_of(text_of_form(seed), f"form{seed}.md")


def text_of_form(seed: int) -> str:
    """Return the same form as Markdown."""
    writer = _Writer(Random(seed))
    text = writer.form()
    return _with_later(text, writer)


def _with_later(text: str, writer: _Writer) -> str:
    """Let one rule read the last question, which comes after it."""
    sorts = dict(each[:2] for each in writer.names)
    *_, last = (name for name in sorts if sorts[name] in _TRUTHS)
    return text.replace("${q1} != ''", f"{_TRUTHS[sorts[last]][0].format(f'${{{last}}}')}", 1)
