"""Inquiries: what a system said about one entity when somebody had it asked at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import orjson
from sqlalchemy import Connection, delete, insert, select

from catalog.problems import Problem, problem_from
from portal.db.engine import utc
from portal.db.tables import inquiries


class Said(StrEnum):
    """What came of it."""

    LEARNED = "learned"
    FAILED = "failed"
    """Nothing was learned; what was known, and is still believed, stays."""
    PAUSED = "paused"
    """It was not asked: it wants to be left alone, or is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inquiry:
    """The last one about an entity, of one system."""

    name: str
    """Of the system's runs, as in `portal.db.collection.fetched`."""
    at: datetime
    said: Said
    problem: Problem | None
    """Why nothing was learned, or what else there is to see to."""


def put(connection: Connection, entity_id: int, made: Inquiry) -> None:
    """Keep an inquiry in place of the one before it. The connection is in a write transaction."""
    key = (inquiries.c.entity_id == entity_id, inquiries.c.name == made.name)
    connection.execute(delete(inquiries).where(*key))
    connection.execute(
        insert(inquiries).values(
            entity_id=entity_id,
            name=made.name,
            at=made.at,
            said=made.said.value,
            problem=None if made.problem is None else orjson.dumps(made.problem.as_dict()),
        )
    )


def listed(connection: Connection, entity_id: int) -> dict[str, Inquiry]:
    """The last inquiries about an entity, by name."""
    rows = connection.execute(select(inquiries).where(inquiries.c.entity_id == entity_id))
    return {
        row.name: Inquiry(
            name=row.name,
            at=utc(row.at) or row.at,
            said=Said(row.said),
            problem=None if row.problem is None else problem_from(orjson.loads(row.problem)),
        )
        for row in rows
    }
