"""Simulation: what a changed or new scorecard would do, before it is published."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validate, validates_schema

from catalog.problems import JsonValue, Problem, Severity
from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Camel, Resource, answer
from portal.api.v1.instants import Instant
from portal.api.v1.simulation.simulation_forms import SimulationAnswer, form
from portal.pool import Pool
from portal.use_cases.trying import Children, read_definition, try_out
from portal.wiring import Portal
from scorecards.scorecard import Scorecard

LONGEST_DEFINITION = 500_000
"""Characters of YAML."""


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
    after, warnings = _loaded(portal, asked["definition"])
    trial = try_out(
        portal,
        pool,
        after,
        filters=asked["filter"],
        since=time.get("begin"),
        until=time.get("end"),
    )
    return {
        **form(trial.found, trial.after, trial.past),
        "problems": [forms.problem(one) for one in warnings],
        "stopped": [forms.problem(one) for one in trial.stopped],
    }


def _loaded(portal: Portal, definition: str) -> tuple[Scorecard, tuple[Problem, ...]]:
    """The one scorecard of the text, and what it is warned of.

    Raises `Refusal` for an error, with which the comparison would mean little.
    """
    cards, problems = read_definition(portal, definition)
    if any(problem.severity is Severity.ERROR for problem in problems):
        raise Refusal("INVALID_VALUE", "The scorecard has problems", [*map(_fault, problems)])
    if len(cards) != 1:
        raise Refusal("INVALID_VALUE", "The definition has to be of exactly one scorecard")
    return cards[0], problems


def _fault(problem: Problem) -> dict[str, JsonValue]:
    return {
        "pointer": problem.pointer,
        "detail": problem.message,
        "code": problem.code,
        "line": problem.line,
        "column": problem.column,
        "hint": problem.hint,
    }
