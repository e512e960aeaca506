"""Removals: what waits for approval, what went, and entities that somebody does not want served."""

from __future__ import annotations

from typing import Any

from flask import Response, g
from marshmallow import fields, validate

from portal.api.errors import Refusal
from portal.api.v1.conventions import Answer, Camel, Paging, Resource, after, answer, page
from portal.api.v1.existing import asked_ref
from portal.api.v1.schemas import time_field
from portal.api.v1.sources.removal_forms import held_removal, tombstone
from portal.api.v1.times import rfc3339
from portal.auth import actor_of
from portal.db.ingest import buried, decisions, held, overrides
from portal.wiring import Portal, store_of
from portal.worker.requests import ASSESS, Lane, refresh_key


class HeldRemovalAnswer(Answer):
    """A removal that is larger than one run may make."""

    id = fields.Integer()
    location = fields.String(metadata={"description": "Id of the location."})
    source = fields.String(
        metadata={"description": "URL of the repository; empty: the whole location went."}
    )
    reason = fields.String()
    refs = fields.List(fields.String(), metadata={"description": "Entities that would go."})
    held_at = time_field("When it was held back first.")


class HeldRemovalsAnswer(Answer):
    """What waits for approval."""

    items = fields.List(fields.Nested(HeldRemovalAnswer))
    next_cursor = fields.String(allow_none=True)


class ApprovalAnswer(Answer):
    """What reads again, and then takes away, what was approved."""

    tickets = fields.List(fields.String(metadata={"format": "uuid"}))


class TombstoneAnswer(Answer):
    """An entity that went."""

    ref = fields.String()
    uid = fields.String()
    reason = fields.String()
    actor = fields.String(metadata={"description": "Who asked for it; empty: nobody did."})
    removed_at = time_field("When it went.")


class TombstonesAnswer(Answer):
    """A page of entities that went, the newest first."""

    items = fields.List(fields.Nested(TombstoneAnswer))
    next_cursor = fields.String(allow_none=True)


class Restored(Camel):
    """Which entity."""

    ref = fields.String(required=True)


class RestoredAnswer(Answer):
    """An entity that is served again."""

    ref = fields.String()


class Suppressed(Camel):
    """Which entity, and why."""

    ref = fields.String(required=True)
    reason = fields.String(required=True, validate=validate.Length(1, 1000))


class SuppressionAnswer(Answer):
    """Somebody's decision that an entity is not served."""

    ref = fields.String()
    reason = fields.String()
    actor = fields.String()
    at = time_field("When it was decided.")


class SuppressionsAnswer(Answer):
    """Every suppression, the newest first."""

    items = fields.List(fields.Nested(SuppressionAnswer))
    next_cursor = fields.String(allow_none=True)


def resource(portal: Portal) -> Resource:
    """`/api/v1/removals`, `/tombstones` and `/suppressions`."""
    views = Resource(
        "removals", __name__, url_prefix="/api/v1", description="What goes, and what comes back."
    )
    _add_held(views, portal)
    _add_tombstones(views, portal)
    _add_suppressions(views, portal)
    return views


def _add_held(views: Resource, portal: Portal) -> None:
    @views.operation("GET", "/removals", answer=HeldRemovalsAnswer)
    def list_removals(_: dict[str, Any]) -> Response:
        """List removals that are held back until somebody approves them."""
        with portal.database.read() as connection:
            found = held.list_held(connection)
        return answer(page([held_removal(one) for one in found], None))

    @views.operation(
        "POST",
        "/removals/<int(max=9223372036854775807):number>/approve",
        answer=ApprovalAnswer,
        status=202,
    )
    def approve_removal(_: dict[str, Any], number: int) -> Response:
        """Let a removal happen: the entities that it names go with the next reading, at once."""
        with portal.database.write() as connection:
            again = decisions.approve(
                store_of(portal), connection, number, actor=actor_of(g.caller), now=portal.now()
            )
        if again is None:
            raise Refusal("NOT_FOUND", "There is no held removal with this number")
        keys = [refresh_key(repository) for repository in again]
        tickets = [portal.work.request(key, Lane.PERSON) for key in keys]
        return answer({"tickets": tickets}, status=202)


def _add_tombstones(views: Resource, portal: Portal) -> None:
    @views.operation("GET", "/tombstones", query=Paging, answer=TombstonesAnswer)
    def list_tombstones(asked: dict[str, Any]) -> Response:
        """List entities that went, the newest first, until they are purged."""
        with portal.database.read() as connection:
            found = buried.list_tombstones(connection, after=after(asked), limit=asked["limit"])
        return answer(page([tombstone(one) for one in found.items], found.after))

    @views.operation("POST", "/tombstones/restore", query=Restored, answer=RestoredAnswer)
    def restore(asked: dict[str, Any]) -> Response:
        """Serve an entity again that went, with its uid, as an orphan until a file declares it."""
        ref = str(asked_ref(asked["ref"]))
        with portal.database.write() as connection:
            done = decisions.restore(
                store_of(portal), connection, ref, actor=actor_of(g.caller), now=portal.now()
            )
        if not done:
            raise Refusal("NOT_FOUND", f"Nothing of {ref} is kept that could be restored")
        portal.work.request(ASSESS, Lane.EVENT)
        return answer({"ref": ref})


def _add_suppressions(views: Resource, portal: Portal) -> None:
    @views.operation("GET", "/suppressions", answer=SuppressionsAnswer)
    def list_suppressions(_: dict[str, Any]) -> Response:
        """List entities that are not served, although files declare them."""
        with portal.database.read() as connection:
            found = overrides.list_suppressions(connection)
        return answer(page([_suppression(one) for one in found], None))

    @views.operation("POST", "/suppressions", query=Suppressed, answer=RestoredAnswer)
    def suppress(asked: dict[str, Any]) -> Response:
        """Serve an entity no longer, whoever declares it, until the suppression is lifted."""
        ref = str(asked_ref(asked["ref"]))
        with portal.database.write() as connection:
            decisions.suppress(
                store_of(portal),
                connection,
                ref,
                reason=asked["reason"],
                actor=actor_of(g.caller),
                now=portal.now(),
            )
        return answer({"ref": ref})

    @views.operation("DELETE", "/suppressions", query=Restored, answer=RestoredAnswer)
    def lift(asked: dict[str, Any]) -> Response:
        """Lift a suppression: the entity is back at once, with its uid, where a file declares it."""
        ref = str(asked_ref(asked["ref"]))
        with portal.database.write() as connection:
            done = decisions.lift(
                store_of(portal), connection, ref, actor=actor_of(g.caller), now=portal.now()
            )
        if not done:
            raise Refusal("NOT_FOUND", f"{ref} is not suppressed")
        portal.work.request(ASSESS, Lane.EVENT)
        return answer({"ref": ref})


def _suppression(one: overrides.Suppression) -> dict[str, Any]:
    return {
        "ref": one.ref,
        "reason": one.reason,
        "actor": one.actor,
        "at": rfc3339(one.at),
    }
