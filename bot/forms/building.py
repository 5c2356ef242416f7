"""A Form built from an XForm: every expression compiled, every text in parts, faults gathered."""

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from lxml import etree

from bot.forms.arguments import Argument, text_of
from bot.forms.dependence import inputs_of, keeping, looks_ahead
from bot.forms.expressions import Bound, Expression, compile_expression
from bot.forms.form import (
    MOST_INSTANCES,
    ChoiceList,
    Compiled,
    Form,
    FormError,
    Keyed,
    Kind,
    Node,
    Options,
    Output,
    Texts,
)
from bot.forms.functions import ALWAYS_BLANK
from bot.forms.languages import recognise
from bot.forms.or_other import translated
from bot.forms.places import place_in_words
from bot.forms.rewriting import LAST, ExpressionError, Scope
from bot.forms.searching import nodeset_of
from bot.forms.tables import Tables
from bot.forms.wording import Above, asked, authored, choice_list, label_in, repeat_of
from bot.forms.xform import JR, UNLABELLED, SetValue, XForm, element_name, external_list, parse, searched
from bot.sentence import sentence
from bot.values import LANGUAGES, Problem

_WHOLE_LIST = re.compile(r"(?:randomize\()?\s*instance\('([^']*)'\)/root/item\s*(?:,[^\[\]]*)?\)?")
_ONE_EQUALITY = re.compile(
    r"instance\('([^']*)'\)/root/item\[\s*([\w.\-]+)\s*=\s*((?:current\(\)/|/)[\w./\-]+)\s*\]"
)
_MOST_PAIRS = 250_000  # looked at by a condition inside a condition: a few milliseconds
_SELECTS = frozenset({"select", "select1", "rank"})
_ANSWERED_BY_MEDIA = {"image": "image", "audio": "audio", "video": "video"}
_TAGS = {
    "select": "select_multiple",
    "select1": "select_one",
    "rank": "rank",
    "trigger": "acknowledge",
    "range": "range",
}
_TYPES = {
    "int": "integer",
    "decimal": "decimal",
    "date": "date",
    "time": "time",
    "dateTime": "datetime",
    "geopoint": "geopoint",
    "barcode": "barcode",
}
_KINDS = {"int": "number", "decimal": "number", "date": "date", "dateTime": "date"}
_HEADING = "reserved_name_for_field_list_labels"  # pyxform's first row of a table, no question
_OF_PHONE = frozenset({"binary", "geopoint"})  # what a phone records by itself: a chat has none
_AS_TEXT = frozenset({"geotrace", "geoshape"})


def open_form(source: str, rows: Mapping[str, int] = MappingProxyType({})) -> Form:
    """Return the form that `Form.source` holds, in milliseconds and without pyxform.

    `rows` gives the survey row of each path, for the places of problems. Raise FormError when an
    expression cannot be used.
    """
    return _Builder(parse(source), source, rows).form()


def _paths(element: etree._Element, above: str) -> Iterator[str]:
    """Yield the absolute path of an element of the answers and of all below."""
    path = f"{above}/{element.tag}"
    yield path
    for child in element:
        yield from _paths(child, path)


def folded_name(form_id: str) -> str:
    """Return a form_id folded to `a-z 0-9 _`, the name that `report NAME` takes."""
    return re.sub(r"[^a-z0-9_]+", "_", form_id.lower()).strip("_") or "form"


