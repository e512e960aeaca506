"""Facts from other systems: how they were last fetched, and the button that asks for it now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from flask import Blueprint, g, redirect, request, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import Problem
from plugins.budgets import RESERVE, Budget
from portal.auth import asker_of
from portal.db.collection.fetched import Fetch
from portal.fetching_now import fetch_now as begin
from portal.rationing import TooOften
from portal.ui.frame import not_found, too_often
from portal.ui.models.looks import Look
from portal.wiring import Portal
from portal.worker.systems.scheduled import Scheduled

GONE = "Nothing is fetched under this name."

NOT_YET = Look(name="unknown", word="Not fetched yet")
UNDER_WAY = Look(name="unknown", word="Being fetched")
WAITING = Look(name="warn", word="Waits to go on")
DONE = Look(name="pass", word="Fetched")
PARTLY = Look(name="warn", word="Partly fetched")
PAUSED = Look(name="fail", word="Refuses; nothing is asked")
SCARCE = Look(name="warn", word="Kept for people and events")
PLENTY = Look(name="pass", word="Enough")
FAILED = Look(name="fail", word="Failed")


@dataclass(frozen=True, kw_only=True, slots=True)
class FetchLine:
    """Facts of a system, and the last run for them."""

    name: str
    namespaces: tuple[str, ...]
    facts: tuple[str, ...]
    system: str
    """The URL that is asked, without its query, or the host."""
    every: timedelta
    look: Look
    began_at: datetime | None
    entities: int
    failed: int
    problem: Problem | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitLine:
    """A limit of a system."""

    system: str
    name: str
    left: int | None
    """Percent, until the reset; None: it refuses, and has not said."""
    look: Look
    wait: timedelta
    """Until all of it is there again, or the pause is over."""


def limit_lines(known: Mapping[str, Budget], now: datetime) -> tuple[LimitLine, ...]:
    """The lines of the limits that hold at present, by system."""
    return tuple(
        line
        for system, budget in sorted(known.items())
        for line in _limits(system, budget, now.timestamp())
    )


def _limits(system: str, budget: Budget, now: float) -> Iterator[LimitLine]:
    budget = budget.at(now)
    if budget.until:
        wait = _minutes(budget.until - now)
        yield LimitLine(system=system, name="", left=None, look=PAUSED, wait=wait)
    for name, one in sorted(budget.left.items()):
        yield LimitLine(
            system=system,
            name=name,
            left=int(one.share * 100),
            look=SCARCE if one.share <= RESERVE else PLENTY,
            wait=_minutes(one.reset - now),
        )


def _minutes(seconds: float) -> timedelta:
    """The time in whole minutes, rounded up."""
    return timedelta(minutes=ceil(seconds / 60))


def fetch_lines(
    scheduled: tuple[Scheduled, ...], runs: Mapping[str, Fetch]
) -> tuple[FetchLine, ...]:
    """The lines of all that is fetched, in its order."""
    return tuple(_line(one, runs.get(one.name)) for one in scheduled)


def _line(one: Scheduled, run: Fetch | None) -> FetchLine:
    return FetchLine(
        name=one.name,
        namespaces=one.namespaces,
        facts=one.facts,
        system=one.system,
        every=one.every,
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
    if run.place is not None:
        return WAITING
    if run.problem is None:
        return DONE
    return FAILED if run.failed == run.entities else PARTLY


def register(pages: Blueprint, portal: Portal) -> None:
    """The request to fetch facts now; they are shown among the locations."""
    names = {one.name for one in portal.scheduled}

    @pages.post("/fetches/<name>")
    def fetch_now(name: str) -> ResponseReturnValue:
        if name not in names:
            return not_found(GONE)
        ticket = begin(portal, name, by=asker_of(g.caller, request.remote_addr))
        if isinstance(ticket, TooOften):
            return too_often(ticket)
        return redirect(url_for("pages.locations", asked=name) + "#facts", 303)
