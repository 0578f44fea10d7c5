"""Indexes for tables that people use, built while they do, and anew where that was cut off."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

HALF_BUILT = sa.text("""
    SELECT EXISTS (
        SELECT 1 FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid
    )
""")


def build_index(
    name: str,
    table: str,
    columns: Sequence[str | sa.TextClause],
    where: sa.TextClause | None = None,
    **how: Any,
) -> None:
    """Build an index, if there is none that is whole.

    PostgreSQL lets nobody wait for it, and so does it in no transaction. Its revision does nothing
    else, for that would be done already when the next try comes.
    """
    how |= {"postgresql_where": where, "sqlite_where": where, "if_not_exists": True}
    context = op.get_context()
    if context.dialect.name != "postgresql":
        op.create_index(name, table, columns, **how)
        return
    with context.autocommit_block():
        if not context.as_sql and op.get_bind().scalar(HALF_BUILT, {"name": name}):
            op.drop_index(name, postgresql_concurrently=True)
        op.create_index(name, table, columns, postgresql_concurrently=True, **how)
