"""how often an answer was handed over, which ends nobody."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "answers", sa.Column("handed_over", sa.Integer(), nullable=False, server_default="0")
    )


def downgrade() -> None:
    op.drop_column("answers", "handed_over")
