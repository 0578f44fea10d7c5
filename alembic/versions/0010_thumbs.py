"""thumbs."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "answers",
        sa.Column("thumb", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
    )
    op.add_column(
        "answers",
        sa.Column("thumb_words", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("answers", sa.Column("rated_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    for name in ("rated_at", "thumb_words", "thumb"):
        op.drop_column("answers", name)
