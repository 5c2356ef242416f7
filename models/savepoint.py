"""A part of a transaction that is undone by itself."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from models.base import Db
from models.db import is_blocked, is_transient
from models.prepared import tell


@contextmanager
def savepoint(db: Db) -> Iterator[None]:
    """Undo what the block did, and no more, when it raises; what the ORM knew is forgotten then.

    Where the database itself is in trouble nothing is undone: the whole transaction is to end. For the
    batches of turns: SQLAlchemy's own savepoint took a tenth of a turn that is taken alone.
    """
    db.flush()
    tell(db, "SAVEPOINT part")
    try:
        yield
        db.flush()
    except Exception as error:
        db.expunge_all()
        if not _ends_all(error):
            tell(db, "ROLLBACK TO SAVEPOINT part")
            tell(db, "RELEASE SAVEPOINT part")
        raise
    tell(db, "RELEASE SAVEPOINT part")


def _ends_all(error: Exception) -> bool:
    return isinstance(error, DBAPIError) and is_transient(error) and not is_blocked(error)
