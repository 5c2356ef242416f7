"""Find what the budget holds without reading the queue."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Go one revision forward."""
    is_held = sa.text("state = 'queued' and error_code = 'budget'")
    op.create_index("ix_outbox_held", "outbox", ["channel"], sqlite_where=is_held, postgresql_where=is_held)


def downgrade() -> None:
    """Go one revision back."""
    op.drop_index("ix_outbox_held", table_name="outbox")
