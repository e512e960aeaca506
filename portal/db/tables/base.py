"""What all tables have in common: their metadata, and types that mean the same on both databases."""

from __future__ import annotations

from sqlalchemy import BigInteger, DateTime, Integer, MetaData, Text

metadata = MetaData()

Word = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is ordered by code point on both databases, whatever the locale of PostgreSQL."""

Id = BigInteger().with_variant(Integer, "sqlite")
Time = DateTime(timezone=True)
"""Always UTC. SQLite hands back naive values: `portal.db.engine.utc` makes them aware."""
