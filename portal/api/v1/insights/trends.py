"""Trends: levels and pass rates over time, and what the change is made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.csv_table import table, wants_csv
from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Resource, Tags, answer
from portal.api.v1.existing import existing_scorecard
from portal.api.v1.instants import Instant, moment
from portal.api.v1.schemas import LevelAnswer, time_field
from portal.api.v1.selections import RefFilter, related
from portal.api.v1.tallies import (
    LACKING,
    OUTCOMES,
    CheckTallyAnswer,
    LackingAnswer,
    StepsAnswer,
    TallyAnswer,
    by_rank,
    lacking,
    rounded,
    steps,
    tally,
)
from portal.api.v1.times import rfc3339
from portal.use_cases.trend import MOST_POINTS, TooManyPoints, Trend, points_between, read_trend
from portal.wiring import Portal
from scorecards.insights.moves import Cause
from scorecards.insights.trends import Counts, RateChange, Split, pass_rate
from scorecards.periods import Period
from scorecards.scorecard import Scorecard

BY_DEFAULT = timedelta(days=90)


class PointAnswer(TallyAnswer):
    """How entities stood at an instant. The counts are of all checks of all entities."""

    at = time_field("When.")
    total = fields.Integer(metadata={"description": "Entities with a result."})
    distribution = fields.List(fields.Nested(StepsAnswer))
    checks = fields.List(fields.Nested(CheckTallyAnswer))


class PartsAnswer(Answer):
    """The parts of a change: they add up to it."""

    services = fields.Float(metadata={"description": "Services were changed, or grew older."})
    rules = fields.Float(metadata={"description": "The scorecard was."})
    population = fields.Float(
        metadata={"description": "Entities came or went, or a check began or ceased to count."}
    )
    coverage = fields.Float(metadata={"description": "What was unknown became known, or not."})


class LevelChangeAnswer(Answer):
    """How many entities more, or fewer, are on a level."""

    level = fields.Nested(LevelAnswer)
    change = fields.Integer()
    parts = fields.Nested(PartsAnswer)


class RateChangeAnswer(Answer):
    """How a pass rate changed; null where nothing passed or failed."""

    before = fields.Float(allow_none=True)
    after = fields.Float(allow_none=True)
    change = fields.Float(allow_none=True)
    parts = fields.Nested(PartsAnswer, allow_none=True)


class CheckRateChangeAnswer(RateChangeAnswer):
    """How the pass rate of a check changed."""

    check = fields.String()


class SplitAnswer(Answer):
    """What changed from the first point to the last, and why."""

    levels = fields.List(fields.Nested(LevelChangeAnswer))
    pass_rate = fields.Nested(RateChangeAnswer)
    checks = fields.List(
        fields.Nested(CheckRateChangeAnswer),
        metadata={"description": "Those for which anything changed."},
    )


class EditionAnswer(Answer):
    """A version of the scorecard that came into use in this time."""

    version = fields.String()
    at = time_field("When the first result was made with it.")


class TrendAnswer(Answer):
    """How entities stood over time."""

    points = fields.List(fields.Nested(PointAnswer))
    split = fields.Nested(SplitAnswer)
    definitions = fields.List(fields.Nested(EditionAnswer))
    lacking = fields.Nested(
        LackingAnswer,
        allow_none=True,
        metadata={
            "description": "Who is not assessed at the last point; null where `to` is given: of the past "
            "that is not kept."
        },
    )


class TrendQuery(RefFilter):
    """Which time, in which steps, of which entities."""

    from_ = Instant("The first point; by default 90 days before the last.", load_default=None)
    to = Instant("The last point; by default the present.", load_default=None)
    by = fields.String(
        load_default=Period.WEEK.value, validate=validate.OneOf([one.value for one in Period])
    )
    format = fields.String(
        load_default=None,
        validate=validate.OneOf(["json", "csv"]),
        metadata={"description": "`csv` is of the points. By default what `Accept` prefers."},
    )


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/scorecards/<name>/trend`."""
    views = Resource(
        "trends", __name__, url_prefix="/api/v1/scorecards", description="How it develops."
    )
    cards = portal.cards

    @views.operation("GET", "/<name>/trend", query=TrendQuery, answer=TrendAnswer, as_table=True)
    def get_trend(asked: dict[str, Any], name: str) -> Response:
        """Get levels and pass rates at the beginning of each day, week or month, and the change.

        Levels and checks are those of the definition of then, named as they are now. An entity
        counts for as long as it was related to what is asked for. The change has four parts.
        """
        card = existing_scorecard(cards, name)
        end = asked["to"] or portal.now()
        start = asked["from_"] or end - BY_DEFAULT
        if start > end:
            raise Refusal("INVALID_VALUE", "`from` is later than `to`")
        try:
            points = points_between(start, end, Period(asked["by"]))
        except TooManyPoints:
            raise Refusal("INVALID_VALUE", f"That is more than {MOST_POINTS} points") from None
        as_table = wants_csv(asked["format"])
        with portal.database.read() as connection:
            tag = tags.check(connection, "csv" if as_table else "json") if asked["to"] else None
            moment(connection, start)
            groups = related(connection, asked)
            trend = read_trend(connection, name, points, groups, is_up_to_now=asked["to"] is None)
        if as_table:
            return table(csv_header(card), csv_rows(card, trend), name=f"{name}-trend", tag=tag)
        shown = {
            "points": [_point(card, at, counts) for at, counts in trend.points],
            "split": _split(card, trend.split),
            "definitions": [
                {"version": one.version, "at": rfc3339(one.first_at)} for one in trend.editions
            ],
            "lacking": None if trend.lacking is None else lacking(trend.lacking),
        }
        return answer(shown, tag=tag)

    return views


