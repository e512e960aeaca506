"""Ownership and risk: how much each risk concerns among how much, and what it is."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.csv_table import wants_csv
from portal.api.errors import Refusal
from portal.api.v1.catalog.entity_lists import entity_list
from portal.api.v1.catalog.entity_queries import chosen_columns
from portal.api.v1.conventions import Answer, Paging, Resource, Storable, Tags, answer, page
from portal.api.v1.existing import asked_team
from portal.api.v1.schemas import EntityPageAnswer
from portal.use_cases import risks
from portal.wiring import Portal

OF_NO_TEAM = "null: what nobody owns is of no team."


class RiskAnswer(Answer):
    """A risk, and how many entities it concerns."""

    risk = fields.String(metadata={"description": "Its name below `/risks`."})
    title = fields.String()
    why = fields.String(metadata={"description": "Why it matters, and what to do."})
    count = fields.Integer(allow_none=True, metadata={"description": OF_NO_TEAM})
    among = fields.Integer(
        allow_none=True, metadata={"description": "How many it could concern; null as `count`."}
    )


class RiskListAnswer(Answer):
    """Every risk, in order."""

    items = fields.List(fields.Nested(RiskAnswer))
    next_cursor = fields.String(allow_none=True)


class RisksOf(Storable):
    """Whose."""

    team = fields.String(
        load_default=None,
        metadata={
            "description": "Ref of a group: what it, a group below it or a member of these owns."
        },
    )


class RiskEntities(RisksOf, Paging):
    """Whose, and in which form."""

    format = fields.String(
        load_default=None,
        validate=validate.OneOf(["json", "csv"]),
        metadata={"description": "`csv` is of the whole list. By default what `Accept` prefers."},
    )


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/risks`."""
    views = Resource(
        "risks", __name__, url_prefix="/api/v1/risks", description="What may go wrong."
    )

    @views.operation("GET", "", query=RisksOf, answer=RiskListAnswer)
    def list_risks(asked: dict[str, Any]) -> Response:
        """Count what each risk concerns, and what it could concern."""
        with portal.database.read() as connection:
            tag = tags.check(connection)
            found = risks.risks(connection, asked_team(asked["team"]))
            counts = {name: risks.count(connection, one) for name, one in found.items()}
        items = [_shown(name, one, counts[name]) for name, one in found.items()]
        return answer(page(items, None), tag=tag)

    @views.operation(
        "GET", "/<risk>/entities", query=RiskEntities, answer=EntityPageAnswer, as_table=True
    )
    def list_risk_entities(asked: dict[str, Any], risk: str) -> Response:
        """List the entities that a risk concerns, by name; as CSV all at once, with their levels.

        With a `cursor` only `limit` is heeded: the cursor holds the rest.
        """
        with portal.database.read() as connection:
            found = risks.risks(connection, asked_team(asked["team"])).get(risk)
        if found is None:
            raise Refusal("NOT_FOUND", "There is no risk of this name")
        return entity_list(
            portal,
            tags,
            risks.query_of(found, limit=asked["limit"], cursor=asked["cursor"]),
            columns=chosen_columns((), portal.scorecards),
            as_table=wants_csv(asked["format"]),
            name=f"{risk}-entities",
        )

    return views


def _shown(name: str, risk: risks.Risk, count: risks.Count | None) -> dict[str, Any]:
    return {
        "risk": name,
        "title": risk.title,
        "why": risk.why,
        "count": None if count is None else count.concerned,
        "among": None if count is None else count.among,
    }
