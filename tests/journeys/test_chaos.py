"""A small run of `make chaos`: processes, providers and databases fail, then the books are compared."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.crowd import WORDS
from tests.chaos.drills import Promises, drills
from tests.chaos.figures import Figure
from tests.chaos.stage import Stage, a_stage
from tests.chaos.writing import compare, replay, write_amid_chaos
from tests.databases import Databases

PEOPLE, KILLS = 5, 4
# Less is posted than in a whole run, and it may take longer: other tests run beside it.
PROMISES = Promises(take_over=40.0, recovered=20.0, ack=3000.0, paced=40, bodies=300)
SEED = 20261126


@pytest.fixture
def stage(databases: Databases, site_database: str, tmp_path: Path) -> Iterator[Stage]:
    """Yield two web and two worker processes on a database whose server may be ended."""
    with a_stage(tmp_path, site_database, PEOPLE, SEED, databases.server) as running:
        yield running


@pytest.mark.timeout(900)
def test_nothing_is_lost_doubled_or_late(stage: Stage) -> None:
    """Every promise of docs/reliability.md is kept, one start of the processes for all of them."""
    figures = [*write_amid_chaos(stage, KILLS), *compare(stage), *replay(stage)]
    _check(figures)
    assert _value(figures, "updates accepted") == PEOPLE * WORDS
    assert _value(figures, "processes killed with SIGKILL") == KILLS
    assert _value(figures, "messages out") >= PEOPLE * WORDS
    _check(list(drills(stage, PROMISES)))


def _check(figures: list[Figure]) -> None:
    broken = [str(figure) for figure in figures if not figure.is_met]
    assert not broken, "\n".join(broken)


def _value(figures: list[Figure], name: str) -> float:
    return next(figure.value for figure in figures if figure.name == name)
