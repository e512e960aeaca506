"""The digest of a week: what changed, who needs help, and what ends or is due."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields, validate

from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Camel, Resource, answer
from portal.api.v1.existing import asked_team
from portal.api.v1.instants import moment
from portal.api.v1.schemas import LevelAnswer, time_field
from portal.api.v1.times import rfc3339
from portal.use_cases.digest import MOST, CardWeek, Digest, read_digest
from portal.wiring import Portal
from scorecards.evaluation.transitions import Reason
from scorecards.insights.digest import LevelChange, week_at, week_named
from scorecards.people.exemptions import OneEntity


class LevelChangeOfWeekAnswer(Answer):
    """An entity that ended the week on another level than it began it with."""

    ref = fields.String()
    before = fields.Nested(LevelAnswer)
    after = fields.Nested(
        LevelAnswer, metadata={"description": "Of a lost level, the one that is still possible."}
    )
    reason = fields.String(validate=validate.OneOf([reason.value for reason in Reason]))


class CardWeekAnswer(Answer):
    """What happened on a scorecard."""

    scorecard = fields.String()
    gained = fields.List(
        fields.Nested(LevelChangeOfWeekAnswer),
        metadata={"description": f"At most {MOST}, those that went furthest."},
    )
    gained_total = fields.Integer()
    lost = fields.List(fields.Nested(LevelChangeOfWeekAnswer))
    lost_total = fields.Integer()
    by_rules = fields.Integer(
        metadata={"description": "Entities that stand otherwise because the rules changed."}
    )


class NeedAnswer(Answer):
    """A team with checks that passed when the week began and failed when it ended."""

    team = fields.String(metadata={"description": "Ref of a group."})
    checks = fields.Integer()
    entities = fields.Integer()


class EndingAnswer(Answer):
    """An exemption that ends."""

    id = fields.Integer()
    scorecard = fields.String()
    check = fields.String(allow_none=True, metadata={"description": "Null: every check."})
    ref = fields.String(allow_none=True, metadata={"description": "Null: it is of a filter."})
    expires_at = time_field("When.")


class DueAnswer(Answer):
    """A campaign whose target day is near, and how it stands."""

    campaign = fields.String()
    title = fields.String()
    target_on = fields.String(metadata={"format": "date"})
    open = fields.Integer()
    counted = fields.Integer(metadata={"description": "Entities that can be done."})
    seen_on = fields.String(
        allow_none=True,
        metadata={"format": "date", "description": "The day it stood so; null: at present."},
    )


class RuleChangeAnswer(Answer):
    """A scorecard whose definition came, changed or went."""

    scorecard = fields.String()
    version = fields.String(metadata={"description": "Empty: it was taken away."})
    seen_at = time_field("When the portal first had it.")
    author = fields.String()


class DigestAnswer(Answer):
    """A week. What is only no longer known is not lost."""

    week = fields.String()
    start = time_field("Monday, with which it begins.")
    end = time_field("The Monday after.")
    scorecards = fields.List(fields.Nested(CardWeekAnswer))
    needs = fields.List(
        fields.Nested(NeedAnswer),
        metadata={"description": f"At most {MOST}, the most checks first."},
    )
    needs_total = fields.Integer()
    exemptions = fields.List(fields.Nested(EndingAnswer))
    campaigns = fields.List(fields.Nested(DueAnswer))
    rules = fields.List(fields.Nested(RuleChangeAnswer))


class DigestOf(Camel):
    """Of which week, and of whom."""

    week = fields.String(
        load_default=None,
        validate=validate.Length(8, 8),
        metadata={"description": "As 2026-W30; by default the present one."},
    )
    team = fields.String(
        load_default=None,
        validate=validate.Length(1, 500),
        metadata={"description": "Ref of a group, with those below it; by default everyone."},
    )


def resource(portal: Portal) -> Resource:
    """`/api/v1/digest`."""
    views = Resource("digest", __name__, url_prefix="/api/v1", description="A week in short.")

    @views.operation("GET", "/digest", query=DigestOf, answer=DigestAnswer)
    def get_digest(asked: dict[str, Any]) -> Response:
        """Get the levels that were gained and lost in a week, who needs help, and what is due."""
        now = portal.now()
        week = week_at(now) if asked["week"] is None else week_named(asked["week"])
        if week is None:
            raise Refusal("INVALID_VALUE", "`week` is not a week as 2026-W30")
        if week.start > now:
            raise Refusal("INVALID_VALUE", "This week has not begun")
        team = asked_team(asked["team"])
        with portal.database.read() as connection:
            moment(connection, week.start)
            found = read_digest(connection, portal.scorecards, week, team=team, now=now)
        return answer(_shown(found))

    return views


def _shown(found: Digest) -> forms.Json:
    return {
        "week": found.week.name,
        "start": rfc3339(found.week.start),
        "end": rfc3339(found.week.end),
        "scorecards": [_card(found, card) for card in found.cards],
        "needs": [
            {"team": one.team, "checks": one.checks, "entities": one.entities}
            for one in found.needs
        ],
        "needsTotal": found.needs_total,
        "exemptions": [
            {
                "id": one.id,
                "scorecard": one.scope.scorecard,
                "check": one.scope.check,
                "ref": one.scope.whom.ref if isinstance(one.scope.whom, OneEntity) else None,
                "expiresAt": rfc3339(one.expires_at),
            }
            for one in found.exemptions
        ],
        "campaigns": [
            {
                "campaign": one.campaign.name,
                "title": one.campaign.plan.title,
                "targetOn": one.campaign.plan.target_on.isoformat(),
                "open": one.open,
                "counted": one.counted,
                "seenOn": one.seen_on.isoformat() if one.seen_on else None,
            }
            for one in found.campaigns
        ],
        "rules": [
            {
                "scorecard": one.name,
                "version": one.version,
                "seenAt": rfc3339(one.seen_at),
                "author": one.author,
            }
            for one in found.rules
        ],
    }


def _card(found: Digest, card: CardWeek) -> forms.Json:
    def change(one: LevelChange) -> forms.Json:
        return {
            "ref": found.refs[one.entity],
            "before": _level(card, one.before),
            "after": _level(card, one.after),
            "reason": one.reason.value,
        }

    return {
        "scorecard": card.scorecard.name,
        "gained": [change(one) for one in card.gained],
        "gainedTotal": card.gained_total,
        "lost": [change(one) for one in card.lost],
        "lostTotal": card.lost_total,
        "byRules": card.by_rules,
    }


def _level(card: CardWeek, rank: int) -> forms.Json:
    """The level as it is named now; one that the scorecard no longer has is without a name."""
    if rank < len(card.scorecard.levels):
        return forms.level(card.scorecard, rank)
    return {"rank": rank, "name": ""}
