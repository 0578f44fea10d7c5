"""the audit, which nothing changes."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

SQLITE = """
    CREATE TRIGGER audit_notes_no_{name} BEFORE {event} ON audit_notes
    BEGIN SELECT RAISE(ABORT, 'audit_notes only grows'); END
"""
REFUSE = """
    CREATE FUNCTION audit_notes_refuse() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'audit_notes only grows'; END $$
"""
POSTGRESQL = """
    CREATE TRIGGER audit_notes_only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_notes
    FOR EACH STATEMENT EXECUTE FUNCTION audit_notes_refuse()
"""


def upgrade() -> None:
    op.create_table(
        "audit_notes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("address", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_notes")),
    )
    with op.batch_alter_table("audit_notes", schema=None) as batch_op:
        batch_op.create_index("ix_audit_notes_at", ["at", "id"], unique=False)
        batch_op.create_index("ix_audit_notes_action", ["action", "at"], unique=False)
        batch_op.create_index("ix_audit_notes_by", ["by", "at"], unique=False)
        batch_op.create_index("ix_audit_notes_subject", ["subject", "at"], unique=False)
    if op.get_context().dialect.name == "postgresql":
        op.execute(REFUSE)
        op.execute(POSTGRESQL)
    else:
        for event in ("UPDATE", "DELETE"):
            op.execute(SQLITE.format(name=event.lower(), event=event))


def downgrade() -> None:
    op.drop_table("audit_notes")
    if op.get_context().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_notes_refuse()")
