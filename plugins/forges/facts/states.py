"""Why a fact of a forge is not known, as states; and medians of what is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from statistics import median

from plugins.contract import FactState, FailedFact, Known, Problem, Unknown

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)


def not_told(detail: str) -> FailedFact:
    """The forge does not tell it of this repository: something else has to."""
    return FailedFact(reason=Unknown.NOT_CONFIGURED, detail=detail)


def too_few(found: int, needed: int, what: str) -> FailedFact:
    """So few say nothing: neither good nor bad."""
    return FailedFact(
        reason=Unknown.NOT_COLLECTED, detail=f"{found} {what} say too little; {needed} are needed."
    )


def not_read(problem: Problem) -> FailedFact:
    """The forge refuses, or is in trouble. 404 is what forges say of what they do not show."""
    refused = problem.code in ("NOT_PERMITTED", "NOT_FOUND", "FORGE_MOVED")
    return FailedFact(
        reason=Unknown.NOT_PERMITTED if refused else Unknown.SOURCE_FAILED, detail=problem.message
    )


def alike(names: Iterable[str], state: FactState) -> dict[str, FactState]:
    """Several facts in one state."""
    return dict.fromkeys(names, state)


def middle(times: Sequence[timedelta], unit: timedelta) -> Known:
    """The median of at least one, in a unit, to two places."""
    return Known(value=round(float(median(time / unit for time in times)), 2))
