"""Order what waits by channel, so that no channel's messages are read on the way to another's."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"

IS_QUEUED = sa.text("state = 'queued'")


def upgrade() -> None:
    """Go one revision forward."""
    _order_by("channel", "lane", "due_at", "id")


def downgrade() -> None:
    """Go one revision back."""
    _order_by("lane", "due_at", "id")


def _order_by(*columns: str) -> None:
    op.drop_index("ix_outbox_due", table_name="outbox")
    op.create_index(
        "ix_outbox_due", "outbox", list(columns), sqlite_where=IS_QUEUED, postgresql_where=IS_QUEUED
    )
