"""Simulation: what a changed scorecard would do, from what entities had before and after it.

Entities that say the same before and after are one case with a number, so that a hundred thousand
of them are a few hundred cases. Nothing is evaluated here, and nothing is stored.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from scorecards.evaluation.damping import HELD
from scorecards.insights.advice import MINUTES
from scorecards.levels import Reached, counting, reached
from scorecards.results import LETTERS, Outcome
from scorecards.scorecard import Scorecard

_OUTCOMES = {letter: outcome for outcome, letter in LETTERS.items()} | {HELD: Outcome.PASS}
_OPEN = LETTERS[Outcome.UNKNOWN] + LETTERS[Outcome.ERROR]
ABSENT = "-"
"""Stands for the outcome of a check that the definition does not have, or where none is said."""


class Case(NamedTuple):
    """What the checks say, a letter for each, before and after; None: the scorecard does not apply.

    After it, `HELD` is a letter too.
    """

    before: str | None
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """What the change does to an entity of one case."""

    before: Reached | None
    after: Reached | None
    flips: tuple[tuple[str, str, str], ...]
    """Of each check that says something else: its id and the letters before and after."""
    minutes: int
    """Of work to get back to the proven level of before; 0 where it was not lost."""

    @property
    def changes(self) -> bool:
        """Whether anything about the entity changes."""
        return bool(self.flips) or self.before != self.after

    @property
    def steps(self) -> int:
        """Levels that are gained for certain, negative where they are lost; 0 without two levels."""
        if self.before is None or self.after is None:
            return 0
        return self.after.proven - self.before.proven


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckChange:
    """What a check says before and after, over all entities."""

    check: str
    failing: int
    """Entities that newly fail."""
    passing: int
    """Entities that newly pass."""
    held: int
    """Entities that newly fail once its grace is over, if they still do."""
    unknown: int
    """Entities for which it newly cannot be told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TeamChange:
    """What the change does to the entities of one owner."""

    owner: str
    """Canonical ref, '' for entities without one."""
    up: int
    down: int
    failing: int
    """Entities with a check that newly fails."""
    held: int
    """Entities with a check that newly fails once its grace is over."""
    unknown: int
    """Entities with a check that newly cannot be told."""
    minutes: int
    """Of work for those who fall, to get back."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Simulation:
    """What a changed scorecard would do."""

    entities: int
    """To which it applies, before or after."""
    starts: int
    """Entities to which it newly applies."""
    ends: int
    """Entities to which it applies no more."""
    up: int
    down: int
    moves: Mapping[tuple[int | None, int | None], int]
    """Entities by proven level before and after (indexes; None: does not apply)."""
    possible: Mapping[tuple[int | None, int | None], int]
    """The same by possible level."""
    checks: tuple[CheckChange, ...]
    """Of checks that say something else about somebody, in the order of the later definition."""
    teams: tuple[TeamChange, ...]
    """Of owners to whom something changes, those who lose most first."""
    minutes: int
    """Of work for all who fall, to get back."""


class Comparison:
    """Two definitions of a scorecard, to look at cases with. `before` is None for a new one."""

    def __init__(self, before: Scorecard | None, after: Scorecard, *, now: datetime) -> None:
        self._now = now
        self._before = before
        self._after = after
        self._effects: dict[Case, Effect] = {}

    def effect(self, case: Case) -> Effect:
        """What the change does to entities of this case."""
        found = self._effects.get(case)
        if found is None:
            found = self._effects[case] = self._effect(case)
        return found

    def simulation(self, cases: Mapping[tuple[str, Case], int]) -> Simulation:
        """The whole, where `cases` says how many entities of which owner are which case.

        Owners matter for entities to which something changes; the others may have ''.
        """
        counted = Counter[Case]()
        for (_, case), n in cases.items():
            counted[case] += n
        moves, possible = (
            Counter[tuple[int | None, int | None]](),
            Counter[tuple[int | None, int | None]](),
        )
        for case, n in counted.items():
            effect = self.effect(case)
            before, after = effect.before, effect.after
            moves[before and before.proven, after and after.proven] += n
            possible[before and before.possible, after and after.possible] += n
        teams = self._teams(cases)
        return Simulation(
            entities=sum(counted.values()),
            starts=sum(n for case, n in counted.items() if case.before is None),
            ends=sum(n for case, n in counted.items() if case.after is None),
            up=sum(team.up for team in teams),
            down=sum(team.down for team in teams),
            moves=moves,
            possible=possible,
            checks=self._checks(counted),
            teams=teams,
            minutes=sum(team.minutes for team in teams),
        )

    @cached_property
    def _ids(self) -> tuple[str, ...]:
        """Of all checks, in the order of the later definition; what went comes last."""
        earlier = () if self._before is None else self._before.checks
        return tuple(dict.fromkeys(check.id for check in (*self._after.checks, *earlier)))

    def _effect(self, case: Case) -> Effect:
        earlier, later = self._said(self._before, case.before), self._said(self._after, case.after)
        flips = tuple(
            (name, was, now)
            for name in self._ids
            if (was := earlier.get(name, ABSENT)) != (now := later.get(name, ABSENT))
        )
        before, after = (
            self._reached(self._before, case.before),
            self._reached(self._after, case.after),
        )
        return Effect(
            before=before, after=after, flips=flips, minutes=self._minutes(before, after, later)
        )

    def _reached(self, card: Scorecard | None, letters: str | None) -> Reached | None:
        if card is None or letters is None:
            return None
        each = zip(card.checks, letters, counting(card, self._now), strict=True)
        said = [(check.level, _OUTCOMES[letter]) for check, letter, counts in each if counts]
        return reached(len(card.levels), [one[0] for one in said], [one[1] for one in said])

    def _minutes(
        self, before: Reached | None, after: Reached | None, later: Mapping[str, str]
    ) -> int:
        if before is None or after is None or after.proven >= before.proven:
            return 0
        lost = _OPEN + LETTERS[Outcome.FAIL]
        return sum(
            MINUTES[check.effort]
            for check, counts in zip(
                self._after.checks, counting(self._after, self._now), strict=True
            )
            if counts and check.level <= before.proven and later[check.id] in lost
        )

    @staticmethod
    def _said(card: Scorecard | None, letters: str | None) -> dict[str, str]:
        if card is None or letters is None:
            return {}
        return {check.id: letter for check, letter in zip(card.checks, letters, strict=True)}

    def _checks(self, counted: Mapping[Case, int]) -> tuple[CheckChange, ...]:
        flips: dict[str, Counter[tuple[str, str]]] = {}
        for case, n in counted.items():
            for name, was, now in self.effect(case).flips:
                flips.setdefault(name, Counter())[was, now] += n
        return tuple(
            CheckChange(
                check=name,
                failing=sum(n for (_, now), n in flips[name].items() if now == "f"),
                passing=sum(n for (_, now), n in flips[name].items() if now == "p"),
                held=sum(n for (_, now), n in flips[name].items() if now == HELD),
                unknown=sum(n for (was, now), n in flips[name].items() if _opened(was, now)),
            )
            for name in self._ids
            if name in flips
        )

    def _teams(self, cases: Mapping[tuple[str, Case], int]) -> tuple[TeamChange, ...]:
        gathered: dict[str, list[tuple[Effect, int]]] = {}
        for (owner, case), n in cases.items():
            if (effect := self.effect(case)).changes:
                gathered.setdefault(owner, []).append((effect, n))
        found = [
            TeamChange(
                owner=owner,
                up=sum(n for effect, n in effects if effect.steps > 0),
                down=sum(n for effect, n in effects if effect.steps < 0),
                failing=sum(n for e, n in effects if any(now == "f" for _, _, now in e.flips)),
                held=sum(n for e, n in effects if any(now == HELD for _, _, now in e.flips)),
                unknown=sum(n for e, n in effects if any(_opened(*f[1:]) for f in e.flips)),
                minutes=sum(n * effect.minutes for effect, n in effects),
            )
            for owner, effects in gathered.items()
        ]
        return tuple(sorted(found, key=lambda t: (-t.down, -t.minutes, -t.failing, t.owner)))


def _opened(was: str, now: str) -> bool:
    return now in _OPEN and was not in _OPEN
