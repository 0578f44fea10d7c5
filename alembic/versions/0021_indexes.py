"""indexes of tables that are in use."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from chatapp.indexes import build_index

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

RATED = sa.text("rated_at IS NOT NULL")
SAID = sa.text("thumb_words <> ''")
SEARCHED = [sa.text("lower(email) gin_trgm_ops"), sa.text("lower(name) gin_trgm_ops")]

MAY_SEARCH = sa.text("SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'pg_trgm')")

TABLES = {
    "ix_answers_rated_at": "answers",
    "ix_used_periods_kind": "used_periods",
    "ix_history_counts_at": "history_counts",
    "ix_one_time_links_kind": "one_time_links",
    "ix_answers_said": "answers",
}


def upgrade() -> None:
    # Databases that were migrated before this revision was made have them, unless they are half
    # built.
    build_index("ix_answers_rated_at", "answers", ["rated_at"], RATED)
    build_index("ix_used_periods_kind", "used_periods", ["kind", "first_day"])
    build_index("ix_history_counts_at", "history_counts", ["width", "at"])
    build_index("ix_one_time_links_kind", "one_time_links", ["kind", "id"])
    build_index("ix_answers_said", "answers", ["rated_at"], SAID)
    context = op.get_context()
    if context.dialect.name == "postgresql" and (
        context.as_sql or op.get_bind().scalar(MAY_SEARCH)
    ):
        build_index("ix_users_search", "users", SEARCHED, postgresql_using="gin")


def downgrade() -> None:
    if op.get_context().dialect.name == "postgresql":
        op.drop_index("ix_users_search", if_exists=True)
    for name, table in TABLES.items():
        op.drop_index(name, table)
