"""The documentation of entities, as it was last read from their repositories."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from portal.db.tables.base import Id, Time, Word, metadata

doc_texts = Table(
    "doc_texts",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),  # SHA-256 of the text
    Column("data", LargeBinary, nullable=False),  # zlib of the text
    comment="Texts of pages of documentation; what is equal is kept once.",
)

doc_sets = Table(
    "doc_sets",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),  # of all that is said of the pages
    Column("left_out", Integer, nullable=False),  # pages beyond the limit
    Column("note", Text, nullable=False),
    comment="Pages that are listed together; entities of one folder have the same.",
)

doc_pages = Table(
    "doc_pages",
    metadata,
    Column("set_id", ForeignKey("doc_sets.id"), nullable=False),
    Column("place", SmallInteger, nullable=False),
    Column("path", Word, nullable=False),
    Column("title", Text, nullable=False),
    Column("folded", Word, nullable=False),  # the title in lower case, for searches
    Column("section", Text, nullable=False),
    Column("state", Text, nullable=False),  # see catalog.documentation
    Column("size", Integer, nullable=False),  # bytes of the file
    Column("text_id", ForeignKey("doc_texts.id"), index=True),  # null: the state says why
    Column("revision", Text, nullable=False),  # the commit in which this text was first seen
    Column("committed_at", Time),
    PrimaryKeyConstraint("set_id", "place"),
    sqlite_with_rowid=False,
)

entity_docs = Table(
    "entity_docs",
    metadata,
    Column(
        "entity_id",
        ForeignKey("entities.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("set_id", ForeignKey("doc_sets.id"), nullable=False, index=True),
    Column("outline", Text, nullable=False),  # digest of what the pages were made from
    Column("url", Text, nullable=False),  # of the repository
    Column("revision", Text, nullable=False),  # of the last look; '': a plain folder has none
    Column("committed_at", Time),
    Column("read_at", Time, nullable=False),
    comment="The documentation of entities, as it was last read.",
)
