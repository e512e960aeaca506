"""Answers to manual checks: what people say where no collector can look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, g
from marshmallow import fields, validate

from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Paging, Resource, Storable, after, answer, page
from portal.api.v1.existing import existing_entity
from portal.api.v1.schemas import time_field
from portal.api.v1.times import rfc3339
from portal.auth import actor_of
from portal.db.people import answers as store
from portal.wiring import Portal
from portal.worker.requests import ASSESS, Lane
from scorecards.evaluation import decisions
from scorecards.rules import Manual
from scorecards.scorecard import Scorecard

SAYS = ["pass", "fail"]
ONE = "/<kind>/<namespace>/<name>/checks/<scorecard>/<check>/answer"


class ManualAnswer(Answer):
    """What a person said."""

    answer = fields.String(validate=validate.OneOf(SAYS))
    comment = fields.String()
    evidence = fields.String(metadata={"description": "URL; empty where there is none."})
    actor = fields.String()
    at = time_field("When.")
    expires_at = time_field("Until when it holds.")


class ManualPageAnswer(Answer):
    """A page of what was said, the newest first: that is what counts."""

    items = fields.List(fields.Nested(ManualAnswer))
    next_cursor = fields.String(allow_none=True)


class AnswerBody(Storable):
    """What a person says."""

    answer = fields.String(required=True, validate=validate.OneOf(SAYS))
    comment = fields.String(required=True, validate=validate.Length(1, 2000))
    evidence = fields.String(
        load_default="",
        validate=[validate.Length(max=2000), validate.Regexp(r"(https?://\S+)?\Z")],
        metadata={"description": "URL of what shows it."},
    )


def resource(portal: Portal) -> Resource:
    """`/api/v1/entities/{...}/checks/{scorecard}/{check}/answer`."""
    views = Resource(
        "answers",
        __name__,
        url_prefix="/api/v1/entities",
        description="What people say to manual checks.",
    )
    cards = portal.cards

    @views.operation("GET", ONE, query=Paging, answer=ManualPageAnswer)
    def list_answers(
        asked: dict[str, Any], kind: str, namespace: str, name: str, scorecard: str, check: str
    ) -> Response:
        """List the answers to a manual check of an entity, the newest first."""
        _manual(cards, scorecard, check)
        with portal.database.read() as connection:
            ref = existing_entity(connection, kind, namespace, name).ref
            found = store.list_answers(
                connection, ref, scorecard, check, after=after(asked), limit=asked["limit"]
            )
        return answer(page([form(one) for one in found.items], found.after))

    @views.operation("POST", ONE, body=AnswerBody, answer=ManualAnswer, status=201)
    def answer_check(
        _: dict[str, Any],
        asked: dict[str, Any],
        kind: str,
        namespace: str,
        name: str,
        scorecard: str,
        check: str,
    ) -> Response:
        """Answer a manual check of an entity; earlier answers are kept, and count no longer."""
        rule = _manual(cards, scorecard, check)
        now = portal.now()
        given = decisions.Answer(
            scorecard=scorecard,
            check=check,
            passes=asked["answer"] == "pass",
            actor=actor_of(g.caller),
            comment=asked["comment"],
            evidence=asked["evidence"],
            at=now,
            expires_at=now + rule.expires,
        )
        with portal.database.write() as connection:
            ref = existing_entity(connection, kind, namespace, name).ref
            store.put(connection, ref, given)
        portal.work.request(ASSESS, Lane.PERSON)
        return answer(form(given), status=201)

    return views


def form(given: decisions.Answer) -> dict[str, Any]:
    """An answer as the API shows it."""
    return {
        "answer": SAYS[0] if given.passes else SAYS[1],
        "comment": given.comment,
        "evidence": given.evidence,
        "actor": given.actor,
        "at": rfc3339(given.at),
        "expiresAt": rfc3339(given.expires_at),
    }


def _manual(cards: Mapping[str, Scorecard], scorecard: str, check: str) -> Manual:
    card = cards.get(scorecard)
    found = next((one for one in card.checks if one.id == check), None) if card else None
    if found is None:
        raise Refusal("NOT_FOUND", "There is no check of this name in such a scorecard")
    if not isinstance(found.rule, Manual):
        raise Refusal("CONFLICT", "The check is not manual: its rule answers it")
    return found.rule
