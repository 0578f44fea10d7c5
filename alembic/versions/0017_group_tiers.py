"""tiers that groups may use"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "group_tiers",
        sa.Column("group_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["groups.id"], name=op.f("fk_group_tiers_group_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("group_id", "tier", name=op.f("pk_group_tiers")),
    )


def downgrade() -> None:
    op.drop_table("group_tiers")
