"""Facts of entities, now and before, and when they were fetched."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from portal.db.tables.base import Id, Time, metadata

facts = Table(
    "facts",
    metadata,
    Column("entity_id", ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("collector", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("observed_at", Time, nullable=False),
    Column("valid_until", Time),
    Column(
        "since", Time
    ),  # without a break; null: `observed_at`, or not known (portal.db.collection.facts)
    Column("facts", LargeBinary, nullable=False),  # JSON, see scorecards.collection.serialization
    PrimaryKeyConstraint("entity_id", "collector"),
)

fact_versions = Table(
    "fact_versions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("collector", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("observed_at", Time, nullable=False),
    Column("valid_until", Time),
    Column("since", Time),  # as in `facts`
    Column("until", Time, nullable=False),  # when the record after it was observed
    Column("changes", LargeBinary, nullable=False),  # JSON: what was otherwise than in that one
    Index("fact_versions_by_entity", "entity_id", "collector", "until"),
    Index("fact_versions_by_end", "until"),
    comment="Former records of facts, each by its difference to the next; the last is in `facts`.",
)

fetches = Table(
    "fetches",
    metadata,
    Column("name", Text, primary_key=True),  # the namespace
    Column("began_at", Time, nullable=False),  # of the last run
    Column("ended_at", Time),  # null: it is under way, or was killed
    Column("looked_at", Time, nullable=False),  # of that, or of a look at what has changed since
    Column("seq", BigInteger, nullable=False),  # of the catalog that was asked about
    Column("entities", Integer, nullable=False),  # that were asked about
    Column("failed", Integer, nullable=False),  # about which nothing was learned
    Column("problem", LargeBinary),  # JSON: why it ended before its end, or the first failure
    Column("place", BigInteger),  # the entity after which it goes on; null: it came to its end
    Column("until", Time),  # before which nothing is asked; null: it may be at any time
    comment="When the facts of a namespace were last fetched, and how it went.",
)

inquiries = Table(
    "inquiries",
    metadata,
    Column("entity_id", ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("name", Text, nullable=False),  # as in `fetches`
    Column("at", Time, nullable=False),
    Column("said", Text, nullable=False),  # see portal.db.collection.inquiries
    Column("problem", LargeBinary),  # JSON: why nothing was learned
    PrimaryKeyConstraint("entity_id", "name"),
    comment="When somebody last had a system asked about an entity at once, and what came of it.",
)
