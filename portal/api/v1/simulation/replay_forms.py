"""Replays: how it would have been over a time of the past, as the API tells it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import fields, validate

from portal.api.v1 import forms
from portal.api.v1.conventions import Answer
from portal.api.v1.schemas import time_field
from portal.api.v1.simulation.moving import MoveAnswer, RippleAnswer, moves, ripples
from portal.api.v1.times import rfc3339
from portal.worker.simulation.lived import Gap, NotKept
from portal.worker.simulation.replaying import Replay
from portal.worker.simulation.tallying import Point
from scorecards.scorecard import Scorecard


class GapAnswer(Answer):
    """Why a check is unknown that said something then."""

    check = fields.String()
    reason = fields.String(
        validate=validate.OneOf([one.value for one in NotKept]),
        metadata={"description": "What is not kept."},
    )
    fact = fields.String(metadata={"description": "Name of the fact; empty: it is about none."})
    entities = fields.Integer()


class ReplayedRippleAnswer(RippleAnswer):
    """Another scorecard at one instant, with whom it cannot be told of."""

    uncollected = fields.Integer(
        metadata={
            "description": "Entities of which something is unknown there because it is not kept."
        }
    )
    not_kept = fields.List(
        fields.Nested(GapAnswer),
        metadata={"description": "Why, of the checks of that scorecard."},
    )


class ReplayPointAnswer(Answer):
    """How it would have been at one instant, by both definitions."""

    at = time_field("The instant.")
    entities = fields.Integer()
    up = fields.Integer(metadata={"description": "Entities that stand higher with the change."})
    down = fields.Integer()
    moves = fields.List(fields.Nested(MoveAnswer))
    newly_held = fields.Integer(
        metadata={"description": "Entities with a check that newly fails once its grace is over."}
    )
    uncollected = fields.Integer(
        metadata={
            "description": "Entities of which something is unknown because what was then is not kept."
        }
    )
    not_kept = fields.List(
        fields.Nested(GapAnswer),
        metadata={"description": "Why these are unknown, what concerns most entities first."},
    )
    ripples = fields.List(
        fields.Nested(ReplayedRippleAnswer),
        metadata={
            "description": "Other scorecards that would have changed with it, or perhaps would have."
        },
    )


class ReplayAnswer(Answer):
    """A time of the past, as far as it is kept."""

    begin = time_field("Where it begins: entities are kept from here on.")
    end = time_field("Where it ends.")
    points = fields.List(fields.Nested(ReplayPointAnswer), metadata={"description": "At most 12."})

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """`from` and `to`, as in the request."""
        super().on_bind_field(field_name, field_obj)
        field_obj.data_key = {"begin": "from", "end": "to"}.get(field_name, field_obj.data_key)


def replay_form(before: Scorecard | None, after: Scorecard, past: Replay) -> forms.Json:
    """A replay as it is answered."""
    return {
        "from": rfc3339(past.start),
        "to": rfc3339(past.end),
        "points": [_point(before, after, point) for point in past.points],
    }


def _point(before: Scorecard | None, after: Scorecard, point: Point) -> forms.Json:
    made = point.simulation
    return {
        "at": rfc3339(point.at),
        "entities": made.entities,
        "up": made.up,
        "down": made.down,
        "moves": moves(before, after, made.moves),
        "newlyHeld": sum(team.held for team in made.teams),
        "uncollected": point.uncollected,
        "notKept": _not_kept(point.gaps),
        "ripples": [
            {**form, "uncollected": one.uncollected, "notKept": _not_kept(one.gaps)}
            for one, form in zip(point.ripples, ripples(point.ripples), strict=True)
        ],
    }


def _not_kept(gaps: Mapping[Gap, int]) -> list[forms.Json]:
    return [
        {"check": gap.check, "reason": gap.why.value, "fact": gap.fact, "entities": n}
        for gap, n in sorted(gaps.items(), key=lambda found: (-found[1], found[0]))
    ]