class _Builder:
    """Builds one form; lives as long as that takes."""

    def __init__(self, xform: XForm, source: str, rows: Mapping[str, int]) -> None:
        self._xform = xform
        self._source = source
        self._rows = rows
        self._problems: list[Problem] = []
        self._warnings: list[str] = []
        self._reads_last = False
        self._languages = [name for name in xform.languages if name != UNLABELLED]
        self._paths = frozenset(_paths(xform.answers, ""))
        self._choices: dict[str, ChoiceList] = {}  # by absolute path, for jr:choice-name
        self._functions: Bound = {
            "jr:choice-name": lambda _, value, path, language: self._choice_name(
                text_of(path), text_of(value), text_of(language)
            ),
            "jr:itext": self._itext,
            "pulldata": Tables(xform.lists).pulled,
            "version": lambda _: xform.answers.get("version", ""),
        }
        self._scope = Scope(
            root=str(xform.answers.tag),
            kinds=MappingProxyType(
                {p: _KINDS[b.get("type", "")] for p, b in xform.binds.items() if b.get("type") in _KINDS}
            ),
            resolve=_Names(xform.answers).path,
            single=_single(xform),
        )
        self._rows_by_text: dict[tuple[str, str], Mapping[str, tuple[int, ...]]] = {}
        self._lists: dict[tuple[str, str, str], ChoiceList] = {}  # by name and columns of value and label

    def form(self) -> Form:
        """Return the form, or raise FormError with everything that is wrong."""
        root = self._node(self._xform.answers, f"/{self._scope.root}", Above())
        if self._problems:
            raise FormError(tuple(self._problems))
        nodes = list(root.walk())
        kept = keeping(nodes, self._scope.root)
        return Form(
            name=folded_name(self._xform.answers.get("id", "")),
            version=self._xform.answers.get("version", ""),
            title=self._xform.title,
            languages=tuple(sorted(self._languages, key=_bot_order)),
            default_language=self._xform.default_language,
            questions=tuple(n.question for n in nodes if n.question and n.kind is not Kind.REPEAT),
            repeats=tuple(repeat_of(n) for n in nodes if n.kind is Kind.REPEAT),
            hidden=tuple(n.path for n in nodes if n.kind is Kind.HIDDEN),
            warnings=tuple(self._warnings),
            reads_last=self._reads_last,
            source=self._source,
            compiled=Compiled(
                root=root,
                blank=_blank(self._xform.answers),
                lists=self._xform.lists,
                scope=self._scope,
                choice_name=self._choice_name,
                bound=self._functions,
                nodes=MappingProxyType({n.path: n for n in nodes}),
                rules={},
                looks_ahead=looks_ahead(nodes, self._scope.root),
                inputs=inputs_of(root, kept),
                keeping=kept,
            ),
        )

    # -- nodes

    def _node(self, element: etree._Element, full: str, above: Above) -> Node:
        xform, path = self._xform, above.path
        kind = self._kind(element, full)
        control = xform.controls.get(full)
        labelled = control if control is not None else xform.groups.get(full)
        bind = xform.binds.get(full)
        labels = self._texts(xform.text(_child(labelled, "label")), full, "label")
        if full.endswith("_other"):
            labels = translated(labels, self._languages)
        hint = _child(labelled, "hint")
        node = Node(
            name=str(element.tag),
            path=path,
            kind=kind,
            children=self._children(element, kind, full, above),
            relevant=self._bound(bind, "relevant", full),
            constraint=self._bound(bind, "constraint", full),
            required=self._bound(bind, "required", full),
            calculate=self._calculation(bind, full),
            trigger=self._expression(self._triggers(full), full, "trigger"),
            default=self._default(full),
            preset=(element.text or "").strip(),
            preload=_preload(bind),
            count=self._count(full),
            options=self._options(control, full),
            is_generated=self._is_generated(bind, full),
            labels=labels,
            hints=self._texts(xform.text(hint), full, "hint"),
            guidance=self._texts(xform.text(hint, "guidance"), full, "guidance_hint"),
            constraint_messages=self._message(bind, "constraintMsg", full),
            required_messages=self._message(bind, "requiredMsg", full),
        )
        return asked(node, self._type(kind, control, bind, full), control, bind, above)

    def _children(self, element: etree._Element, kind: Kind, full: str, above: Above) -> tuple[Node, ...]:
        marked = (self._xform.groups.get(full), self._xform.repeats.get(full))
        is_page = any(
            each is not None and "field-list" in each.get("appearance", "").split() for each in marked
        )
        repeat = above.path if kind is Kind.REPEAT else above.repeat
        page = above.path if is_page else above.page
        return tuple(
            self._node(
                child, f"{full}/{child.tag}", Above(f"{above.path}/{child.tag}".lstrip("/"), repeat, page)
            )
            for child in element
        )

    def _kind(self, element: etree._Element, full: str) -> Kind:
        xform = self._xform
        if full in xform.repeats:
            return Kind.REPEAT
        if full in xform.groups or len(element) or element is xform.answers:
            return Kind.GROUP
        bind = xform.binds.get(full)
        if (bind is not None and bind.get("calculate")) or xform.set_values.get(full, _UNSET).triggers:
            return Kind.CALCULATE
        if full in xform.controls and not str(element.tag).startswith(_HEADING):
            return Kind.QUESTION
        is_of_phone = bind is not None and bind.get("type") in _OF_PHONE
        return Kind.METADATA if _preload(bind) or is_of_phone or full in xform.controls else Kind.HIDDEN

    def _type(
        self, kind: Kind, control: etree._Element | None, bind: etree._Element | None, full: str
    ) -> str:
        if kind is Kind.REPEAT:
            return "another"
        if control is None or kind is Kind.METADATA:
            return ""
        if kind is Kind.CALCULATE:
            return "note"  # a calculated value is shown, never asked
        if file := self._file_of(control):
            self._missing(full, "type", file)
            return "text"
        if self._is_unread_search(control):
            self._warn(full, "appearance", sentence("{type} is asked as text.", type="search()"))
            return "text"
        if _is_read_only(control, bind):
            return "note"
        if control.get("query"):
            return "select_one"
        if control.get("mediatype") == "osm/*":
            self._warn(full, "type", sentence("{type} is asked as text.", type="osm"))
            return "text"
        if control.tag == "upload":
            return _ANSWERED_BY_MEDIA.get(control.get("mediatype", "").split("/", 1)[0], "file")
        if control.tag in _TAGS:
            return _TAGS[str(control.tag)]
        bound = bind.get("type", "") if bind is not None else ""
        if bound in _AS_TEXT:
            self._warn(full, "type", sentence("{type} is asked as text.", type=bound))
        return _TYPES.get(bound, "text")

    # -- expressions

    def _bound(self, bind: etree._Element | None, attribute: str, full: str) -> Expression | None:
        return self._expression(bind.get(attribute, "") if bind is not None else "", full, attribute)

    def _calculation(self, bind: etree._Element | None, full: str) -> Expression | None:
        set_value = self._xform.set_values.get(full, _UNSET)
        if set_value.triggers:
            return self._expression(set_value.value, full, "calculation")
        return self._expression(bind.get("calculate", "") if bind is not None else "", full, "calculation")

    def _default(self, full: str) -> Expression | None:
        set_value = self._xform.set_values.get(full, _UNSET)
        return None if set_value.triggers else self._expression(set_value.value, full, "default")

    def _triggers(self, full: str) -> str:
        """Return the text of the questions that start a calculation, "" where none has an answer."""
        near = [self._seen_from(full, path) for path in self._xform.set_values.get(full, _UNSET).triggers]
        return near[0] if len(near) == 1 else f"concat({', '.join(near)})" if near else ""

    def _seen_from(self, full: str, path: str) -> str:
        """Return a path as the instance of a repeat sees it that both lie in, else as it is."""
        repeats = [f"{repeat}/" for repeat in self._xform.repeats]
        around = [each for each in repeats if full.startswith(each) and path.startswith(each)]
        repeat = max(around, key=len, default="").rstrip("/")
        return "../" * (full.count("/") - repeat.count("/")) + path[len(repeat) + 1 :] if repeat else path

    def _count(self, full: str) -> Expression | None:
        repeat = self._xform.repeats.get(full)
        return self._expression(
            repeat.get(f"{JR}count", "") if repeat is not None else "", full, "repeat_count"
        )

    def _is_generated(self, bind: etree._Element | None, full: str) -> bool:
        """Return whether pyxform made this calculation of a repeat_count: it alone is read-only."""
        counts = {repeat.get(f"{JR}count", "").strip() for repeat in self._xform.repeats.values()}
        return full in counts and bind is not None and bind.get("readonly") == "true()"

    def _expression(self, source: str, full: str, column: str) -> Expression | None:
        if not source.strip():
            return None
        try:
            expression = compile_expression(source, full, self._scope, self._functions)
        except ExpressionError as error:
            fault = error.fault
            self._problems.append(Problem(fault.code, self._place(full, column), fault.mend, fault.message))
            return None
        self._check_time(expression, full, column)
        self._reads_last = self._reads_last or bool(expression.last)
        for path in sorted(expression.references - expression.last - self._paths):
            self._warn(
                full,
                column,
                sentence(
                    "{name} is no question, so it is blank. Write '{name}' for a text, "
                    "${{{name}}} for a question.",
                    name=path.rpartition("/")[2],
                ),
            )
        for name in sorted(expression.functions & ALWAYS_BLANK):
            self._warn(full, column, sentence("{name}() is always blank in a chat.", name=name))
        for name in expression.files - self._xform.lists.keys():
            self._warn(
                full,
                column,
                sentence("{file} is missing, so its values are blank.", file=f"{name}.csv"),
            )
        for name in sorted(expression.lists - self._xform.lists.keys() - {LAST}):
            file = self._xform.files.get(name)
            missing = sentence("{file} is missing, so its values are blank.", file=file)
            unknown = sentence("The form has no list {name}, so nothing is found there.", name=name)
            self._warn(full, column, missing if file else unknown)
        return expression

    def _place(self, full: str, column: str) -> str:
        path = full.removeprefix(f"/{self._scope.root}").lstrip("/")
        row = self._rows.get(path)
        return f"survey, row {row}, {column}" if row else f"survey, {path}, {column}"

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
            self._problems.append(Problem("expression_slow", self._place(full, column), mend, message))

    def _is_repeated(self, path: str) -> bool:
        return any(f"{path}/".startswith(f"{repeat}/") for repeat in self._xform.repeats)

    def _warn(self, full: str, column: str, what: str) -> None:
        warning = sentence("{where}: {what}", where=place_in_words(self._place(full, column)), what=what)
        if warning not in self._warnings:  # each language of a label has its own expression
            self._warnings.append(warning)

    def _file_of(self, control: etree._Element) -> str:
        """Return the file that the options of a control lie in when it is not there, else ""."""
        itemset, search = _child(control, "itemset"), searched(control.get("appearance", ""))
        if search and control.tag in _SELECTS:
            return "" if search in self._xform.lists else f"{search}.csv"
        name = external_list(itemset.get("nodeset", "")) if itemset is not None else ""
        return self._xform.files.get(name, "")

    def _is_unread_search(self, control: etree._Element) -> bool:
        appearance = control.get("appearance", "")
        return control.tag in _SELECTS and bool(searched(appearance)) and not nodeset_of(appearance)

    def _missing(self, full: str, column: str, file: str) -> None:
        if file.casefold().endswith(".csv"):
            what = sentence("{file} is missing, so this is asked as text. Attach the file.", file=file)
        else:
            what = sentence("{file} cannot be read, so this is asked as text. Save it as CSV.", file=file)
        self._warn(full, column, what)

    # -- texts and choices

    def _texts(self, values: Mapping[str, etree._Element], full: str, column: str) -> Texts:
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
        expression = self._expression(source, full, column)
        if expression is None:
            return ""
        read = expression.references | expression.last
        shown = next(iter(read)) if len(read) == 1 else ""
        control = self._xform.controls.get(shown)
        is_choice = expression.is_path and control is not None and control.tag in _SELECTS
        return Output(expression, shown if is_choice else "", authored(source))

    def _message(self, bind: etree._Element | None, name: str, full: str) -> Texts:
        message = bind.get(f"{JR}{name}", "") if bind is not None else ""
        if not message:
            return {}
        column = "constraint_message" if name == "constraintMsg" else "required_message"
        texts = self._texts(self._xform.text_of(message), full, column)
        is_plain = not message.startswith("jr:itext(")
        return {self._xform.default_language: (message.strip(),)} if is_plain else texts

    def _offered(self, name: str, value: str, label: str) -> ChoiceList:
        """Return a list with its values and labels in two columns; each is read once."""
        if (name, value, label) not in self._lists:
            holder = self._xform.lists.get(name, etree.Element("none"))
            items = [(item.findtext(value) or "", self._label(item, label)) for item in holder.iter("item")]
            self._lists[name, value, label] = choice_list(items)
        return self._lists[name, value, label]

    def _label(self, item: etree._Element, column: str) -> Texts:
        labels = self._written_label(item, column)
        return translated(labels, self._languages) if item.findtext("name") == "other" else labels

    def _written_label(self, item: etree._Element, column: str) -> Texts:
        identity = item.findtext("itextId")
        if identity:
            return self._texts(self._xform.text_by_id(identity), "", "choices")
        default = self._xform.default_language
        labels = {recognise(cell.get("lang", default)): cell for cell in reversed(item.findall(column))}
        return self._texts(labels, "", "choices")

    def _options(self, control: etree._Element | None, full: str) -> Options | None:
        if control is None or self._file_of(control) or self._is_unread_search(control):
            return None
        if control.get("query"):
            return self._some_of_list(control.get("query", ""), "name", "label", full)
        if control.tag not in _SELECTS:
            return None
        itemset = _child(control, "itemset")
        if searched(control.get("appearance", "")):
            return self._searched(control, full)
        if itemset is None:
            return self._written_out(control, full)
        columns = _reference(itemset, "value") or "name", _reference(itemset, "label") or "label"
        return self._some_of_list(itemset.get("nodeset", ""), *columns, full)

    def _some_of_list(self, nodeset: str, value: str, label: str, full: str) -> Options:
        """Return the options that a nodeset finds in a list, or among the answers of a repeat."""
        name = external_list(nodeset)
        self._choices[full] = self._offered(name, value, label) if name else ChoiceList()
        if _WHOLE_LIST.fullmatch(nodeset.strip()):
            return Options(self._choices[full])
        expression = self._expression(nodeset, full, "choice_filter")
        keyed = self._keyed(nodeset.strip(), full) if expression else None
        return Options(self._choices[full], expression, "" if name else value, keyed)

    def _keyed(self, nodeset: str, full: str) -> Keyed | None:
        """Return a filter such as `region = ${region}` as an index, None for any other."""
        found = _ONE_EQUALITY.fullmatch(nodeset)
        if found is None or found.group(1) not in self._xform.lists:
            return None
        wanted = self._expression(found.group(3), full, "choice_filter")
        is_seen = found.group(3).startswith("current")
        if wanted is None or not all(
            path in self._scope.single or (is_seen and self._is_near(path, full))
            for path in wanted.references
        ):
            return None
        return Keyed(self._numbers(found.group(1), found.group(2)), wanted)

    def _is_near(self, path: str, full: str) -> bool:
        """Return whether a question stands just once in the instance of a repeat that another is in."""
        around = (repeat for repeat in self._xform.repeats if path.startswith(f"{repeat}/"))
        is_inside = all(f"{full}/".startswith(f"{repeat}/") for repeat in around)
        return is_inside and path in self._xform.controls

    def _numbers(self, name: str, column: str) -> Mapping[str, tuple[int, ...]]:
        """Return the rows of a list by what a column holds."""
        if (name, column) not in self._rows_by_text:
            found: dict[str, list[int]] = {}
            for number, item in enumerate(self._xform.lists[name].iter("item")):
                text = item.findtext(column)
                if text is not None:
                    found.setdefault(text, []).append(number)
            self._rows_by_text[name, column] = {text: tuple(numbers) for text, numbers in found.items()}
        return self._rows_by_text[name, column]

    def _searched(self, control: etree._Element, full: str) -> Options:
        """Return the rows that search() finds in a file; the choice written out names their columns."""
        appearance = control.get("appearance", "")
        item = _child(control, "item")
        value = element_name((item.findtext("value") if item is not None else "") or "name")
        columns = self._xform.text(_child(item, "label"))
        labels = {language: element_name(column.text or "label") for language, column in columns.items()}
        items: list[tuple[str, Texts]] = [
            (
                row.findtext(value) or "",
                {name: (text,) for name, c in labels.items() if (text := row.findtext(c))},
            )
            for row in self._xform.lists[searched(appearance)].iter("item")
        ]
        self._choices[full] = choice_list(items)
        nodeset = nodeset_of(appearance)
        if _WHOLE_LIST.fullmatch(nodeset):
            return Options(self._choices[full])
        return Options(self._choices[full], self._expression(nodeset, full, "appearance"))

    def _written_out(self, control: etree._Element, full: str) -> Options:
        """Return the choices of a control that lists them itself."""
        items = [
            (
                item.findtext("value") or "",
                self._texts(self._xform.text(_child(item, "label")), full, "choices"),
            )
            for item in control.findall("item")
        ]
        self._choices[full] = choice_list(items)
        return Options(self._choices[full])

    def _itext(self, _: object, identity: Argument, language: Argument) -> str:
        values = self._xform.text_by_id(text_of(identity))
        labels = {name: "".join(map(str, value.itertext())).strip() for name, value in values.items()}
        return label_in(labels, text_of(language), self._xform.default_language)

    def _choice_name(self, path: str, value: str, language: str) -> str:
        offered = self._choices.get(path.strip(), ChoiceList())
        labels = {choice.name: choice.labels for choice in offered.choices if choice.name in value.split()}
        return ", ".join(
            label_in(labels.get(name, {}), language, self._xform.default_language) or name
            for name in value.split()
        )


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


