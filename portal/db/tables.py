"""The tables, once for SQLite and PostgreSQL. Migrations are in `portal/db/migrations`.

Texts that repeat are interned: an entity's id is the id of its ref in `refs`, so that a relation
to something that does not exist (yet) is an ordinary pair of integers.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

Word = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is ordered by code point on both databases, whatever the locale of PostgreSQL."""

Id = BigInteger().with_variant(Integer, "sqlite")
Time = DateTime(timezone=True)
"""Always UTC. SQLite hands back naive values: `portal.db.engine.utc` makes them aware."""

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    comment="Single values: catalog_seq (one for each committed batch), instance id.",
)

refs = Table(
    "refs",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ref", Word, nullable=False, unique=True),
    comment="Every entity ref that was ever declared or related to, canonical.",
)

locations = Table(
    "locations",
    metadata,
    Column("id", Text, primary_key=True),  # UUID
    Column("type", Text, nullable=False),  # file, url
    Column("target", Text, nullable=False),
    Column("presence", Text, nullable=False, server_default="required"),  # or optional
    Column("origin", Text, nullable=False),  # command, config, api, sample, entity (a Location's)
    Column("root_id", ForeignKey("locations.id")),  # of origin entity: the registered one behind it
    Column("depth", SmallInteger, nullable=False, server_default="0"),  # Locations on the way here
    Column("ref", Text),  # of its generated Location entity; null where there is none
    Column("registered_at", Time, nullable=False),
    Column("removed_at", Time),  # no longer configured: its entities are kept, unmanaged
    Column("state", Text, nullable=False, server_default="new"),  # new, ok, partial, failed
    Column("problem", Text),  # JSON of a Problem: why the last listing failed
    Column("listed_at", Time),
    UniqueConstraint("type", "target"),
    comment="What is read: as the operator registered it, or as Location entities name it.",
)

location_links = Table(
    "location_links",
    metadata,
    Column("location_id", ForeignKey("locations.id"), nullable=False),
    Column("file_id", ForeignKey("files.id"), nullable=False, index=True),
    Column("ref_id", ForeignKey("refs.id"), nullable=False),
    PrimaryKeyConstraint("location_id", "file_id", "ref_id"),
    sqlite_with_rowid=False,
    comment="Which Location entities, in which files, name a location outside their repository.",
)

