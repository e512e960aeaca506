"""Answers of entities: the columns that they are made of, read without making more of the rows.

The lists and lookups of Backstage's API are made of these (design 2, 'Entities at rest').
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Column, Connection, Select, bindparam, select

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


def by_refs(
    connection: Connection, wanted: Sequence[str], show: Callable[[Answerable], bytes]
) -> dict[str, bytes]:
    """What is shown of the entities that exist among these canonical refs, by ref."""
    rows = _BY_REFS.each(connection, listed(connection, storable(wanted)))
    return {row[1]: show(_answerable(row)) for row in rows}


def by_ids(
    connection: Connection, ids: Sequence[int], show: Callable[[Answerable], bytes]
) -> list[bytes]:
    """What is shown of the entities that exist, in the order of `ids`."""
    rows = _BY_IDS.each(connection, listed(connection, ids))
    shown = {row[0]: show(_answerable(row)) for row in rows}
    return [shown[number] for number in ids if number in shown]


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
