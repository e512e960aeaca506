"""Look-ups: the rows with given values in several columns, for thousands of values in one statement.

The values are one parameter, a JSON array of arrays. The planner is to look up each given row, never to
walk the table. By one column alone, `portal.db.bulk.pick` does.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import orjson
from sqlalchemy import Boolean, Column, Connection, Integer, Table

from portal.db.prepared import Row, execute


def find(
    connection: Connection, table: Table, columns: Sequence[str], rows: Collection[Row]
) -> dict[Row, int]:
    """The id of each of `rows` that is in the table, by the values of `columns`."""
    if not rows:
        return {}
    names = ", ".join(f'{table.name}."{column}"' for column in ("id", *columns))
    sql = f"SELECT {names} FROM {_given_json(connection, table, columns)}"  # noqa: S608
    given = (orjson.dumps(list(rows)).decode(),)
    found = execute(connection, sql, given, looks=True).fetchall()
    return {row[1:]: row[0] for row in found}


def find_spelled(
    connection: Connection, table: Table, columns: Sequence[str], rows: Sequence[str]
) -> dict[str, int]:
    """As `find`, of rows that are JSON arrays already."""
    if not rows:
        return {}
    place = "given.key" if connection.dialect.name == "sqlite" else "given.place - 1"
    source = _given_json(connection, table, columns)
    sql = f"SELECT {place}, {table.name}.id FROM {source}"  # noqa: S608
    found = execute(connection, sql, (f"[{','.join(rows)}]",))
    return {rows[n]: number for n, number in found}


def _given_json(connection: Connection, table: Table, columns: Sequence[str]) -> str:
    """What to select from for the rows of the table in which `columns` have the values of given rows.

    SQLite keeps to the order of a CROSS JOIN; PostgreSQL takes any JSON array for a hundred rows, where
    it believes arrays' lengths.
    """
    sqlite = connection.dialect.name == "sqlite"
    same = " AND ".join(
        f'{table.name}."{column}" = {_element(table.c[column], n, sqlite)}'
        for n, column in enumerate(columns)
    )
    if sqlite:
        return f"json_each(?) AS given CROSS JOIN {table.name} ON {same}"
    elements = "jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS given(value, place)"
    return f"{elements} JOIN {table.name} ON {same}"


def _element(column: Column[Any], place: int, sqlite: bool) -> str:
    """An element of a given row, which is a JSON array."""
    casts = {} if sqlite else {Boolean: "::boolean", Integer: "::bigint"}
    cast_ = next((cast_ for kind, cast_ in casts.items() if isinstance(column.type, kind)), "")
    return f"(given.value ->> {place}){cast_}"
