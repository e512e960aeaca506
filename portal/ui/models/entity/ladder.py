"""The scorecards tab of an entity: the ladder, why the level is what it is, and each check's state.

Whoever reads it should not need the definition: what was observed stands beside what is expected,
and the fix beside both.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.ui.models.entity.facts import unknown_words
from portal.ui.models.levels import shade_of
from portal.ui.models.looks import LOOKS, Look, plural, show_json
from scorecards.facts import Unknown
from scorecards.insights.advice import EFFORTS
from scorecards.results import CheckResult, Excuse, Held, Outcome, ScorecardResult
from scorecards.scorecard import Check, Level, Scorecard

OPEN = frozenset({Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR})
"""Outcomes that keep a level from being proven."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRow:
    """One check of one entity."""

    check: Check
    outcome: Outcome
    look: Look
    reason: str
    observed: tuple[tuple[str, str], ...]
    unknown: tuple[tuple[str, str], ...]
    """Facts that were not known, and why, in words."""
    leaves: tuple[tuple[str, Look], ...]
    since: datetime | None
    why: str
    fix: str
    """Both Markdown."""
    counts: bool
    """For levels: a preview and a retiring check do not."""
    held: Held | None
    """It fails, and its pass still counts."""
    excuse: Excuse | None
    """Of an exempt one: which exemption, and what it would say without."""
    instead: Look | None
    """How it would look without the exemption."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Rung:
    """A level with its checks."""

    level: Level
    rank: int
    shade: int
    state: str
    """reached, current, next or later."""
    rows: tuple[CheckRow, ...]
    """What stands in the way first, as advice has it; all else in the order of the definition."""

    @property
    def counted(self) -> tuple[CheckRow, ...]:
        """The checks that the level asks for now."""
        return tuple(row for row in self.rows if row.counts)

    @property
    def met(self) -> int:
        """How many of them do not stand in the way: passed, exempt or not applicable."""
        return sum(row.outcome not in OPEN for row in self.counted)

    @property
    def complete(self) -> bool:
        """Whether nothing of this level stands in the way."""
        return self.met == len(self.counted)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ladder:
    """One scorecard of one entity."""

    scorecard: Scorecard
    rungs: tuple[Rung, ...]
    proven: int
    possible: int
    gate: str
    """Why the level is what it is, in a sentence or two."""
    missing: tuple[CheckRow, ...]
    """What is not known and would decide between the proven and the possible level."""
    evaluated_at: datetime

    @property
    def next_level(self) -> Level | None:
        """The level to go for; None at the top."""
        above = self.rungs[self.proven + 1 :]
        return (
            next((rung.level for rung in above if not rung.complete), above[0].level)
            if above
            else None
        )


def ladder(
    scorecard: Scorecard,
    result: ScorecardResult,
    since: Mapping[str, datetime],
    texts: Mapping[str, tuple[str, str]],
    details: Mapping[str, str],
) -> Ladder:
    """The ladder; `texts` has (why, fix) by check where they are filled in for this entity.

    `details` has by fact what its collector said of why it is not known.
    """
    top = len(scorecard.levels) - 1
    proven, possible = min(result.proven, top), min(result.possible, top)
    by_id = {one.check: one for one in result.results}
    rows = [
        _row(check, by_id[check.id], since.get(check.id), texts.get(check.id), details)
        for check in scorecard.checks
        if check.id in by_id
    ]
    rungs = tuple(
        _rung(scorecard, rank, proven, [row for row in rows if row.check.level == rank])
        for rank in range(top + 1)
    )
    return Ladder(
        scorecard=scorecard,
        rungs=rungs,
        proven=proven,
        possible=possible,
        gate=gate(rungs, proven),
        missing=tuple(
            row
            for row in rows
            if row.counts
            and row.outcome in (Outcome.UNKNOWN, Outcome.ERROR)
            and proven < row.check.level <= possible
        ),
        evaluated_at=result.evaluated_at,
    )


def _row(
    check: Check,
    result: CheckResult,
    since: datetime | None,
    texts: tuple[str, str] | None,
    details: Mapping[str, str],
) -> CheckRow:
    why, fix = texts or (check.why, check.fix)
    return CheckRow(
        check=check,
        outcome=result.outcome,
        look=LOOKS[result.outcome],
        reason=result.reason,
        # What is not known is not nothing: it is told with why.
        observed=tuple(
            (name, show_json(value))
            for name, value in result.observed.items()
            if name not in result.unknown
        ),
        unknown=tuple(
            (name, _why(reason, details.get(name, ""))) for name, reason in result.unknown.items()
        ),
        leaves=tuple((expression, LOOKS[outcome]) for expression, outcome in result.leaves),
        since=since,
        why=why,
        fix=fix,
        counts=result.counts,
        held=result.held,
        excuse=result.excuse,
        instead=None if result.excuse is None else LOOKS[result.excuse.outcome],
    )


def _why(reason: str, detail: str) -> str:
    """The reason in words; one that is not known here stays as it is."""
    return unknown_words(Unknown(reason), detail) if reason in set(Unknown) else reason


def _rung(scorecard: Scorecard, rank: int, proven: int, rows: Sequence[CheckRow]) -> Rung:
    if rank == proven:
        state = "current"
    elif rank < proven:
        state = "reached"
    else:
        state = "next" if rank == proven + 1 else "later"
    return Rung(
        level=scorecard.levels[rank],
        rank=rank,
        shade=shade_of(rank, len(scorecard.levels) - 1),
        state=state,
        rows=tuple(sorted(rows, key=_place)),
    )


def _place(row: CheckRow) -> tuple[bool, int, int]:
    """The order of `scorecards.insights.advice`: whoever comes from a list of steps finds the same one."""
    if row.outcome not in OPEN:
        return True, 0, 0
    return False, EFFORTS.index(row.check.effort), -row.check.weight


def gate(rungs: Sequence[Rung], proven: int) -> str:
    """Why the level is what it is: what the next one lacks, and what is done above it."""
    current = rungs[proven].level.name
    if proven + 1 >= len(rungs):
        return f"{current} is the highest level, and every check of it is met."
    following = rungs[proven + 1]
    failing = sum(row.outcome is Outcome.FAIL for row in following.counted)
    unclear = len(following.counted) - following.met - failing
    parts = []
    if failing:
        parts.append(f"{plural(failing, 'check')} of {following.level.name} {_verb(failing)}")
    if unclear:
        has = "has" if unclear == 1 else "have"
        parts.append(f"{unclear if failing else plural(unclear, 'check')} {has} no data")
    because = " and ".join(parts) or f"{following.level.name} was not assessed yet"
    sentence = f"The level is {current}, because {because}."
    done = [rung.level.name for rung in rungs[proven + 2 :] if rung.counted and rung.complete]
    if done:
        sentence += (
            f" Every check of {' and '.join(done)} is met already; "
            f"that counts as soon as {following.level.name} is reached."
        )
    return sentence


def _verb(count: int) -> str:
    return "fails" if count == 1 else "fail"
