"""What is read: locations, repositories, their files, and what is wrong with these."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

from portal.db.tables.base import Id, Time, metadata

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
