"""The database: how it is opened, read and written, on SQLite and PostgreSQL.

On SQLite one process owns the file (design 2a.1): a single lock covers every write transaction and
checkpoint, because the SQLite of Debian 12 has a fault with several writers on one WAL, and every
write begins IMMEDIATE, because an upgrade from reading to writing fails at once whatever the
timeout. On PostgreSQL writers are kept apart by an advisory lock where they share rows.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import (
    Connection,
    Engine,
    ExceptionContext,
    RootTransaction,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool, StaticPool

from portal.db import postgres
from portal.db.failures import is_damaged, reason_of
from portal.db.patience import Watch, patience
from portal.db.prepared import LOOKS, execute
from portal.db.soundness import Soundness

CATALOG_LOCK = 7_007_001
"""Key of PostgreSQL's advisory lock that writers of the catalog hold."""

READERS = 2
"""Threads that answer from SQLite at once. With eight at work, they pass the interpreter's lock around
instead of reading: long lists are half to two thirds of what they are in turn, facets about 0.8."""

MOMENT = 0.01
"""Seconds that a thread waits to be the only one. What takes less follows each other: with eight at work, a
quarter to a third more look-ups and counts are answered. What takes longer holds up nobody for longer."""

PATIENCE = "30s"
"""How long PostgreSQL waits for the next statement of a write transaction. Nobody else writes meanwhile:
a process that was stopped in the middle of one must not stop all others."""

_condition: ContextVar[Callable[[Connection], None] | None] = ContextVar("condition", default=None)


TURN = "8s"
"""How long a writer waits for the others before it asks anew. One whose process was stopped does not:
else each of its threads would have its turn, and let everybody wait. Who answers a request asks once: a
single process of the server that hangs while it writes must not keep people waiting."""

_ALONE = text(
    "SELECT set_config('idle_in_transaction_session_timeout', :patience, true),"
    " set_config('lock_timeout', :turn, true), pg_advisory_xact_lock(:key)"
)


def _turn(connection: Connection) -> RootTransaction:
    """A transaction in which no other process writes.

    Raises where there is none for minutes, and for who answers a request, for seconds.
    """
    values = {"key": CATALOG_LOCK, "patience": PATIENCE, "turn": TURN}
    for left in reversed(range(patience.get().turns)):
        transaction = connection.begin()
        try:
            connection.execute(_ALONE, values)
        except OperationalError as error:
            transaction.rollback()
            if left and isinstance(error.orig, psycopg.errors.LockNotAvailable):
                continue
            raise
        return transaction
    raise AssertionError("the last turn is returned or raised")


def _connect(engine: Engine) -> Connection:
    """A connection. Who is hasty does not wait until others give theirs back, and is refused instead."""
    pool = engine.pool
    if patience.get().is_hasty and isinstance(pool, QueuePool) and not pool.checkedin():
        raise OperationalError(None, None, psycopg.OperationalError("no connection is at hand"))
    return engine.connect()


@contextmanager
def _by_itself(engine: Engine) -> Iterator[Connection]:
    """A connection for statements by themselves."""
    with _connect(engine) as connection:
        try:
            yield connection
        except DBAPIError:
            connection.invalidate()  # no transaction finds out whether it is lost
            raise


@contextmanager
def on_condition(check: Callable[[Connection], None]) -> Iterator[None]:
    """Let every write transaction of this thread, while inside, begin with `check`, which may raise."""
    token = _condition.set(check)
    try:
        yield
    finally:
        _condition.reset(token)


