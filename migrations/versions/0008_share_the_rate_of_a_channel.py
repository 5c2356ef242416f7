"""Share the rate of a channel among all workers."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "send_slot",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("channel", name=op.f("pk_send_slot")),
    )


def downgrade() -> None:
    """Go one revision back."""
    op.drop_table("send_slot")
