"""Simulations: what a changed scorecard would do, as the API tells it."""

from __future__ import annotations

from marshmallow import fields

from portal.api.v1 import forms
from portal.api.v1.conventions import Answer
from portal.api.v1.schemas import LevelAnswer, ProblemAnswer
from portal.api.v1.simulation.moving import MoveAnswer, RippleAnswer, moves, ripples
from portal.api.v1.simulation.replay_forms import ReplayAnswer, replay_form
from portal.worker.simulation.replaying import Replay
from portal.worker.simulation.simulating import Example, Simulated
from scorecards.evaluation.damping import HELD
from scorecards.insights.simulation import Simulation
from scorecards.results import LETTERS
from scorecards.scorecard import Scorecard

_OUTCOME_OF = {letter: outcome.value for outcome, letter in LETTERS.items()}


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
    problems = fields.List(
        fields.Nested(ProblemAnswer),
        metadata={"description": "What the definition is warned of; with an error it is refused."},
    )
    stopped = fields.List(
        fields.Nested(ProblemAnswer),
        metadata={"description": "Rules that took too long: their checks say error."},
    )
    replay = fields.Nested(ReplayAnswer, allow_none=True)


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
        "moves": moves(before, after, made.moves),
        "possibleMoves": moves(before, after, made.possible),
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
        "ripples": ripples(found.ripples),
        "replay": replay_form(before, after, past) if past else None,
    }


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
