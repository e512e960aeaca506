"""Sorting: entities by what a changed scorecard says of them, beside what is stored.

Only what the change asks anew is asked; the rest is taken over. What people decided stays, and so
does a pass with a grace: as when the scorecard is published, and assesses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum
from functools import partial

from portal.db.evaluation import results
from portal.db.insights import simulated
from portal.db.insights.simulated import Reads, Wanted
from portal.worker.assessment.asking import Asked, Means, Rows, ask
from scorecards.definitions.differences import Difference
from scorecards.evaluation.damping import HELD, runs_out_earlier, would_hold
from scorecards.evaluation.many import Said
from scorecards.insights.simulation import Case, Comparison
from scorecards.rules import Manual
from scorecards.scorecard import Check, Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A definition in place of another one."""

    before: Scorecard | None
    after: Scorecard
    difference: Difference


@dataclass(kw_only=True)
class Sorted:
    """Entities by case: those to which something changes by themselves, the others in numbers."""

    comparison: Comparison
    lasted: Mapping[int, frozenset[str]] = field(default_factory=dict)
    """The checks of entities that hold a pass no more, as they hold it less long than before."""
    cases: Counter[Case] = field(default_factory=Counter)
    """How many are of each case."""
    moved: dict[int, Case] = field(default_factory=dict)
    """The cases of those to which something changes, by id."""
    missing: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Check, fact and reason, with how many entities."""
    left_out: int = 0
    """Entities whose stored result is of another definition."""

    def take(self, asked: Asked, case_of: CaseOf) -> list[int]:
        """Sort entities in; returns those about which more has to be asked."""
        # Few hundred pairs of what is stored and what is said stand for a hundred thousand entities.
        said = {id(one): one for one in asked.said}
        lasted = [self.lasted.get(entity, _NONE) for entity in asked.entities]
        looks = list(zip(asked.stored, map(id, asked.said), lasted, strict=True))
        moving, unsure = dict[_Look, Case](), set[_Look]()
        for look, count in Counter(looks).items():
            now = said[look[1]]
            match case_of(look[0], now, look[2]):
                case _Apart.UNSURE:
                    unsure.add(look)
                case _Apart.LEFT_OUT:
                    self.left_out += count
                case Case() as case:
                    self.cases[case] += count
                    for gap in now.missing if now else ():
                        self.missing[gap] += count
                    if self.comparison.effect(case).changes:
                        moving[look] = case
        of = list(zip(asked.entities, looks, strict=True))
        self.moved.update((entity, moving[look]) for entity, look in of if look in moving)
        return [entity for entity, look in of if look in unsure] if unsure else []

    def still(self) -> dict[tuple[str, Case], int]:
        """How many are of each case to whom nothing changes, for `Comparison.simulation`."""
        effect = self.comparison.effect
        return {("", case): n for case, n in self.cases.items() if not effect(case).changes}


_NONE = frozenset[str]()
_Look = tuple[str | None, int, frozenset[str]]
"""What is stored, what is said by its identity, and the checks that hold a pass no more."""


def sort(means: Means, change: Change, ids: Collection[int] | None) -> Sorted:
    """All entities, of which only what the change asks anew is asked where that is enough."""
    before, after, changed = change.before, change.after, change.difference
    everyone = before is None or changed.applies_changed
    checks = tuple(after.checks[index] for index in changed.changed)
    some = after if everyone else replace(after, applies_to=None, checks=checks)
    found = Sorted(
        comparison=Comparison(before, after, now=means.now), lasted=_lasted(means, change)
    )
    unsure = found.take(
        _asked(means, some, ids=ids, everyone=everyone),
        partial(_case, before, after, None if everyone else changed),
    )
    if unsure:
        found.take(_asked(means, after, ids=unsure), partial(_case, before, after, None))
    return found


def _lasted(means: Means, change: Change) -> dict[int, frozenset[str]]:
    """By entity, the checks whose failure has lasted for the grace that they have after the change."""
    earlier = {} if change.before is None else {c.id: c for c in change.before.checks}
    graces = {
        check.id: check.grace
        for check in change.after.checks
        if check.id in earlier and runs_out_earlier(earlier[check.id], check)
    }
    if not graces:
        return {}
    held = simulated.held(means.connection, change.after.name)
    stored = results.for_entities(means.connection, held)
    return {
        entity: frozenset(
            said.check
            for one in found
            if one.result.scorecard == change.after.name
            for said in one.result.results
            if said.held is not None
            and means.now >= said.held.since + graces.get(said.check, timedelta.max)
        )
        for entity, found in stored.items()
    }


class _Apart(Enum):
    """Entities that are no case."""

    LEFT_OUT = 1
    """The stored result is of another definition."""
    UNSURE = 2
    """Perhaps it cannot be told whether the scorecard applies: all checks have to be asked."""
    NOT_CONCERNED = 3
    """It never applied, and does not after the change."""


CaseOf = Callable[[str | None, Said | None, frozenset[str]], "Case | _Apart"]


def _case(
    before: Scorecard | None,
    after: Scorecard,
    changed: Difference | None,
    letters: str | None,
    said: Said | None,
    lasted: frozenset[str],
) -> Case | _Apart:
    """An entity's case; `said` is about all checks or, with `changed`, about the changed ones."""
    if letters is None and said is None:
        return _Apart.NOT_CONCERNED
    if letters is not None and (before is None or len(letters) != len(before.checks)):
        return _Apart.LEFT_OUT
    # Where that cannot be told, every check says so.
    if changed is not None and after.applies_to is not None and set(letters or "") in _ALIKE:
        return _Apart.UNSURE
    if said is None:
        return Case(letters, None)
    now = said.letters
    if changed is not None and letters is not None:
        new = dict(zip(changed.changed, now, strict=True))
        now = "".join(
            new[index] if index in new else letters[changed.kept[index]]
            for index in range(len(after.checks))
        )
    return Case(letters, _with_what_was(before, after, letters, now, lasted))


_ALIKE = ({"u"}, {"e"})


def _with_what_was(
    before: Scorecard | None,
    after: Scorecard,
    letters: str | None,
    said: str,
    lasted: frozenset[str],
) -> str:
    """What people decided stays: exemptions are from a check whatever it asks, answers are no facts.

    And a pass stays for its grace.
    """
    if before is None or letters is None:
        return said
    stored = {
        check.id: (check, letter) for check, letter in zip(before.checks, letters, strict=True)
    }
    now = []
    for check, letter in zip(after.checks, said, strict=True):
        earlier, was = stored.get(check.id, (check, ""))
        if letter != "n" and was and _is_decided(check, earlier, was):
            now.append(was)
        elif check.id not in lasted and would_hold(check, was, letter):
            now.append(HELD)
        else:
            now.append(letter)
    return "".join(now)


def _is_decided(check: Check, earlier: Check, letter: str) -> bool:
    manual = isinstance(check.rule, Manual) and isinstance(earlier.rule, Manual)
    return letter == "x" or (manual and letter != "n")


def _asked(
    means: Means, card: Scorecard, *, ids: Collection[int] | None, everyone: bool = False
) -> Asked:
    """What `card` says about the entities that do not wait to be assessed."""

    def rows_of(reads: Reads) -> Rows:
        wanted = Wanted(
            scorecard=card.name,
            reads=reads,
            everyone=everyone,
            settled=True,
            ids=ids,
            now=means.now,
        )
        return simulated.rows(means.connection, wanted)

    return ask(means, card, rows_of)
