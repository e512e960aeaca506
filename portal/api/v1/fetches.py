"""Fetches: how the facts of other systems were last fetched, and asking for it now."""

from __future__ import annotations

from typing import Any

from flask import Response
from marshmallow import fields

from portal.api.errors import Refusal
from portal.api.v1 import forms
from portal.api.v1.conventions import Answer, Resource, answer
from portal.api.v1.schemas import ProblemAnswer, TicketAnswer
from portal.api.v1.times import rfc3339
from portal.db import fetched
from portal.db.fetched import Fetch
from portal.wiring import Portal
from portal.worker.requests import Lane, fetch_key
from scorecards.fetching import Recipe


class FetchAnswer(Answer):
    """A namespace of facts, and its last run."""

    name = fields.String(metadata={"description": "The namespace: the first part of its facts."})
    facts = fields.List(fields.String())
    every = fields.Integer(metadata={"description": "Seconds between two runs."})
    began_at = fields.String(
        allow_none=True, metadata={"format": "date-time", "description": "null: not yet."}
    )
    ended_at = fields.String(
        allow_none=True, metadata={"format": "date-time", "description": "null: it is under way."}
    )
    entities = fields.Integer(metadata={"description": "That were asked about."})
    failed = fields.Integer(metadata={"description": "About which nothing was learned."})
    problem = fields.Nested(ProblemAnswer, allow_none=True)


class FetchesAnswer(Answer):
    """Every namespace that is fetched."""

    items = fields.List(fields.Nested(FetchAnswer))


def resource(portal: Portal) -> Resource:
    """The routes of fetches."""
    views = Resource("fetches", __name__, url_prefix="/api/v1", description="What is fetched.")
    recipes = {recipe.name: recipe for recipe in portal.settings.recipes}

    @views.operation("GET", "/fetches", answer=FetchesAnswer)
    def list_fetches(_: dict[str, Any]) -> Response:
        """Every namespace whose facts are fetched from another system, and how its last run went."""
        with portal.database.read() as connection:
            runs = fetched.listed(connection)
        return answer({"items": [_form(one, runs.get(name)) for name, one in recipes.items()]})

    @views.operation("POST", "/fetches/<name>", answer=TicketAnswer, status=202)
    def fetch_now(_: dict[str, Any], name: str) -> Response:
        """Fetch the facts of a namespace now."""
        if name not in recipes:
            raise Refusal("NOT_FOUND", "No facts of this namespace are fetched")
        key = fetch_key(name)
        ticket = portal.work.request(key, Lane.PERSON)
        return answer({"key": key, "ticket": ticket}, status=202)

    return views


def _form(recipe: Recipe, run: Fetch | None) -> forms.Json:
    return {
        "name": recipe.name,
        "facts": [fact.declared.schema.name for fact in recipe.facts],
        "every": int(recipe.every.total_seconds()),
        "beganAt": rfc3339(run.began_at) if run else None,
        "endedAt": rfc3339(run.ended_at) if run else None,
        "entities": run.entities if run else 0,
        "failed": run.failed if run else 0,
        "problem": forms.problem(run.problem) if run and run.problem else None,
    }
