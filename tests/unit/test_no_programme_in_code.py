"""Nothing of a programme is in the code: no name of it, of a city, of a form."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.programme import read_programme
from tests.programmes import ASTON, files_of

ROOT = Path(__file__).parents[2]
FOLDERS = ("bot", "channels", "models", "reports", "scheduler", "console", "webhooks", "griot")
DEFAULT = "programmes/aston"  # the contract's default of GRIOT_PROGRAMME, and the demo's programme


def words_of_the_programme() -> str:
    """Return a pattern of the programme's names in any case, and its codes in capitals."""
    programme, _ = read_programme(files_of(ASTON))
    assert programme is not None
    cities = programme.cities.values()
    names = {name for city in cities for name in city.names.values()} | set(programme.names.values())
    words = sorted({programme.id, *names, *programme.cities, *programme.forms})
    codes = sorted(city.code for city in cities)
    return rf"(?<![\w-])((?i:{'|'.join(map(re.escape, words))})|{'|'.join(codes)})(?![\w-])"


def texts_of(file: Path) -> Iterator[str]:
    """Yield every string of the code but docstrings, and whole pages, scripts and style sheets."""
    if file.suffix != ".py":
        yield file.read_text(encoding="utf-8")
        return
    tree = ast.parse(file.read_text(encoding="utf-8"))
    explained = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explained:
            yield node.value
        elif isinstance(node, ast.Name | ast.FunctionDef | ast.ClassDef):
            yield node.id if isinstance(node, ast.Name) else node.name


@pytest.mark.parametrize("folder", FOLDERS)
def test_code_names_no_city_form_or_programme(folder: str) -> None:
    pattern = re.compile(words_of_the_programme())
    files = [
        file for file in (ROOT / folder).rglob("*") if file.suffix in {".py", ".html", ".js", ".css", ".txt"}
    ]
    found = [
        f"{file.relative_to(ROOT)}: {match.group()}"
        for file in files
        for text in texts_of(file)
        for match in pattern.finditer(text.replace(DEFAULT, ""))
    ]
    assert found == []


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    """The search sees strings and names, and passes over docstrings."""
    code = tmp_path / "code.py"
    code.write_text('"""About Bamako."""\nplace = "bamako"\n', encoding="utf-8")
    assert list(texts_of(code)) == ["bamako", "place"] or list(texts_of(code)) == ["place", "bamako"]
    for text in ("Bamako", "in KLA-2026-W48-1"[3:6], "weekly_update", "سيمي بودجي"):
        assert re.search(words_of_the_programme(), text)
    assert not re.search(words_of_the_programme(), "sem novidades")
