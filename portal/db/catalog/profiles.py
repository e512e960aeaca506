"""Profiles: what every entity has of a key, at hand, to count what matches without asking again.

They are for filters that follow results. With each result another set of entities may match, while what
the entities say stays as it is; a database that counts walks all postings of the key again.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, select

from catalog.queries.query import Filter
from portal.db.bulk import among, pick
from portal.db.catalog.facets import SPELLED, Counts
from portal.db.catalog.keys import RELATION, storable
from portal.db.catalog.questions import ask
from portal.db.prepared import Prepared, Row
from portal.db.tables import edges, entities, postings, refs, relation_types, terms


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """What every entity has of one key: four bytes for each id, and each combination of values once."""

    _of: array[int]
    """By id of an entity the index of what it has."""
    _values: Sequence[tuple[str, ...]]

    def counts(self, ids: Iterable[int]) -> Counts:
        """How many of these entities have each value, as `portal.db.catalog.facets.facets` says it."""
        found: Counter[str] = Counter()
        for combination, n in Counter(map(self._of.__getitem__, ids)).items():
            for value in self._values[combination]:
                found[value] += n
        return sorted(found.items())


def matching(connection: Connection, tree: Filter | None) -> Sequence[int]:
    """The ids of the entities that match, in no order."""
    found = select(entities.c.id).where(ask(connection, tree).condition())
    return connection.execute(found).scalars().all()


def profile_of(connection: Connection, key: str) -> Profile:
    """What every entity has of a relation or of a key that has terms."""
    relation = key.lower().startswith(RELATION)
    if not storable([key]):
        rows: list[Row] = []
    elif relation:
        rows = _RELATED.rows(connection, {"name": key.lower().removeprefix(RELATION)})
    else:
        rows = _SAID.rows(connection, {"key": key.lower()})
    most = connection.execute(select(func.max(refs.c.id))).scalar() or 0
    of, combinations = _combined(rows, most)
    wanted = {value for combination in combinations for value in combination}
    names = _refs(connection, wanted) if relation else _spelled(connection, wanted)
    values = [tuple(names[value] for value in combination) for combination in combinations]
    return Profile(_of=of, _values=values)


def _refs(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    return {row.id: row.ref for row in pick(connection, (refs.c.id, refs.c.ref), refs.c.id, ids)}


def _spelled(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    found = select(terms.c.id, SPELLED).where(among(connection, terms.c.id, ids))
    return {row.id: row.original for row in connection.execute(found)}


def _combined(rows: Iterable[Row], most: int) -> tuple[array[int], list[tuple[int, ...]]]:
    """By id of an entity, up to `most`, the index of its combination; and the combinations.

    `rows` are ids of entities, each with the id of one value. Most entities share what they have with
    others: so each row only leads from the index of a combination to that of the one with one more.
    """
    of = array("I", bytes(4 * (most + 1)))
    combinations: list[tuple[int, ...]] = [()]
    steps: dict[tuple[int, int], int] = {}
    for entity, value in rows:
        step = (of[entity], value)
        index = steps.get(step)
        if index is None:
            index = steps[step] = len(combinations)
            combinations.append((*combinations[step[0]], value))
        of[entity] = index
    return of, combinations


_SAID = Prepared(
    lambda _: (
        select(postings.c.entity_id, postings.c.term_id)
        .join(terms, terms.c.id == postings.c.term_id)
        .where(terms.c.key == bindparam("key"), terms.c.known)
    )
)
_RELATED = Prepared(
    lambda _: (
        select(edges.c.source_id, edges.c.target_id)
        .where(
            edges.c.type_id.in_(
                select(relation_types.c.id).where(
                    func.lower(relation_types.c.name) == bindparam("name")
                )
            )
        )
        .distinct()
    )
)
