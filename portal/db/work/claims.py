"""Claims: which worker works on which pending key, and until when nobody else does.

A claim is a lease by the clock of the database. A worker renews its claims while it lives; those of
one that died run out, and its peers go on. Each claim has a name of its own, and whatever is written
for it is written only while the key still has that name: a worker that was paused for too long finds
its key claimed by another, and changes nothing any more (fencing, reliability F07 and F29).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    false,
    func,
    not_,
    or_,
    select,
    true,
    update,
)

from portal.db import bulk
from portal.db.engine import utc
from portal.db.tables import pending
from portal.db.work.pending import LATER, Pending, promise_of

LEASE = timedelta(seconds=60)
"""How long a claim holds without being renewed."""

RENEWAL = timedelta(seconds=20)
"""Time between two renewals."""


class Superseded(BaseException):
    """Claims are another worker's by now, with these keys: nothing may be written for them.

    No `Exception`, so that no handler on the way takes it for a failure of the job.
    """


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A key that a worker works on."""

    key: str
    ticket: str
    """Of the promise, as it was when the key was claimed."""
    lane: int
    id: str
    former: str = ""
    """The claim that it replaces, of a worker that is gone; '': the key was free."""
    host: str = ""
    """As of the promise."""

    @property
    def batch(self) -> str:
        """Name of the claims that are worked on together; '': this one is by itself."""
        batch, dot, _ = self.id.partition(".")
        return batch if dot else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """Keys of a lane that are not to be claimed for now."""

    lane: int
    host: str | None = None
    """Whom they wait for; None: whoever it is."""
    kind: str = ""
    """What they begin with, before a colon; '': whatever it is."""


def free(connection: Connection, *, limit: int, but: Collection[LeftOut] = ()) -> list[Pending]:
    """Pending keys that nobody works on, most urgent first, then oldest first."""
    rows = connection.execute(
        select(pending)
        .where(_is_free(clock(connection)), not_(or_(false(), *map(_is_left_out, but))))
        .order_by(pending.c.lane, pending.c.requested_at)
        .limit(limit)
    )
    return [promise_of(row) for row in rows]


def take(
    connection: Connection,
    keys: Collection[str],
    worker: str,
    *,
    limit: int | None = None,
    together: bool = False,
) -> list[Claim]:
    """Claim those of these keys that are pending and free, or so many; the most urgent first.

    They are worked on one by one, or `together`.

    The connection is in a write transaction, of which there is one at a time, so that no key is
    claimed twice.
    """
    now, name = clock(connection), uuid.uuid4().hex
    found = select(pending).where(bulk.among(connection, pending.c.key, keys), _is_free(now))
    found = found.order_by(pending.c.lane, pending.c.requested_at).limit(limit)
    rows = connection.execute(found).all()
    claims = [
        _claim(row, f"{name}.{n}" if together else uuid.uuid4().hex, former=row.claim or "")
        for n, row in enumerate(rows)
    ]
    values = [(one.key, worker, one.id, now + LEASE) for one in claims]
    bulk.change(connection, pending, "key", ("worker", "claim", "leased_until"), values)
    return claims


def held(connection: Connection, worker: str) -> list[Claim]:
    """What a worker has claimed, whether its claims have run out or not."""
    rows = connection.execute(select(pending).where(pending.c.worker == worker))
    return [_claim(row, row.claim, former="") for row in rows]


def every(connection: Connection) -> list[Claim]:
    """The claims of all workers."""
    rows = connection.execute(select(pending).where(pending.c.claim.is_not(None)))
    return [_claim(row, row.claim, former="") for row in rows]


def worked_on(connection: Connection, beginning: str) -> list[str]:
    """The keys with this beginning that a worker works on who is alive, as far as its lease tells."""
    this = pending.c
    found = select(this.key).where(
        this.key.startswith(beginning, autoescape=True),
        this.claim.is_not(None),
        this.leased_until >= clock(connection),
    )
    return [*connection.execute(found.order_by(this.key)).scalars()]


def renew(connection: Connection, ids: Sequence[str]) -> None:
    """Let these claims hold for another lease. The connection is in a write transaction."""
    these = bulk.among(connection, pending.c.claim, ids)
    until = clock(connection) + LEASE
    connection.execute(update(pending).where(these).values(leased_until=until))


def settle(connection: Connection, kept: Collection[Claim]) -> None:
    """The promises of claims are kept; one that was made anew meanwhile is free to be claimed.

    Nothing happens where a claim is another's by now. The connection is in a write transaction.
    """
    promises = [(one.key, one.id, one.ticket) for one in kept]
    bulk.remove(connection, pending, ("key", "claim", "ticket"), promises)
    release(connection, kept)


def release(connection: Connection, given_up: Collection[Claim]) -> None:
    """Let go of these claims; their promises stay. The connection is in a write transaction."""
    keys = bulk.among(connection, pending.c.key, [one.key for one in given_up])
    held = bulk.among(connection, pending.c.claim, [one.id for one in given_up])
    nobody = {"worker": None, "claim": None, "leased_until": None}
    connection.execute(update(pending).where(keys, held).values(nobody))


def holding(*claims: Claim) -> Callable[[Connection], None]:
    """A condition of write transactions: that these claims still hold. Else `Superseded` is raised.

    Claiming is a write transaction too, so nobody else can claim the keys before this one ends.
    """
    ids = {claim.key: claim.id for claim in claims}

    def check(connection: Connection) -> None:
        rows = bulk.pick(connection, (pending.c.key, pending.c.claim), pending.c.key, ids)
        if lost := ids.items() - {tuple(row) for row in rows}:
            raise Superseded(*sorted(key for key, _ in lost))

    return check


def clock(connection: Connection) -> datetime:
    """The present by the one clock that all workers share; UTC, aware."""
    if connection.dialect.name == "sqlite":
        return datetime.now(UTC)  # there is one worker
    found = connection.execute(select(func.clock_timestamp())).scalar_one()
    return utc(found) or found


def _is_free(now: datetime) -> ColumnElement[bool]:
    is_claimed = and_(pending.c.claim.is_not(None), pending.c.leased_until >= now)
    is_ahead = and_(pending.c.key.startswith(LATER), pending.c.requested_at > now)
    return and_(not_(is_claimed), not_(is_ahead))


def _is_left_out(one: LeftOut) -> ColumnElement[bool]:
    this = pending.c
    return and_(
        this.lane == one.lane,
        true() if one.host is None else this.host == one.host,
        this.key.startswith(f"{one.kind}:", autoescape=True) if one.kind else true(),
    )


def _claim(row: Row[tuple[object, ...]], id: str, *, former: str) -> Claim:  # noqa: A002
    return Claim(key=row.key, ticket=row.ticket, lane=row.lane, id=id, former=former, host=row.host)
