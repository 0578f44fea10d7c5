"""indexes for long lists of people."""

from collections.abc import Sequence
from typing import Any

from alembic import op

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = {"name": "ix_users_name", "role": "ix_users_role", "status": "ix_users_status"}


def upgrade() -> None:
    if op.get_context().dialect.name != "postgresql":
        _create()
        return
    # Nobody who signs up waits for them.
    with op.get_context().autocommit_block():
        _create(postgresql_concurrently=True, if_not_exists=True)


def _create(**how: Any) -> None:
    for column, name in INDEXES.items():
        op.create_index(name, "users", [column, "id"], unique=False, **how)


def downgrade() -> None:
    for name in INDEXES.values():
        op.drop_index(name, "users")
