"""what keeps the admin pages quick, and what became of invitations."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MAY_SEARCH = sa.text("""
    SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')
        OR EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm')
            AND has_database_privilege(current_database(), 'CREATE')
""")

HOURS = {
    "postgresql": "floor(extract(epoch FROM rated_at) / 3600)::bigint",
    "sqlite": "CAST(strftime('%s', rated_at) AS INTEGER) / 3600",
}


def upgrade() -> None:
    dialect = op.get_context().dialect.name
    op.create_table(
        "thumb_hours",
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("up", sa.Integer(), nullable=False),
        sa.Column("down", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("at", "label", name=op.f("pk_thumb_hours")),
    )
    op.execute(f"""
        INSERT INTO thumb_hours (at, label, up, down)
        SELECT {HOURS[dialect]}, answered_by,
            sum(CASE WHEN thumb > 0 THEN 1 ELSE 0 END), sum(CASE WHEN thumb < 0 THEN 1 ELSE 0 END)
        FROM answers WHERE rated_at IS NOT NULL GROUP BY 1, 2
    """)  # noqa: S608 - of our own words
    for name, kind in {
        "made_by": sa.Uuid(),
        "used_at": sa.DateTime(timezone=True),
        "used_by": sa.Uuid(),
        "withdrawn_at": sa.DateTime(timezone=True),
        "withdrawn_by": sa.Uuid(),
    }.items():
        op.add_column("one_time_links", sa.Column(name, kind, nullable=True))
    # Where it may not be had, people are found all the same, if not as quickly.
    if dialect == "postgresql" and (op.get_context().as_sql or op.get_bind().scalar(MAY_SEARCH)):
        op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")


def downgrade() -> None:
    for name in ("withdrawn_by", "withdrawn_at", "used_by", "used_at", "made_by"):
        op.drop_column("one_time_links", name)
    op.drop_table("thumb_hours")
