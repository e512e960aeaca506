"""Changes (pull and merge requests): how long they wait, in medians and without anybody's name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from plugins.contract import FactState, FailedFact, Known, Missing
from plugins.forges.facts.states import DAY, HOUR, middle, too_few

WINDOW = timedelta(days=30)

REVIEW_NAMES = ("reviews.open_age_p50_d", "reviews.first_median_h")

FEWEST_REVIEWED = 10
"""Changes below which the median says nothing, as the pack `delivery` declares."""

_BOT = re.compile(r"\[bot\]$|(^|[-_.])(bot|ci)([-_.]|$)|^(renovate|dependabot)", re.IGNORECASE)
_UPDATES = re.compile(r"(renovate|dependabot)[/-]", re.IGNORECASE)
_UPDATER = re.compile(r"renovate|dependabot", re.IGNORECASE)


MOST_ASKED = 30
"""Changes that are asked for their reviews one by one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """What somebody said about a change."""

    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A proposed change."""

    opened_at: datetime
    number: int = 0
    """What its forge calls it; needed where it is asked for its reviews."""
    by: str = ""
    """The account; compared with those of reviews, and told to nobody."""
    by_bot: bool = False
    updates: bool = False
    """It is proposed by a bot that updates dependencies."""
    reviewed_at: datetime | None = None
    """First review by somebody else who is no bot; None: there was none yet."""


def is_bot(login: str) -> bool:
    """Whether an account is one of a program, as far as its name says so.

    `project_7_bot_0ab1` is what GitLab calls the account of an access token.
    """
    return _BOT.search(login) is not None


def is_update(login: str, branch: str) -> bool:
    """Whether Renovate or Dependabot proposes it, by the account or the name of the branch."""
    return _UPDATER.search(login) is not None or _UPDATES.match(branch) is not None


def open_age(changes: Sequence[Change], *, now: datetime) -> FactState:
    """The median age of open changes, in days; 0 where none is open."""
    ages = [now - change.opened_at for change in changes if not change.by_bot]
    return middle(ages, DAY) if ages else Known(value=0.0)


def first_review(changes: Sequence[Change], *, now: datetime) -> FactState:
    """The median time to the first review of the changes opened within the window, in hours.

    Those that wait for one do not count yet.
    """
    times = [
        change.reviewed_at - change.opened_at
        for change in awaited(changes, now=now)
        if change.reviewed_at
    ]
    if len(times) < FEWEST_REVIEWED:
        return too_few(len(times), FEWEST_REVIEWED, "reviewed changes of 30 days")
    return middle(times, HOUR)


def awaited(changes: Iterable[Change], *, now: datetime) -> list[Change]:
    """The changes whose first review counts: those of people, opened within the window."""
    return [one for one in changes if not one.by_bot and now - one.opened_at <= WINDOW]


def ask_reviews(
    changes: Iterable[Change],
    ask: Callable[[Change], Sequence[Review] | FailedFact],
    *,
    now: datetime,
) -> FactState:
    """`first_review`, where each change has to be asked for its reviews: of the newest ones.

    Where they are too few to say anything, none is asked.
    """
    recent = awaited(changes, now=now)[:MOST_ASKED]
    if len(recent) < FEWEST_REVIEWED:
        return too_few(len(recent), FEWEST_REVIEWED, "changes of 30 days")
    found = []
    for change in recent:
        reviews = ask(change)
        if isinstance(reviews, FailedFact):
            return reviews
        times = [r.at for r in reviews if r.by not in ("", change.by) and not is_bot(r.by)]
        found.append(replace(change, reviewed_at=min(times, default=None)))
    return first_review(found, now=now)


def last_update(changes: Sequence[Change], *, looked_at: int) -> FactState:
    """When a bot last proposed an update, among the newest `looked_at` changes."""
    times = [change.opened_at for change in changes if change.updates]
    if times:
        return Known(value=max(times))
    return Missing(looked_for=f"one of Renovate or Dependabot among the last {looked_at} changes")
