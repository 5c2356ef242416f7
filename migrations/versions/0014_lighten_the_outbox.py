"""Keep indexes of the outbox only over what is looked up by them."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

HAS_PROVIDER_ID = "provider_id <> ''"


def upgrade() -> None:
    """Go one revision forward."""
    _index(
        "ix_outbox_provider_id",
        ["provider_id"],
        f"{HAS_PROVIDER_ID} and channel not in ('telegram', 'email')",
    )
    _index(
        "ix_outbox_rest",
        ["state", "channel"],
        "state not in ('queued', 'sending', 'sent', 'delivered', 'read')",
    )


def downgrade() -> None:
    """Go one revision back."""
    _index("ix_outbox_provider_id", ["provider_id"], HAS_PROVIDER_ID)
    _index("ix_outbox_rest", ["state", "channel"], "state not in ('sent', 'delivered', 'read')")


def _index(name: str, columns: list[str], which: str) -> None:
    op.drop_index(name, table_name="outbox")
    op.create_index(name, "outbox", columns, sqlite_where=sa.text(which), postgresql_where=sa.text(which))
