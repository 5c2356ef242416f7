"""Bind the ids of WhatsApp beside the numbers that wrote with them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Go one revision forward."""
    op.add_column("address", sa.Column("scoped_id", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go one revision back."""
    op.drop_column("address", "scoped_id")
