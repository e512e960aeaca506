"""Rollups, as the store tells them: which groups entities are in, and their results in numbers.

Read from the covering index `results_in_numbers` and from the index of the catalog, in as many
statements as there are kinds of rows: evidence and bodies are never touched.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, select

from portal.db.bulk import among, pick
from portal.db.filters import storable
from portal.db.graph import type_ids
from portal.db.tables import edges, entities, postings, refs, results, terms
from scorecards.rollup import Group, Row, closure, roll_up, with_ancestors
from scorecards.scorecard import Scorecard

OWNED, PART, INSIDE = "ownedBy", "partOf", "childOf"


class By(StrEnum):
    """What entities can be grouped by."""

    OWNER = "owner"
    """A group counts what the groups below it own, too."""
    SYSTEM = "system"
    DOMAIN = "domain"
    """Of the entity, or of its system."""
    TYPE = "type"
    LIFECYCLE = "lifecycle"
    KIND = "kind"
    TAG = "tag"
    LABEL = "label"
    ANNOTATION = "annotation"


_TERMS = {
    By.TYPE: "spec.type",
    By.LIFECYCLE: "spec.lifecycle",
    By.TAG: "metadata.tags",
    By.LABEL: "metadata.labels.",
    By.ANNOTATION: "metadata.annotations.",
}
"""The key of the catalog's index that holds the values."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RolledUp:
    """The results of a scorecard by group."""

    groups: tuple[Group[str], ...]
    """The largest first; the key is a canonical ref or a value."""
    of: Mapping[int, Collection[str]]
    """The groups of each entity that is in any."""
    entities: int
    """With a result, in a group or in none."""
    outside: frozenset[int]
    """Entities with a result that are in none."""
    rest: Group[str] | None
    """These in numbers, without a key; None: there are none."""


def rolled_up(connection: Connection, scorecard: Scorecard, by: By, *, key: str = "") -> RolledUp:
    """The results of a scorecard by what entities have in common; `key` is of a label."""
    (found,) = side_by_side(connection, [scorecard], by, key=key)
    return found


def side_by_side(
    connection: Connection, scorecards: Sequence[Scorecard], by: By, *, key: str = ""
) -> tuple[RolledUp, ...]:
    """The same for each of these scorecards; groups are read once."""
    groups_of = groups(connection, by, key)
    return tuple(_rolled_up(connection, card, groups_of) for card in scorecards)


def _rolled_up(
    connection: Connection, card: Scorecard, groups_of: Mapping[int, Collection[str]]
) -> RolledUp:
    rows = numbers(connection, card.name)
    outside = frozenset(row.entity for row in rows if row.entity not in groups_of)
    levels, checks = len(card.levels), len(card.checks)
    alone = [row for row in rows if row.entity in outside]
    rest = roll_up(alone, dict.fromkeys(outside, ("",)), levels=levels, checks=checks)
    return RolledUp(
        groups=tuple(roll_up(rows, groups_of, levels=levels, checks=checks)),
        of=groups_of,
        entities=len(rows),
        outside=outside,
        rest=rest[0] if rest else None,
    )


def numbers(connection: Connection, scorecard: str) -> list[Row]:
    """The results of a scorecard."""
    columns = (results.c.entity_id, results.c.proven, results.c.possible, results.c.outcomes)
    found = select(*columns).where(results.c.scorecard == scorecard)
    return [Row(*row) for row in connection.execute(found)]


def groups(connection: Connection, by: By, key: str = "") -> Mapping[int, Collection[str]]:
    """The groups of each entity that is in any: canonical refs, or values as they are written."""
    match by:
        case By.KIND:
            kinds = connection.execute(select(entities.c.id, entities.c.kind))
            return {number: (kind,) for number, kind in kinds}
        case By.OWNER:
            owners = targets(connection, OWNED)
            found = with_ancestors(owners, targets(connection, INSIDE))
            return _named(connection, found)
        case By.SYSTEM:
            return _named(connection, _of_kind(connection, targets(connection, PART), "system"))
        case By.DOMAIN:
            wholes = targets(connection, PART)
            far = with_ancestors(wholes, wholes)
            return _named(connection, _of_kind(connection, far, "domain"))
        case _:
            return _values(connection, _TERMS[by] + key)


def targets(connection: Connection, relation: str) -> dict[int, list[int]]:
    """What each entity has a relation of this type to."""
    types = list(type_ids(connection, [relation]))
    found = (
        select(edges.c.source_id, edges.c.target_id)
        .where(among(connection, edges.c.type_id, types))
        .distinct()
    )
    ways: dict[int, list[int]] = {}
    for source, target in connection.execute(found):
        ways.setdefault(source, []).append(target)
    return ways


def members_of(connection: Connection, ref: str, relation: str) -> frozenset[int]:
    """The ref, and everything below it that counts as it: groups in a group, systems in a domain.

    Empty where nothing has this ref.
    """
    found = pick(connection, (refs.c.id,), refs.c.ref, storable([ref]))
    return (
        closure([row.id for row in found], _below(connection, relation)) if found else frozenset()
    )


def wholes_below(connection: Connection, ref: str, *, below: str, related: str) -> tuple[str, ...]:
    """The ref, and what is below it, as far as anything has the other relation to it; sorted."""
    related_to = _below(connection, related)
    members = members_of(connection, ref, below)
    wholes = {number for number in members if number in related_to}
    named = pick(connection, (refs.c.id, refs.c.ref), refs.c.id, wholes)
    return tuple(sorted({ref, *(row.ref for row in named)}))


def _below(connection: Connection, relation: str) -> dict[int, set[int]]:
    """What has a relation of this type to each."""
    ways: dict[int, set[int]] = {}
    for source, above in targets(connection, relation).items():
        for target in above:
            ways.setdefault(target, set()).add(source)
    return ways


def _of_kind(
    connection: Connection, found: Mapping[int, Collection[int]], kind: str
) -> dict[int, list[int]]:
    """Only what is of this kind."""
    every = {number for numbers in found.values() for number in numbers}
    rows = pick(connection, (refs.c.id, refs.c.ref), refs.c.id, every)
    wanted = {row.id for row in rows if row.ref.startswith(f"{kind}:")}
    kept = {one: [number for number in of if number in wanted] for one, of in found.items()}
    return {one: of for one, of in kept.items() if of}


def _named(
    connection: Connection, found: Mapping[int, Collection[int]]
) -> dict[int, tuple[str, ...]]:
    every = {number for numbers in found.values() for number in numbers}
    name = {row.id: row.ref for row in pick(connection, (refs.c.id, refs.c.ref), refs.c.id, every)}
    alike: dict[int, tuple[str, ...]] = {}  # most share the same set, by identity
    named = {}
    for one, numbers_ in found.items():
        names = alike.get(id(numbers_))
        if names is None:
            names = alike[id(numbers_)] = tuple(sorted(name[number] for number in numbers_))
        named[one] = names
    return named


def _values(connection: Connection, key: str) -> dict[int, list[str]]:
    wanted = storable([key.lower()])
    found = (
        select(postings.c.entity_id, terms.c.original, terms.c.value)
        .join(terms, terms.c.id == postings.c.term_id)
        .where(among(connection, terms.c.key, wanted), terms.c.known)
        .order_by(postings.c.entity_id, terms.c.value)
    )
    values: dict[int, list[str]] = {}
    for entity, original, value in connection.execute(found):
        values.setdefault(entity, []).append(original or value)
    return values
