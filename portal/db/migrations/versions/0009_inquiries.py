"""What systems said about single entities when somebody asked."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "inquiries",
        sa.Column(
            "entity_id", Id, sa.ForeignKey("entities.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("said", sa.Text(), nullable=False),
        sa.Column("problem", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("entity_id", "name"),
        comment="When somebody last had a system asked about an entity at once, and what came of it.",
    )
