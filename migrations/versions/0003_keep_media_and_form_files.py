"""Keep media, and what belongs to a form version."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "media",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("submission_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("ref", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("content_type", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=True),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state in ('waiting', 'kept', 'refused', 'lost')", name=op.f("ck_media_state")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_media_person_id")),
        sa.ForeignKeyConstraint(["submission_id"], ["submission.id"], name=op.f("fk_media_submission_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_media")),
        sa.UniqueConstraint(
            "submission_id", "question", "ref", name=op.f("uq_media_submission_id_question_ref")
        ),
    )
    is_waiting = sa.text("state = 'waiting'")
    op.create_index("ix_media_due", "media", ["due_at"], sqlite_where=is_waiting, postgresql_where=is_waiting)
    op.create_index("ix_media_submission_id", "media", ["submission_id"])
    op.create_index("ix_media_person_id", "media", ["person_id"])
    op.create_table(
        "form_file",
        sa.Column("form_version_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["form_version_id"], ["form_version.id"], name=op.f("fk_form_file_form_version_id")
        ),
        sa.PrimaryKeyConstraint("form_version_id", "name", name=op.f("pk_form_file")),
    )
    op.add_column("form_version", sa.Column("fallback", sa.String(), nullable=False, server_default=""))
    op.add_column("form_version", sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    """Go one revision back."""
    op.drop_column("form_version", "retired_at")
    op.drop_column("form_version", "fallback")
    op.drop_table("form_file")
    for index in ("ix_media_person_id", "ix_media_submission_id", "ix_media_due"):
        op.drop_index(index, table_name="media")
    op.drop_table("media")
