"""Entities: lists of them, and one with everything that is known about it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from flask import Response, g, request

from catalog.refs import EntityRef
from portal.api.csv_table import wants_csv
from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.catalog.entity_lists import entity_list
from portal.api.v1.catalog.entity_queries import EntityList, chosen_columns, entity_query
from portal.api.v1.changes.history import entity_at
from portal.api.v1.conventions import LARGEST_PAGE, Resource, Tags, answer
from portal.api.v1.evaluation import result_forms
from portal.api.v1.evaluation.result_history import results_then
from portal.api.v1.existing import NO_ENTITY, existing_entity
from portal.api.v1.instants import AsOf, known
from portal.api.v1.result_schemas import ResultAnswer
from portal.api.v1.schemas import (
    EntityAnswer,
    EntityPageAnswer,
    FactRecordAnswer,
    PlacedProblemAnswer,
    TicketAnswer,
)
from portal.api.v1.times import rfc3339
from portal.auth import asker_of
from portal.db.catalog.entities import EntityRow
from portal.db.collection import facts
from portal.db.evaluation import results, unanswerable
from portal.db.sources import locations, problems
from portal.db.state import Connection
from portal.db.work import marks
from portal.rationing import TooOften
from portal.use_cases.looking_again import look_again
from portal.wiring import Portal
from scorecards.evaluation.texts import fact_values
from scorecards.scorecard import Scorecard

ONE = "/<kind>/<namespace>/<name>"


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/entities`."""
    views = Resource(
        "entities", __name__, url_prefix="/api/v1/entities", description="What exists."
    )
    cards = portal.cards

    @views.operation("GET", "", query=EntityList, answer=EntityPageAnswer, as_table=True)
    def list_entities(asked: dict[str, Any]) -> Response:
        """List entities; as CSV all at once, with their levels.

        With a `cursor` only `limit` is heeded: the cursor holds the rest. Values of one parameter
        are alternatives, parameters are all to hold.
        """
        return entity_list(
            portal,
            tags,
            entity_query(asked, portal.scorecards),
            columns=chosen_columns(asked["column"], portal.scorecards),
            as_table=wants_csv(asked["format"]),
        )

    @views.operation("GET", ONE, query=AsOf, answer=EntityAnswer)
    def get_entity(asked: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Get an entity with its facts, problems, origin, and where it stands.

        With `as_of` as it was then, and only what is kept of that: the entity and its relations.
        """
        with portal.database.read() as connection:
            if asked["as_of"] is not None:
                identity = known(connection, kind, namespace, name)
                return answer(entity_at(connection, identity, asked["as_of"]))
            row = existing_entity(connection, kind, namespace, name)
            more = _details(portal, connection, row, cards)
        return answer(forms.entity_item(row, more))

    _add_parts(views, portal, tags, cards)
    _add_refresh(views, portal)
    return views


def _add_parts(views: Resource, portal: Portal, tags: Tags, cards: Mapping[str, Scorecard]) -> None:
    """The parts of one entity that have an address of their own."""

    @views.operation("GET", f"{ONE}/scorecards", query=AsOf, answer=ResultAnswer(many=True))
    def get_entity_scorecards(
        asked: dict[str, Any], kind: str, namespace: str, name: str
    ) -> Response:
        """Get the results of an entity: every check with what was seen, why, and the fix.

        With `as_of` the results of then, by the rules of then, with what was seen when each result
        became what it was; also of an entity that went.
        """
        with portal.database.read() as connection:
            if asked["as_of"] is not None:
                identity = known(connection, kind, namespace, name)
                return answer(results_then(connection, cards, identity, asked["as_of"]))
            tag = tags.check(connection)
            row = existing_entity(connection, kind, namespace, name)
            stored = results.for_entity(connection, row.id)
            unanswered = unanswerable.about(connection, row.id)
            values = fact_values(facts.for_entity(connection, row.id))
        entity = orjson.loads(row.body)
        return answer(
            [
                result_forms.result(
                    cards[found.result.scorecard], found, entity, values, unanswered
                )
                for found in stored
                if found.result.scorecard in cards
            ],
            tag=tag,
        )

    @views.operation("GET", f"{ONE}/facts", answer=FactRecordAnswer(many=True))
    def get_entity_facts(_: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Get the facts about an entity: where each comes from, how old it is, or why it is unknown."""
        with portal.database.read() as connection:
            row = existing_entity(connection, kind, namespace, name)
            records = facts.for_entity(connection, row.id)
        return answer(
            forms.fact_records(records, portal.collectors, portal.unfed, now=portal.now())
        )

    @views.operation("GET", f"{ONE}/problems", answer=PlacedProblemAnswer(many=True))
    def get_entity_problems(_: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Get the problems of an entity, also of one that was rejected because of them."""
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        with portal.database.read() as connection:
            found = problems.list_problems(connection, ref=ref, limit=LARGEST_PAGE).items
            if not found:
                existing_entity(connection, kind, namespace, name)
        return answer([forms.placed_problem(row) for row in found])


def _add_refresh(views: Resource, portal: Portal) -> None:
    @views.operation("POST", f"{ONE}/refresh", answer=TicketAnswer, status=202)
    def refresh_entity(_: dict[str, Any], kind: str, namespace: str, name: str) -> Response:
        """Read the entity's repository again, and look at the entity again, ahead of other work.

        Of a Location, what it names as well. The ticket is that of its own file, if there is one.
        """
        ref = str(EntityRef(kind=kind, namespace=namespace, name=name))
        tickets = look_again(portal, ref, by=asker_of(g.caller, request.remote_addr))
        if tickets is None:
            raise Refusal("NOT_FOUND", NO_ENTITY)
        if isinstance(tickets, TooOften):
            raise Refusal("TOO_OFTEN", tickets.why, retry_after=tickets.seconds)
        key, ticket = next(iter(tickets.items()))
        return answer({"key": key, "ticket": ticket}, status=202)


def _details(
    portal: Portal, connection: Connection, row: EntityRow, cards: Mapping[str, Scorecard]
) -> forms.Json:
    origin = locations.origin_of(connection, row.id)
    found = problems.list_problems(connection, ref=row.ref, limit=LARGEST_PAGE)
    records = facts.for_entity(connection, row.id)
    standing = results.summaries(connection, [row.id]).get(row.id, ())
    return {
        "asOf": None,
        "createdAt": rfc3339(row.created_at),
        "origin": forms.origin(origin) if origin else None,
        "scorecards": forms.standings(cards, standing),
        "notAssessed": result_forms.not_assessed(unanswerable.about(connection, row.id)),
        "waiting": marks.is_marked(connection, row.id),
        "facts": forms.fact_records(records, portal.collectors, portal.unfed, now=portal.now()),
        "problems": [forms.placed_problem(problem) for problem in found.items],
    }
