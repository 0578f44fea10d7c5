"""everybody's sums of days."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "usage_totals",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("member", sa.Text(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in (
                "attempts",
                "questions",
                "prompt_tokens",
                "completion_tokens",
                "cached_tokens",
                "saved_tokens",
                "cost",
            )
        ),
        sa.PrimaryKeyConstraint("day", "member", name=op.f("pk_usage_totals")),
    )


def downgrade() -> None:
    op.drop_table("usage_totals")
