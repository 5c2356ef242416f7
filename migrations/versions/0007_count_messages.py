"""Count what was sent and received, so that its cost is known; what was sent before is counted too."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "spending",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("country", sa.String(), nullable=False),
        sa.Column("sort", sa.String(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", "channel", "city", "country", "sort", name=op.f("pk_spending")),
    )
    op.create_table(
        "received_count",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counted_to", sa.Integer(), nullable=False),
        sa.Column("seen_to", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_received_count")),
    )
    op.add_column("outbox", sa.Column("parts", sa.Integer(), nullable=True))
    is_uncounted = sa.text("sent_at is not null and parts is null")
    op.create_index(
        "ix_outbox_uncounted", "outbox", ["id"], sqlite_where=is_uncounted, postgresql_where=is_uncounted
    )


def downgrade() -> None:
    """Go one revision back."""
    op.drop_index("ix_outbox_uncounted", table_name="outbox")
    op.drop_column("outbox", "parts")
    op.drop_table("received_count")
    op.drop_table("spending")
