"""Rounds: the marked entities, some at a time, until somebody has looked at them.

Those whose facts are to be collected are handed out by repository; those of which what is stored
holds, by the scorecards that are asked. How they came to be marked is in `portal.db.work.marks`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, not_, or_, select

from catalog.sources import Repository
from portal.db.bulk import pick, remove
from portal.db.tables import entities, files, repositories, unassessed
from portal.db.work.marks import LOOK, cards_of

PART = 50
"""Repositories, by their ids, whose entities one piece of work is about."""


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
    """At which its descriptors were read, as `catalog.ingest.readings` writes it; '': they are not read."""
    seqs: Mapping[int, int]
    """By entity id, the sequence number of its mark."""


def next_marked(
    connection: Connection,
    *,
    limit: int,
    within: range | None = None,
    but: Collection[range] = (),
) -> list[Marked]:
    """Up to `limit` entities whose facts are to be collected, by repository; empty: there are none.

    With `within`, of the repositories with these ids; never of those with the ids of `but`.
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
        found = found.where(_is_in(within))
    found = found.where(*_are_not_in(but))
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


def parts_marked(connection: Connection, *, but: Collection[range] = ()) -> tuple[int, ...]:
    """The numbers of the parts with an entity whose facts are to be collected, in order.

    Entities of the repositories with the ids of `but` do not count.
    """
    found = _looked_at(repositories.c.id).where(*_are_not_in(but))
    ids = connection.execute(found.distinct().order_by(repositories.c.id))
    return tuple(dict.fromkeys(id_ // PART for id_ in ids.scalars() if id_ is not None))


def _is_in(ids: range) -> ColumnElement[bool]:
    return and_(repositories.c.id >= ids.start, repositories.c.id < ids.stop)


def _are_not_in(ids: Collection[range]) -> Iterator[ColumnElement[bool]]:
    """Also what is of no repository is in none of them."""
    return (or_(repositories.c.id.is_(None), not_(_is_in(one))) for one in ids)


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
    return Due(cards=cards_of(scope), seqs={row.entity_id: row.seq for row in rows})


def unchanged(connection: Connection, seqs: Mapping[int, int]) -> set[int]:
    """Those of these entities whose marks are still the same: nothing happened since they were read."""
    columns = (unassessed.c.entity_id, unassessed.c.seq)
    rows = pick(connection, columns, unassessed.c.entity_id, seqs)
    return {entity for entity, seq in rows if seqs[entity] == seq}


def clear_marks(connection: Connection, seqs: Mapping[int, int]) -> None:
    """Take away the marks that were answered; one that was made anew meanwhile stays."""
    remove(connection, unassessed, ("entity_id", "seq"), sorted(seqs.items()))
