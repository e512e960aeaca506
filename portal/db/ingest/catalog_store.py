"""The catalog's store: writes what an ingestion found, each batch in one transaction.

Implements `catalog.ingest.store.CatalogStore`. What a batch means is decided by `catalog.ingest.changes`; how
entities are read is in `portal.db.catalog.entities`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import uuid4

from sqlalchemy import Connection, Executable, bindparam, literal, true
from sqlalchemy.dialects.postgresql import insert as upsert_postgresql
from sqlalchemy.dialects.sqlite import insert as upsert_sqlite

from catalog.ingest.changes import Limit, Plan, plan
from catalog.ingest.store import Applied, Batch, Listed, StoredRepository
from catalog.kinds.registry import Kinds, builtin_kinds
from catalog.problems import Problem
from catalog.sources import Repository
from portal.db import bulk, values
from portal.db.changes.past import Moment, Moments, put_changes
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
from portal.db.sources.listings import list_seen
from portal.db.sources.repositories import (
    fail,
    finish_repositories,
    note_heads,
    put_repositories,
    stored_repositories,
)
from portal.db.tables import refs, unassessed
from portal.db.work import marks

SEQ = "catalog_seq"


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

    def repositories(self, urls: Sequence[str]) -> Mapping[str, StoredRepository]:
        """What is stored of the repositories with these URLs, by URL."""
        with self.database.read() as connection:
            return stored_repositories(connection, urls)

    def apply(self, batches: Sequence[Batch]) -> tuple[Applied, ...]:
        """Write batches of different repositories in one transaction; what each of them changed."""
        with self.database.write() as connection:
            return self.apply_in(connection, batches)

    def apply_in(self, connection: Connection, batches: Sequence[Batch]) -> tuple[Applied, ...]:
        """Write the batches in the caller's transaction."""
        seq = next_seq(connection, len(batches))
        known = put_repositories(connection, [(one.location, one.repository) for one in batches])
        by_id = {known[one.repository.url]: one for one in batches}
        assert len(by_id) == len(batches), "each batch is of a repository of its own"
        in_batch = put_files(connection, by_id)
        changes, touched = self.write(connection, in_batch, batches, seq)
        linked = {id_: links.put_links(connection, id_, one) for id_, one in by_id.items()}
        finish_repositories(connection, by_id)
        moved = [id_ for id_, one in by_id.items() if one.has_moved]
        if moved:
            marks.mark_repositories(connection, moved, seq=seq + len(batches) - 1)
        lost = _held(in_batch, changes)
        back = {
            id_: held.put_held(connection, id_, one, lost[number])
            for number, (id_, one) in enumerate(by_id.items())
        }
        held.settled(connection, [one for id_, one in by_id.items() if not back[id_]])
        read = [one.location for one in batches if one.location is not None and one.recovered]
        if read:
            status.refresh_locations(connection, read)
        counts = _counts(in_batch, changes)
        return tuple(
            Applied(
                **{name: counted[number] for name, counted in counts.items()},
                touched=touched,
                seq=seq + number,
                held=back[id_],
                linked=linked[id_],
            )
            for number, id_ in enumerate(by_id)
        )

    def write(
        self, connection: Connection, in_batch: BatchFiles, batches: Sequence[Batch], seq: int
    ) -> tuple[Plan, tuple[int, ...]]:
        """Write what files of batches mean for entities, declarations and problems.

        `seq` is the number of the first one. Returns also the ids of entities to look at again.
        """
        if not in_batch.ids:
            return Plan(), ()
        accepted = [
            str(outcome.entity.ref)
            for reading in in_batch.readings.values()
            for outcome in reading.outcomes
            if outcome.entity is not None
        ]
        before = stored(connection, in_batch.ids, accepted)
        changes = plan(
            in_batch.readings,
            before.declarations,
            gone=in_batch.gone,
            limits=_limits(in_batch, batches),
            overrides=overrides.of(connection, before, keep_orphans=self.keep_orphans),
        )
        declared = {claim.ref for claim, _ in changes.declared}
        ids = bulk.intern(connection, refs, "ref", declared, known=before.ids)
        moments = [_moment(one, number) for number, one in enumerate(batches, start=seq)]
        # Runners-up are read before their declarations say that they serve.
        written, at = write_entities(
            connection,
            changes,
            ids,
            at=moments[-1],
            of={file: moments[number] for file, number in in_batch.batches.items()},
            new_uid=self.new_uid,
            kinds=self.all_kinds,
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
        places = {one.location for one in batches if one.location is not None}
        if None in news and places:
            status.refresh_locations(connection, places)
        return changes, tuple(sorted(written.touched))

    def note_heads(self, heads: Mapping[str, str]) -> None:
        """Remember, by URL of repositories, that the state that is stored is also that of this head."""
        with self.database.write() as connection:
            note_heads(connection, heads)

    def note_failure(self, location: str, repository: Repository | None, problem: Problem) -> None:
        """Remember that a listing or a snapshot failed; nothing that is served changes."""
        with self.database.write() as connection:
            if fail(connection, location, repository, problem):
                next_seq(connection)
                status.refresh_locations(connection, [location])

    def note_listings(self, listings: Sequence[Listed], *, now: datetime) -> None:
        """Record listings; a complete one also counts a miss for each known repository it lacks.

        Files of a repository that is missed count as missed too.
        """
        with self.database.write() as connection:
            if news := list_seen(connection, listings, now=now):
                next_seq(connection)
                status.refresh_locations(connection, news)


def _moment(batch: Batch, seq: int) -> Moment:
    return Moment(
        seq=seq,
        now=batch.now,
        source=batch.repository.url,
        revision=batch.commit,
        actor=batch.actor,
    )


def _limits(in_batch: BatchFiles, batches: Sequence[Batch]) -> list[Limit]:
    """How much each batch may take away."""
    read: dict[int, list[int]] = defaultdict(list)
    for file in in_batch.readings:
        read[in_batch.batches[file]].append(file)
    return [
        Limit(frozenset(read[number]), batch.most_removals)
        for number, batch in enumerate(batches)
        if batch.most_removals is not None
    ]


def _held(in_batch: BatchFiles, changes: Plan) -> Mapping[int, list[str]]:
    """By batch, what is not to go without approval."""
    found: dict[int, list[str]] = defaultdict(list)
    for file, lost in changes.held.items():
        found[in_batch.batches[file]] += lost
    return found


def _counts(in_batch: BatchFiles, changes: Plan) -> Mapping[str, Counter[int]]:
    """What the plan says of the files of each batch, in numbers, by the fields of `Applied`."""
    by_file = {
        "added": Counter(claim.file for claim in changes.added),
        "changed": Counter(claim.file for claim in changes.changed),
        "removed": Counter(removal.file for removal in changes.removed),
        "unchanged": changes.unchanged,
        "rejected": changes.rejected,
        "conflicts": changes.conflicts,
    }
    found = {name: Counter[int]() for name in by_file}
    for name, counted in by_file.items():
        for file, n in counted.items():
            # A file of another repository may take over, or yield.
            found[name][in_batch.batches.get(file, 0)] += n
    return found


def next_seq(connection: Connection, batches: int = 1) -> int:
    """Count up the catalog's sequence number: every cache of answers goes by it.

    Returns the number of the first of so many batches.
    """
    seq = int(values.get(connection, SEQ) or 0) + 1
    values.put(connection, SEQ, str(seq + batches - 1))
    return seq


def record(connection: Connection, written: Written, at: Moments) -> None:
    """Put what was written into the change feed, and mark what has to be looked at again."""
    put_changes(
        connection, at, added=written.added, changed=written.changed, removed=written.removed
    )
    mark(connection, written.touched, at.last.seq)


def mark(connection: Connection, touched: Collection[int], seq: int) -> None:
    """Mark entities for collection and assessment, in the transaction that touched them."""
    if touched:
        given = bulk.listed(connection, sorted(touched))
        connection.execute(_mark(connection.dialect.name), {**given, "number": seq})


@cache
def _mark(dialect: str) -> Executable:
    """Marks of these entities; one that is there already becomes that of this batch, of all there is.

    Who refers to many is marked by each batch: written anew, a row would be compared with its entity.
    """
    insert = upsert_sqlite if dialect == "sqlite" else upsert_postgresql
    these = bulk.every(dialect, unassessed.c.entity_id, bindparam("values"))
    number = bindparam("number", type_=unassessed.c.seq.type)
    new = insert(unassessed).from_select(
        ["entity_id", "seq", "scope"],
        # SQLite takes ON for that of a join where no condition ends the query.
        these.add_columns(number, literal(marks.LOOK)).where(true()),
    )
    return new.on_conflict_do_update(
        index_elements=[unassessed.c.entity_id],
        set_={"seq": new.excluded.seq, "scope": new.excluded.scope},
    )
