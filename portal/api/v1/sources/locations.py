"""Locations: what is read, how it stands down to each file, and asking to read it again."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g, request
from marshmallow import fields, validate

from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Resource, answer, page
from portal.api.v1.schemas import PlacedProblemAnswer, ProblemAnswer, TicketAnswer, time_field
from portal.api.v1.times import rfc3339
from portal.auth import asker_of
from portal.db.sources import locations, problems
from portal.db.sources.locations import FileRow, LocationRow, RepositoryRow
from portal.db.state import Connection
from portal.rationing import take
from portal.wiring import Portal
from portal.worker.requests import Lane, ingest_key

MOST_FILES = 500
"""Files of a repository, and problems of a location, that are shown with it."""


class CountedAnswer(Answer):
    """What files come to."""

    entities = fields.Integer()
    errors = fields.Integer()
    warnings = fields.Integer()


class LocationAnswer(CountedAnswer):
    """A registered location."""

    id = fields.String(metadata={"format": "uuid"})
    type = fields.String(validate=validate.OneOf(["file", "url"]))
    target = fields.String()
    origin = fields.String(validate=validate.OneOf(["command", "config", "api", "sample"]))
    state = fields.String(validate=validate.OneOf(["new", "ok", "partial", "failed"]))
    problem = fields.Nested(
        ProblemAnswer, allow_none=True, metadata={"description": "Why the last listing failed."}
    )
    listed_at = time_field("When it was listed last.", nullable=True)
    repositories = fields.Integer()
    files = fields.Integer()


class LocationListAnswer(Answer):
    """Every location."""

    items = fields.List(fields.Nested(LocationAnswer))
    next_cursor = fields.String(allow_none=True)


class FileAnswer(CountedAnswer):
    """A descriptor file."""

    path = fields.String()
    url = fields.String()
    state = fields.String(validate=validate.OneOf(["ok", "failed", "missing"]))
    read_at = time_field("When it was read last.")
    missing_since = time_field("When a complete listing first lacked it.", nullable=True)


class RepositoryAnswer(CountedAnswer):
    """A repository, with its first files."""

    url = fields.String()
    name = fields.String()
    revision = fields.String()
    state = fields.String(validate=validate.OneOf(["new", "ok", "failed"]))
    problem = fields.Nested(ProblemAnswer, allow_none=True)
    read_at = time_field("When it was read last.", nullable=True)
    missing_since = time_field("When a complete listing first lacked it.", nullable=True)
    file_count = fields.Integer()
    files = fields.List(fields.Nested(FileAnswer), metadata={"description": "At most 500."})


class LocationDetailAnswer(Answer):
    """A location with its repositories, files and problems."""

    location = fields.Nested(LocationAnswer)
    repositories = fields.List(fields.Nested(RepositoryAnswer))
    problems = fields.List(
        fields.Nested(PlacedProblemAnswer), metadata={"description": "At most 500."}
    )


def resource(portal: Portal) -> Resource:
    """`/api/v1/locations`."""
    views = Resource(
        "locations", __name__, url_prefix="/api/v1/locations", description="What is read."
    )

    @views.operation("GET", "", answer=LocationListAnswer)
    def list_locations(_: dict[str, Any]) -> Response:
        """List locations, in the order of registration."""
        with portal.database.read() as connection:
            found = locations.list_locations(connection)
        return answer(page([_location(row) for row in found], None))

    @views.operation("GET", "/<uuid:location_id>", answer=LocationDetailAnswer)
    def get_location(_: dict[str, Any], location_id: UUID) -> Response:
        """Get a location: its repositories, their files, and every problem in them."""
        wanted = str(location_id)
        with portal.database.read() as connection:
            row = _found(connection, wanted)
            repositories = [
                _repository(connection, repository)
                for repository in locations.repositories(connection, wanted)
            ]
            faults = problems.list_problems(connection, location=wanted, limit=MOST_FILES)
        return answer(
            {
                "location": _location(row),
                "repositories": repositories,
                "problems": [forms.placed_problem(fault) for fault in faults.items],
            }
        )

    @views.operation("POST", "/<uuid:location_id>/refresh", answer=TicketAnswer, status=202)
    def refresh_location(_: dict[str, Any], location_id: UUID) -> Response:
        """Read a location again, ahead of other work."""
        key = ingest_key(str(location_id))
        with portal.database.write() as connection:
            _found(connection, str(location_id))
            refused = take(portal, connection, [key], asker_of(g.caller, request.remote_addr))
        if refused is not None:
            raise Refusal("TOO_OFTEN", refused.why, retry_after=refused.seconds)
        ticket = portal.work.request(key, Lane.PERSON)
        return answer({"key": key, "ticket": ticket}, status=202)

    return views


def _found(connection: Connection, location_id: str) -> LocationRow:
    row = locations.get_location(connection, location_id)
    if row is None:
        raise Refusal("NOT_FOUND", "There is no location with this id")
    return row


def _location(row: LocationRow) -> forms.Json:
    return {
        "id": row.id,
        "type": row.type,
        "target": row.target,
        "origin": row.origin,
        "state": row.state,
        "problem": forms.problem(row.problem) if row.problem else None,
        "listedAt": rfc3339(row.listed_at),
        "repositories": row.repositories,
        "files": row.files,
        **_counts(row),
    }


def _repository(connection: Connection, row: RepositoryRow) -> forms.Json:
    found = locations.files(connection, row.id, limit=MOST_FILES)
    return {
        "url": row.url,
        "name": row.name,
        "revision": row.revision,
        "state": row.state,
        "problem": forms.problem(row.problem) if row.problem else None,
        "readAt": rfc3339(row.read_at),
        "missingSince": rfc3339(row.missing_since),
        "fileCount": row.files,
        "files": [_file(file) for file in found.items],
        **_counts(row),
    }


def _file(row: FileRow) -> forms.Json:
    return {
        "path": row.path,
        "url": row.url,
        "state": row.state,
        "readAt": rfc3339(row.read_at),
        "missingSince": rfc3339(row.missing_since),
        **_counts(row),
    }


def _counts(row: LocationRow | RepositoryRow | FileRow) -> forms.Json:
    return {"entities": row.entities, "errors": row.errors, "warnings": row.warnings}
