"""Scorecards: their definitions, and how the entities stand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validate, validates_schema

from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import (
    Answer,
    Paging,
    Resource,
    Tags,
    after,
    answer,
    page,
)
from portal.api.v1.schemas import (
    LIFECYCLE,
    OUTCOMES,
    LevelAnswer,
    LinkAnswer,
    ProblemAnswer,
    StandingAnswer,
)
from portal.db import results
from portal.wiring import Portal
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard

_OUTCOME_OF = {letter: outcome.value for outcome, letter in LETTERS.items()}


class LadderLevelAnswer(LevelAnswer):
    """A level, and what it means."""

    description = fields.String()


class ScorecardHeadAnswer(Answer):
    """A scorecard in a list."""

    name = fields.String()
    title = fields.String()
    description = fields.String(metadata={"description": "Markdown."})
    owner = fields.String()
    version = fields.String(metadata={"description": "Digest of the definition."})
    file = fields.String(metadata={"description": "Where the definition was read from."})
    applies_to = fields.String(metadata={"description": "CEL; empty: to every entity."})
    applies_because = fields.String()
    levels = fields.List(fields.Nested(LadderLevelAnswer))


class ScorecardListAnswer(Answer):
    """Every scorecard that can be used, and what is wrong with the others."""

    items = fields.List(fields.Nested(ScorecardHeadAnswer))
    next_cursor = fields.String(allow_none=True)
    problems = fields.List(fields.Nested(ProblemAnswer))


class CountsAnswer(Answer):
    """Entities by outcome of a check."""

    passed = fields.Integer()
    failed = fields.Integer()
    not_known = fields.Integer(data_key="unknown")
    not_applicable = fields.Integer()
    exempt = fields.Integer()
    error = fields.Integer()


class CheckAnswer(Answer):
    """The definition of a check, and how entities do."""

    id = fields.String()
    title = fields.String()
    category = fields.String()
    level = fields.Nested(LevelAnswer)
    rule = fields.Raw(metadata={"description": "A text is a CEL expression."})
    applies_to = fields.String()
    applies_because = fields.String()
    expected = fields.String()
    why = fields.String(metadata={"description": "Markdown."})
    fix = fields.String(metadata={"description": "Markdown; with placeholders."})
    effort = fields.String()
    weight = fields.Integer()
    owner = fields.String(metadata={"description": "Empty: whoever owns the scorecard."})
    lifecycle = fields.Raw(metadata={"description": LIFECYCLE})
    max_age = fields.String(metadata={"description": "Of facts, such as `30d`; empty: any."})
    grace = fields.String(metadata={"description": "How long a failure must last; empty: not."})
    links = fields.List(fields.Nested(LinkAnswer))
    counts = fields.Nested(CountsAnswer)
    pass_rate = fields.Float(
        allow_none=True,
        metadata={
            "description": "Of those that pass or fail, 0 to 1; what is unknown is not counted."
        },
    )


class StepsAnswer(Answer):
    """How many entities are on a level."""

    level = fields.Nested(LevelAnswer)
    proven = fields.Integer()
    possible = fields.Integer()


class ScorecardAnswer(ScorecardHeadAnswer):
    """A scorecard, defined and counted."""

    total = fields.Integer(metadata={"description": "Entities with a result."})
    distribution = fields.List(fields.Nested(StepsAnswer))
    checks = fields.List(fields.Nested(CheckAnswer))


class ResultItemAnswer(Answer):
    """An entity's result in a list."""

    ref = fields.String()
    title = fields.String()
    standing = fields.Nested(StandingAnswer)
    outcomes = fields.Dict(
        keys=fields.String(),
        values=fields.String(validate=validate.OneOf(OUTCOMES)),
        metadata={"description": "By id of the check."},
    )


class ResultPageAnswer(Answer):
    """A page of results."""

    items = fields.List(fields.Nested(ResultItemAnswer))
    next_cursor = fields.String(allow_none=True)


