"""Work: asking for everything to be looked at again, and whether a promise has been kept."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from marshmallow import fields

from portal.api.v1.conventions import Answer, Resource, answer
from portal.api.v1.schemas import TicketAnswer
from portal.db.work import marks, pending
from portal.wiring import Portal
from portal.worker.requests import ASSESS, Lane


class PromiseAnswer(Answer):
    """What became of promised work."""

    ticket = fields.String(metadata={"format": "uuid"})
    pending = fields.Boolean(
        metadata={"description": "False: done, or never promised, or promised anew since."}
    )


def resource(portal: Portal) -> Resource:
    """The routes of work."""
    views = Resource("Work", __name__, url_prefix="/api/v1")

    @views.operation("POST", "/assessments", answer=TicketAnswer, status=202)
    def assess_all(_: dict[str, Any]) -> Response:
        """Collect every fact and assess every entity again."""
        with portal.database.write() as connection:
            marks.mark_all(connection)
        ticket = portal.work.request(ASSESS, Lane.PERSON)
        return answer({"key": ASSESS, "ticket": ticket}, status=202)

    @views.operation("GET", "/work/<uuid:ticket>", answer=PromiseAnswer)
    def get_promise(_: dict[str, Any], ticket: UUID) -> Response:
        """Say whether the work that a ticket names is still ahead or under way."""
        with portal.database.read() as connection:
            waiting = pending.is_waiting(connection, str(ticket))
        return answer({"ticket": str(ticket), "pending": waiting})

    return views
