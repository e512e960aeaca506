"""Moving: who goes from which level to which, in the answers of a simulation and of a replay."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from marshmallow import fields

from portal.api.v1 import forms
from portal.api.v1.conventions import Answer
from portal.api.v1.schemas import LevelAnswer
from portal.worker.simulation.rippling import Ripple
from scorecards.scorecard import Scorecard


class MoveAnswer(Answer):
    """Entities that go from one level to another; null: the scorecard does not apply."""

    before = fields.Nested(LevelAnswer, allow_none=True)
    after = fields.Nested(LevelAnswer, allow_none=True)
    entities = fields.Integer()


class RippleAnswer(Answer):
    """Another scorecard, whose rules look at a level that the change moves."""

    scorecard = fields.String()
    title = fields.String()
    entities = fields.Integer(
        metadata={"description": "Whose level on it changes, or that begin or cease to have one."}
    )
    up = fields.Integer()
    down = fields.Integer()


def moves(
    before: Scorecard | None,
    after: Scorecard,
    counted: Mapping[tuple[int | None, int | None], int],
) -> list[forms.Json]:
    """How many entities go from which level to which, from below."""

    def rank(level: int | None) -> int:
        return -1 if level is None else level

    return [
        {
            "before": None if was is None or before is None else forms.level(before, was),
            "after": None if now is None else forms.level(after, now),
            "entities": n,
        }
        for (was, now), n in sorted(counted.items(), key=lambda m: (rank(m[0][0]), rank(m[0][1])))
    ]


def ripples(found: Sequence[Ripple]) -> list[forms.Json]:
    """What happens to other scorecards."""
    return [
        {
            "scorecard": one.scorecard.name,
            "title": one.scorecard.title,
            "entities": one.moving,
            "up": one.simulation.up,
            "down": one.simulation.down,
        }
        for one in found
    ]
