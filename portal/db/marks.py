"""Marks: which entities have to be looked at again, and all that looking at them needs.

A mark is written in the transaction that changed the entity, so that no crash can lose it, and
goes when facts and results that are at least as new have been stored.
"""

from __future__ import annotations

import posixpath
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    and_,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from catalog.problems import JsonValue
from catalog.sources import Repository
from portal.db import values
from portal.db.bulk import add, among, pick, remove
from portal.db.tables import (
    edges,
    entities,
    facts,
    files,
    meta,
    relation_types,
    repositories,
    unassessed,
)
from scorecards.collectors import Subject

AGAIN = 2**32
"""Added to the number of a mark that is made again: no batch of the catalog has the sum."""

STALE_UNTIL = "stale_marked_until"
"""Key of the stored value that says up to when entities with stale facts were marked."""


PART = 50
"""Repositories, by their ids, whose entities one piece of work is about."""

LOOK = ""
"""Scope of a mark: facts are to be collected, and every scorecard is asked."""

ALL_CARDS = "*"
"""Scope of a mark: the stored facts hold, and every scorecard is asked; else a list of some."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """Marked entities of which what is stored holds."""

    cards: frozenset[str] | None
    """Names of the scorecards that are asked; None: all."""
    seqs: Mapping[int, int]
    """By entity id, the sequence number of its mark."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Marked:
    """Marked entities of one repository."""

    repository: Repository | None
    """None: they are of no repository, as orphans are."""
    revision: str
    """At which its descriptors were read, as `catalog.readings` writes it; '': they are not read."""
    seqs: Mapping[int, int]
    """By entity id, the sequence number of its mark."""


def mark_all(connection: Connection, cards: Collection[str] | None = None) -> int:
    """Mark every entity, as when a scorecard or a collector changed; returns how many.

    With `cards`, what is stored about entities holds, and these scorecards alone are asked.
    """
    seq = select(meta.c.value).where(meta.c.key == "catalog_seq").scalar_subquery()
    number = func.coalesce(seq.cast(unassessed.c.seq.type), 0)
    if cards is None:
        connection.execute(delete(unassessed))
        scope = LOOK
    else:
        scope = scope_of(cards)
        connection.execute(
            update(unassessed).values(seq=unassessed.c.seq + AGAIN, scope=_wider(scope))
        )
    fresh = select(entities.c.id, number, literal(scope)).where(
        entities.c.id.not_in(select(unassessed.c.entity_id))
    )
    connection.execute(insert(unassessed).from_select(["entity_id", "seq", "scope"], fresh))
    return count_marks(connection)


def mark_one(connection: Connection, ref: str) -> bool:
    """Mark one entity; False if there is none with this ref."""
    found = connection.execute(select(entities.c.id).where(entities.c.ref == ref)).scalar()
    if found is None:
        return False
    mark(connection, [found])
    return True


def mark_repository(connection: Connection, repository_id: int) -> None:
    """Mark what a repository declares, as when one of its files changed, whichever it was.

    A mark that asks for as much already stays as it is.
    """
    found = (
        select(entities.c.id)
        .join(files, files.c.id == entities.c.file_id)
        .outerjoin(unassessed, unassessed.c.entity_id == entities.c.id)
        .where(
            files.c.repository_id == repository_id,
            or_(unassessed.c.scope.is_(None), unassessed.c.scope != LOOK),
        )
    )
    mark(connection, connection.execute(found).scalars().all())


def mark_stale(connection: Connection, now: datetime) -> int:
    """Mark the entities of which facts have gone stale since the last call; returns how many."""
    before = values.get(connection, STALE_UNTIL)
    ended = [facts.c.valid_until <= now]
    if before is not None:
        ended.append(facts.c.valid_until > datetime.fromisoformat(before))
    ids = list(connection.execute(select(facts.c.entity_id).where(*ended).distinct()).scalars())
    mark(connection, ids)
    values.put(connection, STALE_UNTIL, now.isoformat())
    return len(ids)


