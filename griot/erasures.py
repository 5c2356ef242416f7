"""Who was erased when: a file beside the database, so that a restore can erase them again.

It holds numbers and times, nothing about anybody: `2026-11-26T09:00:00+00:00 57`.
"""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

NAME = "erasures"


class LedgerError(Exception):
    """A line is none."""


def note_erasure(var: Path, person_id: int, at: datetime) -> None:
    """Write an erasure down, for good; raise OSError."""
    var.mkdir(parents=True, exist_ok=True)
    handle = os.open(var / NAME, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, f"{at.isoformat()} {person_id}\n".encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def erased_since(file: Path, since: datetime) -> dict[int, datetime]:
    """Return who was erased after that time, and when; none without a file. Raise LedgerError."""
    if not file.exists():
        return {}
    return {person: at for at, person in list(_entries(file)) if at > since}


def _entries(file: Path) -> Iterator[tuple[datetime, int]]:
    for number, line in enumerate(file.read_text(encoding="ascii", errors="replace").splitlines(), start=1):
        at, _, person = line.partition(" ")
        try:
            yield datetime.fromisoformat(at), int(person)
        except ValueError:
            raise LedgerError(f"{file}, line {number}: no time and number of a person") from None
