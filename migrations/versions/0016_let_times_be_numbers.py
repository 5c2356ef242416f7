"""Let times be numbers in SQLite files that are begun from now on; PostgreSQL has a type of its own."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

# `PRAGMA user_version`, which a new file is begun with: times are milliseconds since 1970
NUMBERS = 1
TEXT = 0


def upgrade() -> None:
    """Go one revision forward: a file that holds times as text already keeps text."""
    if _counts_time() and any(map(_holds_text, _times())):
        op.execute(f"PRAGMA user_version={TEXT}")


def downgrade() -> None:
    """Go one revision back: an older Griot reads text only."""
    if not _counts_time():
        return
    for table, column in _times():
        told = f"strftime('%Y-%m-%d %H:%M:%f', {column} / 1000.0, 'unixepoch') || '000'"
        op.execute(f"UPDATE {table} SET {column} = {told} WHERE typeof({column}) = 'integer'")  # noqa: S608
    op.execute(f"PRAGMA user_version={TEXT}")


def _counts_time() -> bool:
    bind = op.get_bind()
    return bind.dialect.name == "sqlite" and bind.scalar(sa.text("PRAGMA user_version")) == NUMBERS


def _times() -> list[tuple[str, str]]:
    """Return every column that holds times, with its table."""
    shape = sa.inspect(op.get_bind())
    return [
        (table, column["name"])
        for table in shape.get_table_names()
        for column in shape.get_columns(table)
        if isinstance(column["type"], sa.DateTime)
    ]


def _holds_text(time: tuple[str, str]) -> bool:
    table, column = time
    one = f"SELECT 1 FROM {table} WHERE typeof({column}) = 'text' LIMIT 1"  # noqa: S608 - our own names
    return op.get_bind().execute(sa.text(one)).first() is not None