class ResultList(Paging):
    """Which results."""

    level = fields.Integer(
        load_default=None,
        validate=validate.Range(0, 100),
        metadata={"description": "Rank of the proven level."},
    )
    check = fields.String(load_default=None, metadata={"description": "Id; asks for `outcome`."})
    outcome = fields.String(load_default=None, validate=validate.OneOf(OUTCOMES))

    @validates_schema
    def _both(self, data: Mapping[str, Any], **_: Any) -> None:
        if (data.get("check") is None) != (data.get("outcome") is None):
            raise ValidationError("`check` and `outcome` go together", "check")


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/scorecards`."""
    views = Resource(
        "scorecards", __name__, url_prefix="/api/v1/scorecards", description="How good it is."
    )
    cards = {card.name: card for card in portal.scorecards}

    @views.operation("GET", "", answer=ScorecardListAnswer)
    def list_scorecards(_: dict[str, Any]) -> Response:
        """List scorecards, and the problems of those that cannot be used."""
        faults = [forms.problem(fault) for fault in portal.scorecard_problems]
        return answer({**page([_head(card) for card in cards.values()], None), "problems": faults})

    @views.operation("GET", "/<name>", answer=ScorecardAnswer)
    def get_scorecard(_: dict[str, Any], name: str) -> Response:
        """Get a scorecard: levels, checks, and how many entities are where.

        A level is proven, or possible if all that is unknown turns out well.
        """
        card = _found(cards, name)
        with portal.database.read() as connection:
            tag = tags.check(connection)
            spread = results.distribution(connection, name, len(card.levels))
            counts = results.check_counts(connection, name, len(card.checks))
        shown = {
            **_head(card),
            "total": spread.total,
            "distribution": [
                {"level": forms.level(card, rank), "proven": proven, "possible": possible}
                for rank, (proven, possible) in enumerate(
                    zip(spread.proven, spread.possible, strict=True)
                )
            ],
            "checks": [
                {**forms.check(card, check), **_counts(count)}
                for check, count in zip(card.checks, counts, strict=True)
            ],
        }
        return answer(shown, tag=tag)

    @views.operation("GET", "/<name>/results", query=ResultList, answer=ResultPageAnswer)
    def list_results(asked: dict[str, Any], name: str) -> Response:
        """List the entities that a scorecard applies to, by name."""
        card = _found(cards, name)
        index, letter = _wanted(card, asked)
        with portal.database.read() as connection:
            tag = tags.check(connection)
            found = results.entities(
                connection,
                name,
                level=asked["level"],
                check=index,
                letter=letter,
                after=after(asked),
                limit=asked["limit"],
            )
        items = [
            {
                **{key: forms.entity_head(row)[key] for key in ("ref", "title")},
                "standing": forms.standings(cards, [summary])[0],
                "outcomes": _outcomes(card, summary.outcomes),
            }
            for row, summary in found.items
        ]
        return answer(page(items, found.after), tag=tag)

    return views


def _found(cards: Mapping[str, Scorecard], name: str) -> Scorecard:
    if name not in cards:
        raise Refusal("NOT_FOUND", "There is no scorecard of this name")
    return cards[name]


def _head(card: Scorecard) -> forms.Json:
    return {
        "name": card.name,
        "title": card.title,
        "description": card.description,
        "owner": card.owner,
        "version": card.version,
        "file": card.file,
        "appliesTo": card.applies_to.expression if card.applies_to else "",
        "appliesBecause": card.applies_because,
        "levels": [
            {"rank": rank, "name": level.name, "description": level.description}
            for rank, level in enumerate(card.levels)
        ],
    }


def _counts(count: Mapping[str, int]) -> forms.Json:
    passed, failed = count.get("p", 0), count.get("f", 0)
    return {
        "counts": {
            "passed": passed,
            "failed": failed,
            "unknown": count.get("u", 0),
            "notApplicable": count.get("n", 0),
            "exempt": count.get("x", 0),
            "error": count.get("e", 0),
        },
        "passRate": round(passed / (passed + failed), 4) if passed + failed else None,
    }


def _wanted(card: Scorecard, asked: Mapping[str, Any]) -> tuple[int | None, str | None]:
    if asked["check"] is None:
        return None, None
    for index, check in enumerate(card.checks):
        if check.id == asked["check"]:
            return index, LETTERS[Outcome(asked["outcome"])]
    raise Refusal("INVALID_VALUE", "The scorecard has no check with this id")


def _outcomes(card: Scorecard, letters: str) -> forms.Json:
    """By check; empty where the result was made with other checks, until the next assessment."""
    if len(letters) != len(card.checks):
        return {}
    return {
        check.id: _OUTCOME_OF[letter] for check, letter in zip(card.checks, letters, strict=True)
    }
