"""No argument makes a function raise, and every function is in the documentation."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from bot.forms.arguments import Argument
from bot.forms.functions import FUNCTIONS

ROOT = Path(__file__).parents[4]


def _nodes(texts: list[str]) -> list[etree._Element]:
    root = etree.Element("data")
    for text in texts:
        etree.SubElement(root, "line").text = text
    return list(root)


TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20),
    st.sampled_from(
        ["", "2026-11-23", "2026-13-45", "9999-12-31T23:59", "18:00", "1e5", "-0", ".5", "[", "%Y%b%"]
    ),
)
ARGUMENTS: st.SearchStrategy[Argument] = st.one_of(
    st.floats(), st.booleans(), TEXTS, st.lists(TEXTS, max_size=3).map(_nodes)
)


@given(st.data())
def test_every_function_takes_anything(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([name for name, function in FUNCTIONS.items() if function.run]))
    function = FUNCTIONS[name]
    assert function.run is not None
    most = function.most if function.most is not None else function.least + 3
    count = data.draw(st.integers(function.least, most))
    arguments = data.draw(st.lists(ARGUMENTS, min_size=count, max_size=count))
    found = function.run(None, *arguments, *("en" for _ in function.needs))
    assert isinstance(found, str | float | bool | list)


def test_every_function_is_documented() -> None:
    page = (ROOT / "docs" / "xlsform-support.md").read_text(encoding="utf-8")
    assert [name for name in FUNCTIONS if f"`{name}(" not in page] == []