def mark(
    connection: Connection, ids: Collection[int], cards: Collection[str] | None = None
) -> None:
    """Mark entities; a mark that is being answered right now becomes another one, and stays.

    With `cards`, what is stored about them holds, and these scorecards alone are asked.
    """
    scope = LOOK if cards is None else scope_of(cards)
    marked = among(connection, unassessed.c.entity_id, ids)
    found = set(connection.execute(select(unassessed.c.entity_id).where(marked)).scalars())
    if found:
        again = update(unassessed).where(marked)
        connection.execute(again.values(seq=unassessed.c.seq + AGAIN, scope=_wider(scope)))
    fresh = [(entity, 0, scope) for entity in sorted(set(ids) - found)]
    add(connection, unassessed, ("entity_id", "seq", "scope"), fresh)


def scope_of(cards: Collection[str]) -> str:
    """The scope of a mark that asks these scorecards."""
    return orjson.dumps(sorted(cards)).decode()


def _wider(scope: str) -> ColumnElement[str]:
    """A scope that has room for that of a mark and for another one."""
    if scope == LOOK:
        return literal(LOOK)
    same = unassessed.c.scope.in_([LOOK, scope])
    return case((same, unassessed.c.scope), else_=literal(ALL_CARDS))


def count_marks(connection: Connection) -> int:
    """How many entities wait to be looked at."""
    return connection.execute(select(func.count()).select_from(unassessed)).scalar_one()


def next_marked(connection: Connection, *, limit: int, within: range | None = None) -> list[Marked]:
    """Up to `limit` entities whose facts are to be collected, by repository; empty: there are none.

    With `within`, of the repositories with these ids.
    """
    found = (
        _looked_at(
            unassessed.c.entity_id,
            unassessed.c.seq,
            repositories.c.id.label("repository_id"),
            repositories.c.url,
            repositories.c.name,
            repositories.c.head_read,
            repositories.c.revision,
        )
        .order_by(repositories.c.id, unassessed.c.entity_id)
        .limit(limit)
    )
    if within is not None:
        found = found.where(repositories.c.id >= within.start, repositories.c.id < within.stop)
    rows = connection.execute(found).all()
    return [
        Marked(
            repository=_read(group[0]) if group[0].url else None,
            revision=group[0].revision or "",
            seqs={row.entity_id: row.seq for row in group},
        )
        for _, alike in groupby(rows, key=lambda row: row.repository_id)
        for group in [list(alike)]
    ]


def part_of(number: int) -> range:
    """The ids of the repositories of a part."""
    return range(number * PART, (number + 1) * PART)


