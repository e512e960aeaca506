"""Prepared statements: SQL that is written once and run by the driver itself.

For the few statements that nearly every answer needs, what SQLAlchemy does for each execution takes
ten times as long as the database does (`benchmarks/reads.py`). Everything else goes through SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Generic, TypeAlias, TypeVar

from sqlalchemy import CompoundSelect, Connection, Dialect, Select, TextClause
from sqlalchemy.exc import DBAPIError

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


FAMILY = "family"
"""Key of a connection's `info` under which there may be what all connections to its database share."""

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
        name = connection.dialect.name
        written = self._written.get(name)
        if written is None:
            written = self._written[name] = _write(self._make(name), connection.dialect)
        every = {**written.constants, **values}
        given = every if written.places is None else [every[place] for place in written.places]
        found: Iterator[Row] = execute(connection, written.sql, given, looks=self._looks)
        return found


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
    driver: Any = connection.info.get(LOOKS) if looks else None
    if driver is None:
        driver = connection.connection.driver_connection
    dialect = connection.dialect
    try:
        return driver.execute(sql, values)
    except dialect.loaded_dbapi.Error as error:
        raise DBAPIError.instance(
            sql, values, error, dialect.loaded_dbapi.Error, dialect=dialect
        ) from error


def _write(statement: Statement, dialect: Dialect) -> _Written:
    compiled = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    places = tuple(compiled.positiontup) if compiled.positiontup else None
    return _Written(str(compiled), constants, places)
