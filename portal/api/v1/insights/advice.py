"""Advice: the plan to an entity's next level, and the fixes that lift the most entities."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Camel, Resource, Tags, answer
from portal.api.v1.existing import asked_ref, existing_scorecard
from portal.api.v1.schemas import LevelAnswer
from portal.db.evaluation.result_patterns import outcome_counts
from portal.wiring import Portal
from scorecards.insights.advice import MINUTES
from scorecards.insights.lifts import Bundle, Fix, lifts
from scorecards.scorecard import Scorecard

MOST_BUNDLES = 20
"""Sets of checks in one answer."""


class FixAnswer(Answer):
    """A check, and what it would bring if it passed everywhere."""

    check = fields.String()
    title = fields.String()
    level = fields.Nested(LevelAnswer)
    effort = fields.String()
    minutes = fields.Integer(metadata={"description": "What the effort counts, for one entity."})
    blocks = fields.Integer(
        metadata={"description": "Entities it keeps from their next level, alone or with others."}
    )
    not_known = fields.Integer(
        data_key="unknown", metadata={"description": "Of these, where it is unknown or broken."}
    )
    lifts = fields.Integer(metadata={"description": "Entities that it lifts by itself."})
    levels = fields.Integer(metadata={"description": "Levels that these gain together."})


class BundleAnswer(Answer):
    """Checks that lift together."""

    checks = fields.List(fields.String())
    lifts = fields.Integer(
        metadata={"description": "Entities that nothing else keeps from their next level."}
    )
    levels = fields.Integer(metadata={"description": "Levels that these gain together."})
    minutes = fields.Integer(metadata={"description": "For one entity that lacks all of them."})


class AdviceAnswer(Answer):
    """The fixes of a scorecard, those that lift most first."""

    scorecard = fields.String()
    entities = fields.Integer(metadata={"description": "With a result of these checks."})
    below = fields.Integer(
        metadata={"description": "Of these, the ones that a check keeps from their next level."}
    )
    fixes = fields.List(fields.Nested(FixAnswer))
    bundles = fields.List(fields.Nested(BundleAnswer), metadata={"description": "At most 20."})


class AdviceFor(Camel):
    """Whose entities."""

    owner = fields.List(
        fields.String(validate=validate.Length(1, 500)),
        load_default=[],
        metadata={"description": "Ref; by default of a group. Several are alternatives."},
    )


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/scorecards/{name}/advice`."""
    views = Resource(
        "advice", __name__, url_prefix="/api/v1/scorecards", description="What to do next."
    )
    cards = portal.cards

    @views.operation("GET", "/<name>/advice", query=AdviceFor, answer=AdviceAnswer)
    def get_advice(asked: dict[str, Any], name: str) -> Response:
        """Say which fixes lift most entities, or those of an owner, to their next level.

        Counted on what checks say: a fix is taken to make its check pass wherever it blocks.
        """
        card = existing_scorecard(cards, name)
        owners = owners_of(asked["owner"])
        with portal.database.read() as connection:
            tag = tags.check(connection)
            counts = outcome_counts(connection, name, owners=owners)
        found = lifts(card, counts, now=portal.now())
        shown = {
            "scorecard": name,
            "entities": found.entities,
            "below": found.below,
            "fixes": [_fix(card, fix) for fix in found.fixes],
            "bundles": [_bundle(card, bundle) for bundle in found.bundles[:MOST_BUNDLES]],
        }
        return answer(shown, tag=tag)

    return views


def owners_of(texts: list[str]) -> list[str]:
    """Canonical refs of owners. Raises `Refusal`."""
    return [str(asked_ref(text, "group")) for text in texts]


def _fix(card: Scorecard, fix: Fix) -> forms.Json:
    check = card.checks[fix.check]
    return {
        "check": check.id,
        "title": check.title,
        "level": forms.level(card, check.level),
        "effort": check.effort,
        "minutes": MINUTES[check.effort],
        "blocks": fix.blocks,
        "unknown": fix.unknown,
        "lifts": fix.lifts,
        "levels": fix.levels,
    }


def _bundle(card: Scorecard, bundle: Bundle) -> forms.Json:
    return {
        "checks": [card.checks[check].id for check in bundle.checks],
        "lifts": bundle.lifts,
        "levels": bundle.levels,
        "minutes": bundle.minutes,
    }
