"""Which worker works on which pending key, and which heads repositories were read at."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("pending", sa.Column("worker", sa.Text(), nullable=True))
    op.add_column("pending", sa.Column("claim", sa.Text(), nullable=True))
    op.add_column("pending", sa.Column("leased_until", sa.DateTime(timezone=True), nullable=True))
    for name in ("head", "head_read"):
        op.add_column("repositories", sa.Column(name, sa.Text(), nullable=False, server_default=""))
