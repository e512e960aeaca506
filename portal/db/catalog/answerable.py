"""Answers of entities: the columns that they are made of, and answers of many at once.

The lists and lookups of Backstage's API are made of these (design 2, 'Entities at rest'). Where whole
entities are shown the database puts their answers together, on SQLite many of them in a value: to make an
object of every column of each, and to pass the interpreter's lock around for each, takes longer than to
read them. It makes byte for byte what `Answerable.answer` makes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from itertools import chain
from typing import Any, NamedTuple, TypeAlias

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    TextClause,
    bindparam,
    literal_column,
    select,
    text,
)

from portal.db.bulk import is_listed, listed
from portal.db.catalog.keys import storable
from portal.db.prepared import Prepared, Row
from portal.db.state import catalog_state
from portal.db.tables import entities

START = b'{"metadata":{'
"""Every body begins so (`catalog.entity`): uid and etag are put in right after it."""

COLUMNS = (
    entities.c.id,
    entities.c.ref,
    entities.c.uid,
    entities.c.etag,
    entities.c.body,
    entities.c.relations,
    entities.c.status,
)
"""The fields of `Answerable`, in order."""


class Answerable(NamedTuple):
    """The part of an entity's row that its answer is made of; see `entity_rows.EntityRow`."""

    id: int
    ref: str
    uid: str
    etag: str
    body: bytes
    relations: bytes
    status: bytes | None

    def answer(self) -> bytes:
        """The entity as JSON, as Backstage answers it. Nothing is parsed."""
        _, _, uid, etag, body, relations, status = self
        return b'%b"uid":"%b","etag":%b,%b,"relations":%b%b}' % (
            START,
            uid.encode(),
            orjson.dumps(etag),
            body[_HEAD:-1],
            relations,
            b"" if status is None else b',"status":' + status,
        )


_HEAD = len(START)

_answerable: Callable[[Row], Answerable] = partial(tuple.__new__, Answerable)
"""As `Answerable._make`, which takes longer to look at the length than for the rest."""

Show: TypeAlias = Callable[[Answerable], bytes] | None
"""What is shown of an entity; None: the whole of it, which is its answer."""

TOGETHER = 40
"""Answers that are one value on SQLite. Many are no faster. On PostgreSQL each is a value: all rows are read
at once there, and to copy them into one another took it up to a fifth of the time of a hundred."""


def by_ref(connection: Connection, ref: str) -> Answerable | None:
    """The entity with this canonical ref (`str(EntityRef)`)."""
    return _one(connection, _BY_REF, ref)


def by_uid(connection: Connection, uid: str) -> Answerable | None:
    """The entity with this uid, in lower case."""
    return _one(connection, _BY_UID, uid)


def look_up(connection: Connection, ref: str) -> tuple[str, Answerable] | None:
    """The entity with this canonical ref, and the state of the catalog, of one statement."""
    rows = _WITH_STATE.rows(connection, {"value": ref}) if storable([ref]) else []
    return (rows[0][-1], Answerable._make(rows[0][:-1])) if rows else None


def answer_of(dialect: str, number: str) -> ColumnElement[bytes]:
    """The answer of the entity whose id a column has; null where there is none."""
    answer = f"SELECT {_ANSWER[dialect]} FROM entities WHERE entities.id = {number}"  # noqa: S608 - of constants
    return literal_column(
        f"(SELECT CAST(({answer}) AS BLOB))" if dialect == "sqlite" else f"({answer})"
    )


def by_refs(connection: Connection, wanted: Sequence[str], show: Show = None) -> list[bytes]:
    """What is shown of the entities with these canonical refs, in their order, separated by commas.

    Each item is that of one ref or more; of what does not exist it is `null`.
    """
    if show is None:
        # PostgreSQL knows no NUL; nothing is called ''.
        return _together(
            connection, _ANSWERS_BY_REF, ["" if "\0" in ref else ref for ref in wanted]
        )
    rows = _BY_REFS.each(connection, listed(connection, storable(list(dict.fromkeys(wanted)))))
    shown = {row[1]: show(_answerable(row)) for row in rows}
    return [shown.get(ref, b"null") for ref in wanted]


