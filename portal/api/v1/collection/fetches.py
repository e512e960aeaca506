"""Fetches: how the facts of other systems were last fetched, and asking for it now."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from flask import Response, g, request
from marshmallow import fields

from plugins.budgets import Budget
from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Resource, answer
from portal.api.v1.schemas import ProblemAnswer, TicketAnswer
from portal.api.v1.times import rfc3339
from portal.auth import asker_of
from portal.db.collection import fetched
from portal.db.collection.fetched import Fetch
from portal.db.work import budgets
from portal.fetching_now import fetch_now as begin
from portal.rationing import TooOften
from portal.wiring import Portal
from portal.worker.requests import fetch_key
from portal.worker.systems.scheduled import Scheduled


class FetchAnswer(Answer):
    """Facts of a system, and the last run for them."""

    name = fields.String(
        metadata={"description": "The namespace of its facts, or `collector@host`."}
    )
    facts = fields.List(fields.String())
    system = fields.String(
        metadata={"description": "The URL that is asked without its query, or the host."}
    )
    every = fields.Integer(metadata={"description": "Seconds between two runs."})
    began_at = fields.String(
        allow_none=True, metadata={"format": "date-time", "description": "null: not yet."}
    )
    ended_at = fields.String(
        allow_none=True, metadata={"format": "date-time", "description": "null: it is under way."}
    )
    goes_on_at = fields.String(
        allow_none=True,
        metadata={
            "format": "date-time",
            "description": "Nothing is asked before that: a limit was reached. null: there is none.",
        },
    )
    entities = fields.Integer(metadata={"description": "That were asked about."})
    failed = fields.Integer(metadata={"description": "About which nothing was learned."})
    problem = fields.Nested(ProblemAnswer, allow_none=True)


class FetchesAnswer(Answer):
    """Every namespace that is fetched."""

    items = fields.List(fields.Nested(FetchAnswer))


class LimitAnswer(Answer):
    """One of the limits of a system."""

    name = fields.String(metadata={"description": "What is limited, in the system's word."})
    left = fields.Float(metadata={"description": "Share that is left until the reset, 0 to 1."})
    resets_at = fields.String(metadata={"format": "date-time"})


class BudgetAnswer(Answer):
    """What a system lets the portal ask, as it has told itself."""

    system = fields.String(metadata={"description": "The host."})
    paused_until = fields.String(
        allow_none=True,
        metadata={
            "format": "date-time",
            "description": "It has refused: nothing is asked before that. null: it has not.",
        },
    )
    limits = fields.List(fields.Nested(LimitAnswer))


class BudgetsAnswer(Answer):
    """Every system that has told of limits that still hold."""

    items = fields.List(fields.Nested(BudgetAnswer))


def resource(portal: Portal) -> Resource:
    """The routes of fetches."""
    views = Resource("fetches", __name__, url_prefix="/api/v1", description="What is fetched.")
    scheduled = {one.name: one for one in portal.scheduled}

    @views.operation("GET", "/fetches", answer=FetchesAnswer)
    def list_fetches(_: dict[str, Any]) -> Response:
        """All facts that are fetched from other systems, and how each last run went."""
        with portal.database.read() as connection:
            runs = fetched.listed(connection)
        return answer({"items": [_form(one, runs.get(name)) for name, one in scheduled.items()]})

    @views.operation("GET", "/budgets", answer=BudgetsAnswer)
    def list_budgets(_: dict[str, Any]) -> Response:
        """What forges still let the portal ask. All processes share it."""
        with portal.database.read() as connection:
            known = budgets.listed(connection)
        now = portal.now().timestamp()
        found = {system: budget.at(now) for system, budget in known.items()}
        return answer({"items": [_budget(*one) for one in found.items() if one[1] != Budget()]})

    @views.operation("POST", "/fetches/<name>", answer=TicketAnswer, status=202)
    def fetch_now(_: dict[str, Any], name: str) -> Response:
        """Fetch facts now, of all that a system is asked about; twice, and then once in five minutes."""
        if name not in scheduled:
            raise Refusal("NOT_FOUND", "Nothing is fetched under this name")
        ticket = begin(portal, name, by=asker_of(g.caller, request.remote_addr))
        if isinstance(ticket, TooOften):
            raise Refusal("TOO_OFTEN", ticket.why, retry_after=ticket.seconds)
        return answer({"key": fetch_key(name), "ticket": ticket}, status=202)

    return views


def _budget(system: str, budget: Budget) -> forms.Json:
    return {
        "system": system,
        "pausedUntil": _moment(budget.until) if budget.until else None,
        "limits": [
            {"name": name, "left": round(one.share, 4), "resetsAt": _moment(one.reset)}
            for name, one in sorted(budget.left.items())
        ],
    }


def _moment(seconds: float) -> str | None:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))


def _form(one: Scheduled, run: Fetch | None) -> forms.Json:
    return {
        "name": one.name,
        "facts": list(one.facts),
        "system": one.system,
        "every": int(one.every.total_seconds()),
        "beganAt": rfc3339(run.began_at) if run else None,
        "endedAt": rfc3339(run.ended_at) if run else None,
        "goesOnAt": rfc3339(run.until) if run else None,
        "entities": run.entities if run else 0,
        "failed": run.failed if run else 0,
        "problem": forms.problem(run.problem) if run and run.problem else None,
    }
