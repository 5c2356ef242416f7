"""The rows of the export of who did what."""

from datetime import datetime

from models.audit import PAGE, Audit, rows_after
from models.base import Db
from models.export import Page, Record
from models.moments import rfc3339

AUDIT = ("number", "at", "who", "what", "subject", "details", "former", "hash")


def audit(db: Db, after: int, since: datetime | None) -> Page:
    """Return the rows of the chain, all that its hashes are made of."""
    rows = rows_after(db, after, since)
    return Page([_row(row) for row in rows], rows[-1].number if len(rows) == PAGE else None)


def _row(row: Audit) -> Record:
    return {name: getattr(row, name) for name in AUDIT} | {"at": rfc3339(row.at)}
