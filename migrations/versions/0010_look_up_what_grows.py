"""Look up what grows."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

IS_DRAFT, IS_HELD = sa.text("state = 'draft'"), sa.text("state = 'held'")


def upgrade() -> None:
    """Go one revision forward."""
    for name in ("ix_submission_period", "ix_submission_updated_at", "ix_submission_person_id"):
        op.drop_index(name, table_name="submission")
    op.create_index("ix_submission_city_sent", "submission", ["city", "submitted_at", "form"])
    op.create_index("ix_submission_person_id", "submission", ["person_id", "updated_at"])
    for name, columns in (
        ("ix_submission_begun", ["updated_at"]),
        ("ix_submission_draft", ["person_id", "form"]),
    ):
        op.create_index(name, "submission", columns, sqlite_where=IS_DRAFT, postgresql_where=IS_DRAFT)
    op.create_index(
        "ix_occurrence_held", "occurrence", ["send_at"], sqlite_where=IS_HELD, postgresql_where=IS_HELD
    )
    op.create_index("ix_media_created_at", "media", ["created_at"])
    op.create_index("ix_person_role", "person", ["role"])
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("submission", "reference", type_=sa.String(collation="C"))


def downgrade() -> None:
    """Go one revision back."""
    if op.get_bind().dialect.name == "postgresql":
        op.alter_column("submission", "reference", type_=sa.String(collation="default"))
    op.drop_index("ix_person_role", table_name="person")
    op.drop_index("ix_media_created_at", table_name="media")
    op.drop_index("ix_occurrence_held", table_name="occurrence")
    for name in ("ix_submission_draft", "ix_submission_begun", "ix_submission_person_id"):
        op.drop_index(name, table_name="submission")
    op.drop_index("ix_submission_city_sent", table_name="submission")
    op.create_index("ix_submission_person_id", "submission", ["person_id", "id"])
    op.create_index("ix_submission_updated_at", "submission", ["updated_at"])
    op.create_index("ix_submission_period", "submission", ["period"])
