"""Who is let in: sessions of people, links that begin one, and tokens of machines."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, LargeBinary, Table, Text

from portal.db.tables.base import Id, Time, metadata

sessions = Table(
    "sessions",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of the cookie's value
    Column("principal", Text, nullable=False),
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
)

login_links = Table(
    "login_links",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of the code in the link
    Column("created_at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("used_at", Time),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),  # SHA-256 of the secret
    Column("subject", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("restrictions", LargeBinary, nullable=False),  # JSON array; []: it may do everything
    Column("expires_at", Time),  # null: never
    Column("used_at", Time),  # not each time: at most once an hour
    Column("revoked_at", Time),
    comment="Tokens that were made here. Rows stay, for the record.",
)

token_steps = Table(
    "token_steps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("token_id", ForeignKey("tokens.id"), nullable=False, index=True),
    Column("step", Text, nullable=False),  # made, revoked
    Column("actor", Text, nullable=False),  # '': nobody said who they are
    Column("at", Time, nullable=False),
    comment="The audit trail of tokens: rows are added, never changed.",
)
