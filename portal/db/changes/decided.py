"""What people did: the batches of the change feed that somebody asked for, and tokens made and revoked."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import orjson
from sqlalchemy import Connection, select

from catalog.errors import QueryError
from portal.db import bulk
from portal.db.engine import utc
from portal.db.page import Page, number
from portal.db.tables import changes, refs, token_steps, tokens

MOST_REFS = 20
"""Entities of one batch that are named."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecidedToken:
    """What was done about a token."""

    id: int
    subject: str
    step: str
    """made or revoked."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """What came of somebody's decision: to entities, or to a token."""

    number: int
    """Its place among those of its kind."""
    at: datetime
    actor: str
    """'': nobody said who they are, which is told of tokens alone."""
    added: tuple[str, ...] = ()
    """Refs, as the next two; the first of them."""
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    more: int = 0
    """Entities that are not named."""
    token: DecidedToken | None = None


def by_people(
    connection: Connection, *, after: str | None = None, limit: int = 50
) -> Page[Decided]:
    """What people did, the newest first. Raises `QueryError` for an `after` no page has given."""
    seq, step = (None, None) if after is None else _places(after)
    found = heapq.merge(
        _of_entities(connection, seq, limit + 1),
        _of_tokens(connection, step, limit + 1),
        key=lambda one: one.at,
        reverse=True,
    )
    rows = list(found)
    shown = rows[:limit]
    for one in shown:
        if one.token is None:
            seq = one.number
        else:
            step = one.number
    place = f"{'' if seq is None else seq}.{'' if step is None else step}"
    return Page(items=tuple(shown), after=place if len(rows) > limit else None)


def _places(after: str) -> tuple[int | None, int | None]:
    """Up to where each of the two lists was shown; None: none of it."""
    parts = after.split(".")
    if len(parts) != 2:
        raise QueryError("This page does not exist: ask for the first page again")
    seq, step = (number(part) if part else None for part in parts)
    return seq, step


def _of_entities(connection: Connection, before: int | None, limit: int) -> list[Decided]:
    wanted = select(changes).where(changes.c.actor != "")
    if before is not None:
        wanted = wanted.where(changes.c.seq < before)
    rows = connection.execute(wanted.order_by(changes.c.seq.desc()).limit(limit)).all()
    parts = [[orjson.loads(part) for part in (r.added, r.changed, r.removed)] for r in rows]
    names = _names(connection, parts)
    items = []
    for row, batch in zip(rows, parts, strict=True):
        named = [tuple(names[one] for one in part[:MOST_REFS] if one in names) for part in batch]
        items.append(
            Decided(
                number=row.seq,
                at=cast(datetime, utc(row.at)),
                actor=row.actor,
                added=named[0],
                changed=named[1],
                removed=named[2],
                more=sum(map(len, batch)) - sum(map(len, named)),
            )
        )
    return items


def _names(connection: Connection, parts: Sequence[Sequence[list[int]]]) -> dict[int, str]:
    ids = {one for batch in parts for part in batch for one in part[:MOST_REFS]}
    return {
        row.id: row.ref for row in bulk.pick(connection, (refs.c.id, refs.c.ref), refs.c.id, ids)
    }


def _of_tokens(connection: Connection, before: int | None, limit: int) -> list[Decided]:
    wanted = select(token_steps, tokens.c.subject).join(
        tokens, tokens.c.id == token_steps.c.token_id
    )
    if before is not None:
        wanted = wanted.where(token_steps.c.id < before)
    rows = connection.execute(wanted.order_by(token_steps.c.id.desc()).limit(limit)).all()
    return [
        Decided(
            number=row.id,
            at=cast(datetime, utc(row.at)),
            actor=row.actor,
            token=DecidedToken(id=row.token_id, subject=row.subject, step=row.step),
        )
        for row in rows
    ]
