"""Tokens that were made here: what each may do and until when, and who made and revoked it.

Of the secret a digest is kept. No row is ever taken out: a token that ended stays on the list.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

import orjson
from sqlalchemy import ColumnElement, Connection, Row, and_, insert, or_, select, update

from portal.config.access import Restriction
from portal.db.bulk import among
from portal.db.engine import utc
from portal.db.page import Page, number, page_of
from portal.db.tables import token_steps, tokens


class Step(StrEnum):
    """What was done about a token."""

    MADE = "made"
    REVOKED = "revoked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """Who did something about a token, and when."""

    actor: str
    """'': nobody said who they are."""
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeToken:
    """A token, without its secret."""

    id: int
    subject: str
    """Who shows it, for logs and audit."""
    description: str
    restrictions: tuple[Restriction, ...]
    """Empty: it may do everything."""
    expires_at: datetime | None
    """None: it lasts until it is revoked."""
    used_at: datetime | None
    """When it was last seen, to the hour; None: never."""
    made: Act
    revoked: Act | None

    def is_worth(self, now: datetime) -> bool:
        """Whether it lets anybody in."""
        return self.revoked is None and (self.expires_at is None or now < self.expires_at)


def add(
    connection: Connection,
    *,
    digest: str,
    subject: str,
    description: str,
    restrictions: Iterable[Restriction],
    expires_at: datetime | None,
    act: Act,
) -> int:
    """Keep a new token; its id. The connection is in a write transaction, as of `revoke`."""
    made = connection.execute(
        insert(tokens)
        .values(
            digest=digest,
            subject=subject,
            description=description,
            restrictions=orjson.dumps(list(restrictions)),
            expires_at=expires_at,
        )
        .returning(tokens.c.id)
    )
    identifier: int = made.scalar_one()
    _record(connection, identifier, Step.MADE, act)
    return identifier


def revoke(connection: Connection, identifier: int, act: Act) -> None:
    """Let the token be worth nothing from now on; one that was revoked before stays as it is."""
    ending = and_(tokens.c.id == identifier, tokens.c.revoked_at.is_(None))
    ended = connection.execute(update(tokens).where(ending).values(revoked_at=act.at))
    if ended.rowcount:
        _record(connection, identifier, Step.REVOKED, act)


def find(connection: Connection, identifier: int) -> MadeToken | None:
    """The token with this id."""
    return _one(connection, tokens.c.id == identifier)


def find_by_digest(connection: Connection, digest: str) -> MadeToken | None:
    """The token of whose secret this is the digest.

    Looking it up in an index tells nothing by its time: who could choose the digest would know the secret.
    """
    return _one(connection, tokens.c.digest == digest)


def find_newer(connection: Connection, subject: str, *, than: int) -> MadeToken | None:
    """The last token of this subject that was made after the one with the id `than`."""
    ids = select(tokens.c.id).where(tokens.c.subject == subject, tokens.c.id > than)
    newest = connection.execute(ids.order_by(tokens.c.id.desc()).limit(1)).scalar()
    return None if newest is None else find(connection, newest)


def last_id(connection: Connection) -> int:
    """The id of the newest; 0 where there is none."""
    newest = select(tokens.c.id).order_by(tokens.c.id.desc()).limit(1)
    return connection.execute(newest).scalar() or 0


def list_tokens(
    connection: Connection, *, after: str | None = None, limit: int = 50
) -> Page[MadeToken]:
    """Every token, the newest first. Raises `QueryError` for an `after` no page has given."""
    wanted = select(tokens).order_by(tokens.c.id.desc()).limit(limit + 1)
    if after is not None:
        wanted = wanted.where(tokens.c.id < number(after))
    found = _read(connection, connection.execute(wanted).all())
    return page_of(found, limit, item=lambda one: one, place=lambda one: str(one.id))


def note_use(connection: Connection, identifier: int, *, now: datetime, unless: datetime) -> None:
    """Note that it was seen, unless that was noted after `unless`."""
    seen = tokens.c.used_at
    where = and_(tokens.c.id == identifier, or_(seen.is_(None), seen <= unless))
    connection.execute(update(tokens).where(where).values(used_at=now))


def _record(connection: Connection, identifier: int, step: Step, act: Act) -> None:
    connection.execute(
        insert(token_steps).values(token_id=identifier, step=step.value, actor=act.actor, at=act.at)
    )


def _one(connection: Connection, where: ColumnElement[bool]) -> MadeToken | None:
    found = _read(connection, connection.execute(select(tokens).where(where)).all())
    return found[0] if found else None


def _read(connection: Connection, rows: Iterable[Row[Any]]) -> list[MadeToken]:
    kept = list(rows)
    wanted = among(connection, token_steps.c.token_id, [row.id for row in kept])
    steps = connection.execute(select(token_steps).where(wanted)) if kept else ()
    acts = {
        (row.token_id, row.step): Act(actor=row.actor, at=cast(datetime, utc(row.at)))
        for row in steps
    }
    return [
        MadeToken(
            id=row.id,
            subject=row.subject,
            description=row.description,
            restrictions=tuple(map(_restriction, orjson.loads(row.restrictions))),
            expires_at=utc(row.expires_at),
            used_at=utc(row.used_at),
            made=acts[row.id, Step.MADE],
            revoked=acts.get((row.id, Step.REVOKED)),
        )
        for row in kept
    ]


def _restriction(stored: dict[str, Any]) -> Restriction:
    return Restriction(
        plugin=stored["plugin"],
        permissions=tuple(stored["permissions"]),
        actions=tuple(stored["actions"]),
        facts=tuple(stored["facts"]),
        entities=tuple(stored["entities"]),
    )
