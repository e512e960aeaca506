"""Marks: which entities have to be looked at again, and what for.

A mark is written in the transaction that changed the entity, so that no crash can lose it, and
goes when facts and results that are at least as new have been stored (`portal.db.work.rounds`).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    case,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)

from portal.db import values
from portal.db.bulk import add, among
from portal.db.engine import utc
from portal.db.tables import entities, facts, files, meta, unassessed

AGAIN = 2**32
"""Added to the number of a mark that is made again: no batch of the catalog has the sum."""

STALE_UNTIL = "stale_marked_until"
"""Key of the stored value that says up to when entities with stale facts were marked."""

LOOK = ""
"""Scope of a mark: facts are to be collected, and every scorecard is asked."""

ALL_CARDS = "*"
"""Scope of a mark: the stored facts hold, and every scorecard is asked; else a list of some."""


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
        scope = _scope_of(cards)
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


def mark_repositories(connection: Connection, ids: Collection[int], *, seq: int) -> None:
    """Mark what repositories declare, as when one of their files changed, whichever it was.

    What the batch of this number has marked stays as it is. Any other mark becomes another one: it may be
    being answered right now, from files as they were before.
    """
    found = (
        select(entities.c.id)
        .join(files, files.c.id == entities.c.file_id)
        .outerjoin(unassessed, unassessed.c.entity_id == entities.c.id)
        .where(
            among(connection, files.c.repository_id, ids),
            or_(unassessed.c.seq.is_(None), unassessed.c.seq != seq),
        )
    )
    mark(connection, connection.execute(found).scalars().all())


def mark_stale(connection: Connection, now: datetime) -> int:
    """Mark the entities of which facts have gone stale since the last call; returns how many."""
    before = values.get(connection, STALE_UNTIL)
    ended = [facts.c.valid_until < now]  # at that instant they are valid
    if before is not None:
        ended.append(facts.c.valid_until >= datetime.fromisoformat(before))
    ids = list(connection.execute(select(facts.c.entity_id).where(*ended).distinct()).scalars())
    mark(connection, ids)
    values.put(connection, STALE_UNTIL, now.isoformat())
    return len(ids)


def next_stale(connection: Connection) -> datetime | None:
    """When the next facts go stale that `mark_stale` has not seen yet; None: none ever do."""
    before = values.get(connection, STALE_UNTIL)
    ends = select(func.min(facts.c.valid_until))
    if before is not None:
        ends = ends.where(facts.c.valid_until >= datetime.fromisoformat(before))
    return utc(connection.execute(ends).scalar())


def mark(
    connection: Connection, ids: Collection[int], cards: Collection[str] | None = None
) -> None:
    """Mark entities; a mark that is being answered right now becomes another one, and stays.

    With `cards`, what is stored about them holds, and these scorecards alone are asked.
    """
    scope = LOOK if cards is None else _scope_of(cards)
    marked = among(connection, unassessed.c.entity_id, ids)
    found = set(connection.execute(select(unassessed.c.entity_id).where(marked)).scalars())
    if found:
        again = update(unassessed).where(marked)
        connection.execute(again.values(seq=unassessed.c.seq + AGAIN, scope=_wider(scope)))
    fresh = [(entity, 0, scope) for entity in sorted(set(ids) - found)]
    add(connection, unassessed, ("entity_id", "seq", "scope"), fresh)


def is_marked(connection: Connection, entity_id: int) -> bool:
    """Whether an entity waits to be looked at."""
    found = select(unassessed.c.entity_id).where(unassessed.c.entity_id == entity_id)
    return connection.execute(found).first() is not None


def any_marked(connection: Connection) -> bool:
    """Whether any entity waits to be looked at."""
    return connection.execute(select(unassessed.c.entity_id).limit(1)).first() is not None


def count_marks(connection: Connection) -> int:
    """How many entities wait to be looked at."""
    return connection.execute(select(func.count()).select_from(unassessed)).scalar_one()


def _scope_of(cards: Collection[str]) -> str:
    """The scope of a mark that asks these scorecards."""
    return orjson.dumps(sorted(cards)).decode()


def cards_of(scope: str) -> frozenset[str] | None:
    """The names of the scorecards that a mark with this scope, which is not `LOOK`, asks; None: all."""
    return None if scope == ALL_CARDS else frozenset(orjson.loads(scope))


def _wider(scope: str) -> ColumnElement[str]:
    """A scope that has room for that of a mark and for another one."""
    if scope == LOOK:
        return literal(LOOK)
    same = unassessed.c.scope.in_([LOOK, scope])
    return case((same, unassessed.c.scope), else_=literal(ALL_CARDS))
