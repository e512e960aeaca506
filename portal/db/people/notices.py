"""Notices as they are stored, who does not want them, and the levels that teams know of."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from portal.db.bulk import add, among, next_id, remove
from portal.db.catalog.keys import storable
from portal.db.engine import time_of, utc
from portal.db.page import Page, number, page_of
from portal.db.tables import entities, level_watches, mutes, notices, results
from scorecards.people.notices import Kind, Mute, Notice, Watch, is_muted

NEW, MUTED, SENT = "new", "muted", "sent"
"""States of a notice. Sent: it is in a message, whatever becomes of that."""

STATES = (NEW, MUTED, SENT)

_COLUMNS = ("id", "key", "kind", "team", "ref", "text", "at", "state")


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptNotice:
    """A notice in a list."""

    id: int
    """Higher than that of every notice that was kept before."""
    notice: Notice
    state: str


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptMute:
    """A mute, and who made it."""

    id: int
    mute: Mute
    actor: str
    at: datetime
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """A result beside the level that its team knows of."""

    entity_id: int
    ref: str
    scorecard: str
    version: str
    proven: int
    possible: int
    watch: Watch | None


def put(connection: Connection, found: Collection[Notice], *, now: datetime) -> int:
    """Keep the notices that are not known by their keys, muted ones as such; returns how many."""
    known = set(
        connection.execute(
            select(notices.c.key).where(
                among(connection, notices.c.key, sorted({one.key for one in found}))
            )
        ).scalars()
    )
    fresh = {one.key: one for one in found if one.key not in known}
    if not fresh:
        return 0
    held = [kept.mute for kept in list_mutes(connection, now=now)]
    rows = [
        (
            identifier,
            one.key,
            one.kind.value,
            one.team,
            one.ref,
            one.text,
            one.at,
            MUTED if is_muted(one, held, now=now) else NEW,
        )
        for identifier, one in enumerate(fresh.values(), start=next_id(connection, notices))
    ]
    add(connection, notices, _COLUMNS, rows)
    return len(rows)


def waiting(connection: Connection) -> tuple[Notice, ...]:
    """Those that are in no message yet, the oldest first."""
    found = select(notices).where(notices.c.state == NEW).order_by(notices.c.id)
    return tuple(_notice(row) for row in connection.execute(found))


def set_state(connection: Connection, keys: Collection[str], state: str) -> None:
    """They are in a message now, or need not be."""
    which = among(connection, notices.c.key, sorted(keys))
    connection.execute(update(notices).where(which).values(state=state))


def list_notices(
    connection: Connection,
    *,
    team: str | None = None,
    teams: Collection[str] | None = None,
    ref: str | None = None,
    kind: Kind | None = None,
    state: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page[KeptNotice]:
    """A page, the newest first; `teams` are those of any of them.

    Raises `QueryError` for an `after` that no page has given.
    """
    pairs = (
        (notices.c.team, team),
        (notices.c.ref, ref),
        (notices.c.kind, kind.value if kind else None),
        (notices.c.state, state),
    )
    wanted: list[ColumnElement[bool]] = [c == value for c, value in pairs if value is not None]
    if teams is not None:
        wanted.append(among(connection, notices.c.team, storable(list(teams))))
    if after is not None:
        wanted.append(notices.c.id < number(after))
    found = select(notices).where(*wanted).order_by(notices.c.id.desc()).limit(limit + 1)
    rows = connection.execute(found).all()
    return page_of(
        rows,
        limit,
        item=lambda row: KeptNotice(id=row.id, notice=_notice(row), state=row.state),
        place=lambda row: str(row.id),
    )


def newest(connection: Connection) -> int:
    """The id of the notice that was kept last; 0 where there is none."""
    return connection.execute(select(func.max(notices.c.id))).scalar() or 0


def newer(connection: Connection, teams: Collection[str], than: int) -> int:
    """How many notices of these teams were kept after the one with this id; muted ones do not count."""
    found = select(func.count()).where(
        notices.c.id > than,
        notices.c.state != MUTED,
        among(connection, notices.c.team, storable(list(teams))),
    )
    return connection.execute(found).scalar_one()


def forget(connection: Connection, *, before: datetime, unsent: bool = False) -> int:
    """Drop the notices of former times that wait for nothing; returns how many.

    With `unsent` those that wait for a message as well: there is nothing that would send it.
    """
    old = notices.c.at < before
    which = old if unsent else and_(old, notices.c.state != NEW)
    return connection.execute(delete(notices).where(which)).rowcount


def put_mute(
    connection: Connection, mute: Mute, *, actor: str, now: datetime, reason: str
) -> KeptMute:
    """Keep a mute."""
    kept = KeptMute(id=next_id(connection, mutes), mute=mute, actor=actor, at=now, reason=reason)
    connection.execute(
        insert(mutes).values(
            id=kept.id,
            team=mute.team,
            ref=mute.ref,
            kind=mute.kind.value if mute.kind else None,
            until=mute.until,
            actor=actor,
            at=now,
            reason=reason,
        )
    )
    return kept


def drop_mute(connection: Connection, identifier: int) -> bool:
    """Take a mute back; False where there is none."""
    return connection.execute(delete(mutes).where(mutes.c.id == identifier)).rowcount > 0


def list_mutes(connection: Connection, *, now: datetime) -> tuple[KeptMute, ...]:
    """The mutes that hold, the newest first."""
    found = select(mutes).where(mutes.c.until > now).order_by(mutes.c.id.desc())
    return tuple(_mute(row) for row in connection.execute(found))


def to_watch(connection: Connection) -> tuple[Watched, ...]:
    """The results whose level is not the one that their team knows of, and those that may be lost.

    One walk over the index of results that holds what is compared here.
    """
    same = and_(
        level_watches.c.scorecard == results.c.scorecard,
        level_watches.c.entity_id == results.c.entity_id,
    )
    found = (
        select(
            results.c.scorecard,
            results.c.entity_id,
            results.c.proven,
            results.c.possible,
            results.c.version,
            entities.c.ref,
            level_watches.c.level,
            level_watches.c.version.label("known_version"),
            level_watches.c.lost_at,
        )
        .join(entities, entities.c.id == results.c.entity_id)
        .outerjoin(level_watches, same)
        .where(
            or_(
                level_watches.c.level.is_(None),
                level_watches.c.level != results.c.proven,
                level_watches.c.version != results.c.version,
                level_watches.c.lost_at.is_not(None),
            )
        )
        .order_by(results.c.scorecard, results.c.entity_id)
    )
    return tuple(
        Watched(
            entity_id=row.entity_id,
            ref=row.ref,
            scorecard=row.scorecard,
            version=row.version,
            proven=row.proven,
            possible=row.possible,
            watch=None
            if row.level is None
            else Watch(level=row.level, version=row.known_version, lost_at=utc(row.lost_at)),
        )
        for row in connection.execute(found)
    )


def put_watches(connection: Connection, found: Mapping[tuple[str, int], Watch]) -> None:
    """Keep what teams know of, by scorecard and entity."""
    keys: Sequence[tuple[str, int]] = sorted(found)
    remove(connection, level_watches, ("scorecard", "entity_id"), keys)
    rows = [(*key, found[key].level, found[key].version, found[key].lost_at) for key in keys]
    columns = ("scorecard", "entity_id", "level", "version", "lost_at")
    add(connection, level_watches, columns, rows)


def _notice(row: Row[*tuple[Any, ...]]) -> Notice:
    return Notice(
        key=row.key,
        kind=Kind(row.kind),
        team=row.team,
        ref=row.ref,
        text=row.text,
        at=time_of(row.at),
    )


def _mute(row: Row[*tuple[Any, ...]]) -> KeptMute:
    kind = Kind(row.kind) if row.kind else None
    return KeptMute(
        id=row.id,
        mute=Mute(team=row.team, ref=row.ref, kind=kind, until=time_of(row.until)),
        actor=row.actor,
        at=time_of(row.at),
        reason=row.reason,
    )
