"""Ingestion: bring what the store holds of a location or repository in line with its source.

The use case reconciles by key: it may run at any time, twice, in any order. Work is proportional to
change: a repository at a known revision costs one snapshot, a file with a known token nothing. It
decides nothing itself; what to read is `catalog.ingest.readings`, what a document is
`catalog.descriptor.descriptors`, what goes is `catalog.ingest.removal`, what changes is
`catalog.ingest.changes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from catalog.ingest.readings import Origin, Pass, Reader, read_ahead
from catalog.ingest.removal import Decision, MissingFile, RemovalPolicy, decide
from catalog.ingest.store import (
    Applied,
    Batch,
    CatalogStore,
    FileReading,
    StoredFile,
    StoredRepository,
)
from catalog.problems import Problem
from catalog.sources import Failed, Repository, Snapshot, Source

NOT_THERE = ("NOT_FOUND", "FILE_NOT_FOUND")
"""Codes of what sources say where nothing is."""

BATCH_ENTITIES = 2500
"""Entities in one transaction: enough to make set-based SQL pay, little enough to stay brief."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingested:
    """What one ingestion of a repository came to."""

    repository: Repository
    revision: str = ""
    files: int = 0
    """Descriptor files that were read; 0 with `unchanged`."""
    unchanged: bool = False
    added: int = 0
    changed: int = 0
    removed: int = 0
    rejected: int = 0
    problem: Problem | None = None
    """Why the repository could not be read; everything that was served still is."""
    held: str = ""
    """Why removals were held back, where they were."""
    linked: tuple[str, ...] = ()
    """Ids of locations that Location entities newly name: to be read next."""
    head: str = ""
    """A head that what is stored is also of: to be noted."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ready:
    """A repository that is to be brought up to date, with the snapshot that was just taken of it."""

    origin: Origin
    repository: Repository
    snapshot: Snapshot | Failed
    source: Source


@dataclass(frozen=True, kw_only=True, slots=True)
class _Run:
    """Of a repository in which there is something to do."""

    origin: Origin
    reading: Pass
    stored: StoredRepository
    report: Ingested


def ingest_repositories(
    ready: Sequence[Ready],
    *,
    store: CatalogStore,
    reader: Reader,
    policy: RemovalPolicy,
    now: datetime,
) -> list[Ingested]:
    """Bring different repositories up to date, small ones in one transaction; in their order."""
    stored = store.repositories([one.repository.url for one in ready])
    begun = [_begin(one, stored[one.repository.url], store, reader) for one in ready]
    runs = [one for one in begun if isinstance(one, _Run)]
    if len(runs) > 1:
        read_ahead([run.reading for run in runs], reader)
    read = _written(runs, store, policy, now)
    done = [next(read) if isinstance(one, _Run) else one for one in begun]
    if heads := {one.repository.url: one.head for one in done if one.head}:
        store.note_heads(heads)
    return done


def _begin(
    one: Ready, stored: StoredRepository, store: CatalogStore, reader: Reader
) -> _Run | Ingested:
    """What there is to do; or what came of it, where nothing is."""
    origin, repository, snapshot = one.origin, one.repository, one.snapshot
    if isinstance(snapshot, Failed):
        if origin.optional and snapshot.problem.code in NOT_THERE:
            return Ingested(repository=repository, unchanged=True)
        store.note_failure(origin.id, repository, snapshot.problem)
        return Ingested(repository=repository, problem=snapshot.problem)
    reading = Pass(origin, snapshot, one.source, stored, reader)
    report = Ingested(repository=repository, revision=snapshot.revision)
    is_known = stored.revision == reading.revision and not stored.failed
    if is_known and reading.is_settled():
        head = reading.head if stored.head_read != reading.head else ""
        return replace(report, unchanged=True, head=head)
    return _Run(origin=origin, reading=reading, stored=stored, report=report)


def _written(
    runs: Iterable[_Run], store: CatalogStore, policy: RemovalPolicy, now: datetime
) -> Iterator[Ingested]:
    """Write what ends the runs, some of them in one transaction; what came of each."""
    group: list[tuple[Ingested, Batch]] = []
    size = 0
    for run in runs:
        report, last = _read(run, store, policy, now)
        group.append((report, last))
        size += _size(last.readings)
        if size >= BATCH_ENTITIES:
            yield from _apply(group, store)
            group, size = [], 0
    if group:
        yield from _apply(group, store)


def _apply(group: Sequence[tuple[Ingested, Batch]], store: CatalogStore) -> Iterator[Ingested]:
    applied = store.apply([batch for _, batch in group])
    for (report, batch), one in zip(group, applied, strict=True):
        yield _add(report, one, files=len(batch.readings))


def _read(
    run: _Run, store: CatalogStore, policy: RemovalPolicy, now: datetime
) -> tuple[Ingested, Batch]:
    """Read what changed in a repository; returns what is to be written yet, which ends the run.

    Of more than one transaction takes, the rest is written.
    """
    report, stored, reading = run.report, run.stored, run.reading
    empty = Batch(
        location=run.origin.id,
        repository=report.repository,
        origin=run.origin.ref,
        readings=(),
        commit=report.revision,
        now=now,
    )
    total = sum(file.entities for file in stored.files.values())
    held = 0
    rest: tuple[FileReading, ...] = ()
    for readings in _batches(reading.readings()):
        if rest:
            most = max(0, policy.limit(total) - report.removed)
            (applied,) = store.apply([replace(empty, readings=rest, most_removals=most)])
            held += applied.held
            report = _add(report, applied, files=len(rest))
        rest = readings
    # The last readings, of most repositories all, go with what ends the run: one transaction.
    decision = _judge_missing(stored, reading, policy, now)
    last = replace(
        _ending(empty, stored, reading, decision),
        readings=rest,
        most_removals=max(0, policy.limit(total) - report.removed),
        holds_nothing=not held and bool(stored.files),
    )
    return replace(report, held=decision.held), last


def _ending(empty: Batch, stored: StoredRepository, reading: Pass, decision: Decision) -> Batch:
    """What a pass that came to its end says of the repository as a whole."""
    # Most repositories hold no Location, and never did.
    leads = reading.parents or reading.elsewhere or any(f.targets for f in stored.files.values())
    return replace(
        empty,
        missing=decision.waiting,
        found_again=tuple(
            path for path, file in stored.files.items() if file.missed and path in reading.present
        ),
        removed=decision.removed,
        held=decision.due if decision.held else (),
        recovered=stored.failed,
        parents={path: tuple(refs) for path, refs in reading.parents.items()} if leads else None,
        elsewhere={path: tuple(f) for path, f in reading.elsewhere.items()} if leads else None,
        revision=reading.revision,
        has_moved=reading.has_moved,
        head_read=reading.head,
    )


def remove_missing(
    *,
    location: str,
    repository: Repository,
    store: CatalogStore,
    total: int,
    policy: RemovalPolicy,
    now: datetime,
) -> Ingested:
    """Let a repository go that complete listings lack, once the policy allows it.

    `total` are the entities of the whole location. Its files were counted as missing when the
    location was listed.
    """
    stored = store.repositories([repository.url])[repository.url]
    decision = decide(
        [_missing(path, file, file.missed) for path, file in stored.files.items()],
        total=total,
        policy=policy,
        now=now,
    )
    batch = Batch(
        location=location,
        repository=repository,
        origin="",
        readings=(),
        removed=decision.removed,
        held=decision.due if decision.held else (),
        now=now,
    )
    report = Ingested(repository=repository, revision=stored.revision, held=decision.held)
    return _add(report, *store.apply([batch])) if batch.removed or batch.held else report


def _judge_missing(
    stored: StoredRepository, reading: Pass, policy: RemovalPolicy, now: datetime
) -> Decision:
    """What becomes of the files that are no longer there, the listing at hand counted."""
    missing = [
        _missing(path, file, file.missed + 1)
        for path, file in stored.files.items()
        if path not in reading.present
    ]
    total = sum(file.entities for file in stored.files.values())
    return decide(missing, total=total, policy=policy, now=now)


def _missing(path: str, file: StoredFile, missed: int) -> MissingFile:
    return MissingFile(
        path=path,
        entities=file.entities - file.approved,
        missing_since=file.missing_since,
        missed=missed,
    )


def _batches(readings: Iterable[FileReading]) -> Iterator[tuple[FileReading, ...]]:
    """Groups of about `BATCH_ENTITIES` documents; a file is never split."""
    group: list[FileReading] = []
    size = 0
    for reading in readings:
        group.append(reading)
        size += _size([reading])
        if size >= BATCH_ENTITIES:
            yield tuple(group)
            group, size = [], 0
    if group:
        yield tuple(group)


def _size(readings: Iterable[FileReading]) -> int:
    return sum(max(1, len(reading.outcomes)) for reading in readings)


def _add(report: Ingested, applied: Applied, *, files: int = 0) -> Ingested:
    return replace(
        report,
        files=report.files + files,
        added=report.added + applied.added,
        changed=report.changed + applied.changed,
        removed=report.removed + applied.removed,
        rejected=report.rejected + applied.rejected,
        linked=(*report.linked, *applied.linked),
    )
