"""The catalog: entities with their relations, their past, and the index that filters ask.

An entity's id is the id of its ref in `refs`, so that a relation to something that does not exist
(yet) is an ordinary pair of integers.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from portal.db.tables.base import Id, Time, Word, metadata

refs = Table(
    "refs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ref", Word, nullable=False, unique=True),
    comment="Every entity ref that was ever declared or related to, canonical.",
)

declarations = Table(
    "declarations",
    metadata,
    Column("file_id", ForeignKey("files.id"), nullable=False),
    Column("ref_id", ForeignKey("refs.id"), nullable=False, index=True),
    Column("document", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("serving", Boolean, nullable=False),
    Column("entity", LargeBinary),  # JSON, only of a runner-up: for when it takes over
    PrimaryKeyConstraint("file_id", "ref_id"),
    sqlite_with_rowid=False,
    comment="Which file declares which entity. Of several, exactly one is serving.",
)

entities = Table(
    "entities",
    metadata,
    Column("id", ForeignKey("refs.id"), primary_key=True, autoincrement=False),
    Column("uid", Word, nullable=False, unique=True),
    Column("ref", Word, nullable=False, unique=True),
    Column("kind", Word, nullable=False),  # lower case, as namespace and name
    Column("namespace", Word, nullable=False),
    Column("name", Word, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("digest", Text, nullable=False),
    Column("relations", LargeBinary, nullable=False),  # JSON array, derived from edges
    Column("etag", Text, nullable=False),
    Column("terms", LargeBinary, nullable=False),  # packed sorted term ids, for the next diff
    Column("status", LargeBinary),  # JSON object, derived from problems; null where there are none
    Column("file_id", ForeignKey("files.id"), index=True),  # null: an orphan, no file declares it
    Column("document", Integer, nullable=False),
    Column("revision", Text, nullable=False),  # of the repository, when this version was read
    Column("seq", Id, nullable=False),  # the catalog_seq at which this version came
    Column("created_at", Time, nullable=False),
    Column("updated_at", Time, nullable=False),
    Index("entities_by_kind_and_name", "kind", "name", "id"),
    Index("entities_by_name", "name", "id"),
)

tombstones = Table(
    "tombstones",
    metadata,
    Column("id", ForeignKey("refs.id"), primary_key=True, autoincrement=False),
    Column("uid", Text, nullable=False),
    Column("ref", Text, nullable=False, unique=True),
    Column("body", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False, server_default=""),  # who asked for it; '': nobody did
    Column("removed_at", Time, nullable=False),
    comment="Entities that went, with their uid: one that comes back keeps it.",
)

aliases = Table(
    "aliases",
    metadata,
    Column("id", ForeignKey("refs.id"), primary_key=True, autoincrement=False),  # the former ref
    Column("entity_id", ForeignKey("refs.id"), nullable=False, index=True),  # what it is called now
    Column("since", Time, nullable=False),
    comment="Former refs of entities that were renamed in their file.",
)

versions = Table(
    "versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, nullable=False),  # of refs
    Column("uid", Text, nullable=False),
    Column("from_seq", Id, nullable=False),
    Column("to_seq", Id, nullable=False),  # the first catalog_seq without this version
    Column("from_at", Time, nullable=False),
    Column("to_at", Time, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("url", Text, nullable=False),  # location ref of the file that declared it
    Column("document", Integer, nullable=False),
    Column("revision", Text, nullable=False),
    Column("ended", Text, nullable=False),  # changed, removed
    Column("reason", Text, nullable=False, server_default=""),  # why it was removed
    Index("versions_by_entity", "entity_id", "from_seq"),
    Index("versions_by_end", "to_at"),
    comment="Former versions of entities; the current one is the entity itself.",
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),  # the catalog_seq of the batch
    Column("at", Time, nullable=False, index=True),
    Column("source", Text, nullable=False),  # URL of the repository, or ''
    Column("revision", Text, nullable=False),
    Column("actor", Text, nullable=False),  # who asked for it; '': a reading found it
    Column("added", LargeBinary, nullable=False),  # JSON array of ids of refs, as the next two
    Column("changed", LargeBinary, nullable=False),
    Column("removed", LargeBinary, nullable=False),
    comment="The change feed: a row for each batch that changed entities, in its transaction.",
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("id", ForeignKey("refs.id"), primary_key=True, autoincrement=False),
    Column("reason", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Time, nullable=False),
    comment="Entities that are not served, although files declare them: somebody decided so.",
)

held_removals = Table(
    "held_removals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("location_id", ForeignKey("locations.id"), nullable=False, index=True),
    Column("source", Text, nullable=False),  # URL of the repository; '': the location went
    Column("reason", Text, nullable=False),
    Column("entities", LargeBinary, nullable=False),  # JSON array of ids of refs
    Column("held_at", Time, nullable=False),
    UniqueConstraint("location_id", "source"),
    comment="Removals that are larger than one run may make, until somebody approves them.",
)

approved_removals = Table(
    "approved_removals",
    metadata,
    Column("id", ForeignKey("refs.id"), primary_key=True, autoincrement=False),
    Column("actor", Text, nullable=False),
    Column("at", Time, nullable=False),
    comment="Entities that may go with the next run, whatever the limit is.",
)

relation_types = Table(
    "relation_types",
    metadata,
    Column("id", SmallInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("name", Text, nullable=False, unique=True),
)

edges = Table(
    "edges",
    metadata,
    # In the order of the key: SQLite 3.40 takes a healthy table for a damaged one otherwise.
    # Derived rows by the million, as postings are: checking foreign keys would cost more than
    # writing them, and on PostgreSQL lock every ref that is named.
    Column("source_id", Id, nullable=False),
    Column("type_id", SmallInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("target_id", Id, nullable=False),
    Column("origin_id", Id, nullable=False),  # the entity that declares it
    Column("seq", Id, nullable=False),  # the catalog_seq at which it came
    PrimaryKeyConstraint("source_id", "type_id", "target_id", "origin_id"),
    Index("edges_by_target", "target_id", "type_id", "source_id"),
    Index("edges_by_origin", "origin_id"),
    sqlite_with_rowid=False,
)

past_edges = Table(
    "past_edges",
    metadata,
    Column("id", Id, primary_key=True),
    Column("source_id", Id, nullable=False),
    Column("type_id", SmallInteger().with_variant(Integer, "sqlite"), nullable=False),
    Column("target_id", Id, nullable=False),
    Column("origin_id", Id, nullable=False),
    Column("from_seq", Id, nullable=False),
    Column("to_seq", Id, nullable=False),  # the first catalog_seq without it
    Index("past_edges_by_source", "source_id", "from_seq"),
    Index("past_edges_by_target", "target_id", "type_id"),
    Index("past_edges_by_end", "to_seq"),
    comment="Edges that went, for the relations of former times.",
)

terms = Table(
    "terms",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Word, nullable=False),
    Column("original", Word, nullable=False),  # as it is spelled; '': as in `value`
    Column("value", Word, nullable=False),  # lower case; '' for null, which `known` tells apart
    Column("known", Boolean, nullable=False),
    Column("kind", Word, nullable=False),  # lower case, of the entities that have it
    Column("n", Integer, nullable=False, server_default="0"),  # entities that have it
    # Searches go by (key, value): one index serves them and keeps the rows apart.
    UniqueConstraint("key", "value", "original", "known", "kind"),
)

postings = Table(
    "postings",
    metadata,
    Column("term_id", Id, nullable=False),
    Column("entity_id", Id, nullable=False),
    PrimaryKeyConstraint("term_id", "entity_id"),
    sqlite_with_rowid=False,
)
