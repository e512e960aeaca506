"""Deployments to production: how often, how fast, and how often they fail.

Sources: DORA's metrics; the interval is Wilson's ("Probable inference", 1927) at 80 %.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from statistics import median

from plugins.contract import FactState, Known
from plugins.forges.facts.states import HOUR, WEEK, alike, middle, not_told, too_few

WINDOW = timedelta(days=90)
WEEKS = 12
FEWEST_FOR_LEAD_TIME, FEWEST_FOR_FAILURES = 10, 20
"""Deployments below which the numbers say nothing, as the pack `delivery` declares."""

NAMES = (
    "deploy.count_90d",
    "deploy.per_week_median_12w",
    "deploy.lead_time_median_h",
    "deploy.failed_pct",
    "deploy.failed_upper_pct",
)

_PRODUCTION = re.compile(r"(^|[^a-z])(production|prod|prd|live)([^a-z]|$)", re.IGNORECASE)
_NOT_YET = re.compile(r"(^|[^a-z])(non|pre|no)[-_ ]?(production|prod|prd|live)", re.IGNORECASE)
_Z80 = 1.2815515655446004
"""Of the standard normal distribution, with a tenth on either side."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Deployment:
    """A deployment to production that has ended."""

    at: datetime
    """When it ended."""
    succeeded: bool
    commit: str
    committed_at: datetime | None
    """When that commit was made."""


def is_production(environment: str) -> bool:
    """Whether an environment is called as production is: `production`, `prod-eu`, `live`."""
    return bool(_PRODUCTION.search(environment)) and not _NOT_YET.search(environment)


def states(deployments: Sequence[Deployment], *, now: datetime) -> dict[str, FactState]:
    """All facts, from the deployments to production; without any they are not known.

    Nobody deploys with a forge who has never done so, and who deploys otherwise is not seen.
    """
    if not deployments:
        return alike(NAMES, not_told("The forge knows of no deployment to production."))
    ordered = sorted(deployments, key=lambda one: one.at)
    recent = [one for one in ordered if now - one.at <= WINDOW]
    done = [one.at for one in recent if one.succeeded]
    pct, upper = _failures(ordered, recent)
    values = (
        Known(value=len(done)),
        Known(value=float(median(_by_week(done, now)))),
        _lead_time(ordered, now),
        pct,
        upper,
    )
    return dict(zip(NAMES, values, strict=True))


def wilson_upper(failed: int, total: int) -> float:
    """The upper end of the 80 % interval of a share, 0 to 1."""
    share, z = failed / total, _Z80
    middle_ = share + z * z / (2 * total)
    spread = z * sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    return min(1.0, (middle_ + spread) / (1 + z * z / total))


def _by_week(times: Sequence[datetime], now: datetime) -> list[int]:
    """How many fall into each of the last weeks, each seven days back from now."""
    counts = [0] * WEEKS
    for time in times:
        week = int((now - time) / WEEK)
        if 0 <= week < WEEKS:
            counts[week] += 1
    return counts


def _lead_time(ordered: Sequence[Deployment], now: datetime) -> FactState:
    """From the commit that was deployed, where it was not deployed before: that is a rollback."""
    seen: set[str] = set()
    times = []
    for one in ordered:
        if not one.succeeded or one.commit in seen:
            continue
        seen.add(one.commit)
        if one.committed_at is not None and now - one.at <= WINDOW:
            times.append(max(one.at - one.committed_at, timedelta(0)))
    if len(times) < FEWEST_FOR_LEAD_TIME:
        return too_few(len(times), FEWEST_FOR_LEAD_TIME, "deployments of 90 days")
    return middle(times, HOUR)


def _failures(
    ordered: Sequence[Deployment], recent: Sequence[Deployment]
) -> tuple[FactState, FactState]:
    total = len(recent)
    if total < FEWEST_FOR_FAILURES:
        few = too_few(total, FEWEST_FOR_FAILURES, "deployments of 90 days")
        return few, few
    mended = _mended(ordered)
    failed = sum(not one.succeeded or one in mended for one in recent)
    return (
        Known(value=round(100 * failed / total, 2)),
        Known(value=round(100 * wilson_upper(failed, total), 2)),
    )


def _mended(ordered: Sequence[Deployment]) -> set[Deployment]:
    """Those that a rollback took back: the first after the deployment that it returns to."""
    found: set[Deployment] = set()
    done: list[Deployment] = []
    for one in ordered:
        if not one.succeeded:
            continue
        back = [n for n, other in enumerate(done) if other.commit == one.commit]
        if back and back[-1] + 1 < len(done):
            found.add(done[back[-1] + 1])
        done.append(one)
    return found
