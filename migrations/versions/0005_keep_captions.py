"""Keep what people write beside their attachments."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Go one revision forward."""
    op.add_column("media", sa.Column("caption", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go one revision back."""
    op.drop_column("media", "caption")
