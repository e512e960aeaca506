"""Simulating: a changed or new scorecard over live data, and nothing stored.

Only what the change asks anew is evaluated, in the children of the pool, and of it only what differs
between entities; everything else is taken over from stored results.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

from portal.db import simulated
from portal.db.simulated import Wanted
from portal.worker.asking import Means, Rows, ask
from scorecards.differences import Difference, difference
from scorecards.many import Said
from scorecards.scorecard import Scorecard
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
    missing = Counter[tuple[str, str, str]]()
    left_out = simulated.waiting(means.connection, ids)
    found = list(_cases(means, before, after, changed, ids, missing))
    cases = Counter(case for _, case in found)
    left_out += cases.pop(None, 0)
    moving = {case for case in cases if case is not None and comparison.effect(case).changes}
    moved = {entity: case for entity, case in found if case in moving}
    owners = simulated.owners(means.connection, moved)
    owned = Counter((owners.get(entity, ""), case) for entity, case in moved.items())
    still = {("", case): n for case, n in cases.items() if case is not None and case not in moving}
    return Simulated(
        before=before,
        difference=changed,
        comparison=comparison,
        simulation=comparison.simulation({**still, **owned}),
        down=_examples(means, comparison, moved, owners, sign=-1),
        up=_examples(means, comparison, moved, owners, sign=1),
        missing=missing,
        waiting=left_out,
    )


def _cases(
    means: Means,
    before: Scorecard | None,
    after: Scorecard,
    changed: Difference,
    ids: Collection[int] | None,
    missing: Counter[tuple[str, str, str]],
) -> Iterator[tuple[int, Case | None]]:
    """Each entity with its case; None: its stored result is of another definition.

    Facts that are missing are counted in `missing`.
    """
    everyone = before is None or changed.applies_changed
    checks = tuple(after.checks[index] for index in changed.changed)
    asked = after if everyone else replace(after, applies_to=None, checks=checks)
    known: dict[tuple[str | None, Said | None], Case] = {}
    unsure: set[int] = set()
    for entity, letters, said in _asked(means, asked, ids=ids, everyone=everyone):
        if letters is None and said is None:
            continue  # it never applied, and does not after the change
        if letters is not None and (before is None or len(letters) != len(before.checks)):
            yield entity, None
        elif not everyone and after.applies_to is not None and set(letters or "") in _UNSURE:
            unsure.add(entity)
        else:
            alike = (letters, said)
            if alike not in known:
                known[alike] = _case(before, after, None if everyone else changed, *alike)
            if said is not None and said.missing:
                missing.update(said.missing)
            yield entity, known[alike]
    if unsure:
        for entity, letters, said in _asked(means, after, ids=unsure):
            missing.update(said.missing if said else ())
            yield entity, _case(before, after, None, letters, said)


_UNSURE = ({"u"}, {"e"})
"""Perhaps it cannot be told whether the scorecard applies: then every check says so."""


def _case(
    before: Scorecard | None,
    after: Scorecard,
    changed: Difference | None,
    letters: str | None,
    said: Said | None,
) -> Case:
    """An entity's case; `said` is about all checks or, with `changed`, about the changed ones."""
    if said is None:
        return Case(letters, None)
    now = said.letters
    if changed is not None and letters is not None:
        new = dict(zip(changed.changed, now, strict=True))
        now = "".join(
            new[index] if index in new else letters[changed.kept[index]]
            for index in range(len(after.checks))
        )
    return Case(letters, _with_exempt(before, after, letters, now))


def _with_exempt(before: Scorecard | None, after: Scorecard, letters: str | None, said: str) -> str:
    """What is exempt stays so: an exemption is from a check, whatever this asks."""
    if before is None or letters is None or "x" not in letters:
        return said
    exempt = {
        check.id for check, letter in zip(before.checks, letters, strict=True) if letter == "x"
    }
    return "".join(
        "x" if check.id in exempt and letter != "n" else letter
        for check, letter in zip(after.checks, said, strict=True)
    )


def _asked(
    means: Means, card: Scorecard, *, ids: Collection[int] | None, everyone: bool = False
) -> Iterator[tuple[int, str | None, Said | None]]:
    """Of each entity its id, the stored letters, and what `card` says; None: it does not apply."""

    def rows_of(collectors: tuple[str, ...], bodies: bool) -> Rows:
        wanted = Wanted(
            scorecard=card.name,
            collectors=collectors,
            bodies=bodies,
            everyone=everyone,
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
