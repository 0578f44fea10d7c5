"""pictures of agents."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "agent_pictures",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=True),
        sa.Column("owner_id", sa.Uuid(), nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agents.id"], name=op.f("fk_agent_pictures_agent_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["users.id"], name=op.f("fk_agent_pictures_owner_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_pictures")),
    )
    op.create_index("ix_agent_pictures_agent_id", "agent_pictures", ["agent_id"])
    op.create_index("ix_agent_pictures_owner_id", "agent_pictures", ["owner_id"])
    op.add_column("agents", sa.Column("picture", sa.Uuid(), nullable=True))
    # Without a foreign key: an answer stays when its agent has another picture, or is gone.
    op.add_column("answers", sa.Column("picture", sa.Uuid(), nullable=True))


def downgrade() -> None:
    op.drop_column("answers", "picture")
    op.drop_column("agents", "picture")
    op.drop_table("agent_pictures")
