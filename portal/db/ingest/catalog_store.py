"""The catalog's store: writes what an ingestion found, each batch in one transaction.

Implements `catalog.ingest.store.CatalogStore`. What a batch means is decided by `catalog.ingest.changes`; how
entities are read is in `portal.db.catalog.entities`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection

from catalog.ingest.changes import Plan, plan
from catalog.ingest.store import Applied, Batch, StoredRepository
from catalog.kinds.registry import Kinds, builtin_kinds
from catalog.problems import Problem
from catalog.sources import Repository
from portal.db import bulk, values
from portal.db.changes.past import Moment, put_change
from portal.db.engine import Database
from portal.db.ingest import held, overrides, status
from portal.db.ingest.declarations import stored, write_declarations
from portal.db.ingest.serving import Written, write_entities
from portal.db.sources import links
from portal.db.sources.descriptor_files import (
    BatchFiles,
    delete_files,
    put_files,
    read_again,
    write_problems,
)
from portal.db.sources.repositories import (
    fail,
    finish_repository,
    list_seen,
    missing_repositories,
    note_head,
    put_repositories,
    stored_repository,
)
from portal.db.tables import refs, unassessed
from portal.db.work import marks

SEQ = "catalog_seq"

NOTHING = Written(added=frozenset(), changed=frozenset(), removed=frozenset(), touched=frozenset())


def new_uid() -> str:
    """A uid for a new entity: a random UUID, as Backstage gives."""
    return str(uuid4())


@dataclass(frozen=True)
class Store:
    """The catalog in a database."""

    database: Database
    new_uid: Callable[[], str] = new_uid
    kinds: Kinds | None = None
    """Every kind there is; None: the built-in ones."""
    keep_orphans: bool = False
    """Whether entities that no file declares any more stay (`catalog.orphanStrategy: keep`)."""

    @property
    def all_kinds(self) -> Kinds:
        """The kinds that entities may be of."""
        return self.kinds or builtin_kinds()

    def repository(self, url: str) -> StoredRepository:
        """What is stored of the repository with this URL."""
        with self.database.read() as connection:
            return stored_repository(connection, url)

    def apply(self, batch: Batch) -> Applied:
        """Write the batch in one transaction."""
        with self.database.write() as connection:
            return self.apply_in(connection, batch)

    def apply_in(self, connection: Connection, batch: Batch) -> Applied:
        """Write the batch in the caller's transaction."""
        seq = next_seq(connection)
        known = put_repositories(connection, batch.location, [batch.repository])
        repository_id = known[batch.repository.url]
        in_batch = put_files(connection, repository_id, batch)
        changes, written = self.write(connection, in_batch, batch, seq)
        linked = links.put_links(connection, repository_id, batch)
        finish_repository(connection, repository_id, batch)
        if batch.has_moved:
            marks.mark_repository(connection, repository_id)
        held_back = held.put_held(connection, repository_id, batch, changes.held)
        if batch.location is not None and batch.recovered:
            status.refresh_locations(connection, [batch.location])
        return Applied(
            added=len(changes.added),
            changed=len(changes.changed),
            unchanged=changes.unchanged,
            removed=len(changes.removed),
            rejected=changes.rejected,
            conflicts=changes.conflicts,
            touched=tuple(sorted(written.touched)),
            seq=seq,
            held=held_back,
            linked=linked,
        )

    def write(
        self, connection: Connection, in_batch: BatchFiles, batch: Batch, seq: int
    ) -> tuple[Plan, Written]:
        """Write what files of a batch mean for entities, declarations and problems."""
        if not in_batch.ids:
            return Plan(), NOTHING
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
            overrides=overrides.of(connection, before, keep_orphans=self.keep_orphans),
        )
        declared = {claim.ref for claim, _ in changes.declared}
        ids = bulk.intern(connection, refs, "ref", declared, known=before.ids)
        at = Moment(
            seq=seq,
            now=batch.now,
            source=batch.repository.url,
            revision=batch.commit,
            actor=batch.actor,
        )
        # Runners-up are read before their declarations say that they serve.
        written = write_entities(
            connection, changes, ids, at=at, new_uid=self.new_uid, kinds=self.all_kinds
        )
        record(connection, written, at)
        write_declarations(connection, changes, before.declarations, ids)
        news = write_problems(connection, changes, in_batch)
        read_again(connection, changes.reread)
        delete_files(connection, in_batch.gone)
        overrides.forget_approved(connection, written.removed)
        changed = {claim.ref for claim in (*changes.added, *changes.changed)}
        told = {ref for ref in news if ref is not None}
        status.refresh(connection, told, changed.union(changes.orphaned))
        if None in news and batch.location is not None:
            status.refresh_locations(connection, [batch.location])
        return changes, written

    def note_head(self, repository: Repository, head_read: str) -> None:
        """Remember that the state that is stored is also that of this head."""
        with self.database.write() as connection:
            note_head(connection, repository.url, head_read)

    def note_failure(self, location: str, repository: Repository | None, problem: Problem) -> None:
        """Remember that a listing or a snapshot failed; nothing that is served changes."""
        with self.database.write() as connection:
            if fail(connection, location, repository, problem):
                next_seq(connection)
                status.refresh_locations(connection, [location])

    def note_listing(
        self,
        location: str,
        repositories: Sequence[Repository],
        *,
        complete: bool,
        now: datetime,
        problem: Problem | None = None,
    ) -> tuple[Repository, ...]:
        """Record a listing; a complete one also counts a miss for each known repository it lacks.

        Files of a repository that is missed count as missed too. Returns the repositories that
        have now been missing for two complete listings.
        """
        with self.database.write() as connection:
            if list_seen(
                connection, location, repositories, complete=complete, now=now, problem=problem
            ):
                next_seq(connection)
                status.refresh_locations(connection, [location])
            return missing_repositories(connection, location) if complete else ()


def next_seq(connection: Connection) -> int:
    """Count up the catalog's sequence number: every cache of answers goes by it."""
    seq = int(values.get(connection, SEQ) or 0) + 1
    values.put(connection, SEQ, str(seq))
    return seq


def record(connection: Connection, written: Written, at: Moment) -> None:
    """Put what was written into the change feed, and mark what has to be looked at again."""
    put_change(
        connection, at, added=written.added, changed=written.changed, removed=written.removed
    )
    mark(connection, written.touched, at.seq)


def mark(connection: Connection, touched: Collection[int], seq: int) -> None:
    """Mark entities for collection and assessment, in the transaction that touched them."""
    if touched:
        bulk.drop(connection, unassessed.c.entity_id, touched)
        rows = [(entity_id, seq) for entity_id in sorted(touched)]
        bulk.add(connection, unassessed, ("entity_id", "seq"), rows)
