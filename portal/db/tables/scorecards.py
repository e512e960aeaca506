"""Scorecards: their versions, and the files of repositories that define some."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, LargeBinary, Table, Text

from portal.db.tables.base import Id, Time, Word, metadata

scorecard_versions = Table(
    "scorecard_versions",
    metadata,
    Column("id", Id, primary_key=True),  # a later version has a higher one
    Column("name", Word, nullable=False),
    Column("version", Text, nullable=False),  # of the definition; '' where it went
    Column("base_version", Text, nullable=False),  # of what it extends; '' where it does not
    Column("text", Text, nullable=False),  # the document alone
    Column("outline", LargeBinary, nullable=False),  # JSON, see scorecards.definitions.outline
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
