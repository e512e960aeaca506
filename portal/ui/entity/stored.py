"""What the store has about one entity, now or as it was: what its page is made from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.problems import Problem
from portal.db.catalog import entities
from portal.db.changes.history import Version, identify, version_at
from portal.db.changes.instants import NotKept, relations_at, seq_at
from portal.db.collection import documentation, facts
from portal.db.evaluation import results, unanswerable
from portal.db.evaluation.result_history import as_stored, results_at
from portal.db.evaluation.results import StoredResult
from portal.db.evaluation.unanswerable import Unanswered
from portal.db.sources import problems
from portal.db.sources.locations import origin_of
from portal.db.state import Connection
from portal.db.work import marks
from portal.ui.models.entity.declared import Declared, Source, source_of
from portal.ui.models.entity.page import related_links
from portal.ui.models.links import EntityLink
from scorecards.facts import FactRecord

MOST_PROBLEMS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Past:
    """The moment that is looked at."""

    asked: str
    """As the address says it."""
    at: datetime
    since: datetime
    """When the version of the entity came that was there then."""
    until: datetime | None
    """None: it is still the present one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """What the store has about one entity."""

    declared: Declared
    source: Source | None
    related: tuple[tuple[str, EntityLink], ...]
    results: tuple[StoredResult, ...]
    records: tuple[FactRecord, ...] | None
    """None: facts of the past are not shown."""
    problems: tuple[Problem, ...]
    id: int
    docs: int | None
    """Pages of documentation; None: nobody has looked for any, or it is the past."""
    unanswered: Unanswered | None = None
    """Why it could not be assessed when that was last tried; None: it could, or it is the past."""
    waits: bool = False
    """Whether it waits to be looked at, for the first time or again; never in the past."""
    past: Past | None = None
    """None: it is as it is now."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotThen:
    """Why an entity cannot be shown as it was."""

    asked: str
    why: str
    status: int


def present(connection: Connection, ref: str) -> Stored | None:
    """The entity as it is now; None where there is none."""
    row = entities.by_ref(connection, ref)
    if row is None:
        return None
    found = problems.list_problems(connection, ref=ref, limit=MOST_PROBLEMS)
    return Stored(
        declared=Declared(
            ref=row.ref, body=row.body, created_at=row.created_at, updated_at=row.updated_at
        ),
        source=source_of(origin_of(connection, row.id)),
        related=tuple(related_links(entities.related(connection, row.id))),
        results=results.for_entity(connection, row.id),
        records=facts.for_entity(connection, row.id),
        problems=tuple(one.problem for one in found.items),
        id=row.id,
        docs=documentation.count(connection, row.id),
        unanswered=unanswerable.about(connection, row.id),
        waits=marks.is_marked(connection, row.id),
    )


def as_of(connection: Connection, ref: str, asked: str, *, now: datetime) -> Stored | NotThen:
    """The entity as it was at the time that an address says."""
    at = instant_of(asked)
    if at is None:
        return NotThen(asked=asked, status=422, why="It is not a time as 2026-03-01T12:00 is.")
    if at > now:
        return NotThen(asked=asked, status=422, why="That time has not come yet.")
    try:
        seq = seq_at(connection, at)
    except NotKept as error:
        why = f"What was before {error.args[0]:%Y-%m-%d %H:%M} UTC is no longer kept."
        return NotThen(asked=asked, status=410, why=why)
    identity = identify(connection, ref)
    version = version_at(connection, identity, seq) if identity else None
    if identity is None or version is None:
        return NotThen(asked=asked, status=404, why="It was not in the catalog then.")
    return Stored(
        declared=Declared(
            ref=version.ref, body=version.body, created_at=None, updated_at=version.since
        ),
        source=_source(version),
        related=tuple(related_links(relations_at(connection, version.entity_id, seq))),
        results=tuple(
            as_stored(version.ref, past) for past in results_at(connection, identity.ids, at)
        ),
        records=None,
        problems=(),
        id=version.entity_id,
        docs=None,
        past=Past(asked=asked, at=at, since=version.since, until=version.until),
    )


def instant_of(text: str) -> datetime | None:
    """A time as forms and RFC 3339 write it, in UTC where it says no zone; None: it is none."""
    try:
        found = datetime.fromisoformat(text.upper())
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _source(version: Version) -> Source | None:
    if not version.url:
        return None
    place = version.url.partition(":")[2]
    return Source(
        path=place,
        href=place if place.startswith(("http://", "https://")) else "",
        document=version.document,
        repository="",
        revision=version.revision,
    )
