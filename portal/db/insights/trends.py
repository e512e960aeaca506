"""Trends, as the store tells them: counts at an instant, and what happened from there on.

Counts at the first instant are made by the database, from rows that are grouped; only entities for
which anything happened are looked at one by one. Which entities are counted is of then, too: who
owned an entity for a while counts it for that while.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

import orjson
from sqlalchemy import Connection, func, null, or_, select

from portal.db.bulk import among, pick
from portal.db.catalog.graph import type_ids
from portal.db.engine import time_of
from portal.db.tables import changes, check_lists, edges, past_edges, transitions
from scorecards.evaluation.transitions import Reason, Stand
from scorecards.insights.moves import Course, Step
from scorecards.insights.trends import Counts, within

Span: TypeAlias = "tuple[datetime, datetime | None]"
"""From when to when; None: until now."""

Lists: TypeAlias = "dict[int, Any]"
"""The lists of checks of a scorecard, by number."""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Edition:
    """A version of a scorecard."""

    version: str
    first_at: datetime
    """When the first result was made with it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Related:
    """Entities that have a relation to one of these refs."""

    type: str
    """Of the relation: ownedBy, partOf."""
    targets: Collection[int]
    """Ids of refs."""


def editions(connection: Connection, scorecard: str) -> tuple[Edition, ...]:
    """The versions of a scorecard that results are kept of, the first one used first."""
    first = func.min(check_lists.c.first_at).label("first_at")
    rows = connection.execute(
        select(check_lists.c.version, first)
        .where(check_lists.c.scorecard == scorecard)
        .group_by(check_lists.c.version)
    )
    found = [Edition(version=row.version, first_at=time_of(row.first_at)) for row in rows]
    return tuple(sorted(found, key=lambda one: one.first_at))


def course_of(
    connection: Connection, scorecard: str, start: datetime, end: datetime, *groups: Related
) -> tuple[Counts, list[Course]]:
    """The counts at `start`, and what happened until `end` to the entities that changed.

    With `groups`, only the entities that are related as each of them says, for as long as they are.
    """
    spans = _together([_spans(connection, group) for group in groups]) if groups else None
    lists = _lists(connection, scorecard)
    base = _opening_counts(connection, lists, start, _at(spans, start))
    return base, list(_courses(connection, lists, start, end, spans).values())


def courses_by_entity(
    connection: Connection, scorecard: str, start: datetime, end: datetime, *groups: Related
) -> dict[int, Course]:
    """What happened between two instants to the entities that changed; groups as in `course_of`."""
    spans = _together([_spans(connection, group) for group in groups]) if groups else None
    return _courses(connection, _lists(connection, scorecard), start, end, spans)


def stands_at(
    connection: Connection, scorecard: str, instant: datetime, *groups: Related
) -> dict[int, Stand]:
    """The results that held at an instant, by entity, of what was in every one of the groups then."""
    spans = _together([_spans(connection, group) for group in groups])
    ids = _at(spans, instant) or []
    return _openings(connection, _lists(connection, scorecard), instant, ids)


def _courses(
    connection: Connection,
    lists: Lists,
    start: datetime,
    end: datetime,
    spans: Mapping[int, list[Span]] | None,
) -> dict[int, Course]:
    steps = _steps(connection, lists, start, end, None if spans is None else spans.keys())
    moved = set(steps)
    if spans is not None:
        moved |= {one for one, found in spans.items() if _moves_in(found, start, end)}
    openings = _openings(connection, lists, start, moved)
    courses = {}
    for one in sorted(moved):
        course = Course(opening=openings.get(one), steps=tuple(steps.get(one, ())))
        courses[one] = course if spans is None else _seen(course, spans[one], start, end)
    return courses


def _seen(course: Course, spans: Sequence[Span], start: datetime, end: datetime) -> Course:
    """The course as far as the entity is looked at, cut to the time that was asked for."""
    steps = list(within(course, spans))
    before = [step.stand for step in steps if step.at <= start]
    return Course(
        opening=before[-1] if before else None,
        steps=tuple(step for step in steps if start < step.at <= end),
    )


def _lists(connection: Connection, scorecard: str) -> Lists:
    """The lists of checks of a scorecard, by number."""
    rows = connection.execute(select(check_lists).where(check_lists.c.scorecard == scorecard))
    return {row.id: row for row in rows}


def _held(connection: Connection, lists: Lists, instant: datetime) -> tuple[Any, ...]:
    """The conditions of transitions that lead to what held at an instant."""
    return (
        among(connection, transitions.c.checks_id, list(lists)),
        transitions.c.at <= instant,
        or_(transitions.c.until.is_(None), transitions.c.until > instant),
    )


def _opening_counts(
    connection: Connection, lists: Lists, instant: datetime, ids: Collection[int] | None
) -> Counts:
    table = transitions.c
    key = (table.checks_id, table.proven, table.possible, table.outcomes)
    found = select(*key, func.count()).where(*_held(connection, lists, instant))
    if ids is not None:
        found = found.where(among(connection, table.entity_id, ids))
    counts, known = Counts(), Stands()
    rows = connection.execute(found.group_by(*key))
    counts.add((_stand(lists, known, *place), n) for *place, n in rows)
    return counts