def by_ids(connection: Connection, ids: Sequence[int], show: Show = None) -> list[bytes]:
    """What is shown of the entities that exist, in the order of `ids`, separated by commas.

    Each item is that of one entity or more.
    """
    if show is None:
        return _together(connection, _ANSWERS_BY_ID, ids)
    rows = _BY_IDS.each(connection, listed(connection, ids))
    shown = {row[0]: show(_answerable(row)) for row in rows}
    return [shown[number] for number in ids if number in shown]


def _together(
    connection: Connection, statement: Prepared, wanted: Sequence[int] | Sequence[str]
) -> list[bytes]:
    pieces = [wanted[start : start + TOGETHER] for start in range(0, len(wanted), TOGETHER)]
    found = chain.from_iterable(
        statement.each(connection, {"lists": orjson.dumps(pieces).decode()})
    )
    return list(filter(None, found))


def _one(connection: Connection, statement: Prepared, value: str) -> Answerable | None:
    if not storable([value]):
        return None
    rows = statement.rows(connection, {"value": value})
    return Answerable._make(rows[0]) if rows else None


def _equal(column: Column[str]) -> Prepared:
    return Prepared(lambda _: select(*COLUMNS).where(column == bindparam("value")), looks=True)


def _among(column: Column[Any]) -> Prepared:
    def make(dialect: str) -> Select[Any]:
        return select(*COLUMNS).where(is_listed(dialect, column))

    return Prepared(make, looks=True)


_BY_REF, _BY_UID = _equal(entities.c.ref), _equal(entities.c.uid)
_WITH_STATE = Prepared(
    lambda _: select(*COLUMNS, catalog_state()).where(entities.c.ref == bindparam("value"))
)
_BY_REFS, _BY_IDS = _among(entities.c.ref), _among(entities.c.id)


_ANSWER = {
    "sqlite": """(
        '{"metadata":{"uid":"' || uid || '","etag":' || json_quote(etag) || ','
    ) || substr(body, 14, length(body) - 14) || (
        ',"relations":' || relations || coalesce(',"status":' || status || '}', '}')
    )""",
    "postgresql": """
        convert_to('{"metadata":{"uid":"' || uid || '","etag":' || to_json(etag) || ',', 'UTF8')
        || substr(body, 14, length(body) - 14) || ',"relations":'::bytea || relations
        || coalesce(',"status":'::bytea || status || '}'::bytea, '}'::bytea)
    """,
}
"""`Answerable.answer` in SQL: text in the encoding of the bytes, or bytes."""

# What is listed comes in its order: SQLite begins with what a LEFT JOIN begins with, and PostgreSQL looks
# up a column of one row after the other.
_LISTED = {
    "sqlite": """
        SELECT CAST((
            SELECT group_concat(coalesce({answer}, {missing})) FROM json_each(lists.value) AS list
            LEFT JOIN entities ON entities.{column} = list.value
        ) AS BLOB) FROM json_each(:lists) AS lists
    """,
    "postgresql": """
        SELECT coalesce((
            SELECT {answer} FROM entities WHERE entities.{column} = list.value::{type}
        ), {missing}) FROM json_array_elements(CAST(:lists AS json)) AS lists
        CROSS JOIN LATERAL json_array_elements_text(lists.value) AS list
    """,
}


def _listed(column: str, kind: str, missing: str) -> Prepared:
    """The answers of what is in several lists, and what there is instead of a missing one."""

    def make(dialect: str) -> TextClause:
        answer, form = _ANSWER[dialect], _LISTED[dialect]
        return text(form.format(answer=answer, column=column, type=kind, missing=missing))

    return Prepared(make, looks=True)


_ANSWERS_BY_REF = _listed("ref", "text", "'null'")
_ANSWERS_BY_ID = _listed("id", "bigint", "NULL")
