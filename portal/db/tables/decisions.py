"""What people decide about results: exemptions, answers to manual checks, and campaigns."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from portal.db.tables.base import Id, Time, Word, metadata

exemptions = Table(
    "exemptions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("scorecard", Text, nullable=False),
    Column("check", Text),  # null: every check of the scorecard
    Column("ref", Text, index=True),  # canonical; null: whatever the filter matches
    Column("filter", Text),
    Column("ground", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("compensated_by", Text, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("state", Text, nullable=False),  # of the last step
    Index("exemptions_by_state", "state", "expires_at"),
)

exemption_steps = Table(
    "exemption_steps",
    metadata,
    Column("exemption_id", ForeignKey("exemptions.id"), nullable=False),
    Column("number", Integer, nullable=False),  # from 0, the request
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),  # '': nobody said who they are, or time did it
    Column("at", Time, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("exemption_id", "number"),
    sqlite_with_rowid=False,
    comment="The audit trail of exemptions: rows are added, never changed.",
)

answers = Table(
    "answers",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ref", Text, nullable=False),  # canonical
    Column("scorecard", Text, nullable=False),
    Column("check", Text, nullable=False),
    Column("passes", Boolean, nullable=False),
    Column("comment", Text, nullable=False),
    Column("evidence", Text, nullable=False),  # URL, or ''
    Column("actor", Text, nullable=False),
    Column("at", Time, nullable=False),
    Column("expires_at", Time, nullable=False),
    Column("lapsed", Boolean, nullable=False),  # that it expired was seen to
    Index("answers_by_check", "ref", "scorecard", "check", "id"),
    Index("answers_by_expiry", "lapsed", "expires_at"),
    comment="What people said to manual checks; of each check the last row counts.",
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("name", Word, primary_key=True),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("owner", Text, nullable=False),  # canonical ref
    Column("scorecard", Text, nullable=False),
    Column("checks", Text),  # JSON array of ids; null: the level is the goal
    Column("level", Text),
    Column("filter", Text, nullable=False),
    Column("starts_on", Date, nullable=False),
    Column("target_on", Date, nullable=False),
    Column("milestones", Text, nullable=False),  # JSON array of [title, day, share]
    Column("remind_every", Integer),  # seconds
    Column("edits", Integer, nullable=False),
    Column("state", Text, nullable=False, index=True),  # of the last step
)

campaign_steps = Table(
    "campaign_steps",
    metadata,
    Column("name", ForeignKey("campaigns.name", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("at", Time, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("name", "number"),
    sqlite_with_rowid=False,
)

campaign_days = Table(
    "campaign_days",
    metadata,
    Column("name", ForeignKey("campaigns.name", ondelete="CASCADE"), nullable=False),
    Column("day", Date, nullable=False),
    Column("done", Integer, nullable=False),
    Column("open", Integer, nullable=False),
    Column("unknown", Integer, nullable=False),
    Column("excused", Integer, nullable=False),
    PrimaryKeyConstraint("name", "day"),
    sqlite_with_rowid=False,
    comment="How entities stood at the last look of each day of a campaign.",
)