def _openings(
    connection: Connection, lists: Lists, instant: datetime, ids: Collection[int]
) -> dict[int, Stand]:
    table = transitions.c
    columns = (table.entity_id, table.checks_id, table.proven, table.possible, table.outcomes)
    found = select(*columns).where(
        *_held(connection, lists, instant), among(connection, table.entity_id, ids)
    )
    known: Stands = {}
    return {row[0]: _stand(lists, known, *row[1:]) for row in connection.execute(found)}


def _steps(
    connection: Connection,
    lists: Lists,
    start: datetime,
    end: datetime,
    ids: Collection[int] | None,
) -> dict[int, list[Step]]:
    table = transitions.c
    columns = (table.checks_id, table.proven, table.possible, table.outcomes)
    found = (
        select(table.entity_id, table.at, table.reason, *columns)
        .where(table.at > start, table.at <= end, among(connection, table.checks_id, list(lists)))
        .order_by(table.at, table.id)
    )
    if ids is not None:
        found = found.where(among(connection, table.entity_id, ids))
    known: Stands = {}
    steps: dict[int, list[Step]] = {}
    for entity, at, reason, *place in connection.execute(found):
        stand = None if place[-1] is None else _stand(lists, known, *place)
        step = Step(at=time_of(at), reason=Reason(reason), stand=stand)
        steps.setdefault(entity, []).append(step)
    return steps


Place: TypeAlias = "tuple[int, int, int, str]"
Stands = dict[Place, Stand]


def _stand(
    lists: Lists, known: Stands, checks_id: int, proven: int, possible: int, outcomes: str
) -> Stand:
    """A result; equal ones are the same object, which is what lets them be counted together."""
    place = (checks_id, proven, possible, outcomes)
    if place not in known:
        checks = lists[checks_id]
        known[place] = Stand(
            version=checks.version,
            seq=0,  # nobody counts by versions of entities
            proven=proven,
            possible=possible,
            outcomes=dict(zip(orjson.loads(checks.checks), outcomes, strict=True)),
        )
    return known[place]


def _spans(connection: Connection, group: Related) -> dict[int, list[Span]]:
    """By entity, when it had the relation, in order and apart from one another."""
    types = list(type_ids(connection, [group.type]))
    rows: list[tuple[int, int, int | None]] = []
    for table, came, went in (
        (edges, edges.c.seq, null()),
        (past_edges, past_edges.c.from_seq, past_edges.c.to_seq),
    ):
        found = select(table.c.source_id, came, went).where(
            among(connection, table.c.target_id, group.targets),
            among(connection, table.c.type_id, types),
        )
        rows += [(source, first, last) for source, first, last in connection.execute(found)]
    seqs = {seq for _, *both in rows for seq in both if seq is not None}
    stamps = (changes.c.seq, changes.c.at)
    at = {seq: time_of(time) for seq, time in pick(connection, stamps, changes.c.seq, seqs)}
    spans: dict[int, list[Span]] = {}
    for source, first, last in rows:
        end = None if last is None else at.get(last, LONG_AGO)
        spans.setdefault(source, []).append((at.get(first, LONG_AGO), end))
    return {source: joined(found) for source, found in spans.items()}


def joined(spans: Sequence[Span]) -> list[Span]:
    """The same time in spans that do not touch, in order."""
    found: list[Span] = []
    for start, end in sorted(spans, key=lambda span: span[0]):
        if end is not None and end <= start:
            continue
        last = found[-1] if found else None
        if last is None or (last[1] is not None and last[1] < start):
            found.append((start, end))
        elif last[1] is not None:
            found[-1] = (last[0], None if end is None else max(last[1], end))
    return found


def common(one: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The time that is in both."""
    found = []
    for start, end in one:
        for start_, end_ in other:
            ends = [at for at in (end, end_) if at is not None]
            first, last = max(start, start_), min(ends) if ends else None
            if last is None or first < last:
                found.append((first, last))
    return joined(found)


def _together(groups: Sequence[Mapping[int, list[Span]]]) -> dict[int, list[Span]]:
    """By entity, when it was in every group."""
    first, *others = groups
    found = dict(first)
    for group in others:
        found = {
            entity: common(spans, group[entity])
            for entity, spans in found.items()
            if entity in group
        }
    return found


def _at(spans: Mapping[int, list[Span]] | None, instant: datetime) -> list[int] | None:
    """The entities that are looked at, at an instant."""
    if spans is None:
        return None
    return [
        entity
        for entity, found in spans.items()
        if any(start <= instant and (end is None or instant < end) for start, end in found)
    ]


def _moves_in(spans: Sequence[Span], start: datetime, end: datetime) -> bool:
    return any(at is not None and start < at <= end for span in spans for at in span)
