"""The programmes that tests read: ASToN as it is shipped, and a tiny one on another theme."""

from pathlib import Path

ORCHARD = Path(__file__).parent / "orchard"
ASTON = Path(__file__).parents[2] / "programmes" / "aston"


def files_of(folder: Path) -> dict[str, bytes]:
    """Return every file of a programme's folder by its name within it."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