def parts_marked(connection: Connection) -> tuple[int, ...]:
    """The numbers of the parts with an entity whose facts are to be collected, in order."""
    ids = connection.execute(_looked_at(repositories.c.id).distinct().order_by(repositories.c.id))
    return tuple(dict.fromkeys(id_ // PART for id_ in ids.scalars() if id_ is not None))


def _looked_at(*columns: ColumnElement[Any]) -> Select[Any]:
    """Of the entities whose facts are to be collected."""
    listed = repositories.c.location_id.is_not(None)
    return (
        select(*columns)
        .select_from(unassessed)
        .join(entities, entities.c.id == unassessed.c.entity_id)
        .outerjoin(files, files.c.id == entities.c.file_id)
        .outerjoin(repositories, and_(repositories.c.id == files.c.repository_id, listed))
        .where(unassessed.c.scope == LOOK)
    )


def _read(row: Row[Any]) -> Repository:
    """A repository at the head at which its descriptors were read, which need not be asked for."""
    return Repository(url=row.url, name=row.name, head=row.head_read.partition("/")[2])


def next_due(connection: Connection, *, limit: int) -> Due | None:
    """Up to `limit` entities whose stored facts are to be assessed by the same scorecards.

    The fewest that are asked the same come first: what was pushed does not wait for what a changed
    scorecard asks of all. None: there are none.
    """
    count = func.count()
    scopes = select(unassessed.c.scope).where(unassessed.c.scope != LOOK)
    fewest = scopes.group_by(unassessed.c.scope).order_by(count, unassessed.c.scope).limit(1)
    scope = connection.execute(fewest).scalar()
    if scope is None:
        return None
    found = select(unassessed.c.entity_id, unassessed.c.seq).where(unassessed.c.scope == scope)
    rows = connection.execute(found.order_by(unassessed.c.entity_id).limit(limit)).all()
    cards = None if scope == ALL_CARDS else frozenset(orjson.loads(scope))
    return Due(cards=cards, seqs={row.entity_id: row.seq for row in rows})


def unchanged(connection: Connection, seqs: Mapping[int, int]) -> set[int]:
    """Those of these entities whose marks are still the same: nothing happened since they were read."""
    columns = (unassessed.c.entity_id, unassessed.c.seq)
    rows = pick(connection, columns, unassessed.c.entity_id, seqs)
    return {entity for entity, seq in rows if seqs[entity] == seq}


def clear_marks(connection: Connection, seqs: Mapping[int, int]) -> None:
    """Take away the marks that were answered; one that was made anew meanwhile stays."""
    remove(connection, unassessed, ("entity_id", "seq"), sorted(seqs.items()))


def subjects(
    connection: Connection, ids: Collection[int], *, alone: bool = False
) -> list[tuple[int, bytes, Subject]]:
    """Id, body and subject of each entity that still exists, by id; `alone`: without neighbors."""
    rows = connection.execute(
        select(entities.c.id, entities.c.ref, entities.c.body, files.c.path)
        .outerjoin(files, files.c.id == entities.c.file_id)
        .where(among(connection, entities.c.id, ids))
        .order_by(entities.c.id)
    ).all()
    neighbors, members = ({}, {}) if alone else _neighbors(connection, [row.id for row in rows])
    found = []
    for row in rows:
        near = neighbors.get(row.id, {})
        subject = Subject(
            ref=row.ref,
            entity=orjson.loads(row.body),
            file=row.path or "",
            directory=posixpath.dirname(row.path or ""),
            neighbors=near,
            members={ref: members[ref] for ref in near if ref in members},
        )
        found.append((row.id, row.body, subject))
    return found


def _neighbors(
    connection: Connection, ids: Sequence[int]
) -> tuple[dict[int, dict[str, Mapping[str, JsonValue]]], dict[str, int]]:
    """For each entity the bodies of those it refers to; and the size of each group among them."""
    forward = (
        select(edges.c.source_id, edges.c.target_id)
        .where(edges.c.source_id.in_(ids), edges.c.origin_id == edges.c.source_id)
        .distinct()
    )
    pairs = connection.execute(forward).all()
    wanted = sorted({pair.target_id for pair in pairs})
    bodies: dict[int, tuple[str, Mapping[str, JsonValue]]] = {}
    groups: dict[int, str] = {}
    for part in (wanted[n : n + 500] for n in range(0, len(wanted), 500)):
        columns = select(entities.c.id, entities.c.ref, entities.c.kind, entities.c.body)
        for row in connection.execute(columns.where(entities.c.id.in_(part))):
            bodies[row.id] = (row.ref, orjson.loads(row.body))
            if row.kind == "group":
                groups[row.id] = row.ref
    near: dict[int, dict[str, Mapping[str, JsonValue]]] = defaultdict(dict)
    for pair in pairs:
        if pair.target_id in bodies:
            ref, body = bodies[pair.target_id]
            near[pair.source_id][ref] = body
    return near, _members(connection, groups)


def _members(connection: Connection, groups: Mapping[int, str]) -> dict[str, int]:
    """The number of distinct members of each group, by ref."""
    has_member = select(relation_types.c.id).where(relation_types.c.name == "hasMember")
    counted = (
        select(edges.c.source_id, func.count(edges.c.target_id.distinct()).label("n"))
        .join(entities, entities.c.id == edges.c.target_id)
        .where(edges.c.source_id.in_(list(groups)), edges.c.type_id.in_(has_member))
        .group_by(edges.c.source_id)
    )
    counts = {row.source_id: row.n for row in connection.execute(counted)}
    return {ref: counts.get(group, 0) for group, ref in groups.items()}
