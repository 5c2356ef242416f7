"""The parts of pyxform's XForm: binds, texts, controls, answers and choice lists, without namespaces.

Source: ODK XForms Specification; pyxform 4.5 writes it.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from bot.forms.languages import recognise
from bot.forms.rewriting import list_element

UNLABELLED = "default"  # pyxform's language of a label column that names none
ROW = "row"  # attribute of a list's item: its number in the list

XF = "{http://www.w3.org/2002/xforms}"
_H = "{http://www.w3.org/1999/xhtml}"
JR = "{http://openrosa.org/javarosa}"
ORX = "{http://openrosa.org/xforms}"
_ITEXT = re.compile(r"jr:itext\('(.*)'\)")
SELECTS = frozenset({"select", "select1", "rank"})
_CONTROLS = frozenset({"input", "select", "select1", "rank", "upload", "range", "trigger", "secret"})
_SEARCH = re.compile(r"(?:^|\s)search\(\s*['\"]([^'\"]+)['\"]\s*[,)]")
_LIST = re.compile(r"(?:randomize\()?\s*instance\('([^']*)'\)/root/item")
_NOT_IN_NAMES = re.compile(r"[^\w.\-]")
_MISSING = "-"  # what pyxform writes where a language has no text


def child_of(element: etree._Element | None, tag: str) -> etree._Element | None:
    """Return the first child with a tag; None where there is none, or no element."""
    return element.find(tag) if element is not None else None


@dataclass(frozen=True, slots=True)
class SetValue:
    """A value set by an event: a dynamic default, or a calculation with a trigger."""

    value: str
    triggers: tuple[str, ...] = ()  # absolute paths of the questions whose change sets it


@dataclass(frozen=True, slots=True)
class XForm:
    """The parts of one XForm by absolute path (`/data/lines/spent`); elements have plain names."""

    title: str
    answers: etree._Element  # the blank answers, one instance of each repeat
    binds: Mapping[str, etree._Element]
    controls: Mapping[str, etree._Element]
    groups: Mapping[str, etree._Element]
    repeats: Mapping[str, etree._Element]
    set_values: Mapping[str, SetValue]
    texts: Mapping[str, Mapping[str, list[etree._Element]]]  # itext id, language: its values
    languages: tuple[str, ...]  # as recognised, in the form's order
    default_language: str
    lists: Mapping[str, etree._Element]  # name to the list in the shape expressions read it
    files: Mapping[str, str]  # name of each list that lies in a file which is not attached, to the file

    def text(self, element: etree._Element | None, form: str = "") -> dict[str, etree._Element]:
        """Return the text of a label or hint by language, each still with its outputs; {} for none."""
        if element is None:
            return {}
        return self.text_of(element.get("ref", ""), form) or _inline(element, self.default_language, form)

    def text_of(self, reference: str, form: str = "") -> dict[str, etree._Element]:
        """Return the text that `jr:itext('id')` names by language; {} for anything else."""
        found = _ITEXT.fullmatch(reference.strip())
        return self.text_by_id(found.group(1), form) if found else {}

    def text_by_id(self, identity: str, form: str = "") -> dict[str, etree._Element]:
        """Return the text with an id by language; `form` is "guidance" or "" for the plain one."""
        values = self.texts.get(identity, {})
        return {
            language: value
            for language, elements in values.items()
            for value in elements
            if value.get("form", "") == form and not _is_missing(value)
        }


def parse(source: str) -> XForm:
    """Return the parts of an XForm; raise ValueError when it is not one."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True)
    tree = etree.fromstring(source.encode(), parser)
    model, body = tree.find(f"{_H}head/{XF}model"), tree.find(f"{_H}body")
    if model is None or body is None:
        raise ValueError("not an XForm")
    title = (tree.findtext(f"{_H}head/{_H}title") or "").strip()
    set_values = _set_values(tree)
    for element in tree.iter(etree.Element):
        element.tag = etree.QName(element).localname
    instance, *lists = model.findall("instance")
    answers = instance[0]
    _keep_one_instance(answers)
    texts, languages, default = _itext(model)
    groups = {g.get("ref", g.get("nodeset", "")): g for g in body.iter("group")}
    return XForm(
        title=title,
        answers=answers,
        binds={bind.get("nodeset", ""): bind for bind in model.findall("bind")},
        controls={c.get("ref", ""): c for c in body.iter(*_CONTROLS)},
        groups=groups,
        repeats={r.get("nodeset", ""): r for r in body.iter("repeat")},
        set_values=set_values,
        texts=texts,
        languages=languages,
        default_language=default,
        lists={name.get("id", ""): _list(name) for name in lists if name.get("src") is None},
        files={
            name.get("id", ""): name.get("src", "").rsplit("/", 1)[-1] for name in lists if name.get("src")
        },
    )


