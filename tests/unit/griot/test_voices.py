"""Catalogs of a process."""

from pathlib import Path

import pytest

from bot.values import LANGUAGES
from griot.settings import data_folder
from griot.voices import voices


def test_catalogs_are_read_once_a_process() -> None:
    """Whoever asks gets the same voices, one a language."""
    locales = data_folder("locales")
    assert voices(locales) is voices(Path(str(locales)))
    assert tuple(voices(locales)) == tuple(LANGUAGES)


def test_a_catalog_that_is_not_compiled_is_a_fault_each_time(tmp_path: Path) -> None:
    """It is looked for again: it may be there by then."""
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            voices(tmp_path)
