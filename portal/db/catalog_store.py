"""The catalog's store: writes what an ingestion found, each batch in one transaction.

Implements `catalog.store.CatalogStore`. What a batch means is decided by `catalog.changes`; how
entities are read is in `portal.db.entities`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from catalog.changes import Plan, plan
from catalog.problems import Problem
from catalog.sources import Repository
from catalog.store import Applied, Batch, StoredRepository
from portal.db import bulk, values
from portal.db.declarations import stored, write_declarations
from portal.db.descriptor_files import delete_files, put_files, read_again, write_problems
from portal.db.engine import Database
from portal.db.repositories import (
    fail,
    finish_repository,
    list_seen,
    missing_repositories,
    put_repositories,
    stored_repository,
)
from portal.db.serving import write_entities
from portal.db.tables import refs, unassessed

SEQ = "catalog_seq"


def _new_uid() -> str:
    return str(uuid4())


@dataclass(frozen=True)
class Store:
    """The catalog in a database, as ingestion reads and writes it."""

    database: Database
    new_uid: Callable[[], str] = _new_uid
    """Makes the uid of an entity that was never there before."""

    def repository(self, url: str) -> StoredRepository:
        """What is stored of the repository with this URL."""
        with self.database.read() as connection:
            return stored_repository(connection, url)

    def apply(self, batch: Batch) -> Applied:
        """Write the batch in one transaction."""
        with self.database.write() as connection:
            known = put_repositories(connection, batch.location, [batch.repository])
            repository_id = known[batch.repository.url]
            in_batch = put_files(connection, repository_id, batch)
            changes, touched = Plan(), set[int]()
            if in_batch.ids:
                accepted = [
                    str(outcome.entity.ref)
                    for reading in batch.readings
                    for outcome in reading.outcomes
                    if outcome.entity is not None
                ]
                before = stored(connection, in_batch.ids, accepted)
                changes = plan(
                    in_batch.readings,
                    before.declarations,
                    gone=in_batch.gone,
                    most_removals=batch.most_removals,
                )
                declared = {claim.ref for claim, _ in changes.declared}
                ids = bulk.intern(connection, refs, "ref", declared, known=before.ids)
                # Runners-up are read before their declarations say that they serve.
                touched = write_entities(
                    connection, changes, ids, now=batch.now, new_uid=self.new_uid
                )
                write_declarations(connection, changes, before.declarations, ids)
                write_problems(connection, changes, in_batch)
                read_again(connection, changes.reread)
                delete_files(connection, in_batch.gone)
            finish_repository(connection, repository_id, batch)
            seq = _next_seq(connection)
            _mark(connection, touched, seq)
        return Applied(
            added=len(changes.added),
            changed=len(changes.changed),
            unchanged=changes.unchanged,
            removed=len(changes.removed),
            rejected=changes.rejected,
            conflicts=changes.conflicts,
            touched=tuple(sorted(touched)),
            seq=seq,
        )

    def note_failure(self, location: str, repository: Repository | None, problem: Problem) -> None:
        """Remember that a listing or a snapshot failed; nothing that is served changes."""
        with self.database.write() as connection:
            if fail(connection, location, repository, problem):
                _next_seq(connection)

    def note_listing(
        self, location: str, repositories: Sequence[Repository], *, complete: bool, now: datetime
    ) -> tuple[Repository, ...]:
        """Record a listing; a complete one also counts a miss for each known repository it lacks.

        Files of a repository that is missed count as missed too. Returns the repositories that
        have now been missing for two complete listings.
        """
        with self.database.write() as connection:
            if list_seen(connection, location, repositories, complete=complete, now=now):
                _next_seq(connection)
            return missing_repositories(connection, location) if complete else ()


def _next_seq(connection: Connection) -> int:
    """Count up the catalog's sequence number: every cache of answers goes by it."""
    seq = int(values.get(connection, SEQ) or 0) + 1
    values.put(connection, SEQ, str(seq))
    return seq


def _mark(connection: Connection, touched: Collection[int], seq: int) -> None:
    """Mark entities for collection and assessment, in the transaction that touched them."""
    if touched:
        bulk.drop(connection, unassessed.c.entity_id, touched)
        rows = [(entity_id, seq) for entity_id in sorted(touched)]
        bulk.add(connection, unassessed, ("entity_id", "seq"), rows)
