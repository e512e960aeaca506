"""The past of results: what scorecards said of an entity then, and when they came to say so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from flask import Response
from marshmallow import fields, validate

from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.changes.history import NOT_THEN
from portal.api.v1.conventions import Answer, Paging, Resource, after, answer, page
from portal.api.v1.evaluation import result_forms
from portal.api.v1.instants import known, moment
from portal.api.v1.schemas import OUTCOMES, LevelAnswer, time_field
from portal.api.v1.times import rfc3339
from portal.db.changes.history import Identity, version_at
from portal.db.changes.instants import kept_since
from portal.db.evaluation.result_history import Move, as_stored, basis_of, moves, results_at
from portal.db.state import Connection
from portal.wiring import Portal
from scorecards.evaluation.texts import fact_values
from scorecards.evaluation.transitions import Reason
from scorecards.scorecard import Scorecard

HISTORY = "/<kind>/<namespace>/<name>/scorecards/<scorecard>/history"
EVENTS = ["begun", "changed", "ended", "earlier"]


def _outcome() -> fields.String:
    return fields.String(
        allow_none=True,
        validate=validate.OneOf([*OUTCOMES, None]),
        metadata={"description": "Null: there was no such check, or no result."},
    )


class CheckChangeAnswer(Answer):
    """A check that came to say something else."""

    check = fields.String()
    title = fields.String(metadata={"description": "'' where there is no such check any more."})
    before = _outcome()
    after = _outcome()
    because = fields.String(metadata={"description": "What the check said when it did."})
    observed = fields.Dict(keys=fields.String(), metadata={"description": "Values, by name."})


class TransitionAnswer(Answer):
    """The moment at which a result became another one."""

    at = time_field("When.")
    change = fields.String(
        validate=validate.OneOf(EVENTS),
        metadata={"description": "`earlier`: what was before is no longer kept."},
    )
    reason = fields.String(
        validate=validate.OneOf([one.value for one in Reason]),
        metadata={"description": "Of several, the first of this order that holds."},
    )
    version = fields.String(metadata={"description": "Of the scorecard."})
    entity_version = fields.Integer(
        metadata={
            "description": "The catalog's sequence number at which the entity's version came."
        }
    )
    proven = fields.Nested(LevelAnswer, allow_none=True)
    possible = fields.Nested(LevelAnswer, allow_none=True)
    checks = fields.List(fields.Nested(CheckChangeAnswer))


class TransitionPageAnswer(Answer):
    """A page of the transitions of a result, the newest first."""

    items = fields.List(fields.Nested(TransitionAnswer))
    next_cursor = fields.String(allow_none=True)
    kept_since = time_field("From when on everything is kept; null: always.", nullable=True)


def resource(portal: Portal) -> Resource:
    """The history of an entity's results, below `/api/v1/entities`."""
    views = Resource(
        "result_history", __name__, url_prefix="/api/v1/entities", description="How it came to be."
    )
    cards = portal.cards

    @views.operation("GET", HISTORY, query=Paging, answer=TransitionPageAnswer)
    def get_entity_scorecard_history(
        asked: dict[str, Any], kind: str, namespace: str, name: str, scorecard: str
    ) -> Response:
        """Get when a result changed, in which checks and why, newest first.

        Only changes of outcomes and levels are told. A scorecard that is no longer there has its
        history, too, as has an entity that went.
        """
        with portal.database.read() as connection:
            identity = known(connection, kind, namespace, name)
            found = moves(
                connection, identity.ids, scorecard, after=after(asked), limit=asked["limit"]
            )
            oldest = kept_since(connection)
        if not found.items and scorecard not in cards:
            raise Refusal("NOT_FOUND", "There never was a result of a scorecard of this name")
        items = [_move(cards.get(scorecard), move, oldest) for move in found.items]
        return answer({**page(items, found.after), "keptSince": rfc3339(oldest)})

    return views


def results_then(
    connection: Connection, cards: Mapping[str, Scorecard], identity: Identity, instant: datetime
) -> list[forms.Json]:
    """The results of an entity at an instant, of the scorecards that there still are.

    Titles and texts are of the present definitions; a check that is not in these any more is
    counted and not explained. Raises `Refusal` where that is not kept, or not so.
    """
    found = version_at(connection, identity, moment(connection, instant))
    if found is None:
        raise Refusal("NOT_FOUND", NOT_THEN)
    entity = orjson.loads(found.body)
    shown = []
    for past in results_at(connection, identity.ids, instant):
        card = cards.get(past.transition.scorecard)
        if card is not None:
            basis = basis_of(connection, past.transition)
            values = fact_values(basis.records if basis is not None else ())
            shown.append(result_forms.result(card, as_stored(found.ref, past), entity, values))
    return shown


def _level(card: Scorecard | None, rank: int) -> forms.Json:
    return {"rank": rank, "name": ""} if card is None else forms.level(card, rank)


def _move(card: Scorecard | None, move: Move, oldest: datetime | None) -> forms.Json:
    one = move.transition
    titles = {check.id: check.title for check in card.checks} if card is not None else {}
    return {
        "at": rfc3339(one.at),
        "change": _change(move, oldest),
        "reason": one.reason.value,
        "version": one.version,
        "entityVersion": one.seq,
        "proven": None if one.stand is None else _level(card, one.stand.proven),
        "possible": None if one.stand is None else _level(card, one.stand.possible),
        "checks": [
            {
                "check": change.check,
                "title": titles.get(change.check, ""),
                "before": None if change.before is None else change.before.value,
                "after": None if change.after is None else change.after.value,
                "because": said.reason if (said := move.said.get(change.check)) else "",
                "observed": dict(said.observed) if said else {},
            }
            for change in move.changes
        ],
    }


def _change(move: Move, oldest: datetime | None) -> str:
    if move.transition.stand is None:
        return "ended"
    if move.before is not None:
        return "changed"
    return "earlier" if oldest is not None and move.transition.at < oldest else "begun"
