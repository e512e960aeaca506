"""Bulk: many rows in one statement, on SQLite and PostgreSQL, with the same outcome.

A batch of thousands of entities has tens of thousands of index rows; one statement for each table
instead of one for each row is what makes the rates of design 4 possible. SQLite takes lists as
JSON and rows by its driver's executemany, PostgreSQL takes arrays and COPY.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Sized
from functools import cache
from itertools import chain
from types import MappingProxyType
from typing import Any

import orjson
from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Delete,
    Integer,
    Select,
    Table,
    Text,
    any_,
    bindparam,
    cast,
    delete,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine

from portal.db import lookups
from portal.db.prepared import Row

TOGETHER = 50
"""Rows that one statement inserts into SQLite: of narrow ones, twice as many in the same time."""


def is_listed(
    dialect: str, column: Column[Any], values: BindParameter[Any] | None = None
) -> ColumnElement[bool]:
    """The condition that `column` is one of `values`, for a statement that is kept.

    Without them it has a parameter, named values, which takes what `listed` gives.
    """
    given: BindParameter[Any] = bindparam("values") if values is None else values
    if dialect == "sqlite":
        return column.in_(select(func.json_each(given).table_valued("value").c.value))
    return column == any_(cast(given, _array_type(column.type)))


def listed(
    connection: Connection, values: Collection[int] | Collection[str]
) -> dict[str, str | list[Any]]:
    """The parameter of `is_listed`."""
    given: list[Any] = list(values)
    if connection.dialect.name == "sqlite":
        return {"values": orjson.dumps(given).decode()}
    return {"values": given}


def among(
    connection: Connection, column: Column[Any], values: Collection[int] | Collection[str]
) -> ColumnElement[bool]:
    """The condition that `column` is one of `values`, however many: they are one parameter."""
    given: BindParameter[Any] = bindparam(None, listed(connection, values)["values"], unique=True)
    return is_listed(connection.dialect.name, column, given)


def every(dialect: str, column: Column[Any], values: BindParameter[Any]) -> Select[tuple[int]]:
    """The values as rows of one column, of the type of `column`; the parameter is `is_listed`'s."""
    if dialect == "sqlite":
        return select(func.json_each(values).table_valued("value").c.value)
    return select(func.unnest(cast(values, _array_type(column.type))))


def pick(
    connection: Connection,
    columns: tuple[Column[Any], ...],
    by: Column[Any],
    values: Collection[int] | Collection[str],
) -> Sequence[Any]:
    """The values of `columns` in all rows in which `by` is one of `values`."""
    if not values:
        return []
    statement = _pick(connection.dialect.name, columns, by)
    return connection.execute(statement, listed(connection, values)).all()


def drop(connection: Connection, by: Column[Any], values: Collection[int]) -> None:
    """Delete all rows in which `by` is one of `values`."""
    if values:
        connection.execute(_drop(connection.dialect.name, by), listed(connection, values))


