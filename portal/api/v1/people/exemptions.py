"""Exemptions: asking that a check is not asked, and deciding on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from flask import Response, g
from marshmallow import ValidationError, fields, validate, validates_schema

from catalog.errors import QueryError
from catalog.problems import Problem
from catalog.queries.query import parse_filters
from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Paging, Resource, Storable, after, answer, page
from portal.api.v1.existing import asked_ref
from portal.api.v1.instants import Instant
from portal.api.v1.preconditions import IF_MATCH, check_match, refusal_of, tagged
from portal.api.v1.schemas import time_field
from portal.api.v1.times import rfc3339
from portal.db.people import exemptions as store
from portal.db.people.exemption_lists import Wanted
from portal.db.people.exemption_lists import list_exemptions as list_exemptions_of
from portal.db.state import Connection
from portal.use_cases.exempting import NOT_THEIRS, Decision, acting, ask_for, decide, tag_of
from portal.wiring import Portal
from scorecards.people.campaigns import Step as CampaignStep
from scorecards.people.exemptions import (
    Exemption,
    Ground,
    Matching,
    OneEntity,
    Reason,
    Scope,
    State,
    Step,
)

STATES = [state.value for state in State]
GROUNDS = [ground.value for ground in Ground]
NO_SUCH = "There is no exemption with this number"
ONE = "/<int(max=9223372036854775807):number>"


class ExemptionReasonAnswer(Answer):
    """Why a check should not be asked."""

    ground = fields.String(validate=validate.OneOf(GROUNDS))
    text = fields.String()
    compensated_by = fields.String(metadata={"description": "Of the ground `compensated`."})


class ExemptionStepAnswer(Answer):
    """What somebody did; an actor that is empty: nobody said who they are, or time did it."""

    state = fields.String(validate=validate.OneOf(STATES))
    actor = fields.String()
    at = time_field("When.")
    reason = fields.String()


class ExemptionAnswer(Answer):
    """An exemption with its whole life."""

    id = fields.Integer()
    scorecard = fields.String()
    check = fields.String(allow_none=True, metadata={"description": "Null: every check."})
    ref = fields.String(allow_none=True, metadata={"description": "Null: see `filter`."})
    filter = fields.String(allow_none=True)
    reason = fields.Nested(ExemptionReasonAnswer)
    state = fields.String(validate=validate.OneOf(STATES))
    requested_by = fields.String()
    requested_at = time_field("When.")
    expires_at = time_field("When it ends by itself.")
    steps = fields.List(
        fields.Nested(ExemptionStepAnswer), metadata={"description": "Oldest first."}
    )


class ExemptionPageAnswer(Answer):
    """A page of exemptions, the newest first."""

    items = fields.List(fields.Nested(ExemptionAnswer))
    next_cursor = fields.String(allow_none=True)


class ExemptionList(Storable, Paging):
    """Which exemptions."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))
    scorecard = fields.String(load_default=None)
    check = fields.String(load_default=None)
    ref = fields.String(load_default=None, metadata={"description": "Of the entity."})
    requested_by = fields.String(load_default=None)
    expires_before = Instant("Those that end before.", load_default=None)


class ExemptionReasonBody(Storable):
    """Why a check should not be asked."""

    ground = fields.String(required=True, validate=validate.OneOf(GROUNDS))
    text = fields.String(required=True, validate=validate.Length(1, 2000))
    compensated_by = fields.String(load_default="", validate=validate.Length(max=2000))


class ExemptionBody(Storable):
    """What is to be exempt from what."""

    scorecard = fields.String(required=True)
    check = fields.String(
        load_default=None, allow_none=True, metadata={"description": "Null: every check."}
    )
    ref = fields.String(load_default=None, allow_none=True)
    filter = fields.String(load_default=None, allow_none=True, validate=validate.Length(1, 2000))
    reason = fields.Nested(ExemptionReasonBody, required=True)
    expires_at = Instant("When it ends by itself.", required=True)

    @validates_schema
    def _one_of_both(self, data: Mapping[str, Any], **_: Any) -> None:
        if (data.get("ref") is None) == (data.get("filter") is None):
            raise ValidationError("Either `ref` or `filter` has to be there", "ref")


class DecisionBody(Storable):
    """Why it is decided so."""

    reason = fields.String(load_default="", validate=validate.Length(max=2000))


class RefusalBody(Storable):
    """Why it is decided so, which has to be said."""

    reason = fields.String(required=True, validate=validate.Length(1, 2000))


