"""Since when facts that are looked at again and again have said the same."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    # Null: of a record that is valid for a time, what was before it was last looked at is not known.
    for table in ("facts", "fact_versions"):
        op.add_column(table, sa.Column("since", sa.DateTime(timezone=True)))
