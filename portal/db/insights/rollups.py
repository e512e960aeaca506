"""Rollups, as the store tells them: which groups entities are in, and their results in numbers.

Read from the covering index `results_in_numbers` and from the index of the catalog, in as many
statements as there are kinds of rows: evidence and bodies are never touched. Columns come as one text
each, which the database joins and Python splits: a row for each result takes four times as long.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from sqlalchemy import Connection, Select, Text, case, cast, exists, func, select

from portal.db.bulk import among, pick
from portal.db.catalog.graph import type_ids
from portal.db.catalog.keys import storable
from portal.db.tables import edges, entities, postings, refs, results, terms
from scorecards.insights.rollup import (
    Columns,
    Group,
    Tallied,
    roll_up,
    tally_up,
    whole,
    with_ancestors,
)
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


MARKED = case((results.c.outcomes == "", "-"), else_=results.c.outcomes)
"""Outcomes, '-' where there is no check: SQLite puts no comma behind '' where a text begins."""

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
    outside: int
    """Those of them that are in none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """The results of a scorecard as a whole, and by group with all checks together."""

    whole: Group[None]
    groups: Mapping[str, Tallied]
    rest: Tallied
    """What is in no group."""


def rolled_up(connection: Connection, scorecard: Scorecard, by: By, *, key: str = "") -> RolledUp:
    """The results of a scorecard by what entities have in common; `key` is of a label."""
    groups_of = groups(connection, by, key)
    found = columns(connection, scorecard.name)
    levels, checks = len(scorecard.levels), len(scorecard.checks)
    return RolledUp(
        groups=tuple(roll_up(found, groups_of, levels=levels, checks=checks)),
        of=groups_of,
        entities=len(found.entities),
        outside=sum(entity not in groups_of for entity in found.entities),
    )


def side_by_side(
    connection: Connection, scorecards: Sequence[Scorecard], by: By
) -> tuple[Overview, ...]:
    """Each of these scorecards by what entities have in common."""
    groups_of = groups(connection, by)
    return tuple(_overview(connection, card, groups_of) for card in scorecards)


def _overview(
    connection: Connection, card: Scorecard, groups_of: Mapping[int, Collection[str]]
) -> Overview:
    found = columns(connection, card.name)
    tallied, rest = tally_up(found, groups_of, checks=len(card.checks))
    return Overview(
        whole=whole(found, levels=len(card.levels), checks=len(card.checks)),
        groups=tallied,
        rest=rest,
    )


def columns(connection: Connection, scorecard: str) -> Columns:
    """The results of a scorecard."""
    wanted = (results.c.entity_id, results.c.proven, results.c.possible, MARKED)
    found = select(*wanted).where(results.c.scorecard == scorecard)
    ids, proven, possible, outcomes = as_texts(connection, found)
    return Columns(
        entities=[*map(int, ids)],
        proven=[*map(int, proven)],
        possible=[*map(int, possible)],
        outcomes=["" if letters == "-" else letters for letters in outcomes],
    )


def as_texts(connection: Connection, found: Select[Any]) -> list[list[str]]:
    """The columns of a statement, of which no value has a comma or is ''."""
    rows = found.subquery()
    joined = (func.aggregate_strings(cast(column, Text), ",") for column in rows.c)
    return [text.split(",") if text else [] for text in connection.execute(select(*joined)).one()]


def groups(connection: Connection, by: By, key: str = "") -> Mapping[int, Collection[str]]:
    """The groups of each entity that is in any: canonical refs, or values as they are written.

    Entities that are in the same groups mostly share one collection.
    """
    match by:
        case By.KIND:
            kinds = connection.execute(select(entities.c.id, entities.c.kind))
            alike: dict[str, tuple[str]] = {}
            return {number: alike.setdefault(kind, (kind,)) for number, kind in kinds}
        case By.OWNER:
            inside = targets(connection, INSIDE)
            return _named(connection, targets(connection, OWNED), above=inside)
        case By.SYSTEM:
            return _named(connection, targets(connection, PART), kind="system")
        case By.DOMAIN:
            wholes = targets(connection, PART)
            return _named(connection, wholes, above=wholes, kind="domain")
        case _:
            return _values(connection, _TERMS[by] + key)


