"""Rollups: a scorecard by owner, system and so on, and what its results say of its own checks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from flask import Response
from marshmallow import ValidationError, fields, validate

from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Paging, Resource, Tags, after, answer, page
from portal.api.v1.existing import existing_scorecard
from portal.api.v1.insights.trends import check_tally
from portal.api.v1.instants import Instant, moment
from portal.api.v1.schemas import time_field
from portal.api.v1.selections import RefFilter, related
from portal.api.v1.tallies import (
    CheckTallyAnswer,
    LackingAnswer,
    StepsAnswer,
    TallyAnswer,
    lacking,
    rounded,
    steps,
    tally,
)
from portal.api.v1.times import rfc3339
from portal.db.insights.rollups import By, RolledUp, rolled_up
from portal.db.insights.trends import course_of, courses_by_entity
from portal.db.insights.unfresh import mark_of, unfresh
from portal.db.page import Page, number
from portal.wiring import Portal
from scorecards.insights.check_histories import (
    CheckHistory,
    always,
    check_histories,
    exempt_share,
    improved,
    most_failed,
    most_improved,
    often_exempted,
)
from scorecards.insights.moves import Course
from scorecards.insights.rollup import Group, compare
from scorecards.insights.trends import snapshots
from scorecards.results import Outcome
from scorecards.scorecard import Scorecard

BY_DEFAULT = timedelta(days=90)
MOST_CHECKS = 10
"""Checks in a list of those that stand out."""

KEYED = (By.LABEL, By.ANNOTATION)


class ComparisonAnswer(Answer):
    """This group and another one, on the checks that both are judged by."""

    with_ = fields.String(data_key="with")
    checks = fields.Integer(metadata={"description": "How many these are."})
    rate = fields.Float(allow_none=True, metadata={"description": "Mean of their pass rates."})
    other_rate = fields.Float(allow_none=True)


class GroupAnswer(TallyAnswer):
    """Entities that have something in common. The counts are of all checks of all of them."""

    key = fields.String(metadata={"description": "Ref, or value."})
    total = fields.Integer(metadata={"description": "Entities with a result."})
    distribution = fields.List(fields.Nested(StepsAnswer))
    checks = fields.List(fields.Nested(CheckTallyAnswer))
    improved = fields.Integer(
        allow_none=True,
        metadata={
            "description": "With `since`: how many more checks pass because services were changed."
        },
    )
    comparison = fields.Nested(
        ComparisonAnswer, allow_none=True, metadata={"description": "With `against`."}
    )


class RollupAnswer(LackingAnswer):
    """A page of groups, the largest first. An entity may be in several, or in none."""

    items = fields.List(fields.Nested(GroupAnswer))
    next_cursor = fields.String(allow_none=True)
    total = fields.Integer(metadata={"description": "Groups."})
    entities = fields.Integer(metadata={"description": "Entities with a result."})
    outside = fields.Integer(metadata={"description": "Entities with a result in no group."})


class CheckInsightAnswer(CheckTallyAnswer):
    """A check that stands out."""

    exempt_share = fields.Float(
        allow_none=True, metadata={"description": "Exempt ones of all that it applies to."}
    )
    improved = fields.Integer(
        metadata={"description": "How many more entities pass because they were changed."}
    )


class InsightsAnswer(Answer):
    """What results say of the checks of a scorecard."""

    since = time_field("What is looked back to.")
    always_passing = fields.List(
        fields.Nested(CheckInsightAnswer),
        metadata={"description": "Nobody failed it since then: does it still ask for anything?"},
    )
    always_failing = fields.List(
        fields.Nested(CheckInsightAnswer),
        metadata={"description": "Nobody passed it since then: can anybody?"},
    )
    often_exempted = fields.List(
        fields.Nested(CheckInsightAnswer),
        metadata={"description": "A tenth or more of those that it applies to are exempt."},
    )
    most_failed = fields.List(fields.Nested(CheckInsightAnswer))
    most_improved = fields.List(fields.Nested(CheckInsightAnswer))


def _grouping(text: str) -> tuple[By, str]:
    """`owner`, or `label:<key>`. Raises `ValidationError`."""
    name, colon, key = text.partition(":")
    if name not in list(By) or (By(name) in KEYED) != bool(key) or bool(colon) != bool(key):
        plain = [one.value for one in By if one not in KEYED]
        keyed = [f"{one.value}:<key>" for one in KEYED]
        raise ValidationError(f"One of {', '.join([*plain, *keyed])}.")
    return By(name), key


class Rollup(Paging):
    """By what, and what is wanted beside the numbers."""

    by = fields.String(
        load_default=By.OWNER.value,
        validate=_grouping,
        metadata={"description": "owner, system, domain, type, ..., `label:<key>`."},
    )
    since = Instant("Tell what improved since then.", load_default=None)
    against = fields.String(
        load_default=None, metadata={"description": "Compare with the group of this key."}
    )


class Insights(RefFilter):
    """How far to look back, and of which entities."""

    since = Instant("By default 90 days ago.", load_default=None)
    limit = fields.Integer(load_default=MOST_CHECKS, validate=validate.Range(1, 500))


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/scorecards/<name>/rollup` and `/insights`."""
    views = Resource(
        "rollups", __name__, url_prefix="/api/v1/scorecards", description="Who stands where."
    )
    cards = portal.cards

    @views.operation("GET", "/<name>/rollup", query=Rollup, answer=RollupAnswer)
    def get_rollup(asked: dict[str, Any], name: str) -> Response:
        """Get a scorecard by what entities have in common.

        By owner, a group counts what the groups below it own, too, and every entity once. Rates of
        groups whose entities face different checks are not comparable: `against` compares on the
        checks that both groups are judged by.
        """
        card = existing_scorecard(cards, name)
        by, key = _grouping(asked["by"])
        with portal.database.read() as connection:
            tag = tags.check(connection, mark_of(connection, name))
            rolled = rolled_up(connection, card, by, key=key)
            lacks = unfresh(connection, name)
            better = None
            if asked["since"] is not None:
                moment(connection, asked["since"])
                courses = courses_by_entity(connection, name, asked["since"], portal.now())
                better = _improved(rolled, courses)
        other = _group_of(rolled, asked["against"])
        shown = _page(rolled.groups, after(asked), asked["limit"])
        items = [_group(card, group, other, better) for group in shown.items]
        numbers = {
            "total": len(rolled.groups),
            "entities": rolled.entities,
            "outside": rolled.outside,
        }
        return answer({**page(items, shown.after), **numbers, **lacking(lacks)}, tag=tag)

    @views.operation("GET", "/<name>/insights", query=Insights, answer=InsightsAnswer)
    def get_insights(asked: dict[str, Any], name: str) -> Response:
        """Get what the results say of the checks: which stand out, and perhaps ask for the wrong.

        `improved` counts only what services changed: new rules and new data improve nothing.
        """
        card = existing_scorecard(cards, name)
        end = portal.now()
        since = asked["since"] or end - BY_DEFAULT
        with portal.database.read() as connection:
            moment(connection, since)
            base, courses = course_of(connection, name, since, end, *related(connection, asked))
        (now,) = snapshots(base, courses, [end])
        histories = check_histories(now, base, courses)
        return answer({"since": rfc3339(since), **_insights(card, histories, asked["limit"])})

    return views


