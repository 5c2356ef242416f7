"""Keep the schedule."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "demo_clock",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ahead", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_demo_clock")),
    )
    op.create_table(
        "template",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("content_sid", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_template")),
    )
    op.create_table(
        "milestone",
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("milestone", sa.String(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("extended_to", sa.Date(), nullable=True),
        sa.Column("extended_reason", sa.String(), nullable=False),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waived_reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["city"], ["city.slug"], name=op.f("fk_milestone_city")),
        sa.PrimaryKeyConstraint("city", "milestone", name=op.f("pk_milestone")),
    )
    op.create_table(
        "occurrence",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("form", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("milestone", sa.String(), nullable=False),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("data", sa.JSON().with_variant(postgresql.JSONB(), "postgresql"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state in ('held', 'sent', 'superseded', 'cancelled')", name=op.f("ck_occurrence_state")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_occurrence_person_id")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_occurrence")),
    )
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.create_index("ix_occurrence_city", ["city", "kind"], unique=False)
        batch_op.create_index("ix_occurrence_due", ["due_at"], unique=False)

    op.add_column("city", sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("city", sa.Column("excused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("outbox", sa.Column("content_sid", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    """Go one revision back."""
    op.drop_column("outbox", "content_sid")  # one by one: a table made anew would lose its partial indexes
    op.drop_column("city", "excused_at")
    op.drop_column("city", "paused_at")
    with op.batch_alter_table("occurrence", schema=None) as batch_op:
        batch_op.drop_index("ix_occurrence_due")
        batch_op.drop_index("ix_occurrence_city")
    for table in ("occurrence", "milestone", "template", "demo_clock"):
        op.drop_table(table)
