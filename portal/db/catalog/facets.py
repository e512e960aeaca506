"""Facets: how many entities have each value of a key.

Values keep the spelling of the files. Counts of terms are maintained, for each kind: unfiltered
ones and those of kinds are read, not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    case,
    distinct,
    func,
    select,
    true,
)

from catalog.queries.query import Equals, Filter
from portal.db.bulk import among, is_listed, listed
from portal.db.catalog.filters import Kinds, Way, kinds_of, with_key
from portal.db.catalog.index import unpack
from portal.db.catalog.keys import RELATION, storable
from portal.db.catalog.questions import Question, ask
from portal.db.prepared import Prepared
from portal.db.state import catalog_state
from portal.db.tables import edges, entities, postings, refs, relation_types, terms

Counts = list[tuple[str, int]]

SPELLED = case((terms.c.original == "", terms.c.value), else_=terms.c.original).label("original")


def facets(
    connection: Connection, keys: Sequence[str], tree: Filter | None = None
) -> dict[str, Counts]:
    """For each key as it was asked for, its values with their counts, sorted by value."""
    if is_maintained(keys, tree):
        return maintained_facets(connection, keys, tree)[1]
    asked = ask(connection, tree)
    return {key: sorted(_facet(connection, key.lower(), asked)) for key in keys}


def is_maintained(keys: Sequence[str], tree: Filter | None) -> bool:
    """Whether these facets are read, not counted."""
    return _is_all_of_kinds(tree) and all(_is_of_terms(key.lower()) for key in keys)


def maintained_facets(
    connection: Connection, keys: Sequence[str], tree: Filter | None
) -> tuple[str, dict[str, Counts]]:
    """The state of the catalog, and facets that are maintained, of one statement."""
    state, found = _kept(connection, [key.lower() for key in keys], kinds_of(tree))
    return state, {key: sorted(found.get(key.lower(), ())) for key in keys}


def _facet(connection: Connection, key: str, asked: Question) -> Counts:
    if not storable([key]):
        return []
    match key:
        case "metadata.name":
            bodies = connection.execute(select(entities.c.body).where(asked.condition())).scalars()
            return list(Counter(orjson.loads(body)["metadata"]["name"] for body in bodies).items())
        case "metadata.uid":
            uids = connection.execute(select(entities.c.uid).where(asked.condition())).scalars()
            return [(uid, 1) for uid in uids]
        case _ if key.startswith(RELATION):
            return _relations(connection, key.removeprefix(RELATION), asked)
        case _ if _is_all_of_kinds(asked.filter):
            return _kept(connection, [key], asked.kinds)[1].get(key, [])
        case _ if asked.way is Way.FEW:
            return _of_few(connection, key, asked)
    return _of_many(connection, key, asked)


def _is_of_terms(key: str) -> bool:
    """Whether what the index knows of a key is what files say."""
    is_other = key in ("metadata.name", "metadata.uid") or key.startswith(RELATION)
    return not is_other and bool(storable([key]))


def _kept(
    connection: Connection, keys: Sequence[str], kinds: Kinds
) -> tuple[str, dict[str, Counts]]:
    """The state of the catalog, and the values of each key with their counts, as they are maintained."""
    values: dict[str, Any] = {"keys": listed(connection, keys)["values"]}
    if kinds is not None:
        values |= listed(connection, kinds)
    rows = (_KEPT if kinds is None else _KEPT_OF_KINDS).rows(connection, values)
    found: dict[str, Counts] = {}
    for _, key, value, count in rows:
        if key is not None:
            found.setdefault(key, []).append((value, int(count)))
    return rows[0][0], found


def _summed(dialect: str, *having: ColumnElement[bool]) -> Select[Any]:
    """State, key, value and count; there is a row without any term, too."""
    listed_keys = is_listed(dialect, terms.c.key, bindparam("keys"))
    summed = (
        select(terms.c.key, SPELLED, func.sum(terms.c.n))
        .where(listed_keys, terms.c.known, terms.c.n > 0, *having)
        .group_by(terms.c.key, terms.c.value, terms.c.original)
        .subquery()
    )
    now = select(catalog_state().label("state")).subquery("now")
    return select(now.c.state, *summed.c).select_from(now.outerjoin(summed, true()))


_KEPT = Prepared(_summed, looks=True)
_KEPT_OF_KINDS = Prepared(
    lambda dialect: _summed(dialect, is_listed(dialect, terms.c.kind)), looks=True
)


def _of_few(connection: Connection, key: str, asked: Question) -> Counts:
    """From the terms of each entity that matches."""
    packed = connection.execute(select(entities.c.terms).where(asked.condition(Way.FEW))).scalars()
    found = Counter(term for one in packed for term in unpack(one))
    named = select(terms.c.id, SPELLED).where(
        among(connection, terms.c.id, found.keys()), terms.c.key == key, terms.c.known
    )
    counts: Counter[str] = Counter()
    for number, original in connection.execute(named):
        counts[original] += found[number]
    return list(counts.items())


def _of_many(connection: Connection, key: str, asked: Question) -> Counts:
    """From the postings of the key's terms."""
    named = select(terms.c.id, SPELLED).where(_having(connection, key, asked.kinds))
    originals: dict[int, str] = {row.id: row.original for row in connection.execute(named)}
    matching = select(entities.c.id).where(asked.condition())
    counted = (
        select(postings.c.term_id, func.count())
        .where(among(connection, postings.c.term_id, originals.keys()))
        .where(postings.c.entity_id.in_(matching))
        .group_by(postings.c.term_id)
    )
    counts: Counter[str] = Counter()
    for number, n in connection.execute(counted):
        counts[originals[number]] += n
    return list(counts.items())


def _is_all_of_kinds(tree: Filter | None) -> bool:
    return tree is None or (isinstance(tree, Equals) and tree.key == "kind")


def _relations(connection: Connection, relation: str, asked: Question) -> Counts:
    named = func.lower(relation_types.c.name) == relation
    # The sources of edges may be refs that do not exist.
    matching = select(entities.c.id).where(asked.condition())
    rows = (
        select(refs.c.ref, func.count(distinct(edges.c.source_id)))
        .join(refs, refs.c.id == edges.c.target_id)
        .where(edges.c.type_id.in_(select(relation_types.c.id).where(named)))
        .where(edges.c.source_id.in_(matching))
        .group_by(refs.c.ref)
    )
    return _pairs(connection, rows)


def _having(connection: Connection, key: str, kinds: Kinds) -> ColumnElement[bool]:
    keyed = with_key(key, kinds).element(connection.dialect.name)
    return and_(keyed, terms.c.known, terms.c.n > 0)


def _pairs(connection: Connection, rows: Select[Any]) -> Counts:
    return [(row[0], int(row[1])) for row in connection.execute(rows)]
