"""indexes for long lists of people."""

from collections.abc import Sequence

from alembic import op

from chatapp.indexes import build_index

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = {"name": "ix_users_name", "role": "ix_users_role", "status": "ix_users_status"}


def upgrade() -> None:
    for column, name in INDEXES.items():
        build_index(name, "users", [column, "id"])


def downgrade() -> None:
    for name in INDEXES.values():
        op.drop_index(name, "users")
