"""Files from folders: a programme's, and the lists that lie beside a form."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from bot.forms.attached import LARGEST_ATTACHED

MOST_BESIDE = 20  # files of a folder that are offered to a form


def files_of(folder: Path) -> Mapping[str, bytes]:
    """Return every file below the folder by its relative path; raise FileNotFoundError without the folder."""
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def beside(file: Path, named: Sequence[Path] = ()) -> dict[str, bytes]:
    """Return the CSV files in a form's folder, and those named, by name: the form takes those it asks for.

    Raise OSError for one that is named and cannot be read.
    """
    near = (one for one in sorted(file.parent.glob("*.csv")) if one.name != file.name and one.is_file())
    small = [one for one in near if one.stat().st_size <= LARGEST_ATTACHED]
    return {one.name: one.read_bytes() for one in (*small[:MOST_BESIDE], *named)}
