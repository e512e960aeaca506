"""Simulating: a changed or new scorecard over live data, and nothing stored.

Only what the change asks anew is evaluated, in the children of the pool, and of it only what differs
between entities; everything else is taken over from stored results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial

from portal.db import simulated
from portal.db.simulated import Reads, Wanted
from portal.worker.asking import Asked, Means, Rows, ask
from scorecards.differences import Difference, difference
from scorecards.many import Said
from scorecards.rules import Manual
from scorecards.scorecard import Check, Scorecard
from scorecards.simulation import Case, Comparison, Simulation

MOST_EXAMPLES = 100
"""Entities that fall, and that rise, which are named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """An entity that the change moves."""

    ref: str
    owner: str
    case: Case


@dataclass(frozen=True, kw_only=True)
class Simulated:
    """What a change would do, and to whom for example."""

    before: Scorecard | None
    difference: Difference
    comparison: Comparison
    simulation: Simulation
    down: tuple[Example, ...]
    up: tuple[Example, ...]
    missing: Mapping[tuple[str, str, str], int]
    """Of the checks that were asked: check, fact and reason, with how many entities."""
    waiting: int
    """Entities that were left out: what is stored of them is not of the published definition."""


def simulate(
    means: Means,
    *,
    before: Scorecard | None,
    after: Scorecard,
    ids: Collection[int] | None = None,
) -> Simulated:
    """What `after` would do in place of the published `before`, over these entities or over all."""
    changed = difference(before, after)
    comparison = Comparison(before, after, now=means.now)
    sorted_ = _sorted(means, comparison, before, after, changed, ids)
    moved = sorted_.moved
    owners = simulated.owners(means.connection, moved)
    owned = Counter((owners.get(entity, ""), case) for entity, case in moved.items())
    still = {
        ("", case): count
        for case, count in sorted_.cases.items()
        if not comparison.effect(case).changes
    }
    return Simulated(
        before=before,
        difference=changed,
        comparison=comparison,
        simulation=comparison.simulation({**still, **owned}),
        down=_examples(means, comparison, moved, owners, sign=-1),
        up=_examples(means, comparison, moved, owners, sign=1),
        missing=sorted_.missing,
        waiting=sorted_.left_out + simulated.waiting(means.connection, ids),
    )


@dataclass(kw_only=True)
class _Sorted:
    """Entities by case: those to which something changes by themselves, the others in numbers."""

    comparison: Comparison
    cases: Counter[Case] = field(default_factory=Counter)
    """How many are of each case."""
    moved: dict[int, Case] = field(default_factory=dict)
    """The cases of those to which something changes, by id."""
    missing: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Check, fact and reason, with how many entities."""
    left_out: int = 0
    """Entities whose stored result is of another definition."""

    def take(
        self, asked: Asked, case_of: Callable[[str | None, Said | None], Case | _Apart]
    ) -> list[int]:
        """Sort entities in; returns those about which more has to be asked."""
        # Few hundred pairs of what is stored and what is said stand for a hundred thousand entities.
        said = {id(one): one for one in asked.said}
        pairs = list(zip(asked.stored, map(id, asked.said), strict=True))
        moving, unsure = dict[tuple[str | None, int], Case](), set[tuple[str | None, int]]()
        for pair, count in Counter(pairs).items():
            letters, now = pair[0], said[pair[1]]
            match case_of(letters, now):
                case _Apart.UNSURE:
                    unsure.add(pair)
                case _Apart.LEFT_OUT:
                    self.left_out += count
                case Case() as case:
                    self.cases[case] += count
                    for gap in now.missing if now else ():
                        self.missing[gap] += count
                    if self.comparison.effect(case).changes:
                        moving[pair] = case
        of = list(zip(asked.entities, pairs, strict=True))
        self.moved.update((entity, moving[pair]) for entity, pair in of if pair in moving)
        return [entity for entity, pair in of if pair in unsure] if unsure else []


def _sorted(
    means: Means,
    comparison: Comparison,
    before: Scorecard | None,
    after: Scorecard,
    changed: Difference,
    ids: Collection[int] | None,
) -> _Sorted:
    """All entities, of which only what the change asks anew is asked where that is enough."""
    everyone = before is None or changed.applies_changed
    checks = tuple(after.checks[index] for index in changed.changed)
    some = after if everyone else replace(after, applies_to=None, checks=checks)
    found = _Sorted(comparison=comparison)
    unsure = found.take(
        _asked(means, some, ids=ids, everyone=everyone),
        partial(_case, before, after, None if everyone else changed),
    )
    if unsure:
        found.take(_asked(means, after, ids=unsure), partial(_case, before, after, None))
    return found


class _Apart(Enum):
    """Entities that are no case."""

    LEFT_OUT = 1
    """The stored result is of another definition."""
    UNSURE = 2
    """Perhaps it cannot be told whether the scorecard applies: all checks have to be asked."""
    NOT_CONCERNED = 3
    """It never applied, and does not after the change."""


def _case(
    before: Scorecard | None,
    after: Scorecard,
    changed: Difference | None,
    letters: str | None,
    said: Said | None,
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
    return Case(letters, _with_decisions(before, after, letters, now))


_ALIKE = ({"u"}, {"e"})


def _with_decisions(
    before: Scorecard | None, after: Scorecard, letters: str | None, said: str
) -> str:
    """What people decided stays: exemptions are from a check whatever it asks, answers are no facts."""
    if before is None or letters is None:
        return said
    stored = {
        check.id: (check, letter) for check, letter in zip(before.checks, letters, strict=True)
    }
    return "".join(
        stored[check.id][1]
        if letter != "n" and check.id in stored and _is_decided(check, *stored[check.id])
        else letter
        for check, letter in zip(after.checks, said, strict=True)
    )


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


def _examples(
    means: Means,
    comparison: Comparison,
    moved: Mapping[int, Case],
    owners: Mapping[int, str],
    *,
    sign: int,
) -> tuple[Example, ...]:
    """The entities that move this way, those that move furthest first."""
    found = [
        (sign * steps, entity)
        for entity, case in moved.items()
        if sign * (steps := comparison.effect(case).steps) > 0
    ]
    chosen = [entity for _, entity in sorted(found, key=lambda f: (-f[0], f[1]))[:MOST_EXAMPLES]]
    refs = simulated.refs_of(means.connection, chosen)
    return tuple(
        Example(ref=refs[entity], owner=owners.get(entity, ""), case=moved[entity])
        for entity in chosen
    )
