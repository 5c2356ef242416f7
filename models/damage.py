"""Which rows hold JSON that cannot be read."""

from sqlalchemy import JSON, func, select

from models.base import Base, Db
from models.db import is_postgres

MOST = 10  # of one column


def damaged(db: Db) -> list[tuple[str, str]]:
    """Return column and key of such rows, some of each column; every row is read. PostgreSQL has none."""
    found: list[tuple[str, str]] = []
    if is_postgres(db):
        return found
    for table in Base.metadata.sorted_tables:
        for column in (each for each in table.columns if isinstance(each.type, JSON)):
            broken = select(*table.primary_key).where(func.json_valid(column) == 0).limit(MOST)
            found += [(str(column), ":".join(map(str, row))) for row in db.execute(broken)]
    return found