@dataclass(frozen=True, kw_only=True)
class Database:
    """An open database."""

    engine: Engine
    glances: Engine
    """The same database for statements by themselves, without a transaction."""
    looks: Engine
    """Likewise for look-ups: prepared statements that find a few rows by what they are called."""
    watch: Watch = field(default_factory=Watch, repr=False)
    """Over a PostgreSQL."""
    soundness: Soundness = field(default_factory=Soundness, repr=False)
    """Of a SQLite file."""
    _writer: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _moment: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _turns: threading.Semaphore = field(
        default_factory=lambda: threading.Semaphore(READERS), repr=False
    )

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection on one consistent snapshot."""
        self.watch.ask()
        with _connect(self.engine) as connection, connection.begin():
            yield connection

    @contextmanager
    def read_in_turn(self) -> Iterator[Connection]:
        """As `read`, for what many ask for and what takes a moment: on SQLite a few at a time.

        The main thread takes no turn: where it answers, it watches all connections and is not to wait.
        """
        with self._turn_to_read(), self.read() as connection:
            yield connection

    @contextmanager
    def glance_in_turn(self) -> Iterator[Connection]:
        """As `read_in_turn`, without a transaction: each statement sees what there is when it is run.

        Who runs several looks at the state of what is read before and after (`portal.db.state`).
        """
        self.watch.ask()
        with self._turn_to_read(), _by_itself(self.glances) as connection:
            if self.is_sqlite:
                yield connection
                return
            with _by_itself(self.looks) as looks:
                connection.info[LOOKS] = looks.connection.driver_connection
                try:
                    yield connection
                finally:
                    connection.info.pop(LOOKS, None)

    @contextmanager
    def look_in_turn(self) -> Iterator[Connection]:
        """As `read_in_turn`, for one look-up alone, which is a snapshot by itself."""
        self.watch.ask()
        with self._turn_to_read(), _by_itself(self.looks) as connection:
            yield connection

    def _turn_to_read(self) -> AbstractContextManager[None]:
        queues = self.is_sqlite and threading.current_thread() is not threading.main_thread()
        return self._in_turn() if queues else nullcontext()

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        is_alone = self._moment.acquire(timeout=MOMENT)
        try:
            with self._turns:
                yield
        finally:
            if is_alone:
                self._moment.release()

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a write transaction: committed at the end, rolled back on an exception.

        Writers of the catalog are one after the other on both databases. What `on_condition` is
        given is checked first.
        """
        with self._alone() as connection:
            if (check := _condition.get()) is not None:
                check(connection)
            yield connection

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        if self.is_sqlite:
            with self._writer, self.engine.connect() as connection:
                connection.info["begin"] = "BEGIN IMMEDIATE"
                try:
                    with connection.begin():
                        yield connection
                finally:
                    connection.info.pop("begin", None)
        else:
            self.watch.ask()
            with self.engine.connect() as connection:
                connection.execution_options(isolation_level="READ COMMITTED")
                with _turn(connection):
                    yield connection

    def close(self) -> None:
        """Close every pooled connection."""
        for engine in (self.engine, self.glances, self.looks):
            engine.dispose()


def open_database(url: str) -> Database:
    """Open the database at a SQLAlchemy URL; `sqlite://` is one in memory, for offline commands."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        memory = not parsed.database
        options: dict[str, Any] = {"connect_args": {"check_same_thread": False, "timeout": 5}}
        if memory:
            options["poolclass"] = StaticPool
        else:
            options |= {"pool_size": 8, "max_overflow": 56, "pool_timeout": 5}
            options["pool_use_lifo"] = True  # the one that was used last has pages at hand
        # In errors: values belong into no log, and hundreds of them bury what went wrong.
        engine = create_engine(parsed, hide_parameters=True, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        soundness = Soundness(file=None if memory else Path(parsed.database or ""))

        def handle_error(context: ExceptionContext) -> None:
            if context.sqlalchemy_exception is not None and is_damaged(
                context.sqlalchemy_exception
            ):
                soundness.note(reason_of(context.sqlalchemy_exception))

        event.listen(engine, "handle_error", handle_error)
        return Database(engine=engine, glances=engine, looks=engine, soundness=soundness)
    watch = Watch()
    made = postgres.open_engines(parsed, watch)
    return Database(engine=made.every, glances=made.glances, looks=made.looks, watch=watch)


def time_of(value: datetime) -> datetime:
    """A time as it came from the database, aware: SQLite keeps UTC without saying so."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value


def utc(value: datetime | None) -> datetime | None:
    """The same of a time that need not be there."""
    return None if value is None else time_of(value)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """Settings of one connection. FULL: an acknowledged write has to survive a power cut.

    A cache of four times the size made no answer faster: the pages are in the system's own cache.
    """
    connection.isolation_level = None  # SQLAlchemy's BEGIN is the only one
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "busy_timeout=5000",
        "temp_store=MEMORY",
        "cache_size=-16384",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    execute(connection, connection.info.get("begin", "BEGIN"))
