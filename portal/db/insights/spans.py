"""Spans: what is kept of entities over a time, each piece with from when until when it held.

Bodies, facts and results of the past are kept apart and each in its own way; here they are told alike.
Where something was, and it is not kept what, a span says so: it is never filled from another time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar

import orjson
from sqlalchemy import Connection, func, select

from portal.db.bulk import among, pick
from portal.db.engine import time_of, utc
from portal.db.evaluation import check_lists
from portal.db.tables import check_lists as lists_table
from portal.db.tables import entities, fact_versions, facts, transitions, versions
from scorecards.collection.stored_facts import StoredFacts

T = TypeVar("T")


class Span(NamedTuple, Generic[T]):
    """What held for a time."""

    start: datetime | None
    """None: from before everything that is asked for."""
    end: datetime | None
    """The first moment at which it did not; None: it still holds."""
    what: T

    @property
    def is_over(self) -> bool:
        """Whether it was replaced at the very instant at which it began: it holds at none."""
        return self.start is not None and self.end is not None and self.end <= self.start

    def holds(self, at: datetime) -> bool:
        """Whether it held at an instant."""
        return (self.start is None or self.start <= at) and (self.end is None or at < self.end)


class Stood(NamedTuple):
    """A result."""

    proven: int
    possible: int
    letters: Mapping[str, str]
    """By id of the check."""


Bodies = Mapping[int, Sequence[Span[bytes]]]
"""By entity, its versions; where there is none, it was not there."""

Facts = Mapping[tuple[int, str], Sequence[Span[StoredFacts | None]]]
"""By entity and collector. None: what there was is not kept; no span: there was nothing.

A record was observed last when it says so; before that it had been seen from the start of its span on,
and was never stale.
"""

Stands = Mapping[tuple[int, str], Sequence[Span[Stood]]]
"""By entity and scorecard; where there is none, the scorecard did not apply."""


def at(spans: Sequence[Span[T]], instant: datetime) -> Span[T] | None:
    """The span that held at an instant."""
    return next((span for span in reversed(spans) if span.holds(instant)), None)


def page(connection: Connection, *, after: int, limit: int) -> list[int]:
    """The next ids, in order, of all entities that there are, or were, as far as that is kept."""
    present = select(entities.c.id.label("id")).where(entities.c.id > after)
    former = select(versions.c.entity_id).where(versions.c.entity_id > after)
    found = present.union(former).subquery()
    return list(connection.execute(select(found.c.id).order_by(found.c.id).limit(limit)).scalars())


def bodies(connection: Connection, ids: Collection[int], *, since: datetime) -> Bodies:
    """The versions of these entities that were there at some time since then."""
    found: dict[int, list[Span[bytes]]] = defaultdict(list)
    columns = (versions.c.entity_id, versions.c.from_at, versions.c.to_at, versions.c.body)
    for entity, start, end, body in connection.execute(
        select(*columns)
        .where(among(connection, versions.c.entity_id, ids), versions.c.to_at > since)
        .order_by(versions.c.entity_id, versions.c.id)
    ):
        found[entity].append(Span(utc(start), utc(end), body))
    present = (entities.c.id, entities.c.updated_at, entities.c.body)
    for entity, start, body in pick(connection, present, entities.c.id, ids):
        found[entity].append(Span(utc(start), None, body))
    return found


def observed(
    connection: Connection, ids: Collection[int], collectors: Collection[str], *, since: datetime
) -> Facts:
    """What these collectors said of these entities at any time since then."""
    if not collectors:
        return {}
    created = (entities.c.id, entities.c.created_at)
    came = {entity: utc(time) for entity, time in pick(connection, created, entities.c.id, ids)}
    former: dict[tuple[int, str], list[Any]] = defaultdict(list)
    for row in connection.execute(
        select(fact_versions)
        .where(
            among(connection, fact_versions.c.entity_id, ids),
            among(connection, fact_versions.c.collector, collectors),
            fact_versions.c.until > since,
        )
        .order_by(fact_versions.c.id.desc())
    ):
        former[row.entity_id, row.collector].append(row)
    present = {
        (row.entity_id, row.collector): row
        for row in connection.execute(
            select(facts).where(
                among(connection, facts.c.entity_id, ids),
                among(connection, facts.c.collector, collectors),
            )
        )
    }
    found: dict[tuple[int, str], list[Span[StoredFacts | None]]] = {}
    for entity in ids:
        for collector in collectors:
            key = (entity, collector)
            # Facts go with their entity: of one that came back, those from before are gone.
            lost = Span[StoredFacts | None](None, came.get(entity), None)
            found[key] = [lost, *_chain(present.get(key), former.get(key, ()))]
    return found


def _chain(present: Any, former: Iterable[Any]) -> list[Span[StoredFacts | None]]:
    """The record and those that it replaced, the oldest first."""
    newest_first: list[Span[StoredFacts | None]] = []
    said: dict[str, Any] = {}
    end: datetime | None = None
    row = present
    for older in (*former, None):
        if row is None:
            # Nobody collects it any more: there is nothing that differences could lead back from.
            return [Span(None, utc(older.until), None)] if older is not None else []
        said = orjson.loads(row.facts) if row is present else _before(said, row.changes)
        observed_at, valid_until = time_of(row.observed_at), utc(row.valid_until)
        start = utc(row.since)
        exact = start is not None or valid_until is None
        begin = start or observed_at
        record = StoredFacts(observed_at, valid_until, orjson.dumps(said))
        newest_first.append(Span(begin, end, record))
        end = begin if older is None else utc(older.until)
        if not exact:
            # It was seen before that, perhaps, and perhaps it was stale in between.
            newest_first.append(Span(end if older is not None else None, begin, None))
        row = older
    return [span for span in reversed(newest_first) if span.what is not None or not span.is_over]


def _before(after: Mapping[str, Any], changes: bytes) -> dict[str, Any]:
    """The states that a difference leads to, see `portal.db.collection.fact_history`."""
    said = orjson.loads(changes)
    kept = {name: state for name, state in after.items() if name not in said}
    return kept | {name: state for name, state in said.items() if state is not None}


def stands(
    connection: Connection, ids: Collection[int], scorecards: Collection[str], *, since: datetime
) -> Stands:
    """The results of these scorecards for these entities at any time since then."""
    if not scorecards:
        return {}
    table = transitions.c
    columns = (table.entity_id, lists_table.c.scorecard, table.at, table.until)
    results = (table.proven, table.possible, table.outcomes, lists_table.c.checks)
    found: dict[tuple[int, str], list[Span[Stood]]] = defaultdict(list)
    for entity, card, start, end, proven, possible, letters, checks in connection.execute(
        select(*columns, *results)
        .join(lists_table, lists_table.c.id == table.checks_id)
        .where(
            among(connection, table.entity_id, ids),
            among(connection, lists_table.c.scorecard, scorecards),
            table.outcomes.is_not(None),
            table.until.is_(None) | (table.until > since),
        )
        .order_by(table.id)
    ):
        said = dict(zip(check_lists.ids(checks), letters, strict=True))
        found[entity, card].append(Span(utc(start), utc(end), Stood(proven, possible, said)))
    return found


def first_used(connection: Connection, scorecards: Collection[str]) -> dict[str, datetime]:
    """When each of these scorecards gave its first result, as far as that is kept."""
    found = (
        select(lists_table.c.scorecard, func.min(lists_table.c.first_at))
        .where(among(connection, lists_table.c.scorecard, scorecards))
        .group_by(lists_table.c.scorecard)
    )
    times = {card: utc(time) for card, time in connection.execute(found)}
    return {card: time for card, time in times.items() if time is not None}
