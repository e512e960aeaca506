"""Badges: an entity's level as a picture, and as the JSON that shields.io draws one from."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.badge_svg import draw
from portal.api.v1.conventions import Answer, Resource, Tags, answer
from portal.api.v1.existing import existing_entity, existing_scorecard
from portal.db.evaluation import results
from portal.db.state import Connection
from portal.wiring import Portal
from scorecards.insights.badges import Badge, Color, badge, no_result
from scorecards.scorecard import Scorecard

ONE = "/<kind>/<namespace>/<name>/scorecards/<scorecard>"


class BadgeAnswer(Answer):
    """The schema of shields.io's endpoint badge."""

    schema_version = fields.Integer(validate=validate.Equal(1))
    label = fields.String()
    message = fields.String()
    color = fields.String(validate=validate.OneOf([color.value for color in Color]))


def resource(portal: Portal, tags: Tags) -> Resource:
    """The badges of an entity, below `/api/v1/entities`."""
    views = Resource("badges", __name__, url_prefix="/api/v1/entities", description="Shown off.")
    cards = portal.cards

    def badge_of(kind: str, namespace: str, name: str, scorecard: str) -> tuple[Badge, str]:
        """The badge, and the tag that it has for now."""
        with portal.database.read() as connection:
            tag = tags.check(connection)
            card = existing_scorecard(cards, scorecard)
            row = existing_entity(connection, kind, namespace, name)
            return _badge(connection, card, row.id), tag

    @views.operation("GET", f"{ONE}/badge.json", answer=BadgeAnswer)
    def get_badge(
        _: dict[str, Any], kind: str, namespace: str, name: str, scorecard: str
    ) -> Response:
        """Get an entity's level for a badge of shields.io.

        It is green or red only where the level is certain.
        """
        shown, tag = badge_of(kind, namespace, name, scorecard)
        return answer(
            {
                "schemaVersion": 1,
                "label": shown.label,
                "message": shown.message,
                "color": shown.color.value,
            },
            tag=tag,
        )

    @views.operation(
        "GET", f"{ONE}/badge.svg", answer={"type": "string"}, content_type="image/svg+xml"
    )
    def draw_badge(
        _: dict[str, Any], kind: str, namespace: str, name: str, scorecard: str
    ) -> Response:
        """Get an entity's level as a picture.

        It is green or red only where the level is certain.
        """
        shown, tag = badge_of(kind, namespace, name, scorecard)
        response = Response(draw(shown), content_type="image/svg+xml")
        response.set_etag(tag)
        # Proxies of pictures keep them for as long as they may: here, until they have asked.
        response.headers["Cache-Control"] = "no-cache"
        return response

    return views


def _badge(connection: Connection, card: Scorecard, entity: int) -> Badge:
    for summary in results.summaries(connection, [entity]).get(entity, ()):
        if summary.scorecard == card.name:
            return badge(
                card, proven=summary.proven, possible=summary.possible, fails=summary.fails
            )
    return no_result(card)
