"""Rows read page by page, each in a transaction of its own."""

from collections.abc import Iterator
from functools import partial
from typing import Protocol

from models.base import Db
from models.db import Store, read
from models.export import Page, Record


class Query(Protocol):
    """A page of an export, beginning after an id."""

    def __call__(self, db: Db, after: int) -> Page:
        """Return the page."""
        ...


def rows_of(store: Store, query: Query) -> Iterator[Record]:
    """Yield every row; what changes between two pages may be seen or not."""
    after: int | None = 0
    while after is not None:
        page = read(store, partial(query, after=after))
        yield from page.rows
        after = page.next
