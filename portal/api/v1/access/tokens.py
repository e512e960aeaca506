"""Tokens that are made here: making one, whose secret is told once, and revoking one."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from marshmallow import fields, validate

from catalog.problems import Problem
from portal.api.errors import Refusal
from portal.api.v1.access.admin import RestrictionAnswer
from portal.api.v1.access.token_forms import token
from portal.api.v1.conventions import Answer, Camel, Paging, Resource, Storable, after, answer, page
from portal.api.v1.instants import Instant
from portal.api.v1.preconditions import refusal_of
from portal.api.v1.schemas import time_field
from portal.auth import actor_of, tokens_refused
from portal.db.access import tokens as store
from portal.use_cases.issuing import LASTS, LONGEST_SUBJECT, LONGEST_TEXT, State, Wanted, issue
from portal.use_cases.issuing import read_limits as read
from portal.use_cases.issuing import revoke as end
from portal.wiring import Portal

MOST_LIMITS = 100
"""Of a kind, in one restriction."""


class TokenAnswer(Answer):
    """A token that was made here, without its secret."""

    id = fields.Integer()
    subject = fields.String(metadata={"description": "Who shows it, in logs and in histories."})
    description = fields.String()
    state = fields.String(validate=validate.OneOf([state.value for state in State]))
    restrictions = fields.List(
        fields.Nested(RestrictionAnswer), metadata={"description": "Empty: it may do everything."}
    )
    made_by = fields.String(metadata={"description": "Empty: nobody said who they are."})
    made_at = time_field("When.")
    expires_at = time_field("When it ends by itself; null: never.", nullable=True)
    used_at = time_field("When it was last seen, to the hour; null: never.", nullable=True)
    revoked_by = fields.String(allow_none=True, metadata={"description": "Null: nobody did."})
    revoked_at = time_field("When it was revoked.", nullable=True)


class NewTokenAnswer(TokenAnswer):
    """A token that was just made."""

    secret = fields.String(metadata={"description": "Told now, and never again."})


class TokenPageAnswer(Answer):
    """A page of tokens, the newest first."""

    items = fields.List(fields.Nested(TokenAnswer))
    next_cursor = fields.String(allow_none=True)


class TokenAttributesBody(Camel):
    """Which actions."""

    action = fields.List(fields.String(), required=True, validate=validate.Length(1, 4))


class TokenRestrictionBody(Camel):
    """What the token may do in a plugin; in those that are not named it may do nothing."""

    plugin = fields.String(required=True)
    permission = fields.List(
        fields.String(),
        validate=validate.Length(1, MOST_LIMITS),
        metadata={"description": "Names, as `plumbline.facts.push`; left out: all."},
    )
    permission_attribute = fields.Nested(TokenAttributesBody)
    facts = fields.List(
        fields.String(),
        validate=validate.Length(1, MOST_LIMITS),
        metadata={"description": "Namespaces that it may push; then it may do nothing else."},
    )
    entities = fields.List(
        fields.String(),
        validate=validate.Length(1, MOST_LIMITS),
        metadata={"description": "Refs, with `*`, that it may push about; likewise."},
    )


class _Plain(fields.Nested):
    """As it was written, once it has the shape: what it means is read as in a configuration."""

    def _deserialize(self, value: Any, *args: Any, **more: Any) -> Any:
        super()._deserialize(value, *args, **more)
        return value


class TokenBody(Storable):
    """A token to be made."""

    subject = fields.String(required=True, validate=validate.Length(1, LONGEST_SUBJECT))
    description = fields.String(load_default="", validate=validate.Length(max=LONGEST_TEXT))
    access_restrictions = fields.List(
        _Plain(TokenRestrictionBody),
        required=True,
        validate=validate.Length(max=MOST_LIMITS),
        metadata={"description": "`[]`: it may do everything."},
    )
    expires_at = Instant(
        f"When it ends by itself. Left out: in {LASTS.days} days; null: never.", allow_none=True
    )


def resource(portal: Portal) -> Resource:
    """`/api/v1/tokens`."""
    views = Resource("tokens", __name__, url_prefix="/api/v1/tokens", description="Who is let in.")

    @views.operation("GET", "", query=Paging, answer=TokenPageAnswer)
    def list_tokens(asked: dict[str, Any]) -> Response:
        """List the tokens that were made here, the newest first, also those that ended."""
        with portal.database.read() as connection:
            found = store.list_tokens(connection, after=after(asked), limit=asked["limit"])
        return answer(page([token(one, portal.now()) for one in found.items], found.after))

    @views.operation("POST", "", body=TokenBody, answer=NewTokenAnswer, status=201)
    def make_token(_: dict[str, Any], asked: dict[str, Any]) -> Response:
        """Make a token. Its secret is in this answer alone: of it a digest is kept.

        A token that has restrictions, or was made here itself, can make none.
        """
        _check_caller()
        restrictions = read(asked["access_restrictions"])
        if isinstance(restrictions, Problem):
            raise refusal_of(restrictions, "INVALID_VALUE")
        wanted = Wanted(
            subject=asked["subject"],
            description=asked["description"],
            restrictions=restrictions,
            expires_at=asked.get("expires_at", portal.now() + LASTS),
        )
        made = issue(portal, wanted, actor=actor_of(g.caller))
        if isinstance(made, Problem):
            raise refusal_of(made, "INVALID_VALUE")
        response = answer({**token(made.token, portal.now()), "secret": made.secret}, status=201)
        response.headers["Cache-Control"] = "no-store"
        return response

    @views.operation("DELETE", "/<int(max=9223372036854775807):number>", answer=TokenAnswer)
    def revoke_token(_: dict[str, Any], number: int) -> Response:
        """Revoke a token: it lets nobody in any more, and stays on the list.

        Every process refuses it within two seconds.
        """
        _check_caller()
        found = end(portal, number, actor=actor_of(g.caller))
        if found is None:
            raise Refusal("NOT_FOUND", "There is no token with this number")
        return answer(token(found, portal.now()))

    return views


def _check_caller() -> None:
    if why := tokens_refused(g.caller):
        raise Refusal("FORBIDDEN", why)
