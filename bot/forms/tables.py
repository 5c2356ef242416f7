"""The rows of lists found by a key, as pulldata() asks for them."""

from collections.abc import Mapping

from lxml import etree

from bot.forms.arguments import Argument, text_of
from bot.forms.xform import element_name


class Tables:
    """Lists of a form; the rows of each are sorted by a column when that is first asked for."""

    def __init__(self, lists: Mapping[str, etree._Element]) -> None:
        """Keep the lists, as `XForm.lists` has them."""
        self._lists = lists
        self._rows: dict[tuple[str, str], dict[str, etree._Element]] = {}

    def pulled(self, _: object, file: Argument, column: Argument, key: Argument, value: Argument) -> str:
        """Return the text in a column of the first row whose key is the value, "" for none."""
        rows = self._by(text_of(file).removesuffix(".csv"), element_name(text_of(key)))
        row = rows.get(text_of(value))
        return (row.findtext(element_name(text_of(column))) or "") if row is not None else ""

    def _by(self, name: str, key: str) -> dict[str, etree._Element]:
        if (name, key) not in self._rows:
            items = self._lists[name].iter("item") if name in self._lists else ()
            rows: dict[str, etree._Element] = {}
            for item in items:
                rows.setdefault(item.findtext(key) or "", item)
            self._rows[name, key] = rows  # whole at once: several threads may ask
        return self._rows[name, key]
