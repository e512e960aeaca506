"""What results say of the rules: checks that stand out, and perhaps ask for the wrong thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scorecards.insights.moves import Cause, Course, Move, check_moves
from scorecards.insights.trends import Counts
from scorecards.results import LETTERS, Outcome

_PASS, _FAIL, _EXEMPT = (LETTERS[o] for o in (Outcome.PASS, Outcome.FAIL, Outcome.EXEMPT))

OFTEN = Fraction(1, 10)
"""A check is often exempted where this share of the entities that it applies to is exempt."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckHistory:
    """What a check has said of anybody for a while."""

    check: str
    now: Mapping[str, int]
    """Entities by letter."""
    ever: frozenset[str]
    """Letters that any entity had."""
    improved: int
    """How many more entities pass because they were changed themselves; fewer, if negative."""


def improved(courses: Iterable[Course]) -> int:
    """How many more checks pass because the entities themselves were changed."""
    return sum(_improved(causes) for causes in check_moves(courses).values())


def check_histories(
    now: Counts, base: Counts, courses: Sequence[Course]
) -> tuple[CheckHistory, ...]:
    """For each check that there is now, what it has said since the time of `base`."""
    ever: dict[str, set[str]] = {check: {*letters} for check, letters in base.checks.items()}
    for course in courses:
        for step in course.steps:
            if step.stand is not None:
                for check, letter in step.stand.outcomes.items():
                    ever.setdefault(check, set()).add(letter)
    moves = check_moves(courses)
    return tuple(
        CheckHistory(
            check=check,
            now=letters,
            ever=frozenset(ever.get(check, set()) | {*+letters}),
            improved=_improved(moves.get(check, {})),
        )
        for check, letters in now.checks.items()
    )


def always(histories: Iterable[CheckHistory], outcome: Outcome) -> list[CheckHistory]:
    """Checks that said this and never the other of pass and fail, of anybody."""
    wanted = LETTERS[outcome]
    return [one for one in histories if one.ever & {_PASS, _FAIL} == {wanted}]


def often_exempted(histories: Iterable[CheckHistory]) -> list[CheckHistory]:
    """Checks that are excused more than they should be, the most excused first."""
    shares = [(share, one) for one in histories if (share := exempt_share(one.now)) is not None]
    found = [(share, one) for share, one in shares if share >= OFTEN]
    return [one for _, one in sorted(found, key=lambda pair: (-pair[0], pair[1].check))]


def exempt_share(letters: Mapping[str, int]) -> Fraction | None:
    """Exempt ones of all that the check applies to; None: it applies to nobody."""
    applies = sum(letters.values()) - letters.get(LETTERS[Outcome.NOT_APPLICABLE], 0)
    return Fraction(letters.get(_EXEMPT, 0), applies) if applies else None


def most_failed(histories: Iterable[CheckHistory]) -> list[CheckHistory]:
    """Checks that any entity fails, the most failed first."""
    failed = [one for one in histories if one.now.get(_FAIL, 0)]
    return sorted(failed, key=lambda one: (-one.now[_FAIL], one.check))


def most_improved(histories: Iterable[CheckHistory]) -> list[CheckHistory]:
    """Checks that more entities came to pass than to fail, the most improved first."""
    gained = [one for one in histories if one.improved > 0]
    return sorted(gained, key=lambda one: (-one.improved, one.check))


def _improved(causes: Mapping[Cause, Move]) -> int:
    move = causes.get(Cause.SERVICES)
    return 0 if move is None else move.passed
