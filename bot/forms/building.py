"""A Form built from an XForm: a node for every row."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from lxml import etree

from bot.forms.arguments import text_of
from bot.forms.cells import Cells
from bot.forms.dependence import inputs_of, keeping, looks_ahead, reach_of
from bot.forms.expressions import Expression
from bot.forms.form import Compiled, Form, FormError, Kind, Node
from bot.forms.functions import Run
from bot.forms.offering import Offers
from bot.forms.or_other import translated
from bot.forms.tables import Tables
from bot.forms.wording import Above, asked, repeat_of
from bot.forms.xform import JR, SELECTS, UNLABELLED, SetValue, XForm, child_of, parse
from bot.sentence import sentence
from bot.values import LANGUAGES

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
_HEADING = "reserved_name_for_field_list_labels"  # pyxform's first row of a table, no question
_OF_PHONE = frozenset({"binary", "geopoint"})  # what a phone records by itself: a chat has none
_AS_TEXT = frozenset({"geotrace", "geoshape"})


def open_form(source: str, rows: Mapping[str, int] = MappingProxyType({})) -> Form:
    """Return the form that `Form.source` holds, in milliseconds and without pyxform.

    `rows` gives the survey row of each path, for the places of problems. Raise FormError when an
    expression cannot be used.
    """
    return _Builder(parse(source), source, rows).form()


def folded_name(form_id: str) -> str:
    """Return a form_id folded to `a-z 0-9 _`, the name that `report NAME` takes."""
    return re.sub(r"[^a-z0-9_]+", "_", form_id.lower()).strip("_") or "form"


class _Builder:
    """Builds one form; lives as long as that takes."""

    def __init__(self, xform: XForm, source: str, rows: Mapping[str, int]) -> None:
        self._xform = xform
        self._source = source
        self._languages = [name for name in xform.languages if name != UNLABELLED]
        self._functions: dict[str, Run] = {
            "pulldata": Tables(xform.lists).pulled,
            "version": lambda _: xform.answers.get("version", ""),
        }
        self._cells = Cells(xform, rows, self._functions)
        self._offers = Offers(xform, self._cells, self._languages)
        self._functions |= {
            "jr:choice-name": lambda _, value, path, language: self._offers.choice_name(
                text_of(path), text_of(value), text_of(language)
            ),
            "jr:itext": self._offers.itext,
        }

    def form(self) -> Form:
        """Return the form, or raise FormError with everything that is wrong."""
        root = self._node(self._xform.answers, f"/{self._cells.scope.root}", Above())
        if self._cells.problems:
            raise FormError(tuple(self._cells.problems))
        nodes = list(root.walk())
        kept = keeping(nodes, self._cells.scope.root)
        by_path = MappingProxyType({node.path: node for node in nodes})
        return Form(
            name=folded_name(self._xform.answers.get("id", "")),
            version=self._xform.answers.get("version", ""),
            title=self._xform.title,
            languages=tuple(sorted(self._languages, key=_bot_order)),
            default_language=self._xform.default_language,
            questions=tuple(n.question for n in nodes if n.question and n.kind is not Kind.REPEAT),
            repeats=tuple(repeat_of(n) for n in nodes if n.kind is Kind.REPEAT),
            hidden=tuple(n.path for n in nodes if n.kind is Kind.HIDDEN),
            warnings=tuple(self._cells.warnings),
            reads_last=self._cells.reads_last,
            source=self._source,
            compiled=Compiled(
                root=root,
                blank=_blank(self._xform.answers),
                lists=self._xform.lists,
                scope=self._cells.scope,
                choice_name=self._offers.choice_name,
                bound=self._functions,
                nodes=by_path,
                rules={},
                looks_ahead=looks_ahead(nodes, self._cells.scope.root),
                inputs=inputs_of(root, kept),
                keeping=kept,
                reaches={
                    path: reach_of(node.constraint, by_path, self._cells.scope.root)
                    for path, node in by_path.items()
                    if node.constraint
                },
            ),
        )

    def _node(self, element: etree._Element, full: str, above: Above) -> Node:
        xform, path = self._xform, above.path
        kind = self._kind(element, full)
        control = xform.controls.get(full)
        labelled = control if control is not None else xform.groups.get(full)
        bind = xform.binds.get(full)
        labels = self._cells.texts(xform.text(child_of(labelled, "label")), full, "label")
        if full.endswith("_other"):
            labels = translated(labels, self._languages)
        hint = child_of(labelled, "hint")
        node = Node(
            name=str(element.tag),
            path=path,
            kind=kind,
            children=self._children(element, kind, full, above),
            relevant=self._bound(bind, "relevant", full),
            constraint=self._bound(bind, "constraint", full),
            required=self._bound(bind, "required", full),
            calculate=self._calculation(bind, full),
            trigger=self._cells.expression(self._triggers(full), full, "trigger"),
            default=self._default(full),
            preset=(element.text or "").strip(),
            preload=_preload(bind),
            count=self._count(full),
            options=self._offers.options(control, full),
            is_generated=self._is_generated(bind, full),
            labels=labels,
            hints=self._cells.texts(xform.text(hint), full, "hint"),
            guidance=self._cells.texts(xform.text(hint, "guidance"), full, "guidance_hint"),
            constraint_messages=self._cells.message(bind, "constraintMsg", full),
            required_messages=self._cells.message(bind, "requiredMsg", full),
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
        if file := self._offers.file_of(control):
            self._missing(full, "type", file)
            return "text"
        if self._offers.is_unread_search(control):
            self._cells.warn(full, "appearance", sentence("{type} is asked as text.", type="search()"))
            return "text"
        if _is_read_only(control, bind):
            return "note"
        if control.get("query"):
            return "select_one"
        if control.get("mediatype") == "osm/*":
            self._cells.warn(full, "type", sentence("{type} is asked as text.", type="osm"))
            return "text"
        if control.tag == "upload":
            return _ANSWERED_BY_MEDIA.get(control.get("mediatype", "").split("/", 1)[0], "file")
        if control.tag in _TAGS:
            return _TAGS[str(control.tag)]
        bound = bind.get("type", "") if bind is not None else ""
        if bound in _AS_TEXT:
            self._cells.warn(full, "type", sentence("{type} is asked as text.", type=bound))
        return _TYPES.get(bound, "text")

    def _bound(
        self, bind: etree._Element | None, attribute: str, full: str, column: str = ""
    ) -> Expression | None:
        source = bind.get(attribute, "") if bind is not None else ""
        return self._cells.expression(source, full, column or attribute)

    def _calculation(self, bind: etree._Element | None, full: str) -> Expression | None:
        set_value = self._xform.set_values.get(full, _UNSET)
        if set_value.triggers:
            return self._cells.expression(set_value.value, full, "calculation")
        return self._cells.expression(
            bind.get("calculate", "") if bind is not None else "", full, "calculation"
        )

    def _default(self, full: str) -> Expression | None:
        set_value = self._xform.set_values.get(full, _UNSET)
        return None if set_value.triggers else self._cells.expression(set_value.value, full, "default")

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
        return self._cells.expression(
            repeat.get(f"{JR}count", "") if repeat is not None else "", full, "repeat_count"
        )

    def _is_generated(self, bind: etree._Element | None, full: str) -> bool:
        """Return whether pyxform made this calculation of a repeat_count: it alone is read-only."""
        counts = {repeat.get(f"{JR}count", "").strip() for repeat in self._xform.repeats.values()}
        return full in counts and bind is not None and bind.get("readonly") == "true()"

    def _missing(self, full: str, column: str, file: str) -> None:
        if file.casefold().endswith(".csv"):
            what = sentence("{file} is missing, so this is asked as text. Attach the file.", file=file)
        else:
            what = sentence("{file} cannot be read, so this is asked as text. Save it as CSV.", file=file)
        self._cells.warn(full, column, what)


_UNSET = SetValue("")


def _is_read_only(control: etree._Element, bind: etree._Element | None) -> bool:
    is_heading = control.tag in SELECTS and "label" in control.get("appearance", "").split()
    return is_heading or (bind is not None and bind.get("readonly") == "true()")


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