_UNSET = SetValue("")


def _child(element: etree._Element | None, tag: str) -> etree._Element | None:
    return element.find(tag) if element is not None else None


def _is_read_only(control: etree._Element, bind: etree._Element | None) -> bool:
    is_heading = control.tag in _SELECTS and "label" in control.get("appearance", "").split()
    return is_heading or (bind is not None and bind.get("readonly") == "true()")


def _reference(itemset: etree._Element, tag: str) -> str:
    """Return the column that a list's value or label is read from, "" where it is not a plain one."""
    child = _child(itemset, tag)
    name = child.get("ref", "") if child is not None else ""
    return name if re.fullmatch(r"[\w.\-]+", name) else ""


def _single(xform: XForm) -> frozenset[str]:
    """Return the absolute paths of the questions outside repeats."""
    tree = etree.ElementTree(xform.answers)
    leaves = [tree.getpath(element) for element in xform.answers.iter(etree.Element) if not len(element)]
    return frozenset(
        p for p in leaves if not any(f"{p}/".startswith(f"{repeat}/") for repeat in xform.repeats)
    )


def _preload(bind: etree._Element | None) -> str:
    if bind is None:
        return ""
    return bind.get(f"{JR}preloadParams") or bind.get(f"{JR}preload") or ""


def _bot_order(language: str) -> int:
    """Sort the bot's languages first, in its order; the others stay in the form's."""
    return LANGUAGES.index(language) if language in LANGUAGES else len(LANGUAGES)


def _blank(answers: etree._Element) -> etree._Element:
    """Return the answers without values and attributes, in a document of their own."""
    blank = etree.Element(answers.tag)
    for child in answers:
        blank.append(_blank(child))
    return blank
