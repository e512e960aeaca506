"""Prepared statements: SQL that is written once and run by the driver itself.

For the few statements that nearly every answer begins with, what SQLAlchemy does for each execution
takes ten times as long as the database does (`benchmarks/reads.py`). Everything else goes through
SQLAlchemy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Dialect, Select

Make: TypeAlias = Callable[[str], Select[Any]]
"""The statement for a dialect's name; its parameters are `bindparam`s with names."""

Row: TypeAlias = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Written:
    sql: str
    constants: dict[str, Any]
    """Values of the parameters that SQLAlchemy made of what the statement says."""
    places: tuple[str, ...] | None
    """The parameters in order, where the driver knows them by place."""


class Prepared:
    """One statement. Values come as the driver has them: numbers, texts and bytes, no times."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._written: dict[str, _Written] = {}

    def rows(self, connection: Connection, values: Mapping[str, Any]) -> list[Row]:
        """All rows, for these values of the parameters."""
        name = connection.dialect.name
        written = self._written.get(name)
        if written is None:
            written = self._written[name] = _write(self._make(name), connection.dialect)
        every = {**written.constants, **values}
        given = every if written.places is None else [every[place] for place in written.places]
        driver: Any = connection.connection.driver_connection
        found: list[Row] = driver.execute(written.sql, given).fetchall()
        return found


def _write(statement: Select[Any], dialect: Dialect) -> _Written:
    compiled = statement.compile(dialect=dialect)
    constants = {name: value for name, value in compiled.params.items() if value is not None}
    places = tuple(compiled.positiontup) if compiled.positiontup else None
    return _Written(str(compiled), constants, places)
