"""Prepared statements: SQL that is written once and run by the driver itself.

For the few statements that nearly every answer needs, what SQLAlchemy does for each execution takes
ten times as long as the database does (`benchmarks/reads.py`). Everything else goes through SQLAlchemy.
A connection to PostgreSQL that begins no transactions has an exchange, which takes less again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import CompoundSelect, Connection, Dialect, Select, TextClause
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import DBAPIError

from portal.db.exchange import Looking, Unsent

Statement: TypeAlias = Select[Any] | CompoundSelect[Any] | TextClause

Make: TypeAlias = Callable[[str], Statement]
"""The statement for a dialect's name; its parameters are `bindparam`s with names."""

Row: TypeAlias = tuple[Any, ...]

Form = TypeVar("Form", bound=Hashable)

KEPT = 256
"""Forms of a statement that are kept: anybody may ask for any."""

LARGE = 250
"""Values, from which on a form is not kept: it takes room, and hardly anybody asks for it again."""


@dataclass(frozen=True, slots=True)
class _Written:
    sql: str
    constants: dict[str, Any]
    """Values of the parameters that SQLAlchemy made of what the statement says."""
    places: tuple[str, ...] | None
    """The parameters in order, where the driver knows them by place."""

    def given(self, values: Mapping[str, Any]) -> Any:
        """All values, as the driver takes them."""
        every = {**self.constants, **values}
        return every if self.places is None else [every[place] for place in self.places]


FAMILY = "family"
"""Key of a connection's `info` under which there may be what all connections to its database share."""

NUMBERED = "numeric_dollar"
"""The style of parameters, as SQLAlchemy calls it, that PostgreSQL itself has."""

LOOKS = "looks"
"""Key of a connection's `info` under which there may be another connection of the driver, for look-ups."""


class Prepared:
    """One statement. Values come as the driver has them: numbers, texts and bytes, no times."""

    def __init__(self, make: Make, *, looks: bool = False) -> None:
        """`looks`: it finds a few rows by what they are called, in the same way for all values."""
        self._make, self._looks = make, looks
        self._written: dict[str, _Written] = {}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """All rows, for these values of the parameters."""
        return list(self.each(connection, values))

    def each(self, connection: Connection, values: Mapping[str, Any]) -> Iterator[Row]:
        """The same, one by one: what is made of a row takes less while it is at hand."""
        driver, dialect = _driver(connection, self._looks), connection.dialect
        if isinstance(driver, Looking):
            written = self._write(NUMBERED, dialect)
            with suppress(Unsent):
                return iter(_exchanged(driver, dialect, written.sql, written.given(values)))
        written = self._write(dialect.name, dialect)
        found: Iterator[Row] = _executed(driver, dialect, written.sql, written.given(values))
        return found

    def _write(self, style: str, dialect: Dialect) -> _Written:
        written = self._written.get(style)
        if written is None:
            written = self._written[style] = _write(self._make(dialect.name), style, dialect)
        return written


class Forms(Generic[Form]):
    """A statement in many forms, each of which is written when it is asked for first."""

    def __init__(self, make: Callable[[str, Form], Select[Any]]) -> None:
        """`make` gives the statement for a dialect's name and a form."""
        self._make = make
        self._kept = lru_cache(maxsize=KEPT)(self._prepare)

    def rows(self, connection: Connection, form: Form, values: Mapping[str, Any]) -> list[Row]:
        """All rows, for these values of the parameters."""
        prepared = self._prepare(form) if len(values) > LARGE else self._kept(form)
        return prepared.rows(connection, values)

    def _prepare(self, form: Form) -> Prepared:
        return Prepared(lambda dialect: self._make(dialect, form))


def execute(connection: Connection, sql: str, values: Any = (), *, looks: bool = False) -> Any:
    """The driver's cursor. Its errors are raised as SQLAlchemy's, as from any other statement."""
    return _executed(_driver(connection, looks), connection.dialect, sql, values)


def _driver(connection: Connection, looks: bool) -> Any:
    """The connection of the driver."""
    other = connection.info.get(LOOKS) if looks else None
    return connection.connection.driver_connection if other is None else other


def _executed(driver: Any, dialect: Dialect, sql: str, values: Any) -> Any:
    try:
        return driver.execute(sql, values)
    except dialect.loaded_dbapi.Error as error:
        raise _told(error, sql, values, dialect) from error


def _exchanged(driver: Looking, dialect: Dialect, sql: str, values: Sequence[Any]) -> list[Row]:
    try:
        return driver.exchange.rows(sql, values)
    except dialect.loaded_dbapi.Error as error:
        raise _told(error, sql, values, dialect) from error


def _told(error: Exception, sql: str, values: Any, dialect: Dialect) -> Exception:
    """An error of the driver, as SQLAlchemy tells it."""
    kind = dialect.loaded_dbapi.Error
    return DBAPIError.instance(sql, values, error, kind, dialect=dialect)


def _write(statement: Statement, style: str, dialect: Dialect) -> _Written:
    """In SQL, with parameters as the driver has them, or numbered."""
    if style == NUMBERED:
        dialect = PGDialect_psycopg(paramstyle=NUMBERED)  # type: ignore[no-untyped-call]
    compiled = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    places = tuple(compiled.positiontup) if compiled.positiontup is not None else None
    return _Written(str(compiled), constants, places)
