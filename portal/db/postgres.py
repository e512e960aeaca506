"""PostgreSQL: how connections to it are made, and kept.

What a statement costs there is first of all its plan. For long lists and whatever is written, a plan is
made for the values, each time. A look-up finds a few rows by an index, whatever the values are, and so does
a short page: its plan is made once for a connection. To make it anew took two thirds of the server's time
for an entity by its name, and seven eighths of that for an ancestry. So there are engines of both kinds;
and those without transactions, whose beginning and end are a round trip each.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError

from portal.db.exchange import Looking
from portal.db.patience import TCP, Patient, Watch, connect, patience
from portal.db.prepared import FAMILY

SNAPSHOT = "REPEATABLE READ"
"""The isolation of readers, which are most."""

SESSION = ("timezone=UTC", "jit=off", "statement_timeout=0")
"""Settings of a session. Compiling takes longer than our statements. How long they are waited for is for
`portal.db.patience` to say: a limit that a role or a database has for people would end a migration, or a
large batch, at the same place whenever it is tried."""

PLANS = "plan_cache_mode=force_custom_plan"
"""A plan for any value is a bad one for lists of ids, which it takes for short ones."""

PLANS_OF_LOOKS = "plan_cache_mode=force_generic_plan"

ALONE = 4
"""Connections without transactions, of each kind: half of them are kept."""

TRUSTED = 1.0
"""Seconds for which a pooled connection to PostgreSQL is taken to live on."""


class Family:
    """What the connections of all engines of one database have in common: whatever is known of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Engines:
    """Of one database, by what they are for."""

    every: Engine
    """Everything, in transactions of `SNAPSHOT`."""
    glances: Engine
    """Statements by themselves, planned for their values."""
    looks: Engine
    """Look-ups by themselves, planned once."""


def open_engines(url: URL, watch: Watch) -> Engines:
    """The engines; each thread may use one connection of each."""
    url, family = url.set(drivername="postgresql+psycopg"), Family()
    alone: dict[str, Any] = {
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "pool_size": ALONE // 2,
        "max_overflow": ALONE - ALONE // 2,
    }
    return Engines(
        every=_open(
            url,
            watch,
            family,
            PLANS,
            Patient,
            isolation_level=SNAPSHOT,
            pool_size=8,
            max_overflow=8,
        ),
        glances=_open(url, watch, family, PLANS, Looking, **alone),
        looks=_open(url, watch, family, PLANS_OF_LOOKS, Looking, **alone),
    )


def _open(
    url: URL, watch: Watch, family: Family, plans: str, kind: type[Patient], **options: Any
) -> Engine:
    settings = " ".join(f"-c {setting}" for setting in (*SESSION, plans))
    engine = create_engine(
        url,
        hide_parameters=True,  # in errors: values belong into no log, and bury what went wrong
        pool_timeout=5,
        pool_use_lifo=True,
        connect_args={**TCP, "options": settings},
        **options,
    )

    def do_connect(_dialect: Any, _record: Any, args: Any, parameters: Any) -> Any:
        return connect(watch, kind, *args, **parameters)

    def note_family(_connection: Any, record: Any) -> None:
        record.info[FAMILY] = family

    event.listen(engine, "do_connect", do_connect)
    event.listen(engine, "connect", _send_as_it_is)
    event.listen(engine, "connect", note_family)
    event.listen(engine, "checkin", _note_idle)
    event.listen(engine, "checkout", _ask_whether_alive)
    return engine


class _Rows(psycopg.Cursor[Any]):
    """A cursor that is sent bytes as they are: as hex digits they are twice as long, and writing and
    reading these takes a third of the time of a simulation, and half of that of a list."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.format = psycopg.pq.Format.BINARY


class _Stream(psycopg.ServerCursor[Any]):
    """The same for rows that come a part at a time."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.format = psycopg.pq.Format.BINARY


def _send_as_it_is(connection: psycopg.Connection[Any], _record: Any) -> None:
    connection.cursor_factory, connection.server_cursor_factory = _Rows, _Stream


def _note_idle(_connection: Any, record: Any) -> None:
    record.info["idle_since"] = time.monotonic()


def _ask_whether_alive(connection: Any, record: Any, _proxy: Any) -> None:
    """A server that was restarted leaves dead connections in the pool, which is to open new ones.

    Not each time, as SQLAlchemy's own `pool_pre_ping`: that is a round trip more for every answer.
    """
    if time.monotonic() - record.info.get("idle_since", time.monotonic()) < TRUSTED:
        return
    mine = patience.get()
    asking = patience.set(replace(mine, silence=mine.ping))
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error
    finally:
        patience.reset(asking)
