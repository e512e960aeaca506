"""Rippling: levels that a simulated scorecard reads, and what its own do to those that read them.

A level is a fact to the rules of others. One that nobody has looked at so far is not stored as a fact:
it is taken from the results. One that the change moves is told to the scorecards that look at it, these
tell theirs, and so on, as when the scorecard is published.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import TopologicalSorter

from portal.db.insights import simulated
from portal.worker.assessment.asking import Levels, Means
from portal.worker.simulation.lived import Gap
from portal.worker.simulation.sorting import Change, Sorted, sort
from scorecards.collection.serialization import facts_to_json
from scorecards.definitions.circles import levels_read
from scorecards.definitions.differences import Difference
from scorecards.definitions.level_facts import collector_of, level_fact, level_record
from scorecards.insights.simulation import Simulation
from scorecards.levels import Reached
from scorecards.scorecard import Scorecard

Looks = Mapping[str | None, frozenset[str]]
"""The levels that decide, as `levels_read` has them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ripple:
    """What happens to another scorecard, as its rules look at a level that changes."""

    scorecard: Scorecard
    simulation: Simulation
    """Of the entities whose level changes that it looks at."""
    uncollected: int = 0
    """In a replay, those of them of which something is unknown because it is not kept."""
    gaps: Mapping[Gap, int] = field(default_factory=dict)
    """Why, with how many of these entities."""

    @property
    def moving(self) -> int:
        """Entities whose level on it changes, for certain or at best, or that begin or cease to have
        one."""
        moves, possible = self.simulation.moves, self.simulation.possible
        return max(sum(n for (was, now), n in of.items() if was != now) for of in (moves, possible))


def with_levels(means: Means, card: Scorecard, published: Sequence[Scorecard]) -> Means:
    """The means with the levels that the scorecard looks at and nobody has so far."""
    read = frozenset[str]().union(*levels_read(card, means.schemas).values())
    unread = [
        one
        for one in published
        if level_fact(one.name) in read and level_fact(one.name) not in means.collectors
    ]
    levels = {
        collector_of(one.name): Levels(
            facts=_facts(means, one, dict(simulated.levels(means.connection, one.name))),
            otherwise=_fact(means, one, None),
        )
        for one in unread
    }
    collectors = {level_fact(one.name): collector_of(one.name) for one in unread}
    return replace(
        means, collectors={**means.collectors, **collectors}, levels={**means.levels, **levels}
    )


def ripples(
    means: Means, change: Change, done: Sorted, published: Sequence[Scorecard]
) -> tuple[Ripple, ...]:
    """What the change, with what it is `done` to entities, does to the other scorecards."""
    others = {card.name: card for card in published if card.name != change.after.name}
    looks = {
        name: read for name, card in others.items() if (read := levels_read(card, means.schemas))
    }
    told = {change.after.name: _moved(done)}
    means = _telling(means, change.after, told[change.after.name])
    rippled: list[Ripple] = []
    for name in _in_order(looks, [*others, change.after.name]):
        card = others[name]
        concerned = _concerned(looks[name], told)
        if not concerned:
            continue
        asked = Change(before=card, after=card, difference=_asking_again(card, looks[name], told))
        sorted_ = sort(means, asked, concerned)
        moved = _moved(sorted_)
        if not moved:
            continue
        told[name] = moved
        means = _telling(means, card, moved)
        cases = {("", case): n for case, n in sorted_.cases.items()}
        rippled.append(Ripple(scorecard=card, simulation=sorted_.comparison.simulation(cases)))
    return tuple(rippled)


def downstream(means: Means, changed: str, published: Sequence[Scorecard]) -> tuple[Scorecard, ...]:
    """The scorecards that look at the level on the changed one, or at that on one of these, in order."""
    others = {card.name: card for card in published if card.name != changed}
    looks = {
        name: read for name, card in others.items() if (read := levels_read(card, means.schemas))
    }
    moving, found = {level_fact(changed)}, []
    for name in _in_order(looks, [*others, changed]):
        if moving & frozenset[str]().union(*looks[name].values()):
            moving.add(level_fact(name))
            found.append(others[name])
    return tuple(found)


def _in_order(looks: Mapping[str, Looks], names: Collection[str]) -> Iterator[str]:
    """The scorecards that look at levels, after those whose levels they look at; `names` are of all."""
    owners = {level_fact(name): name for name in names}
    graph = {
        name: {owners[fact] for facts in of.values() for fact in facts if fact in owners}
        for name, of in looks.items()
    }
    # `load_scorecards` has taken out whatever closes a circle.
    return (name for name in TopologicalSorter(graph).static_order() if name in looks)


def _concerned(looks: Looks, told: Mapping[str, Mapping[int, Reached | None]]) -> list[int]:
    """The entities of which any level changes that is looked at."""
    read = frozenset[str]().union(*looks.values())
    return sorted(
        {one for name, moved in told.items() if level_fact(name) in read for one in moved}
    )


def _asking_again(card: Scorecard, looks: Looks, told: Collection[str]) -> Difference:
    """The checks that look at a level that changes, as if they were changed ones."""
    facts = {level_fact(name) for name in told}
    parts = {part for part, read in looks.items() if read & facts}
    changed = tuple(n for n, check in enumerate(card.checks) if check.id in parts)
    return Difference(
        changed=changed,
        kept={n: n for n in range(len(card.checks)) if n not in changed},
        dropped=(),
        applies_changed=None in parts,
    )


def _moved(done: Sorted) -> dict[int, Reached | None]:
    """The entities whose level changes, with what it is afterwards."""
    effects = {entity: done.comparison.effect(case) for entity, case in done.moved.items()}
    return {
        entity: effect.after for entity, effect in effects.items() if effect.before != effect.after
    }


def _telling(means: Means, card: Scorecard, moved: Mapping[int, Reached | None]) -> Means:
    """The means with the levels of these entities on the scorecard in place of what is stored."""
    told = Levels(facts=_facts(means, card, moved), otherwise=None)
    return replace(means, levels={**means.levels, collector_of(card.name): told})


def _facts(
    means: Means, card: Scorecard, reached: Mapping[int, Reached | None]
) -> dict[int, bytes]:
    written = {one: _fact(means, card, one) for one in set(reached.values())}
    return {entity: written[one] for entity, one in reached.items()}


def _fact(means: Means, card: Scorecard, reached: Reached | None) -> bytes:
    return facts_to_json(level_record("", card, reached, at=means.now))