def _insights(
    card: Scorecard, histories: Sequence[CheckHistory], limit: int
) -> dict[str, list[forms.Json]]:
    titles = {check.id: check.title for check in card.checks}
    present = [one for one in histories if one.check in titles]
    lists = {
        "alwaysPassing": always(present, Outcome.PASS),
        "alwaysFailing": always(present, Outcome.FAIL),
        "oftenExempted": often_exempted(present),
        "mostFailed": most_failed(present),
        "mostImproved": most_improved(present),
    }
    return {
        name: [
            {
                **check_tally(titles, one.check, one.now),
                "exemptShare": rounded(exempt_share(one.now)),
                "improved": one.improved,
            }
            for one in ones[:limit]
        ]
        for name, ones in lists.items()
    }


def _group_of(rolled: RolledUp, key: str | None) -> Group[str] | None:
    if key is None:
        return None
    for group in rolled.groups:
        if group.key == key:
            return group
    raise Refusal("INVALID_VALUE", "`against` names no group of this rollup")


def _improved(rolled: RolledUp, courses: Mapping[int, Course]) -> dict[str, int]:
    by_group: dict[str, list[Course]] = {}
    for entity, course in courses.items():
        for key in rolled.of.get(entity, ()):
            by_group.setdefault(key, []).append(course)
    return {key: improved(moved) for key, moved in by_group.items()}


def _page(groups: Sequence[Group[str]], place: str | None, limit: int) -> Page[Group[str]]:
    start = number(place) if place is not None else 0
    more = start + limit < len(groups)
    return Page(
        items=tuple(groups[start : start + limit]), after=str(start + limit) if more else None
    )


def _group(
    card: Scorecard,
    group: Group[str],
    other: Group[str] | None,
    better: Mapping[str, int] | None,
) -> forms.Json:
    titles = {check.id: check.title for check in card.checks}
    return {
        "key": group.key,
        "total": group.total,
        "distribution": steps(card, group.proven, group.possible),
        **tally(group.letters),
        "checks": [
            check_tally(titles, check.id, letters)
            for check, letters in zip(card.checks, group.checks, strict=True)
        ],
        "improved": None if better is None else better.get(group.key, 0),
        "comparison": None if other is None else _comparison(group, other),
    }


def _comparison(group: Group[str], other: Group[str]) -> forms.Json:
    both = compare(group, other)
    return {
        "with": other.key,
        "checks": both.checks,
        "rate": rounded(both.rate),
        "otherRate": rounded(both.other),
    }
