"""Keep a trace of updates that are let go of."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "known_update",
        sa.Column("trace", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("trace", name=op.f("pk_known_update")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    """Go one revision back."""
    op.drop_table("known_update")
