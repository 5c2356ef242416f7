"""An SQLite index of a person's rows ends with the row's id by itself: named as well, it was there twice."""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = ("inbox", "outbox", "consent")


def upgrade() -> None:
    """Go one revision forward."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in TABLES:
        op.drop_index(f"ix_{table}_person_id", table_name=table)
        op.create_index(f"ix_{table}_person", table, ["person_id"])


def downgrade() -> None:
    """Go one revision back."""
    if op.get_bind().dialect.name != "sqlite":
        return
    for table in TABLES:
        op.drop_index(f"ix_{table}_person", table_name=table)
        op.create_index(f"ix_{table}_person_id", table, ["person_id", "id"])
