"""The trend of a scorecard: levels and pass rates over a chosen time, and what changed them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from portal.db.changes.instants import NotKept, seq_at
from portal.db.insights.rollups import INSIDE, OWNED, PART, members_of
from portal.db.insights.trends import Related
from portal.db.state import Connection, state_of
from portal.ui.changed import has_just_changed
from portal.ui.facet_memory import FacetMemory
from portal.ui.frame import not_found
from portal.ui.home.page import owning_groups
from portal.ui.models.insights.parts import CAUSES, MEANINGS
from portal.ui.models.insights.trends import TrendPage, trend_page
from portal.ui.models.links import link_to
from portal.ui.state_memory import Counted, StateMemory
from portal.use_cases.trend import MOST_POINTS, TooManyPoints, points_between, read_trend
from portal.wiring import Portal
from scorecards.periods import Period
from scorecards.scorecard import Scorecard

RANGES = {"30": "30 days", "90": "90 days", "365": "a year"}
"""Days that a link chooses, in words."""
BY_DEFAULT = "90"

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""The first day that may be asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Range:
    """The time that the URL asks for."""

    start: datetime
    end: datetime
    by: Period
    within: str
    days: str
    """The link of `RANGES` that chose it; '' for dates."""
    faults: tuple[tuple[str, str], ...] = ()
    """By field, what is wrong with what was typed; the default holds instead."""
    until_now: bool = False
    """Whether the end is the present, and moves on with it."""

    @property
    def fault(self) -> dict[str, str]:
        """Faults by field."""
        return dict(self.faults)


class Key(NamedTuple):
    """What is looked at, however late it is."""

    scorecard: str
    length: timedelta | None
    """Up to now; None: between two instants."""
    start: datetime | None
    end: datetime | None
    """None: now."""
    by: Period
    within: str


def register(pages: Blueprint, portal: Portal) -> None:
    """`/scorecards/<name>/trends`."""
    teams_memory = FacetMemory()
    memory = memory_of(portal)

    @pages.get("/scorecards/<name>/trends")
    def trends(name: str) -> ResponseReturnValue:
        card = portal.cards.get(name)
        if card is None:
            return not_found(f"There is no scorecard named {name}.")
        wanted = read_range(portal.now())
        counted: Counted[TrendPage] | None = None
        refused = ""
        with portal.database.read() as connection:
            teams = owning_groups(
                connection, link_to(wanted.within) if wanted.within else None, teams_memory
            )
            try:
                counted = memory.get(connection, key_of(name, wanted), exact=has_just_changed())
            except NotKept as error:
                refused = f"The past is kept since {error.args[0]:%Y-%m-%d %H:%M} UTC."
            except TooManyPoints:
                refused = f"That is more than {MOST_POINTS} points: choose longer steps."
        return render_template(
            "trends.html",
            card=card,
            span=wanted,
            page=counted and counted.value,
            behind=counted and counted.behind,
            refused=refused,
            teams=teams,
            ranges=RANGES,
            periods=[period.value for period in Period],
            causes=CAUSES,
            meanings=MEANINGS,
            typed=request.args,
        )


def key_of(name: str, wanted: Range) -> Key:
    """The key of what the URL asks for."""
    moves = wanted.until_now and bool(wanted.days)
    return Key(
        scorecard=name,
        length=wanted.end - wanted.start if moves else None,
        start=None if moves else wanted.start,
        end=None if wanted.until_now else wanted.end,
        by=wanted.by,
        within=wanted.within,
    )


def memory_of(portal: Portal) -> StateMemory[Key, TrendPage]:
    """The trend of each scorecard and time."""
    cards = portal.cards

    def make(connection: Connection, key: Key) -> TrendPage:
        end = key.end or portal.now()
        start = key.start or end - (key.length or timedelta())
        return _page(connection, cards[key.scorecard], start, end, key)

    def state(connection: Connection) -> str:
        # What is shown up to now moves on while nothing changes: an answer is good for the hour.
        return f"{state_of(connection)}/{portal.now():%Y-%m-%dT%H}"

    return StateMemory(database=portal.database, now=portal.now, make=make, state=state)


def _page(
    connection: Connection, card: Scorecard, start: datetime, end: datetime, key: Key
) -> TrendPage:
    points = points_between(start, end, key.by)
    seq_at(connection, start)
    groups = []
    if key.within:
        of_group = key.within.startswith("group:")
        members = members_of(connection, key.within, INSIDE if of_group else PART)
        groups = [Related(type=OWNED if of_group else PART, targets=members)]
    return trend_page(card, read_trend(connection, card.name, points, groups))


def read_range(now: datetime) -> Range:
    """The range in the URL; what makes no sense is said, and the default holds instead."""
    faults: list[tuple[str, str]] = []
    days = request.args.get("range", "")
    end = min(_date("to", faults, next_day=True) or now, now)
    start = _date("from", faults)
    if start is None or days in RANGES:
        days = days if days in RANGES else BY_DEFAULT
        start = end - timedelta(days=int(days))
    elif start >= end:
        faults.append(("from", "This is not before the end."))
        days = BY_DEFAULT
        start = end - timedelta(days=int(days))
    else:
        days = ""
    by = request.args.get("by", "")
    return Range(
        start=start,
        end=end,
        by=Period(by) if by in set(Period) else _fitting(end - start),
        within=request.args.get("within", "").strip().lower()[:500],
        days="" if request.args.get("to") else days,
        faults=tuple(faults),
        until_now=end == now,
    )


def _fitting(length: timedelta) -> Period:
    """The step that gives a chart which can be read."""
    if length <= timedelta(days=31):
        return Period.DAY
    return Period.WEEK if length <= timedelta(days=200) else Period.MONTH


def _date(field: str, faults: list[tuple[str, str]], *, next_day: bool = False) -> datetime | None:
    text = request.args.get(field, "").strip()
    if not text:
        return None
    try:
        found = datetime.combine(date.fromisoformat(text), time(), UTC)
        found = found + timedelta(days=1) if next_day else found
    except (ValueError, OverflowError):
        faults.append((field, "This is not a day as 2026-03-01."))
        return None
    # No past goes back so far, and a range before the first days there are has no beginning.
    if found < EARLIEST:
        faults.append((field, f"Nothing is kept from before {EARLIEST:%Y}."))
        return None
    return found
