"""Simulating: a changed or new scorecard over live data, and nothing stored.

Only what the change asks anew is evaluated, in the children of the pool, and of it only what differs
between entities; everything else is taken over from stored results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from portal.db.insights import simulated
from portal.worker.assessment.asking import Means
from portal.worker.simulation.rippling import Ripple, ripples, with_levels
from portal.worker.simulation.sorting import Change, sort
from scorecards.definitions.differences import Difference, difference
from scorecards.insights.simulation import Case, Comparison, Simulation
from scorecards.scorecard import Scorecard

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
    ripples: tuple[Ripple, ...]
    """Other scorecards that look at the level on this one, or on one of these, where any entity's
    level on them changes."""


def simulate(
    means: Means,
    *,
    before: Scorecard | None,
    after: Scorecard,
    ids: Collection[int] | None = None,
    published: Sequence[Scorecard] = (),
) -> Simulated:
    """What `after` would do in place of the published `before`, over these entities or over all.

    `published` are all scorecards: their levels are what it may look at, and they may look at its own.
    """
    means = with_levels(means, after, published)
    change = Change(before=before, after=after, difference=difference(before, after))
    done = sort(means, change, ids)
    comparison, moved = done.comparison, done.moved
    owners = simulated.owners(means.connection, moved)
    owned = Counter((owners.get(entity, ""), case) for entity, case in moved.items())
    waiting = simulated.waiting(means.connection, after.name, means.now, ids)
    return Simulated(
        before=before,
        difference=change.difference,
        comparison=comparison,
        simulation=comparison.simulation({**done.still(), **owned}),
        down=_examples(means, comparison, moved, owners, sign=-1),
        up=_examples(means, comparison, moved, owners, sign=1),
        missing=done.missing,
        waiting=done.left_out + waiting,
        ripples=ripples(means, change, done, published),
    )


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
