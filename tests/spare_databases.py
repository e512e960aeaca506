"""Databases of PostgreSQL that tests take and give back: to make one takes much longer than to empty one.

One that a test left otherwise than it was made, but for rows, is dropped.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import psycopg

from portal.db.tables import refs

MOST = 30
"""Tests that a database is for: what rows took is not free before somebody vacuums."""

ROOM = 8 * 1024 * 1024
"""Bytes that it may have grown by: what is gone is still looked through."""

PATIENCE = 5_000
"""Milliseconds that are waited for connections to go."""

TABLES = [table.name for table in refs.metadata.sorted_tables]

_LEAVE = """
    SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

_STATE = """
    SELECT md5(concat(
        (SELECT string_agg(concat(relnamespace::regnamespace, relname, relkind, relhasrules, reloptions), ' '
            ORDER BY relnamespace, relname) FROM pg_class),
        (SELECT string_agg(concat(attrelid::regclass, attname, atttypid, attnotnull, attisdropped), ' '
            ORDER BY attrelid, attnum) FROM pg_attribute WHERE attrelid >= 16384),
        (SELECT string_agg(concat(conrelid::regclass, conname), ' ' ORDER BY conrelid, conname)
            FROM pg_constraint),
        (SELECT string_agg(concat(tgname, tgenabled), ' ' ORDER BY tgrelid, tgname) FROM pg_trigger
            WHERE NOT tgisinternal),
        (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_statistic),
        (SELECT string_agg(setconfig::text, ' ') FROM pg_db_role_setting AS s
            JOIN pg_database AS d ON d.oid = s.setdatabase WHERE d.datname = current_database()),
        (SELECT string_agg(version_num, ' ') FROM alembic_version)
    ))
"""
"""What a database is besides its rows: a digest. With statistics of tables plans would be other ones."""

_FULL = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in TABLES)

_COUNT = """
    SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
    FROM pg_sequences WHERE last_value IS NOT NULL
"""

Asking: TypeAlias = psycopg.Connection[tuple[Any, ...]]


@dataclass
class SpareDatabases:
    """Copies of a database, each somebody's alone until it is given back."""

    server: str
    """A URL without the name of a database."""
    template: str
    """The name of what they are copies of."""
    _spare: list[str] = field(default_factory=list)
    _taken: dict[str, int] = field(default_factory=dict)
    """How often each was taken, by name."""
    _state: str = ""
    _size: int = 0

    def take(self) -> str:
        """The name of a database that is as new."""
        if self._spare:
            name = self._spare.pop()
        else:
            name = f"t_{secrets.token_hex(6)}"
            self._ask(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        self._taken[name] = self._taken.get(name, 0) + 1
        return name

    def give_back(self, name: str) -> None:
        """Take it back, for others or to drop it."""
        if self._taken[name] < MOST and self._emptied(name):
            self._spare.append(name)
        else:
            del self._taken[name]
            # Thousands of them would take ten gigabytes, of memory where the room is there.
            self._ask(f"DROP DATABASE {name} WITH (FORCE)")

    def _ask(self, sql: str) -> None:
        with self._asking("postgres") as connection:
            connection.execute(sql)

    def _asking(self, name: str) -> Asking:
        return psycopg.connect(self.server.format(name=name), autocommit=True)

    def _emptied(self, name: str) -> bool:
        """Whether it has no rows now, and is what it was made as."""
        with self._asking(name) as connection:
            if not all(row[0] for row in connection.execute(_LEAVE, [PATIENCE])):
                return False
            if not self._is_as_made(connection):
                return False
            _empty(connection)
            return True

    def _is_as_made(self, connection: Asking) -> bool:
        if not self._state:
            with self._asking(self.template) as made:
                self._state, self._size = _state(made), _size(made)
        return _size(connection) < self._size + ROOM and _state(connection) == self._state


def _state(connection: Asking) -> str:
    return str(_one(connection, _STATE))


def _size(connection: Asking) -> int:
    return int(_one(connection, "SELECT pg_database_size(current_database())"))


def _one(connection: Asking, sql: str) -> Any:
    [[found]] = connection.execute(sql).fetchall()
    return found


def _empty(connection: Asking) -> None:
    """Delete every row, and count from the start again."""
    connection.execute("SET session_replication_role = replica")  # no foreign key is looked at
    for (name,) in connection.execute(_FULL).fetchall():
        connection.execute(f"DELETE FROM {name}")
    connection.execute(_COUNT)