def add(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows that are not there yet. In the order of the primary key it is fastest."""
    if isinstance(rows, Sized) and not rows:
        return
    if connection.dialect.name == "sqlite":
        _insert(connection, table, columns, _bound(connection, table, columns, rows))
        return
    driver = connection.connection.driver_connection
    assert driver is not None
    into = f"COPY {table.name} ({_names(columns)}) FROM STDIN"
    with driver.cursor() as cursor, cursor.copy(into) as copy:
        if all(isinstance(table.c[column].type, Integer) for column in columns):
            # Most rows are of ids alone, which need no adaptation, nor escapes.
            line = "\t".join(["%d"] * len(columns)) + "\n"
            copy.write("".join(map(line.__mod__, rows)))
            return
        for row in rows:
            copy.write_row(row)


def change(
    connection: Connection, table: Table, key: str, columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Set `columns` in the rows of a table; each of `rows` is a key and the values."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        values = ", ".join(f'"{column}" = ?' for column in columns)
        sql = f'UPDATE {table.name} SET {values} WHERE "{key}" = ?'  # noqa: S608
        bound = _bound(connection, table, [key, *columns], rows)
        connection.exec_driver_sql(sql, [(*row[1:], row[0]) for row in bound])
        return
    values = ", ".join(f'"{column}" = given."{column}"' for column in columns)
    given, arrays = _given(connection, table, [key, *columns], rows)
    sql = (
        f'UPDATE {table.name} SET {values} FROM {given} WHERE {table.name}."{key}" = given."{key}"'  # noqa: S608
    )
    connection.exec_driver_sql(sql, arrays)


def increase(
    connection: Connection, table: Table, key: str, column: str, rows: Sequence[tuple[int, int]]
) -> None:
    """Add to an integer column; each of `rows` is a key and what to add."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        sql = f'UPDATE {table.name} SET "{column}" = "{column}" + ? WHERE "{key}" = ?'  # noqa: S608
        connection.exec_driver_sql(sql, [(more, which) for which, more in rows])
        return
    given, arrays = _given(connection, table, [key, column], rows)
    sum_ = f'"{column}" = {table.name}."{column}" + given."{column}"'
    sql = f'UPDATE {table.name} SET {sum_} FROM {given} WHERE {table.name}."{key}" = given."{key}"'  # noqa: S608
    connection.exec_driver_sql(sql, arrays)


def remove(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[Row]
) -> None:
    """Delete the rows in which `columns` have the values of one of `rows`."""
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        same = " AND ".join(f'"{column}" = ?' for column in columns)
        sql = f"DELETE FROM {table.name} WHERE {same}"  # noqa: S608
        connection.exec_driver_sql(sql, list(rows))
        return
    given, arrays = _given(connection, table, columns, rows)
    sql = f"DELETE FROM {table.name} USING {given} WHERE {_same(table, columns)}"  # noqa: S608
    connection.exec_driver_sql(sql, arrays)


def next_id(connection: Connection, table: Table) -> int:
    """The first free id. Ids are given out here, by the one writer there is: no RETURNING."""
    return int(connection.execute(_next_id(table)).scalar_one())


def intern(
    connection: Connection,
    table: Table,
    column: str,
    texts: Iterable[str],
    *,
    known: Mapping[str, int] = MappingProxyType({}),
) -> dict[str, int]:
    """The id of each text, in a table of an id and a text; new ones are added, in order.

    Texts in `known` are not looked up again; they are part of the answer.
    """
    wanted = sorted({*texts} - known.keys())
    found = lookups.find(connection, table, [column], [(text,) for text in wanted])
    ids = {**known, **{text: number for (text,), number in found.items()}}
    new = [text for text in wanted if text not in ids]
    if new:
        added = list(enumerate(new, start=next_id(connection, table)))
        add(connection, table, ["id", column], added)
        ids.update((text, number) for number, text in added)
    return ids


@cache
def _next_id(table: Table) -> Select[Any]:
    return select(func.coalesce(func.max(table.c.id), 0) + 1)


@cache
def _pick(dialect: str, columns: tuple[Column[Any], ...], by: Column[Any]) -> Select[Any]:
    return select(*columns).where(is_listed(dialect, by))


@cache
def _drop(dialect: str, by: Column[Any]) -> Delete:
    return delete(by.table).where(is_listed(dialect, by))


def _names(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _same(table: Table, columns: Sequence[str]) -> str:
    return " AND ".join(f'{table.name}."{column}" = given."{column}"' for column in columns)


def _given(
    connection: Connection, table: Table, columns: Sequence[str], rows: Collection[Row]
) -> tuple[str, tuple[list[Any], ...]]:
    """PostgreSQL: the rows as a table `given` of arrays, and the arrays."""
    kinds = (_array_type(table.c[column].type).compile(connection.dialect) for column in columns)
    arrays = ", ".join(f"%s::{kind}" for kind in kinds)
    return f"unnest({arrays}) AS given ({_names(columns)})", tuple(
        list(values) for values in zip(*rows, strict=True)
    )


def _array_type(kind: TypeEngine[Any]) -> ARRAY[Any]:
    """PostgreSQL: the type of an array of values of a column; a collation is the column's own."""
    return ARRAY(Text() if isinstance(kind, Text) else kind)


def _insert(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]
) -> None:
    """SQLite: the rows, `TOGETHER` of them in a statement, and those that are left one by one."""
    values, width = list(chain.from_iterable(rows)), len(columns)
    whole = len(values) - len(values) % (width * TOGETHER)
    into = f"INSERT INTO {table.name} ({_names(columns)}) VALUES "  # noqa: S608
    row = f"({', '.join('?' * width)})"
    for n, some in ((TOGETHER, values[:whole]), (1, values[whole:])):
        if some:
            given = list(zip(*[iter(some)] * (width * n), strict=True))
            connection.exec_driver_sql(into + ", ".join([row] * n), given)


def _bound(
    connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]
) -> Iterable[Row]:
    """SQLite: rows as the driver takes them; only times need to be written as SQLAlchemy does."""
    times = {n for n, column in enumerate(columns) if isinstance(table.c[column].type, DateTime)}
    write = DateTime().dialect_impl(connection.dialect).bind_processor(connection.dialect)
    if not times or write is None:
        return rows
    written: dict[Any, Any] = {None: None}  # rows of a batch have few different times
    bound = [list(row) for row in rows]
    for row in bound:
        for place in times:
            value = row[place]
            if value not in written:
                written[value] = write(value)
            row[place] = written[value]
    return [tuple(row) for row in bound]
