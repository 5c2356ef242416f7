"""A programme's files from its folder."""

from collections.abc import Mapping
from pathlib import Path


def files_of(folder: Path) -> Mapping[str, bytes]:
    """Return every file below the folder by its relative path; raise FileNotFoundError without the folder."""
    if not folder.is_dir():
        raise FileNotFoundError(folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
