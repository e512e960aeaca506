"""Coverage: what is not known, why, and which single change would make most of it known."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Camel, Resource, Tags, answer
from portal.api.v1.insights.advice import owners_of
from portal.api.v1.schemas import NotAssessedAnswer
from portal.api.v1.times import rfc3339
from portal.db.evaluation import unanswerable
from portal.use_cases.covering import Mentions, coverage_of
from portal.wiring import Portal
from scorecards.insights.coverage import Change, Coverage, in_words
from scorecards.scorecard import Scorecard

MOST_NOT_ASSESSED = 100
"""Entities that could not be assessed which are named."""


class CheckCoverageAnswer(Answer):
    """How much of a check is known."""

    scorecard = fields.String()
    check = fields.String()
    asked = fields.Integer(metadata={"description": "Entities that it applies to."})
    not_known = fields.Integer(data_key="unknown")


class DetailAnswer(Answer):
    """What a collector said."""

    detail = fields.String()
    facts = fields.Integer(metadata={"description": "Of how many facts."})


class CauseAnswer(Answer):
    """One thing that keeps answers away."""

    change = fields.String(validate=validate.OneOf([change.value for change in Change]))
    subject = fields.String(
        metadata={"description": "A collector, a namespace, or `scorecard/check`."}
    )
    words = fields.String(metadata={"description": "What to do."})
    resolves = fields.Integer(metadata={"description": "Answers that wait for nothing else."})
    touches = fields.Integer(metadata={"description": "Answers that wait for it, too."})
    entities = fields.Integer()
    checks = fields.List(fields.String(), metadata={"description": "As `scorecard/check`."})
    facts = fields.List(fields.String())
    details = fields.List(fields.Nested(DetailAnswer))


class NotAssessedEntityAnswer(NotAssessedAnswer):
    """An entity that could not be assessed when that was last tried."""

    ref = fields.String()


class CoverageAnswer(Answer):
    """What is known, and what keeps the rest away."""

    asked = fields.Integer(
        metadata={"description": "Answers: one for each entity and check that applies to it."}
    )
    not_known = fields.Integer(data_key="unknown")
    known_rate = fields.Float(
        allow_none=True, metadata={"description": "0 to 1; null: none asked."}
    )
    causes = fields.List(
        fields.Nested(CauseAnswer), metadata={"description": "Those that resolve most first."}
    )
    checks = fields.List(
        fields.Nested(CheckCoverageAnswer), metadata={"description": "The least known first."}
    )
    not_assessed = fields.Integer(
        metadata={
            "description": "Entities of these owners that could not be assessed: their answers "
            "are from before, or there are none. With `scorecard` those that one of these has a "
            "result of, or none at all."
        }
    )
    not_assessed_entities = fields.List(
        fields.Nested(NotAssessedEntityAnswer),
        metadata={"description": f"By ref, at most {MOST_NOT_ASSESSED}."},
    )


class CoverageOf(Camel):
    """Of what."""

    owner = fields.List(
        fields.String(validate=validate.Length(1, 500)),
        load_default=[],
        metadata={"description": "Ref; by default of a group. Several are alternatives."},
    )
    scorecard = fields.List(
        fields.String(), load_default=[], metadata={"description": "Names; by default all."}
    )


def resource(portal: Portal, tags: Tags) -> Resource:
    """`/api/v1/coverage`."""
    views = Resource("coverage", __name__, url_prefix="/api/v1", description="What is not known.")

    mentions = Mentions(portal)

    @views.operation("GET", "/coverage", query=CoverageOf, answer=CoverageAnswer)
    def get_coverage(asked: dict[str, Any]) -> Response:
        """Say what is not known, why, and which single change would make most of it known."""
        cards = _chosen(portal, asked["scorecard"])
        owners = owners_of(asked["owner"])
        with portal.database.read() as connection:
            tag = tags.check(connection)
            found = coverage_of(connection, portal, cards, mentions, owners=owners)
            names = asked["scorecard"] or None
            entities = unanswerable.listed(
                connection, owners=owners, scorecards=names, limit=MOST_NOT_ASSESSED
            )
            number = unanswerable.count(connection, owners=owners, scorecards=names)
        more = {
            "notAssessed": number,
            "notAssessedEntities": [
                {"ref": one.ref, "reason": one.reason, "since": rfc3339(one.since)}
                for one in entities
            ],
        }
        return answer(_form(found) | more, tag=tag)

    return views


def _chosen(portal: Portal, names: list[str]) -> list[Scorecard]:
    known = portal.cards
    if unknown := [name for name in names if name not in known]:
        raise Refusal("INVALID_VALUE", f"There is no scorecard {unknown[0]}")
    return [known[name] for name in dict.fromkeys(names or known)]


def _form(found: Coverage) -> forms.Json:
    known = found.asked - found.unknown
    return {
        "asked": found.asked,
        "unknown": found.unknown,
        "knownRate": round(known / found.asked, 4) if found.asked else None,
        "causes": [
            {
                "change": effect.cause.change.value,
                "subject": effect.cause.subject,
                "words": in_words(effect.cause),
                "resolves": effect.resolves,
                "touches": effect.touches,
                "entities": effect.entities,
                "checks": [f"{card}/{check}" for card, check in effect.checks],
                "facts": list(effect.facts),
                "details": [{"detail": text, "facts": n} for text, n in effect.details],
            }
            for effect in found.causes
        ],
        "checks": [
            {
                "scorecard": one.scorecard,
                "check": one.check,
                "asked": one.asked,
                "unknown": one.unknown,
            }
            for one in found.checks
        ],
    }
