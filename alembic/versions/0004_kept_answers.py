"""kept answers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NONE = sa.text("0")
EMPTY = sa.text("''")


def upgrade() -> None:
    op.add_column("answers", sa.Column("source", sa.Text(), server_default=EMPTY, nullable=False))
    op.add_column("answers", sa.Column("cached_at", sa.DateTime(timezone=True), nullable=True))
    for name in ("saved_prompt_tokens", "saved_completion_tokens"):
        op.add_column("answers", sa.Column(name, sa.Integer(), server_default=NONE, nullable=False))
    op.add_column(
        "answers", sa.Column("cache_key", sa.Text(), server_default=EMPTY, nullable=False)
    )
    op.add_column(
        "answers", sa.Column("anew", sa.Boolean(), server_default=sa.false(), nullable=False)
    )


def downgrade() -> None:
    for name in (
        "anew",
        "cache_key",
        "saved_completion_tokens",
        "saved_prompt_tokens",
        "cached_at",
        "source",
    ):
        op.drop_column("answers", name)
