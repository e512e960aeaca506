"""Notices: what happened, to whom it is sent, and who wants to hear nothing."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
)

from portal.db.tables.base import Id, Time, metadata

notices = Table(
    "notices",
    metadata,
    Column("id", Id, primary_key=True),
    Column("key", Text, nullable=False, unique=True),  # names what happened
    Column("kind", Text, nullable=False),
    Column("team", Text, nullable=False),  # ref of the owner; '': nobody
    Column("ref", Text, nullable=False),  # entity; '': none
    Column("text", Text, nullable=False),
    Column("at", Time, nullable=False),
    Column("state", Text, nullable=False),  # new, muted, sent
    Index("notices_by_state", "state", "at"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Text, primary_key=True),  # made of channel and notices: the idempotency key
    Column("channel", Text, nullable=False),
    Column("team", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),  # JSON
    Column("state", Text, nullable=False),  # pending, sent, dead
    Column("attempts", Integer, nullable=False),
    Column("made_at", Time, nullable=False),
    Column("next_at", Time, nullable=False),
    Column("claimed_until", Time),  # null: nobody is sending it
    Column("sent_at", Time),
    Column("problem", Text, nullable=False),
    Index("outbox_by_state", "state", "next_at"),
)

mutes = Table(
    "mutes",
    metadata,
    Column("id", Id, primary_key=True),
    Column("team", Text),  # null: any, as the next two
    Column("ref", Text),
    Column("kind", Text),
    Column("until", Time, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Time, nullable=False),
    Column("reason", Text, nullable=False),
)

level_watches = Table(
    "level_watches",
    metadata,
    Column("scorecard", Text, nullable=False),
    Column("entity_id", ForeignKey("entities.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("level", SmallInteger, nullable=False),
    Column("version", Text, nullable=False),
    Column("lost_at", Time),
    PrimaryKeyConstraint("scorecard", "entity_id"),
    sqlite_with_rowid=False,
    comment="The level of each entity that its team knows of: what is below it is news.",
)
