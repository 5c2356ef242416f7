"""The options of a form's questions: from its lists, from files, among the answers, or written out."""

import re
from collections.abc import Mapping, Sequence

from lxml import etree

from bot.forms.arguments import Argument, text_of
from bot.forms.cells import Cells
from bot.forms.form import ChoiceList, Keyed, Options, Texts
from bot.forms.languages import recognise
from bot.forms.or_other import translated
from bot.forms.searching import nodeset_of
from bot.forms.wording import choice_list, label_in
from bot.forms.xform import SELECTS, XForm, child_of, element_name, external_list, searched

_WHOLE_LIST = re.compile(r"(?:randomize\()?\s*instance\('([^']*)'\)/root/item\s*(?:,[^\[\]]*)?\)?")
_ONE_EQUALITY = re.compile(
    r"instance\('([^']*)'\)/root/item\[\s*([\w.\-]+)\s*=\s*((?:current\(\)/|/)[\w./\-]+)\s*\]"
)


class Offers:
    """Finds the options of questions; each list is read once."""

    def __init__(self, xform: XForm, cells: Cells, languages: Sequence[str]) -> None:
        self._xform = xform
        self._cells = cells
        self._languages = languages
        self._choices: dict[str, ChoiceList] = {}  # by absolute path, for jr:choice-name
        self._rows_by_text: dict[tuple[str, str], Mapping[str, tuple[int, ...]]] = {}
        self._lists: dict[tuple[str, str, str], ChoiceList] = {}  # by name and columns of value and label

    def options(self, control: etree._Element | None, full: str) -> Options | None:
        """Return what a question offers; None where it offers nothing, or its file is not there."""
        if control is None or self.file_of(control) or self.is_unread_search(control):
            return None
        if control.get("query"):
            return self._some_of_list(control.get("query", ""), "name", "label", full)
        if control.tag not in SELECTS:
            return None
        itemset = child_of(control, "itemset")
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
        expression = self._cells.expression(nodeset, full, "choice_filter")
        keyed = self._keyed(nodeset.strip(), full) if expression else None
        return Options(self._choices[full], expression, "" if name else value, keyed)

    def _searched(self, control: etree._Element, full: str) -> Options:
        """Return the rows that search() finds in a file; the choice written out names their columns."""
        appearance = control.get("appearance", "")
        item = child_of(control, "item")
        value = element_name((item.findtext("value") if item is not None else "") or "name")
        columns = self._xform.text(child_of(item, "label"))
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
        return Options(self._choices[full], self._cells.expression(nodeset, full, "appearance"))

    def _written_out(self, control: etree._Element, full: str) -> Options:
        """Return the choices of a control that lists them itself."""
        items = [
            (
                item.findtext("value") or "",
                self._cells.texts(self._xform.text(child_of(item, "label")), full, "choices"),
            )
            for item in control.findall("item")
        ]
        self._choices[full] = choice_list(items)
        return Options(self._choices[full])

    def file_of(self, control: etree._Element) -> str:
        """Return the file that the options of a control lie in when it is not there, else ""."""
        itemset, search = child_of(control, "itemset"), searched(control.get("appearance", ""))
        if search and control.tag in SELECTS:
            return "" if search in self._xform.lists else f"{search}.csv"
        name = external_list(itemset.get("nodeset", "")) if itemset is not None else ""
        return self._xform.files.get(name, "")

    def is_unread_search(self, control: etree._Element) -> bool:
        """Return whether a control has a search() that cannot be read."""
        appearance = control.get("appearance", "")
        return control.tag in SELECTS and bool(searched(appearance)) and not nodeset_of(appearance)

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
            return self._cells.texts(self._xform.text_by_id(identity), "", "choices")
        default = self._xform.default_language
        labels = {recognise(cell.get("lang", default)): cell for cell in reversed(item.findall(column))}
        return self._cells.texts(labels, "", "choices")

    def _keyed(self, nodeset: str, full: str) -> Keyed | None:
        """Return a filter such as `region = ${region}` as an index, None for any other."""
        found = _ONE_EQUALITY.fullmatch(nodeset)
        if found is None or found.group(1) not in self._xform.lists:
            return None
        wanted = self._cells.expression(found.group(3), full, "choice_filter")
        is_seen = found.group(3).startswith("current")
        if wanted is None or not all(
            path in self._cells.scope.single or (is_seen and self._is_near(path, full))
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

    def itext(self, _: object, identity: Argument, language: Argument) -> str:
        """Return the text of an id in a language, for jr:itext()."""
        values = self._xform.text_by_id(text_of(identity))
        labels = {name: "".join(map(str, value.itertext())).strip() for name, value in values.items()}
        return label_in(labels, text_of(language), self._xform.default_language)

    def choice_name(self, path: str, value: str, language: str) -> str:
        """Return the labels of the chosen options of a question, for jr:choice-name()."""
        offered = self._choices.get(path.strip(), ChoiceList())
        labels = {choice.name: choice.labels for choice in offered.choices if choice.name in value.split()}
        return ", ".join(
            label_in(labels.get(name, {}), language, self._xform.default_language) or name
            for name in value.split()
        )


def _reference(itemset: etree._Element, tag: str) -> str:
    """Return the column that a list's value or label is read from, "" where it is not a plain one."""
    child = child_of(itemset, tag)
    name = child.get("ref", "") if child is not None else ""
    return name if re.fullmatch(r"[\w.\-]+", name) else ""
