"""The programmes that tests read: ASToN as it is shipped, and a tiny one on another theme."""

from pathlib import Path

ORCHARD = Path(__file__).parent / "orchard"
ASTON = Path(__file__).parents[2] / "programmes" / "aston"


BUDGET = "budget.yaml"


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a programme's folder by its name within it, but for the budget.

    The numbers of tests are of no country that it lists: see `with_budget`.
    """
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != BUDGET
    }


def with_budget(folder: Path) -> dict[str, bytes]:
    """Return every file of a programme's folder by its name within it."""
    return {**files_of(folder), BUDGET: (folder / BUDGET).read_bytes()}
