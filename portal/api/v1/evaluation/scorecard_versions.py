"""Definitions of scorecards as they were: who changed what, and when."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from catalog.errors import QueryError
from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Camel, Paging, Resource, after, answer, page
from portal.api.v1.schemas import time_field
from portal.api.v1.times import rfc3339
from portal.db.evaluation import definitions
from portal.db.evaluation.definitions import GONE, Definition
from portal.db.state import Connection
from portal.wiring import Portal
from scorecards.definitions.outline import Difference, Op, Subject, differences

ONE = "/<name>/versions/<version>"


class DifferenceAnswer(Answer):
    """One thing that is otherwise in a definition."""

    op = fields.String(validate=validate.OneOf([op.value for op in Op]))
    subject = fields.String(validate=validate.OneOf([subject.value for subject in Subject]))
    name = fields.String(metadata={"description": "Of the level, the filter, the check."})
    field = fields.String(metadata={"description": "Empty where the whole came or went."})
    before = fields.Raw(allow_none=True)
    after = fields.Raw(allow_none=True)


class DefinitionHeadAnswer(Answer):
    """A definition that was in force from then on."""

    version = fields.String(metadata={"description": "Empty: the scorecard was taken away."})
    seen_at = time_field("When the portal first had it.")
    author = fields.String(metadata={"description": "Who committed the file; empty: not known."})
    source = fields.String(metadata={"description": "`plugin`, `config`, or a repository's URL."})
    file = fields.String()


class DefinitionItemAnswer(DefinitionHeadAnswer):
    """A definition, and what is otherwise than in the one before it."""

    changes = fields.List(fields.Nested(DifferenceAnswer))


class DefinitionPageAnswer(Answer):
    """A page of definitions, the newest first."""

    items = fields.List(fields.Nested(DefinitionItemAnswer))
    next_cursor = fields.String(allow_none=True)


class DefinitionAnswer(DefinitionHeadAnswer):
    """A definition."""

    text = fields.String(metadata={"description": "Its YAML document, without what it extends."})
    outline = fields.Dict(
        keys=fields.String(),
        metadata={"description": "What it says, after all that it extends was taken over."},
    )


class DefinitionDiffAnswer(Answer):
    """What is otherwise in one definition than in another."""

    before = fields.Nested(DefinitionHeadAnswer, allow_none=True)
    after = fields.Nested(DefinitionHeadAnswer)
    changes = fields.List(fields.Nested(DifferenceAnswer))


class Against(Camel):
    """What to compare with."""

    against = fields.String(
        load_default=None,
        validate=validate.Length(1, 64),
        metadata={"description": "The earlier version; the one before it where it is left out."},
    )


def resource(portal: Portal) -> Resource:
    """The routes of definitions, below `/api/v1/scorecards`."""
    views = Resource(
        "definitions",
        __name__,
        url_prefix="/api/v1/scorecards",
        description="Definitions of scorecards as they were.",
    )

    @views.operation("GET", "/<name>/versions", query=Paging, answer=DefinitionPageAnswer)
    def list_scorecard_versions(asked: dict[str, Any], name: str) -> Response:
        """List the definitions of a scorecard, also of one that went, newest first."""
        with portal.database.read() as connection:
            try:
                found = definitions.versions(
                    connection, name, after=after(asked), limit=asked["limit"]
                )
            except QueryError as error:
                raise Refusal("BAD_CURSOR", str(error)) from None
            items = [_item(connection, one) for one in found.items]
        if not items and asked["cursor"] is None:
            raise Refusal("NOT_FOUND", "There never was a scorecard of this name")
        return answer(page(items, found.after))

    @views.operation("GET", ONE, answer=DefinitionAnswer)
    def get_scorecard_version(_: dict[str, Any], name: str, version: str) -> Response:
        """Get a definition as it was."""
        with portal.database.read() as connection:
            found = _found(connection, name, version)
        return answer({**_head(found), "text": found.text, "outline": found.outline})

    @views.operation("GET", f"{ONE}/diff", query=Against, answer=DefinitionDiffAnswer)
    def diff_scorecard_versions(asked: dict[str, Any], name: str, version: str) -> Response:
        """Get what is otherwise in a definition than in another, by what it means."""
        with portal.database.read() as connection:
            found = _found(connection, name, version)
            if asked["against"] is None:
                earlier = definitions.before(connection, found)
            else:
                earlier = _found(connection, name, asked["against"])
        return answer(
            {
                "before": _head(earlier) if earlier and earlier.version != GONE else None,
                "after": _head(found),
                "changes": _changes(earlier, found),
            }
        )

    return views


def _found(connection: Connection, name: str, version: str) -> Definition:
    found = definitions.find(connection, name, version)
    if found is None:
        raise Refusal("NOT_FOUND", f"No version {version} of this scorecard is known")
    return found


def _item(connection: Connection, one: Definition) -> dict[str, Any]:
    return {**_head(one), "changes": _changes(definitions.before(connection, one), one)}


def _head(one: Definition) -> dict[str, Any]:
    return {
        "version": one.version,
        "seenAt": rfc3339(one.seen_at),
        "author": one.author,
        "source": one.source,
        "file": one.file,
    }


def _changes(earlier: Definition | None, later: Definition) -> list[dict[str, Any]]:
    before = earlier.outline if earlier else {}
    return [_difference(one) for one in differences(before, later.outline)]


def _difference(one: Difference) -> dict[str, Any]:
    return {
        "op": one.op.value,
        "subject": one.subject.value,
        "name": one.name,
        "field": one.field,
        "before": one.before,
        "after": one.after,
    }
