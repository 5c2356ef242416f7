"""Keep when a text in several messages ends, and the number of a report's revision."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Go one revision forward."""
    op.add_column("chat", sa.Column("due_at", sa.DateTime(timezone=True), nullable=True))
    waits = sa.text("due_at is not null")
    op.create_index("ix_chat_due_at", "chat", ["due_at"], sqlite_where=waits, postgresql_where=waits)
    op.add_column("submission", sa.Column("revision", sa.Integer(), nullable=False, server_default="1"))


def downgrade() -> None:
    """Go one revision back."""
    op.drop_column("submission", "revision")
    op.drop_index("ix_chat_due_at", table_name="chat")
    op.drop_column("chat", "due_at")
