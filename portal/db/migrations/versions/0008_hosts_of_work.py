"""Whom pending work waits for."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("pending", sa.Column("host", sa.Text(), nullable=False, server_default=""))
