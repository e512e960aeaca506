"""Results of scorecards: now, before, with their evidence, and what could not be assessed."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from portal.db.tables.base import Id, Time, metadata

results = Table(
    "results",
    metadata,
    # In the order of the key, as in `edges`.
    Column("scorecard", Text, nullable=False),
    Column("entity_id", ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("version", Text, nullable=False),
    Column("proven", SmallInteger, nullable=False),
    Column("possible", SmallInteger, nullable=False),
    Column("outcomes", Text, nullable=False),  # one letter for each check
    Column("passes", SmallInteger, nullable=False),
    Column("fails", SmallInteger, nullable=False),
    Column("unknowns", SmallInteger, nullable=False),
    Column("evidence", LargeBinary, nullable=False),  # JSON, see scorecards.evaluation.packing
    Column("since", Text, nullable=False),  # JSON: for each check, when its outcome began; in runs
    Column("evaluated_at", Time, nullable=False),
    PrimaryKeyConstraint("scorecard", "entity_id"),
    Index("results_by_entity", "entity_id"),
    Index(
        "results_in_numbers",  # all that lists and rates need: the rows are long
        "scorecard",
        "entity_id",
        "proven",
        "possible",
        "fails",
        "unknowns",
        "outcomes",
    ),
    sqlite_with_rowid=False,
)

held_passes = Table(
    "held_passes",
    metadata,
    Column("entity_id", ForeignKey("entities.id", ondelete="CASCADE"), nullable=False),
    Column("scorecard", Text, nullable=False),
    Column("until", Time, nullable=False, index=True),  # see portal.db.evaluation.held_passes
    PrimaryKeyConstraint("entity_id", "scorecard"),
    comment="Results with a failure that counts from an instant on, if it lasts until then.",
)

check_lists = Table(
    "check_lists",
    metadata,
    Column("id", Id, primary_key=True),
    Column("scorecard", Text, nullable=False),
    Column("version", Text, nullable=False),  # digest of the scorecard's definition
    Column("checks", Text, nullable=False),  # JSON array of ids
    Column("first_at", Time, nullable=False),  # when the first result was made with it
    UniqueConstraint("scorecard", "version", "checks"),
    comment="What the letters of outcomes stand for, in each version of a scorecard.",
)

evidence = Table(
    "evidence",
    metadata,
    Column("id", Id, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),  # SHA-256 of what is compressed
    Column("data", LargeBinary, nullable=False),  # zlib, see portal.db.collection.evidence
    comment="What transitions were seen in; what is equal is kept once.",
)

transitions = Table(
    "transitions",
    metadata,
    Column("id", Id, primary_key=True),
    Column("entity_id", Id, nullable=False),  # of refs: the entity may be gone
    Column("checks_id", Id, nullable=False),  # of check_lists: which scorecard, which version
    Column("at", Time, nullable=False),
    Column("until", Time),  # of the next one; null: it leads to the current result
    Column("seq", Id, nullable=False),  # version of the entity
    Column("proven", SmallInteger),  # null, as the next two: the result ended
    Column("possible", SmallInteger),
    Column("outcomes", Text),
    Column("reason", Text, nullable=False),  # see scorecards.evaluation.transitions
    Column("said_id", Id),  # of evidence: what the checks said
    Column("facts_id", Id),  # of evidence: the facts that they were told
    Index("transitions_by_entity", "entity_id", "id"),
    Index("transitions_by_time", "at", "checks_id"),
    Index("transitions_by_end", "until"),
    comment="When a result became another one; what ended has `until` equal to `at`.",
)

layouts = Table(
    "layouts",
    metadata,
    Column("digest", Text, primary_key=True),  # which evidence begins with
    Column("layout", LargeBinary, nullable=False),  # JSON, see scorecards.evaluation.layouts
    comment="The part of evidence that is the same for every entity; never changed.",
)

unassessed = Table(
    "unassessed",
    metadata,
    Column(
        "entity_id",
        ForeignKey("entities.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("seq", Id, nullable=False),  # the catalog_seq that asked for it
    Column("scope", Text, nullable=False, server_default=""),  # see portal.db.work.marks
    Index("unassessed_by_scope", "scope", "entity_id"),
    comment="Entities whose facts and results have to be made anew; written with what changed them.",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of edition and expression
    Column("expression", Text, nullable=False),
    Column("edition", Text, nullable=False),  # of product and engine
    Column("reason", Text, nullable=False),  # of what it did, for people
    Column("at", Time, nullable=False),
    Column("spread", Boolean, nullable=False),  # that others' results say so was seen to
    comment="Expressions that are not run: they took too long, or a child was lost over them.",
)

unanswerable = Table(
    "unanswerable",
    metadata,
    Column(
        "entity_id",
        ForeignKey("entities.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("reason", Text, nullable=False),
    Column("at", Time, nullable=False),
    comment="Entities over which children are lost: what was known of them stays.",
)