def check_tally(titles: Mapping[str, str], check: str, letters: Mapping[str, int]) -> forms.Json:
    """How entities do on a check, whether there still is such a check or not."""
    return {"check": check, "title": titles.get(check, ""), **tally(letters)}


def csv_header(card: Scorecard) -> list[str]:
    """The columns of a trend as a table."""
    levels = [level.name for level in card.levels]
    return [
        "at",
        "total",
        *(f"proven: {name}" for name in levels),
        *(f"possible: {name}" for name in levels),
        *OUTCOMES,
        "passRate",
        *LACKING,
    ]


def csv_rows(card: Scorecard, trend: Trend) -> Iterator[list[object]]:
    """The points of a trend. Of the last one it is told what it lacks, if it is of now."""
    last = len(trend.points) - 1
    for place, (at, counts) in enumerate(trend.points):
        letters = counts.letters
        lacks = lacking(trend.lacking) if trend.lacking and place == last else {}
        yield [
            rfc3339(at),
            counts.total,
            *by_rank(card, counts.proven),
            *by_rank(card, counts.possible),
            *(letters.get(letter, 0) for letter in OUTCOMES.values()),
            rounded(pass_rate(letters)),
            *(lacks.get(name, "") for name in LACKING),
        ]


def _point(card: Scorecard, at: datetime, counts: Counts) -> forms.Json:
    titles = {check.id: check.title for check in card.checks}
    order = [*(check for check in titles if check in counts.checks)]
    order += sorted(counts.checks.keys() - titles.keys())
    return {
        "at": rfc3339(at),
        "total": counts.total,
        "distribution": steps(card, by_rank(card, counts.proven), by_rank(card, counts.possible)),
        **tally(counts.letters),
        "checks": [check_tally(titles, check, counts.checks[check]) for check in order],
    }


def _split(card: Scorecard, change: Split) -> forms.Json:
    parts = {cause: by_rank(card, change.levels[cause]) for cause in Cause}
    return {
        "levels": [
            {
                "level": forms.level(card, rank),
                "change": sum(parts[cause][rank] for cause in Cause),
                "parts": {cause.value: parts[cause][rank] for cause in Cause},
            }
            for rank in range(len(card.levels))
        ],
        "passRate": _rate_change(change.rate),
        "checks": [{"check": check, **_rate_change(rate)} for check, rate in change.checks.items()],
    }


def _rate_change(rate: RateChange) -> forms.Json:
    """A change of a rate: not rounded, because the parts add up."""
    before, after, parts = rate.before, rate.after, rate.parts
    return {
        "before": None if before is None else float(before),
        "after": None if after is None else float(after),
        "change": None if before is None or after is None else float(after - before),
        "parts": None if parts is None else {cause.value: float(parts[cause]) for cause in Cause},
    }
