"""Documentation: the pages of an entity, and the Markdown of one."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from catalog.documentation import PageState
from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Resource, Storable, answer, end_if_known
from portal.api.v1.existing import existing_entity
from portal.api.v1.schemas import time_field
from portal.api.v1.times import rfc3339
from portal.db.collection import documentation
from portal.wiring import Portal

ONE = "/<kind>/<namespace>/<name>/docs"


class DocPageAnswer(Answer):
    """A page as it is listed."""

    path = fields.String(metadata={"description": "Inside the repository."})
    title = fields.String()
    section = fields.String(metadata={"description": "What it is listed under; '': nothing."})
    state = fields.String(
        validate=validate.OneOf([state.value for state in PageState]),
        metadata={"description": "`text`: it can be had; else why not."},
    )
    bytes = fields.Integer(metadata={"description": "Of the file."})
    revision = fields.String(
        metadata={"description": "The commit since which it is unchanged; '': of a plain folder."}
    )
    committed_at = time_field("Of that commit.", nullable=True)


class DocPageListAnswer(Answer):
    """The pages of an entity, in order, all of them."""

    items = fields.List(fields.Nested(DocPageAnswer))
    next_cursor = fields.String(allow_none=True)
    left_out = fields.Integer(metadata={"description": "Pages beyond the limit."})
    note = fields.String(
        metadata={"description": "Why pages that the entity names are missing; '': none are."}
    )
    repository = fields.String(metadata={"description": "URL; '': nobody has looked yet."})
    revision = fields.String(metadata={"description": "That was looked at last."})
    read_at = time_field("When that was; null: nobody has looked yet.", nullable=True)


class PagePath(Storable):
    """Which page."""

    path = fields.String(required=True, validate=validate.Length(1, 4096))


def resource(portal: Portal) -> Resource:
    """`/api/v1/entities/{...}/docs`."""
    views = Resource(
        "documentation",
        __name__,
        url_prefix="/api/v1/entities",
        description="What repositories say about their entities, in Markdown.",
    )

    @views.operation("GET", ONE, answer=DocPageListAnswer)
    def list_pages(_: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """List the pages of documentation of an entity.

        `readAt` is null until somebody has looked; after that an empty list says that there are none.
        """
        with portal.database.read() as connection:
            found = documentation.for_entity(
                connection, existing_entity(connection, kind, namespace, name).id
            )
        return answer(_pages(found))

    @views.operation(
        "GET",
        f"{ONE}/page",
        query=PagePath,
        answer={"type": "string"},
        content_type="text/markdown",
    )
    def get_page(asked: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Get the Markdown of a page, as it is written. It is hostile: sanitize what you make of it."""
        with portal.database.read() as connection:
            entity_id = existing_entity(connection, kind, namespace, name).id
            found = documentation.text_of(connection, entity_id, asked["path"])
        if found is None:
            raise Refusal("NOT_FOUND", "The entity has no page with a text at this path")
        digest, text = found
        end_if_known(digest[:32])
        response = Response(text, content_type="text/markdown; charset=utf-8")
        response.set_etag(digest[:32])
        return response

    return views


def _pages(found: documentation.Listed | None) -> dict[str, Any]:
    return {
        "items": [_page(page) for page in found.pages] if found else [],
        "nextCursor": None,
        "leftOut": found.left_out if found else 0,
        "note": found.note if found else "",
        "repository": found.url if found else "",
        "revision": found.revision if found else "",
        "readAt": rfc3339(found.read_at) if found else None,
    }


def _page(page: documentation.Page) -> dict[str, Any]:
    return {
        "path": page.path,
        "title": page.title,
        "section": page.section,
        "state": page.state.value,
        "bytes": page.size,
        "revision": page.revision,
        "committedAt": rfc3339(page.committed_at),
    }
