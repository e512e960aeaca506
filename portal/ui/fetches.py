"""Facts from other systems: how they were last fetched, and the button that asks for it now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Blueprint, redirect, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import Problem
from portal.db.fetched import Fetch
from portal.ui.frame import not_found
from portal.ui.models.looks import Look
from portal.wiring import Portal
from portal.worker.requests import Lane, fetch_key
from scorecards.fetching import Recipe

GONE = "No facts of this namespace are fetched."

NOT_YET = Look(name="unknown", word="Not fetched yet")
UNDER_WAY = Look(name="unknown", word="Being fetched")
DONE = Look(name="pass", word="Fetched")
PARTLY = Look(name="warn", word="Partly fetched")
FAILED = Look(name="fail", word="Failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchLine:
    """A namespace of facts, and its last run."""

    name: str
    facts: tuple[str, ...]
    system: str
    """The URL that is asked, without its query."""
    every: timedelta
    look: Look
    began_at: datetime | None
    entities: int
    failed: int
    problem: Problem | None


def fetch_lines(recipes: tuple[Recipe, ...], runs: Mapping[str, Fetch]) -> tuple[FetchLine, ...]:
    """The lines of all namespaces, in the order of the configuration."""
    return tuple(_line(recipe, runs.get(recipe.name)) for recipe in recipes)


def _line(recipe: Recipe, run: Fetch | None) -> FetchLine:
    return FetchLine(
        name=recipe.name,
        facts=tuple(fact.declared.schema.name for fact in recipe.facts),
        system=recipe.url.partition("?")[0],
        every=recipe.every,
        look=_look(run),
        began_at=run.began_at if run else None,
        entities=run.entities if run else 0,
        failed=run.failed if run else 0,
        problem=run.problem if run else None,
    )


def _look(run: Fetch | None) -> Look:
    if run is None:
        return NOT_YET
    if run.ended_at is None:
        return UNDER_WAY
    if run.problem is None:
        return DONE
    return FAILED if run.failed == run.entities else PARTLY


def register(pages: Blueprint, portal: Portal) -> None:
    """The request to fetch the facts of a namespace now; they are shown among the locations."""
    names = {recipe.name for recipe in portal.settings.recipes}

    @pages.post("/fetches/<name>")
    def fetch_now(name: str) -> ResponseReturnValue:
        if name not in names:
            return not_found(GONE)
        portal.work.request(fetch_key(name), Lane.PERSON)
        return redirect(url_for("pages.locations", asked=name) + "#facts", 303)