def searched(appearance: str) -> str:
    """Return the file that an appearance such as `search('towns')` reads, without its ending; "" for none."""
    found = _SEARCH.search(appearance)
    return found.group(1).strip().removesuffix(".csv") if found else ""


def external_list(query: str) -> str:
    """Return the list that the query of a select_one_external reads, "" for none."""
    found = _LIST.match(query.strip())
    return found.group(1) if found else ""


def element_name(column: str) -> str:
    """Return the element name of a column: what XML's names cannot hold as `_`."""
    name = _NOT_IN_NAMES.sub("_", column.strip())
    return name if name[:1].isalpha() or name[:1] == "_" else f"_{name}"


def _is_missing(value: etree._Element) -> bool:
    return len(value) == 0 and (value.text or "").strip() in ("", _MISSING)


def _inline(element: etree._Element, language: str, form: str) -> dict[str, etree._Element]:
    has_text = bool((element.text or "").strip()) or len(element) > 0
    return {language: element} if has_text and not form and not element.get("ref") else {}


def _keep_one_instance(answers: etree._Element) -> None:
    """Drop the templates that pyxform writes before the first instance of each repeat, and the metadata."""
    for element in list(answers.iter(etree.Element)):
        parent = element.getparent()
        if parent is not None and (element.get(f"{JR}template") is not None or element.tag == "meta"):
            parent.remove(element)


def _set_values(tree: etree._Element) -> dict[str, SetValue]:
    """Return the values that events set; a question's own control is the trigger of those inside it."""
    found: dict[str, SetValue] = {}
    for element in tree.iter(f"{XF}setvalue"):
        parent = element.getparent()
        trigger = (
            parent.get("ref", "") if parent is not None and "changed" in element.get("event", "") else ""
        )
        value = element.get("value") or f"'{(element.text or '').replace(chr(39), '')}'"
        known = found.setdefault(element.get("ref", ""), SetValue(value, (trigger,) if trigger else ()))
        if known.triggers and trigger not in known.triggers:
            found[element.get("ref", "")] = SetValue(known.value, (*known.triggers, trigger))
    return found


def _itext(
    model: etree._Element,
) -> tuple[dict[str, dict[str, list[etree._Element]]], tuple[str, ...], str]:
    texts: dict[str, dict[str, list[etree._Element]]] = {}
    languages: list[str] = []
    default = UNLABELLED
    for translation in model.findall("itext/translation"):
        language = recognise(translation.get("lang", UNLABELLED))
        if translation.get("default"):
            default = language
        if language not in languages:
            languages.append(language)
        for text in translation.findall("text"):
            texts.setdefault(text.get("id", ""), {}).setdefault(language, []).extend(text.findall("value"))
    if default not in languages and languages:
        default = languages[0]
    return texts, tuple(languages), default


def _list(instance: etree._Element) -> etree._Element:
    """Return a list as `<list-name><root><item row="0">…`, the shape `instance('name')` is rewritten to."""
    holder = etree.Element(list_element(instance.get("id", "")))
    root = etree.SubElement(holder, "root")
    for number, item in enumerate(instance.findall("root/item")):
        copied = etree.SubElement(root, "item", {ROW: str(number)})
        for column in item:
            etree.SubElement(
                copied, column.tag, {str(k): str(v) for k, v in column.items()}
            ).text = column.text
    return holder
