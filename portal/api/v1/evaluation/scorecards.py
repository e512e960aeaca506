"""Scorecards: their definitions, and how the entities stand."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from portal.api.v1 import forms
from portal.api.v1.conventions import (
    Answer,
    Resource,
    Tags,
    answer,
    page,
)
from portal.api.v1.evaluation.scorecard_results import ResultList, ResultPageAnswer, results_of
from portal.api.v1.existing import existing_scorecard
from portal.api.v1.schemas import LIFECYCLE, LevelAnswer, LinkAnswer, ProblemAnswer
from portal.api.v1.tallies import LackingAnswer, StepsAnswer, TallyAnswer, lacking, steps, tally
from portal.db.evaluation import results
from portal.db.insights.unfresh import mark_of, unfresh
from portal.db.state import Connection
from portal.use_cases.stopping import pardon, stopped_rules
from portal.wiring import Portal
from portal.worker.requests import ASSESS, Lane
from scorecards.scorecard import Scorecard


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


class ScorecardAnswer(ScorecardHeadAnswer, LackingAnswer):
    """A scorecard, defined and counted."""

    total = fields.Integer(metadata={"description": "Entities with a result."})
    distribution = fields.List(fields.Nested(StepsAnswer))
    checks = fields.List(fields.Nested(CheckAnswer))


class PardonAnswer(Answer):
    """Expressions that are tried again."""

    pardoned = fields.List(fields.String(), metadata={"description": "CEL."})


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/scorecards`."""
    views = Resource(
        "scorecards", __name__, url_prefix="/api/v1/scorecards", description="How good it is."
    )
    cards = portal.cards

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
        card = existing_scorecard(cards, name)
        with portal.database.read() as connection:
            tag = tags.check(connection, mark_of(connection, name))
            shown = {**_head(card), **_numbers(connection, card)}
        return answer(shown, tag=tag)

    @views.operation("POST", "/<name>/pardon", answer=PardonAnswer)
    def pardon_rules(_: dict[str, Any], name: str) -> Response:
        """Try the expressions again that are not run any more, because they took too long."""
        card = existing_scorecard(cards, name)
        with portal.database.write() as connection:
            pardoned = pardon(portal, connection, card)
        if pardoned:
            portal.work.request(ASSESS, Lane.PERSON)
        return answer({"pardoned": pardoned})

    @views.operation(
        "GET", "/<name>/results", query=ResultList, answer=ResultPageAnswer, as_table=True
    )
    def list_results(asked: dict[str, Any], name: str) -> Response:
        """List the entities that a scorecard applies to, by name; as CSV all at once."""
        card = existing_scorecard(cards, name)
        return results_of(portal, tags, card, asked)

    return views


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


def _numbers(connection: Connection, card: Scorecard) -> forms.Json:
    spread = results.distribution(connection, card.name, len(card.levels))
    counts = results.check_counts(connection, card.name, len(card.checks))
    return {
        "total": spread.total,
        **lacking(unfresh(connection, card.name)),
        "distribution": steps(card, spread.proven, spread.possible),
        "checks": [
            {**forms.check(card, check), **tally(count)}
            for check, count in zip(card.checks, counts, strict=True)
        ],
    }