repositories = Table(
    "repositories",
    metadata,
    Column("id", Id, primary_key=True),
    Column("location_id", ForeignKey("locations.id"), index=True),  # null: of the registrations
    Column("url", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("revision", Text, nullable=False, server_default=""),
    Column("state", Text, nullable=False, server_default="new"),  # new, ok, failed
    Column("problem", Text),  # JSON of a Problem: why the last snapshot failed
    Column("read_at", Time),
    Column("missing_since", Time),
    Column("missed", Integer, nullable=False, server_default="0"),
    Column("head", Text, nullable=False, server_default=""),  # as last listed; '': not told
    Column("head_read", Text, nullable=False, server_default=""),  # with the edition that read it
)

files = Table(
    "files",
    metadata,
    Column("id", Id, primary_key=True),
    Column("repository_id", ForeignKey("repositories.id"), nullable=False),
    Column("path", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("token", Text, nullable=False),
    Column("read_at", Time, nullable=False),
    Column("targets", Text, nullable=False, server_default="[]"),  # JSON, as the next two
    Column("companions", Text, nullable=False, server_default="[]"),
    Column("missing_since", Time),
    Column("missed", Integer, nullable=False, server_default="0"),
    UniqueConstraint("repository_id", "path"),
)

file_parents = Table(
    "file_parents",
    metadata,
    Column("file_id", ForeignKey("files.id"), nullable=False),
    Column("ref_id", ForeignKey("refs.id"), nullable=False),
    PrimaryKeyConstraint("file_id", "ref_id"),
    sqlite_with_rowid=False,
    comment="Which Location entities of its own repository name a file.",
)

problems = Table(
    "problems",
    metadata,
    Column("id", Id, primary_key=True),
    Column("file_id", ForeignKey("files.id"), nullable=False, index=True),
    Column("ref", Text, index=True),  # the entity it would be; null where that cannot be told
    Column("code", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("document", Integer),
    Column("line", Integer),
    Column("column", Integer),
    Column("pointer", Text, nullable=False),
    Column("found", Text, nullable=False),
    Column("expected", Text, nullable=False),
    Column("owner", Text, index=True),  # ref, of a document that was never accepted
    Index("problems_by_severity", "severity", "code"),
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
    Column("facts", LargeBinary, nullable=False),  # JSON, see scorecards.serialization
    PrimaryKeyConstraint("entity_id", "collector"),
)

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
    Column("until", Time, nullable=False),  # when the record after it was observed
    Column("changes", LargeBinary, nullable=False),  # JSON: what was otherwise than in that one
    Index("fact_versions_by_entity", "entity_id", "collector", "until"),
    Index("fact_versions_by_end", "until"),
    comment="Former records of facts, each by its difference to the next; the last is in `facts`.",
)

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
    Column("evidence", LargeBinary, nullable=False),  # JSON, see scorecards.packing
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
    Column("until", Time, nullable=False, index=True),  # the first of its checks
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
    Column("data", LargeBinary, nullable=False),  # zlib, see portal.db.evidence
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
    Column("reason", Text, nullable=False),  # see scorecards.transitions
    Column("said_id", Id),  # of evidence: what the checks said
    Column("facts_id", Id),  # of evidence: the facts that they were told
    Index("transitions_by_entity", "entity_id", "id"),
    Index("transitions_by_time", "at", "checks_id"),
    Index("transitions_by_end", "until"),
    comment="When a result became another one; what ended has `until` equal to `at`.",
)

scorecard_versions = Table(
    "scorecard_versions",
    metadata,
    Column("id", Id, primary_key=True),  # a later version has a higher one
    Column("name", Word, nullable=False),
    Column("version", Text, nullable=False),  # of the definition; '' where it went
    Column("base_version", Text, nullable=False),  # of what it extends; '' where it does not
    Column("text", Text, nullable=False),  # the document alone
    Column("outline", LargeBinary, nullable=False),  # JSON, see scorecards.outline
    Column("file", Text, nullable=False),
    Column("source", Text, nullable=False),  # plugin, config, or the URL of a repository
    Column("author", Text, nullable=False),  # of the commit; '' where nobody knows
    Column("seen_at", Time, nullable=False),
    Index("scorecard_versions_by_name", "name", "id"),
    comment="Every definition that was ever in force, from when on.",
)

scorecard_repositories = Table(
    "scorecard_repositories",
    metadata,
    Column("target", Text, primary_key=True),  # as configured, without credentials
    Column("revision", Text, nullable=False),  # that was last read whole; '' where none was
    Column("problem", LargeBinary),  # JSON, why it could not be read the last time
    Column("read_at", Time, nullable=False),
    comment="Repositories of which the scorecards are in force.",
)

scorecard_files = Table(
    "scorecard_files",
    metadata,
    Column("target", ForeignKey("scorecard_repositories.target"), primary_key=True),
    Column("file", Text, primary_key=True),  # URL of the repository, and the path
    Column("text", Text, nullable=False),
    Column("author", Text, nullable=False),  # of its last change; '' where nobody knows
    comment="Files of these repositories, as they were last read.",
)

layouts = Table(
    "layouts",
    metadata,
    Column("digest", Text, primary_key=True),  # which evidence begins with
    Column("layout", LargeBinary, nullable=False),  # JSON, see scorecards.layouts
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
    Column("scope", Text, nullable=False, server_default=""),  # see portal.db.marks
    Index("unassessed_by_scope", "scope", "entity_id"),
    comment="Entities whose facts and results have to be made anew; written with what changed them.",
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

pending = Table(
    "pending",
    metadata,
    Column("key", Text, primary_key=True),  # ingest:<location>, refresh:<repository>, assess
    Column("lane", SmallInteger, nullable=False),  # 0 a person waits, 1 an event, 2 the sweep
    Column("ticket", Text, nullable=False),  # changes with each request; names the workflow
    Column("requested_at", Time, nullable=False),
    Column("worker", Text),  # who works on it; null: nobody, as the next two
    Column("claim", Text),  # changes with each claim
    Column("leased_until", Time),  # afterwards another worker may claim it
    Column("host", Text, nullable=False, server_default=""),  # that it waits for; '': for none
    comment="Work that is promised; a row goes when work that began after its request has ended.",
)

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
