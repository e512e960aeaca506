"""What fails now, in one list: readings, fetches, and what was put aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from portal.db.collection import fetched
from portal.db.evaluation import quarantine, unanswerable
from portal.db.sources import locations
from portal.db.state import Connection
from portal.version import EDITION
from portal.wiring import Portal


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One thing that does not work, as far as is known now."""

    what: str
    """reading, fetching, expression or entity."""
    about: str
    """Target of a location, namespace of facts, text of an expression, or ref of an entity."""
    why: str
    at: datetime | None
    location: str
    """Id of the location; '' where it is about something else."""


def failures(portal: Portal, connection: Connection) -> tuple[Failure, ...]:
    """Everything that failed when it was last tried, or was put aside because of what it did."""
    return (*_readings(connection), *_fetches(portal, connection), *_set_aside(connection))


def _readings(connection: Connection) -> Iterator[Failure]:
    for row in locations.list_locations(connection):
        if row.state in ("failed", "partial") and row.problem is not None:
            yield Failure(
                what="reading",
                about=row.target,
                why=row.problem.message,
                at=row.listed_at,
                location=row.id,
            )


def _fetches(portal: Portal, connection: Connection) -> Iterator[Failure]:
    names = {recipe.name for recipe in portal.settings.recipes}
    for name, run in fetched.listed(connection).items():
        if name in names and run.problem is not None:
            yield Failure(
                what="fetching",
                about=name,
                why=run.problem.message,
                at=run.ended_at or run.began_at,
                location="",
            )


def _set_aside(connection: Connection) -> Iterator[Failure]:
    for one in quarantine.listed(connection, EDITION):
        yield Failure(
            what="expression", about=one.expression, why=one.reason, at=one.at, location=""
        )
    for entity in unanswerable.listed(connection):
        yield Failure(
            what="entity", about=entity.ref, why=entity.reason, at=entity.since, location=""
        )
