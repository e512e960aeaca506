"""Pages of documentation, and whose they are."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

Word = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "doc_texts",
        sa.Column("id", Id, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        comment="Texts of pages of documentation; what is equal is kept once.",
    )
    op.create_table(
        "doc_sets",
        sa.Column("id", Id, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("digest"),
        comment="Pages that are listed together; entities of one folder have the same.",
    )
    op.create_table(
        "doc_pages",
        sa.Column("set_id", Id, nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("path", Word, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("folded", Word, nullable=False),
        sa.Column("section", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("text_id", Id, nullable=True),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("committed_at", Time, nullable=True),
        sa.ForeignKeyConstraint(["set_id"], ["doc_sets.id"]),
        sa.ForeignKeyConstraint(["text_id"], ["doc_texts.id"]),
        sa.PrimaryKeyConstraint("set_id", "place"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_doc_pages_text_id", "doc_pages", ["text_id"])
    op.create_table(
        "entity_docs",
        sa.Column("entity_id", Id, autoincrement=False, nullable=False),
        sa.Column("set_id", Id, nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("committed_at", Time, nullable=True),
        sa.Column("read_at", Time, nullable=False),
        sa.ForeignKeyConstraint(["entity_id"], ["entities.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["set_id"], ["doc_sets.id"]),
        sa.PrimaryKeyConstraint("entity_id"),
        comment="The documentation of entities, as it was last read.",
    )
    op.create_index("ix_entity_docs_set_id", "entity_docs", ["set_id"])