def targets(connection: Connection, relation: str) -> dict[int, tuple[int, ...]]:
    """What each entity has a relation of this type to; equal ones are mostly the same tuple."""
    types = list(type_ids(connection, [relation]))
    found = (
        select(edges.c.source_id, edges.c.target_id)
        .where(among(connection, edges.c.type_id, types))
        .order_by(edges.c.source_id, edges.c.target_id)
    )
    return _gathered(*as_texts(connection, found))


def _gathered(ids: Sequence[str], values: Sequence[str]) -> dict[int, tuple[int, ...]]:
    """By id its values, each once."""
    alone = {value: (int(value),) for value in set(values)}
    found: dict[int, tuple[int, ...]] = {}
    for one, value in zip(map(int, ids), values, strict=True):
        before = found.get(one)
        if before is None:
            found[one] = alone[value]
        elif (number := alone[value][0]) not in before:
            found[one] = (*before, number)
    return found


def members_of(connection: Connection, ref: str, relation: str) -> frozenset[int]:
    """The ref, and everything below it that counts as it: groups in a group, systems in a domain.

    Empty where nothing has this ref.
    """
    types = list(type_ids(connection, [relation]))
    found = {row.id for row in pick(connection, (refs.c.id,), refs.c.ref, storable([ref]))}
    ahead = found
    while ahead:
        below = select(edges.c.source_id).where(
            among(connection, edges.c.target_id, ahead), among(connection, edges.c.type_id, types)
        )
        ahead = {*connection.execute(below).scalars()} - found
        found |= ahead
    return frozenset(found)


def wholes_below(connection: Connection, ref: str, *, below: str, related: str) -> tuple[str, ...]:
    """The ref, and what is below it, as far as anything has the other relation to it; sorted."""
    types = list(type_ids(connection, [related]))
    wholes = (
        select(refs.c.ref)
        .where(among(connection, refs.c.id, members_of(connection, ref, below)))
        .where(
            exists().where(
                edges.c.target_id == refs.c.id, among(connection, edges.c.type_id, types)
            )
        )
    )
    return tuple(sorted({ref, *connection.execute(wholes).scalars()}))


def _named(
    connection: Connection,
    direct: Mapping[int, Collection[int]],
    *,
    above: Mapping[int, Collection[int]] = MappingProxyType({}),
    kind: str = "",
) -> dict[int, tuple[str, ...]]:
    """The refs of the groups of each entity, and of all that is above these; of one kind, or all."""
    # Most entities share what they are directly in with many others.
    reached = with_ancestors({id(numbers): numbers for numbers in direct.values()}, above)
    every = {number for numbers in reached.values() for number in numbers}
    name = {
        row.id: row.ref
        for row in pick(connection, (refs.c.id, refs.c.ref), refs.c.id, every)
        if not kind or row.ref.startswith(f"{kind}:")
    }
    names = {
        one: tuple(sorted(name[number] for number in numbers if number in name))
        for one, numbers in reached.items()
    }
    return {one: found for one, numbers in direct.items() if (found := names[id(numbers)])}


def _values(connection: Connection, key: str) -> dict[int, tuple[str, ...]]:
    """The values that each entity has under a key of the index."""
    wanted = (terms.c.id, terms.c.original, terms.c.value)
    rows = connection.execute(
        select(*wanted).where(
            among(connection, terms.c.key, storable([key.lower()])), terms.c.known
        )
    )
    value = {number: original or value for number, original, value in rows}
    found = (
        select(postings.c.entity_id, postings.c.term_id)
        .where(among(connection, postings.c.term_id, value))
        .order_by(postings.c.entity_id, postings.c.term_id)
    )
    having = _gathered(*as_texts(connection, found))
    values = {id(numbers): tuple(value[n] for n in numbers) for numbers in having.values()}
    return {one: values[id(numbers)] for one, numbers in having.items()}
