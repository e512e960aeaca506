"""Scorecards: their definitions, and how the entities stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validate, validates_schema

from portal.api.csv_table import table, wants_csv
from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import (
    LARGEST_PAGE,
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
from portal.api.v1.tallies import StepsAnswer, TallyAnswer, steps, tally
from portal.api.v1.times import rfc3339
from portal.db import results
from portal.stopping import pardon, stopped_rules
from portal.wiring import Portal
from portal.worker.requests import ASSESS, Lane
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
    """Every scorecard that can be used, and what is wrong with them and with the others."""

    items = fields.List(fields.Nested(ScorecardHeadAnswer))
    next_cursor = fields.String(allow_none=True)
    problems = fields.List(fields.Nested(ProblemAnswer))


class CheckAnswer(TallyAnswer):
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


class ScorecardAnswer(ScorecardHeadAnswer):
    """A scorecard, defined and counted."""

    total = fields.Integer(metadata={"description": "Entities with a result."})
    distribution = fields.List(fields.Nested(StepsAnswer))
    checks = fields.List(fields.Nested(CheckAnswer))


class PardonAnswer(Answer):
    """Expressions that are tried again."""

    pardoned = fields.List(fields.String(), metadata={"description": "CEL."})


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
    format = fields.String(
        load_default=None,
        validate=validate.OneOf(["json", "csv"]),
        metadata={"description": "`csv` is of the whole list. By default what `Accept` prefers."},
    )

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
        """List scorecards, the problems of those that cannot be used, and rules that are not run."""
        with portal.database.read() as connection:
            stopped = stopped_rules(portal, connection)
        faults = [forms.problem(fault) for fault in (*portal.scorecard_problems, *stopped)]
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
            "distribution": steps(card, spread.proven, spread.possible),
            "checks": [
                {**forms.check(card, check), **tally(count)}
                for check, count in zip(card.checks, counts, strict=True)
            ],
        }
        return answer(shown, tag=tag)

    @views.operation("POST", "/<name>/pardon", answer=PardonAnswer)
    def pardon_rules(_: dict[str, Any], name: str) -> Response:
        """Try the expressions again that are not run any more, because they took too long."""
        card = _found(cards, name)
        with portal.database.write() as connection:
            pardoned = pardon(portal, connection, card)
        if pardoned:
            portal.work.request(ASSESS, Lane.PERSON)
        return answer({"pardoned": pardoned})

    @views.operation("GET", "/<name>/results", query=ResultList, answer=ResultPageAnswer)
    def list_results(asked: dict[str, Any], name: str) -> Response:
        """List the entities that a scorecard applies to, by name; as CSV all at once."""
        card = _found(cards, name)
        index, letter = _wanted(card, asked)
        wanted = {"level": asked["level"], "check": index, "letter": letter}
        as_table = wants_csv(asked["format"])
        with portal.database.read() as connection:
            tag = tags.check(connection, "csv" if as_table else "json")
            if not as_table:
                found = results.entities(
                    connection, name, **wanted, after=after(asked), limit=asked["limit"]
                )
        if as_table:
            rows = csv_rows(portal, card, wanted)
            return table(_header(card), rows, name=f"{name}-results", tag=tag)
        items = [
            {
                **{key: forms.entity_head(row)[key] for key in ("ref", "title")},
                "standing": forms.standings(cards, [summary])[0],
                "outcomes": _outcomes(card, summary.outcomes),
            }
            for row, summary in found.items
        ]
        response = answer(page(items, found.after), tag=tag)
        response.headers["Vary"] = "Accept"
        return response

    return views


def _header(card: Scorecard) -> list[str]:
    numbers = ("proven", "possible", "passed", "failed", "unknown", "evaluatedAt")
    return ["ref", "title", *numbers, *(check.id for check in card.checks)]


def csv_rows(portal: Portal, card: Scorecard, wanted: Mapping[str, Any]) -> Iterator[list[object]]:
    """The rows of the whole list, read a page at a time; whoever takes them slowly holds nothing."""
    place: str | None = None
    while True:
        with portal.database.read() as connection:
            found = results.entities(
                connection, card.name, **wanted, after=place, limit=LARGEST_PAGE
            )
        for row, summary in found.items:
            outcomes = _outcomes(card, summary.outcomes)
            yield [
                row.ref,
                forms.entity_head(row)["title"],
                forms.level(card, summary.proven)["name"],
                forms.level(card, summary.possible)["name"],
                summary.passes,
                summary.fails,
                summary.unknowns,
                rfc3339(summary.evaluated_at),
                *(outcomes.get(check.id, "") for check in card.checks),
            ]
        place = found.after
        if place is None:
            return


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
