"""The outbox: messages until they are delivered, or given up.

A message is claimed before it is sent and for a while only: what a crash leaves claimed is sent
again, with the same id, by which receivers tell that they have it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Row, delete, func, insert, or_, select, update

from portal.db.bulk import among
from portal.db.engine import time_of
from portal.db.tables import entities, outbox
from scorecards.people.notices import Message

PENDING, SENT, DEAD = "pending", "sent", "dead"

CLAIM = timedelta(minutes=5)
"""For how long a message is in the hands of one process."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outgoing:
    """A message with its channel and state."""

    message: Message
    channel: str
    state: str
    attempts: int
    """That failed, or that are under way."""
    next_at: datetime
    problem: str
    """Why the last attempt failed, in a sentence."""


def put(connection: Connection, message: Message, *, channel: str, now: datetime) -> bool:
    """Put a message into the outbox; False where it is, or was, there already."""
    known = select(outbox.c.id).where(outbox.c.id == message.id)
    if connection.execute(known).first() is not None:
        return False
    connection.execute(
        insert(outbox).values(
            id=message.id,
            channel=channel,
            team=message.team,
            address=message.address,
            subject=message.subject,
            text=message.text,
            html=message.html,
            data=orjson.dumps(message.data),
            state=PENDING,
            attempts=0,
            made_at=now,
            next_at=now,
            problem="",
        )
    )
    return True


def has_due(connection: Connection, *, now: datetime) -> bool:
    """Whether there is a message for `claim`."""
    return connection.execute(select(outbox.c.id).where(*_due(now)).limit(1)).first() is not None


def claim(connection: Connection, *, now: datetime, limit: int) -> tuple[Outgoing, ...]:
    """Messages to send now, the oldest first; nobody else is given them before `CLAIM` is over."""
    found = select(outbox).where(*_due(now)).order_by(outbox.c.next_at, outbox.c.id).limit(limit)
    taken = tuple(_outgoing(row) for row in connection.execute(found))
    which = among(connection, outbox.c.id, [one.message.id for one in taken])
    claimed = {"claimed_until": now + CLAIM, "attempts": outbox.c.attempts + 1}
    connection.execute(update(outbox).where(which).values(claimed))
    return taken


def note_sent(connection: Connection, identifier: str, *, now: datetime) -> None:
    """It was delivered."""
    this = outbox.c.id == identifier
    connection.execute(
        update(outbox).where(this).values(state=SENT, sent_at=now, claimed_until=None, problem="")
    )


def note_failure(
    connection: Connection, identifier: str, problem: str, *, again_at: datetime | None
) -> None:
    """It was not; without a time to try again it is dead."""
    changed: dict[str, Any] = {"problem": problem, "claimed_until": None}
    changed |= {"state": DEAD} if again_at is None else {"next_at": again_at}
    connection.execute(update(outbox).where(outbox.c.id == identifier).values(changed))


def revive(connection: Connection, identifier: str, *, now: datetime) -> bool:
    """Send a dead message after all, with all its attempts again; False where it is not dead."""
    this = (outbox.c.id == identifier, outbox.c.state == DEAD)
    again = update(outbox).where(*this).values(state=PENDING, attempts=0, next_at=now)
    return connection.execute(again).rowcount > 0


def list_outgoing(
    connection: Connection, *, states: Collection[str], limit: int
) -> tuple[Outgoing, ...]:
    """Messages in these states, the newest first."""
    which = among(connection, outbox.c.state, list(states))
    found = select(outbox).where(which).order_by(outbox.c.made_at.desc(), outbox.c.id).limit(limit)
    return tuple(_outgoing(row) for row in connection.execute(found))


def counts(connection: Connection) -> dict[str, int]:
    """How many messages are in each state."""
    found = select(outbox.c.state, func.count()).group_by(outbox.c.state)
    return {row[0]: row[1] for row in connection.execute(found)}


def forget(connection: Connection, *, before: datetime) -> int:
    """Drop messages of former times that are delivered or given up; returns how many."""
    old = (outbox.c.made_at < before, outbox.c.state != PENDING)
    return connection.execute(delete(outbox).where(*old)).rowcount


def addresses(connection: Connection, teams: Collection[str]) -> dict[str, str]:
    """The e-mail address of each of these groups and users that says one."""
    found = select(entities.c.ref, entities.c.body).where(
        among(connection, entities.c.ref, sorted(teams))
    )
    said = {}
    for ref, body in connection.execute(found):
        profile = orjson.loads(body).get("spec", {}).get("profile") or {}
        address = profile.get("email") if isinstance(profile, dict) else None
        if isinstance(address, str):
            said[ref] = address
    return said


def _due(now: datetime) -> tuple[Any, ...]:
    free = or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= now)
    return outbox.c.state == PENDING, outbox.c.next_at <= now, free


def _outgoing(row: Row[*tuple[Any, ...]]) -> Outgoing:
    message = Message(
        id=row.id,
        team=row.team,
        address=row.address,
        subject=row.subject,
        text=row.text,
        html=row.html,
        data=orjson.loads(row.data),
    )
    return Outgoing(
        message=message,
        channel=row.channel,
        state=row.state,
        attempts=row.attempts,
        next_at=time_of(row.next_at),
        problem=row.problem,
    )