def resource(portal: Portal) -> Resource:
    """`/api/v1/exemptions`."""
    views = Resource(
        "exemptions",
        __name__,
        url_prefix="/api/v1/exemptions",
        description="Checks that are not asked, for a reason, until a day.",
    )

    @views.operation("GET", "", query=ExemptionList, answer=ExemptionPageAnswer)
    def list_exemptions(asked: dict[str, Any]) -> Response:
        """List exemptions, the newest first."""
        wanted = Wanted(
            states=(State(asked["state"]),) if asked["state"] else (),
            scorecard=asked["scorecard"],
            check=asked["check"],
            ref=str(asked_ref(asked["ref"])) if asked["ref"] else None,
            requested_by=asked["requested_by"],
            expires_before=asked["expires_before"],
        )
        with portal.database.read() as connection:
            found = list_exemptions_of(connection, wanted, after=after(asked), limit=asked["limit"])
        return answer(page([form(one) for one in found.items], found.after))

    @views.operation("POST", "", body=ExemptionBody, answer=ExemptionAnswer, status=201)
    def request_exemption(_: dict[str, Any], asked: dict[str, Any]) -> Response:
        """Ask for an exemption of one entity, or of all that a filter matches."""
        made = ask_for(
            portal,
            _scope(asked),
            reason=Reason(
                ground=Ground(asked["reason"]["ground"]),
                text=asked["reason"]["text"],
                compensated_by=asked["reason"]["compensated_by"],
            ),
            expires_at=asked["expires_at"],
            actor=acting(g.caller),
        )
        if isinstance(made, Problem):
            raise refusal_of(made, "INVALID_VALUE")
        return tagged(form(made), tag_of(made), status=201)

    @views.operation("GET", ONE, answer=ExemptionAnswer)
    def get_exemption(_: dict[str, Any], number: int) -> Response:
        """Get an exemption with all that was done about it."""
        with portal.database.read() as connection:
            found = _found(connection, number, portal.now())
        return tagged(form(found), tag_of(found))

    _add_decisions(views, portal)
    return views


def _add_decisions(views: Resource, portal: Portal) -> None:
    def take(number: int, decision: Decision, reason: str) -> Response:
        """Take a step in the life of an exemption."""
        done = decide(
            portal,
            number,
            decision,
            actor=acting(g.caller),
            reason=reason,
            seen=lambda found: check_match(tag_of(found)),
        )
        if done is None:
            raise Refusal("NOT_FOUND", NO_SUCH)
        if isinstance(done, Problem):
            raise refusal_of(done, "FORBIDDEN" if done.code in NOT_THEIRS else "CONFLICT")
        return tagged(form(done), tag_of(done))

    def add(word: str, decision: Decision, body: type[Storable], summary: str) -> None:
        def view(_: dict[str, Any], asked: dict[str, Any], number: int) -> Response:
            return take(number, decision, asked["reason"])

        view.__name__, view.__doc__ = f"{word}_exemption", summary
        serve: Callable[[Any], Any] = views.operation(
            "POST", f"{ONE}/{word}", body=body, answer=ExemptionAnswer, headers=[IF_MATCH]
        )
        serve(view)

    approved = "Approve an exemption: from now on its checks are exempt."
    revoked = "End an exemption before its time: its checks are asked again."
    add("approve", Decision.APPROVE, DecisionBody, approved)
    add("deny", Decision.DENY, RefusalBody, "Deny an exemption that is requested.")
    add("revoke", Decision.REVOKE, RefusalBody, revoked)
    add("withdraw", Decision.WITHDRAW, DecisionBody, "Take back a request of one's own.")


def step_form(step: Step | CampaignStep) -> dict[str, Any]:
    """What somebody did, as the API shows it."""
    return {
        "state": step.state.value,
        "actor": step.actor,
        "at": rfc3339(step.at),
        "reason": step.reason,
    }


def form(found: Exemption) -> dict[str, Any]:
    """An exemption as the API shows it."""
    whom = found.scope.whom
    return {
        "id": found.id,
        "scorecard": found.scope.scorecard,
        "check": found.scope.check,
        "ref": whom.ref if isinstance(whom, OneEntity) else None,
        "filter": whom.filter if isinstance(whom, Matching) else None,
        "reason": {
            "ground": found.reason.ground.value,
            "text": found.reason.text,
            "compensatedBy": found.reason.compensated_by,
        },
        "state": found.state.value,
        "requestedBy": found.requested_by,
        "requestedAt": rfc3339(found.steps[0].at),
        "expiresAt": rfc3339(found.expires_at),
        "steps": [step_form(step) for step in found.steps],
    }


def _found(connection: Connection, number: int, now: datetime) -> Exemption:
    found = store.find(connection, number, now=now)
    if found is None:
        raise Refusal("NOT_FOUND", NO_SUCH)
    return found


def _scope(asked: Mapping[str, Any]) -> Scope:
    whom = (
        OneEntity(ref=str(asked_ref(asked["ref"])))
        if asked["ref"] is not None
        else Matching(filter=filter_of(asked["filter"]))
    )
    return Scope(scorecard=asked["scorecard"], check=asked["check"], whom=whom)


def filter_of(text: str) -> str:
    """A filter that asks for something, or a refusal."""
    try:
        tree = parse_filters([text])
    except QueryError as error:
        raise Refusal("INVALID_VALUE", str(error)) from None
    if tree is None:
        raise Refusal("INVALID_VALUE", "The filter asks for nothing; write `kind=component`")
    return text
