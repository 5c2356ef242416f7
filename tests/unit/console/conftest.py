"""A console for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.console_stage import Stage, sqlite_stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    on_stage = sqlite_stage(tmp_path)
    yield on_stage
    on_stage.store.close()
