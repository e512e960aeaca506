"""Where a run that fetches facts goes on, and when."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("fetches", sa.Column("place", sa.BigInteger(), nullable=True))
    op.add_column("fetches", sa.Column("until", sa.DateTime(timezone=True), nullable=True))
