"""Simulation: what a changed or new scorecard would do, before it is published."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validate, validates_schema

from catalog.problems import JsonValue
from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Camel, Resource, answer
from portal.api.v1.instants import Instant
from portal.api.v1.schemas import LevelAnswer, ProblemAnswer, time_field
from portal.api.v1.times import rfc3339
from portal.pool import Pool
from portal.trying import Children, read_definition, try_out
from portal.wiring import Portal
from portal.worker.replaying import Point, Replay
from portal.worker.rippling import Ripple
from portal.worker.simulating import Example, Simulated
from scorecards.damping import HELD
from scorecards.results import LETTERS
from scorecards.scorecard import Scorecard
from scorecards.simulation import Simulation

LONGEST_DEFINITION = 500_000
"""Characters of YAML."""

_OUTCOME_OF = {letter: outcome.value for outcome, letter in LETTERS.items()}


class ReplayTime(Camel):
    """Which time of the past."""

    begin = Instant("Where it begins; not before what is kept.", required=True, data_key="from")
    end = Instant("Where it ends; now, if it is left out.", load_default=None, data_key="to")

    @validates_schema
    def _forwards(self, data: Mapping[str, Any], **_: Any) -> None:
        if data.get("end") is not None and data["begin"] > data["end"]:
            raise ValidationError("`from` is after `to`", "from")


class SimulationRequest(Camel):
    """A scorecard to try."""

    definition = fields.String(
        required=True,
        validate=validate.Length(1, LONGEST_DEFINITION),
        metadata={
            "description": "YAML document of one scorecard. With the name of a published one it is "
            "a change of that, else a new one."
        },
    )
    filter = fields.List(
        fields.String(),
        load_default=[],
        metadata={"description": "Only entities that match: `kind=component,spec.type=service`."},
    )
    replay = fields.Nested(ReplayTime, load_default=None)


class MoveAnswer(Answer):
    """Entities that go from one level to another; null: the scorecard does not apply."""

    before = fields.Nested(LevelAnswer, allow_none=True)
    after = fields.Nested(LevelAnswer, allow_none=True)
    entities = fields.Integer()


class SimulatedCheckAnswer(Answer):
    """What a check newly says."""

    check = fields.String()
    newly_failing = fields.Integer()
    newly_passing = fields.Integer()
    newly_held = fields.Integer(
        metadata={"description": "Failing, with a pass that counts until its grace is over."}
    )
    newly_unknown = fields.Integer()


class TeamChangeAnswer(Answer):
    """What the change does to the entities of one owner."""

    owner = fields.String(metadata={"description": "Ref; empty: without an owner."})
    up = fields.Integer(metadata={"description": "Entities that rise."})
    down = fields.Integer(metadata={"description": "Entities that fall."})
    newly_failing = fields.Integer(metadata={"description": "With a check that newly fails."})
    newly_held = fields.Integer(
        metadata={"description": "With a check that newly fails once its grace is over."}
    )
    newly_unknown = fields.Integer()
    minutes = fields.Integer(metadata={"description": "Of work for those who fall, to get back."})


class FlipAnswer(Answer):
    """A check that says something else."""

    check = fields.String()
    before = fields.String(metadata={"description": "Outcome; empty: it was not asked."})
    after = fields.String(metadata={"description": "Outcome; empty: it is not asked any more."})


class ExampleAnswer(Answer):
    """An entity that changes its level."""

    ref = fields.String()
    owner = fields.String()
    before = fields.Nested(LevelAnswer)
    after = fields.Nested(LevelAnswer)
    minutes = fields.Integer()
    checks = fields.List(fields.Nested(FlipAnswer))


class MissingFactAnswer(Answer):
    """A fact that makes a check that was asked unknown."""

    check = fields.String()
    fact = fields.String()
    reason = fields.String()
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
    ripples = fields.List(
        fields.Nested(RippleAnswer),
        metadata={"description": "Other scorecards that would have changed with it, likewise."},
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


class SimulationAnswer(Answer):
    """What the scorecard would do. Nothing of it is stored."""

    scorecard = fields.String()
    published = fields.String(
        allow_none=True, metadata={"description": "Version it is compared with; null: it is new."}
    )
    version = fields.String(metadata={"description": "Of the definition that was tried."})
    evaluated = fields.List(
        fields.String(), metadata={"description": "Checks that ask something else than before."}
    )
    dropped = fields.List(fields.String())
    applies_changed = fields.Boolean()
    entities = fields.Integer(metadata={"description": "To which it applies, before or after."})
    left_out = fields.Integer(
        metadata={"description": "Entities that wait to be assessed: not compared."}
    )
    starts = fields.Integer(metadata={"description": "Entities to which it newly applies."})
    ends = fields.Integer(metadata={"description": "Entities to which it applies no more."})
    up = fields.Integer()
    down = fields.Integer()
    minutes = fields.Integer(metadata={"description": "Of work for all who fall, to get back."})
    moves = fields.List(fields.Nested(MoveAnswer), metadata={"description": "By proven level."})
    possible_moves = fields.List(fields.Nested(MoveAnswer))
    checks = fields.List(fields.Nested(SimulatedCheckAnswer))
    teams = fields.List(fields.Nested(TeamChangeAnswer))
    falling = fields.List(fields.Nested(ExampleAnswer), metadata={"description": "At most 100."})
    rising = fields.List(fields.Nested(ExampleAnswer), metadata={"description": "At most 100."})
    missing = fields.List(fields.Nested(MissingFactAnswer))
    ripples = fields.List(
        fields.Nested(RippleAnswer),
        metadata={"description": "Other scorecards that change with it, the nearest first."},
    )
    stopped = fields.List(
        fields.Nested(ProblemAnswer),
        metadata={"description": "Rules that took too long: their checks say error."},
    )
    replay = fields.Nested(ReplayAnswer, allow_none=True)


def resource(portal: Portal) -> Resource:
    """`/api/v1/scorecards/simulate`."""
    views = Resource(
        "simulation", __name__, url_prefix="/api/v1/scorecards", description="What if."
    )
    pool = Children()

    @views.operation("POST", "/simulate", body=SimulationRequest, answer=SimulationAnswer)
    def simulate_scorecard(_: dict[str, Any], asked: dict[str, Any]) -> Response:
        """Say what a changed or new scorecard would do to the entities there are; stores nothing."""
        return answer(simulated(portal, pool.get(), asked))

    return views


def simulated(portal: Portal, pool: Pool, asked: Mapping[str, Any]) -> forms.Json:
    """The answer to a loaded `SimulationRequest`. Raises `Refusal`."""
    time = asked["replay"] or {}
    trial = try_out(
        portal,
        pool,
        _loaded(portal, asked["definition"]),
        filters=asked["filter"],
        since=time.get("begin"),
        until=time.get("end"),
    )
    return {
        **form(trial.found, trial.after, trial.past),
        "stopped": [forms.problem(one) for one in trial.stopped],
    }


def _loaded(portal: Portal, definition: str) -> Scorecard:
    """The one scorecard of the text; a problem of it would make the comparison mean little."""
    cards, problems = read_definition(portal, definition)
    if problems:
        errors: list[dict[str, JsonValue]] = [
            {
                "pointer": problem.pointer,
                "detail": problem.message,
                "code": problem.code,
                "line": problem.line,
                "column": problem.column,
                "hint": problem.hint,
            }
            for problem in problems
        ]
        raise Refusal("INVALID_VALUE", "The scorecard has problems", errors)
    if len(cards) != 1:
        raise Refusal("INVALID_VALUE", "The definition has to be of exactly one scorecard")
    return cards[0]


def form(found: Simulated, after: Scorecard, past: Replay | None) -> forms.Json:
    """A simulation as it is answered."""
    before, made = found.before, found.simulation
    return {
        "scorecard": after.name,
        "published": before.version if before else None,
        "version": after.version,
        "evaluated": [after.checks[index].id for index in found.difference.changed],
        "dropped": list(found.difference.dropped),
        "appliesChanged": found.difference.applies_changed,
        "entities": made.entities,
        "leftOut": found.waiting,
        "starts": made.starts,
        "ends": made.ends,
        "up": made.up,
        "down": made.down,
        "minutes": made.minutes,
        "moves": _moves(before, after, made.moves),
        "possibleMoves": _moves(before, after, made.possible),
        "checks": [
            {
                "check": change.check,
                "newlyFailing": change.failing,
                "newlyPassing": change.passing,
                "newlyHeld": change.held,
                "newlyUnknown": change.unknown,
            }
            for change in made.checks
        ],
        "teams": _teams(made),
        "falling": [_example(found, after, example) for example in found.down],
        "rising": [_example(found, after, example) for example in found.up],
        "missing": [
            {"check": check, "fact": fact, "reason": reason, "entities": n}
            for (check, fact, reason), n in sorted(
                found.missing.items(), key=lambda item: (-item[1], item[0])
            )
        ],
        "ripples": _ripples(found.ripples),
        "replay": _replay(before, after, past) if past else None,
    }


def _moves(
    before: Scorecard | None,
    after: Scorecard,
    moves: Mapping[tuple[int | None, int | None], int],
) -> list[forms.Json]:
    def rank(level: int | None) -> int:
        return -1 if level is None else level

    return [
        {
            "before": None if was is None or before is None else forms.level(before, was),
            "after": None if now is None else forms.level(after, now),
            "entities": n,
        }
        for (was, now), n in sorted(moves.items(), key=lambda m: (rank(m[0][0]), rank(m[0][1])))
    ]


def _teams(made: Simulation) -> list[forms.Json]:
    return [
        {
            "owner": team.owner,
            "up": team.up,
            "down": team.down,
            "newlyFailing": team.failing,
            "newlyHeld": team.held,
            "newlyUnknown": team.unknown,
            "minutes": team.minutes,
        }
        for team in made.teams
    ]


def _example(found: Simulated, after: Scorecard, example: Example) -> forms.Json:
    effect = found.comparison.effect(example.case)
    assert found.before is not None
    assert effect.before is not None
    assert effect.after is not None
    return {
        "ref": example.ref,
        "owner": example.owner,
        "before": forms.level(found.before, effect.before.proven),
        "after": forms.level(after, effect.after.proven),
        "minutes": effect.minutes,
        "checks": [
            {"check": check, "before": _OUTCOME_OF.get(was, ""), "after": _OUTCOME_OF.get(now, "")}
            for check, was, now in effect.flips
            if now != HELD
        ],
    }


def _ripples(found: Sequence[Ripple]) -> list[forms.Json]:
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


def _replay(before: Scorecard | None, after: Scorecard, past: Replay) -> forms.Json:
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
        "moves": _moves(before, after, made.moves),
        "newlyHeld": sum(team.held for team in made.teams),
        "uncollected": point.uncollected,
        "ripples": _ripples(point.ripples),
    }
