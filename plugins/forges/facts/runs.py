"""Runs of CI: whether the default branch is green, how long runs take, and whether red is believed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from plugins.contract import FactState, Known, Missing
from plugins.forges.facts.states import alike, middle, not_told, too_few

WINDOW = timedelta(days=30)

FEWEST_FOR_DURATION, FEWEST_FOR_RERUNS = 20, 50
"""Runs below which the medians and shares say nothing, as the pack `ci` declares."""

BRANCH_NAMES = ("ci.default_branch_green", "ci.default_branch_red_since", "ci.failed_job")
RUN_NAMES = ("ci.duration_p50_minutes", "ci.rerun_success_pct")

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Build:
    """What CI says of a commit of the default branch."""

    succeeded: bool | None
    """None: it has not finished."""
    at: datetime
    """When that was known."""
    failed_job: str = ""
    """URL of a job that failed; '': the forge does not say."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """A run that has finished, by success or failure; those that were cancelled say nothing."""

    task: str
    """What ran, and for what kind of event: only runs of one can be compared."""
    commit: str
    began_at: datetime
    ended_at: datetime
    succeeded: bool
    had_failed: bool = False
    """An earlier attempt of it failed."""


def branch_states(builds: Sequence[Build]) -> dict[str, FactState]:
    """Whether the default branch is green, from the newest commit to older ones.

    Red since the first failure after the last success; where all that is told is red, at least since
    the oldest.
    """
    names = BRANCH_NAMES
    finished = [build for build in builds if build.succeeded is not None]
    if not finished:
        return alike(names, not_told("No run on the default branch has finished."))
    if finished[0].succeeded:
        none = Missing(looked_for="a failure that nothing has followed")
        return dict(zip(names, (Known(value=True), none, none), strict=True))
    first = finished[0]
    for build in finished:
        if build.succeeded:
            break
        first = build
    job = finished[0].failed_job
    return {
        names[0]: Known(value=False),
        names[1]: Known(value=first.at),
        names[2]: Known(value=job) if job else Missing(looked_for="a job with a URL"),
    }


def duration(runs: Sequence[Run], *, now: datetime) -> FactState:
    """The median duration of the runs that ended within the window, in minutes."""
    times = [run.ended_at - run.began_at for run in runs if now - run.ended_at <= WINDOW]
    if len(times) < FEWEST_FOR_DURATION:
        return too_few(len(times), FEWEST_FOR_DURATION, "runs of 30 days")
    return middle(times, MINUTE)


def rerun_success(runs: Sequence[Run], *, now: datetime) -> FactState:
    """The share of runs that failed and then succeeded on the same commit, in percent.

    All runs of one task on one commit count as one.
    """
    by_commit: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        if now - run.ended_at <= WINDOW:
            by_commit[run.task, run.commit].append(run)
    if len(by_commit) < FEWEST_FOR_RERUNS:
        return too_few(len(by_commit), FEWEST_FOR_RERUNS, "runs of 30 days")
    mended = sum(map(_is_mended, by_commit.values()))
    return Known(value=round(100 * mended / len(by_commit), 2))


def _is_mended(runs: Sequence[Run]) -> bool:
    """Whether a success followed a failure."""
    failed = False
    for run in sorted(runs, key=lambda run: run.ended_at):
        failed = failed or run.had_failed or not run.succeeded
        if run.succeeded and failed:
            return True
    return False
