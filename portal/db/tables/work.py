"""Work that is promised, and single values that all processes share."""

from __future__ import annotations

from sqlalchemy import Column, SmallInteger, Table, Text

from portal.db.tables.base import Time, metadata

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="Single values: catalog_seq (one for each committed batch), instance id.",
)

pending = Table(
    "pending",
    metadata,
    Column("key", Text, primary_key=True),  # ingest:<location>, refresh:<repository>, assess
    Column("lane", SmallInteger, nullable=False),  # 0 a person waits, 1 an event, 2 the sweep
    Column("ticket", Text, nullable=False),  # changes with each request; names the workflow
    Column("requested_at", Time, nullable=False),  # of a key for later: when its time comes
    Column("worker", Text),  # who works on it; null: nobody, as the next two
    Column("claim", Text),  # changes with each claim
    Column("leased_until", Time),  # afterwards another worker may claim it
    Column("host", Text, nullable=False, server_default=""),  # that it waits for; '': for none
    comment="Work that is promised; a row goes when work that began after its request has ended.",
)
