"""Ingestion: bring what the store holds of a location or repository in line with its source.

The use case reconciles by key: it may run at any time, twice, in any order. Work is proportional
to change: a repository at a known revision costs one snapshot, a file with a known token nothing.
It decides nothing itself; what to read is `catalog.discovery`, what a document is
`catalog.descriptors`, what goes is `catalog.removal`, what changes is `catalog.changes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from catalog.discovery import descriptor_paths, resolve_targets
from catalog.placeholders import companion_paths
from catalog.problems import Problem, quote
from catalog.removal import MissingFile, RemovalPolicy, decide
from catalog.rules import AllowRule
from catalog.sources import Blob, Failed, Repository, Snapshot, Source
from catalog.store import Applied, Batch, CatalogStore, FileReading, StoredFile, StoredRepository

READER = "1"
"""Raised whenever the same file may be read otherwise than before: all files are read again."""

LARGEST_FILE = 10 * 1024 * 1024
"""Bytes. Organization files with 10,000 documents exist (design 2a.7)."""

BATCH_ENTITIES = 2500
"""Entities in one transaction: enough to make set-based SQL pay, little enough to stay brief."""

DEEPEST_CHAIN = 5
"""How many Location documents may lead from one to the next (hostile-input row Y30)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToRead:
    """A descriptor file on its way to the reader."""

    path: str
    content: bytes
    url: str
    """Location ref of the file."""
    origin: str
    """Location ref of the registered location."""
    annotations: Mapping[str, str]
    """To add where the file does not set them itself: view-url, edit-url, source-location."""
    rules: tuple[AllowRule, ...] | None
    """Kinds that are allowed; None: every built-in one."""
    companions: Mapping[str, bytes]
    """Content of the files that its placeholders may take in, by path in the repository."""


class ReadFiles(Protocol):
    """Reads descriptors, in other processes where there are any; answers in the order given."""

    def __call__(self, files: Iterable[ToRead], /) -> Iterator[FileReading]:
        """One reading for each file, with an empty token: the caller knows it."""
        ...


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The registered location that led here."""

    id: str
    ref: str
    """`file:...` or `url:...`, as registered."""
    rules: tuple[AllowRule, ...] | None = None
    """Kinds that its descriptors may hold; None: every built-in one."""


def ingest_repository(
    *,
    origin: Origin,
    repository: Repository,
    source: Source,
    store: CatalogStore,
    read: ReadFiles,
    describe: Callable[[Snapshot, str], tuple[str, Mapping[str, str]]],
    policy: RemovalPolicy,
    now: datetime,
) -> Ingested:
    """Bring one repository up to date; `describe` gives location ref and annotations of a path."""
    snapshot = source.snapshot(repository)
    if isinstance(snapshot, Failed):
        store.note_failure(origin.id, repository, snapshot.problem)
        return Ingested(repository=repository, problem=snapshot.problem)
    stored = store.repository(repository.url)
    revision = f"{READER}/{snapshot.revision}"
    if stored.revision == revision and not any(f.missed for f in stored.files.values()):
        return Ingested(repository=repository, revision=snapshot.revision, unchanged=True)
    run = _Run(origin, snapshot, source, stored, read, describe)
    report = Ingested(repository=repository, revision=snapshot.revision)
    total = sum(file.entities for file in stored.files.values())
    for readings in _batches(run.readings()):
        batch = Batch(
            location=origin.id,
            repository=repository,
            origin=origin.ref,
            readings=readings,
            most_removals=max(0, policy.limit(total) - report.removed),
            now=now,
        )
        report = _add(report, store.apply(batch), files=len(readings))
    decision = decide(
        [
            MissingFile(
                path=path,
                entities=file.entities,
                missing_since=file.missing_since,
                missed=file.missed + 1,
            )
            for path, file in stored.files.items()
            if path not in run.present
        ],
        total=total,
        policy=policy,
        now=now,
    )
    last = Batch(
        location=origin.id,
        repository=repository,
        origin=origin.ref,
        readings=(),
        missing=decision.waiting,
        found_again=tuple(p for p in run.present if p in stored.files and stored.files[p].missed),
        removed=decision.removed,
        revision=revision,
        now=now,
    )
    return replace(_add(report, store.apply(last)), held=decision.held)


class _Run:
    """One pass over a snapshot: which files are present, and readings of those that changed."""

    def __init__(
        self,
        origin: Origin,
        snapshot: Snapshot,
        source: Source,
        stored: StoredRepository,
        read: ReadFiles,
        describe: Callable[[Snapshot, str], tuple[str, Mapping[str, str]]],
    ) -> None:
        self.present: set[str] = set()
        self._origin, self._snapshot, self._source = origin, snapshot, source
        self._stored, self._read, self._describe = stored, read, describe
        self._tokens = {file.path: file.token for file in snapshot.files}

    def readings(self) -> Iterator[FileReading]:
        """Readings of every file that is new or changed, the targets of Locations included."""
        paths = sorted(self._snapshot.named or descriptor_paths(self._tokens))
        for depth in range(DEEPEST_CHAIN + 1):
            targets: dict[str, tuple[str, ...]] = {}
            fresh = [path for path in paths if path not in self.present]
            self.present.update(fresh)
            changed = [path for path in fresh if not self._known(path)]
            targets.update((p, self._stored.files[p].targets) for p in fresh if self._known(p))
            found: set[str] = set()
            for reading in self._read_changed(changed):
                more, faults = self._resolve(reading.path, reading.targets)
                problems = [_placed(fault, reading) for fault in faults]
                if more and depth == DEEPEST_CHAIN:
                    problems.append(_too_deep(reading.path))
                found.update(more)
                yield replace(reading, problems=(*reading.problems, *problems))
            for path, named in targets.items():
                found.update(self._resolve(path, named)[0])
            paths = sorted(found - self.present)
            if not paths:
                return

    def _token(self, path: str, companions: Sequence[str]) -> str:
        """Changes with the file, with what its placeholders take in, and with the reader."""
        parts = [READER, self._tokens.get(path, "")]
        return "/".join([*parts, *(self._tokens.get(c, "absent") for c in companions)])

    def _known(self, path: str) -> bool:
        file: StoredFile | None = self._stored.files.get(path)
        return file is not None and file.token == self._token(path, file.companions)

    def _resolve(self, path: str, targets: Sequence[str]) -> tuple[list[str], list[Problem]]:
        if not targets:
            return [], []
        return resolve_targets(
            targets,
            base=path,
            paths=self._tokens,
            repository_url=self._snapshot.repository.url,
        )

    def _read_changed(self, paths: Sequence[str]) -> Iterator[FileReading]:
        unreadable: list[FileReading] = []
        for reading in self._read(self._contents(paths, unreadable)):
            yield replace(reading, token=self._token(reading.path, reading.companions))
        yield from unreadable

    def _contents(self, paths: Sequence[str], unreadable: list[FileReading]) -> Iterator[ToRead]:
        for blob in self._source.read(self._snapshot, paths, max_bytes=LARGEST_FILE):
            url, annotations = self._describe(self._snapshot, blob.path)
            if not isinstance(blob, Blob):
                unreadable.append(
                    FileReading(
                        path=blob.path,
                        token=self._token(blob.path, ()),
                        url=url,
                        outcomes=(),
                        problems=(replace(blob.problem, file=blob.path),),
                    )
                )
                continue
            yield ToRead(
                path=blob.path,
                content=blob.content,
                url=url,
                origin=self._origin.ref,
                annotations=annotations,
                rules=self._origin.rules,
                companions=self._companions(blob),
            )

    def _companions(self, blob: Blob) -> Mapping[str, bytes]:
        wanted = [p for p in companion_paths(blob.content, base=blob.path) if p in self._tokens]
        if not wanted:
            return {}
        read = self._source.read(self._snapshot, wanted, max_bytes=LARGEST_FILE)
        return {found.path: found.content for found in read if isinstance(found, Blob)}


def _batches(readings: Iterable[FileReading]) -> Iterator[tuple[FileReading, ...]]:
    """Groups of about `BATCH_ENTITIES` documents; a file is never split."""
    group: list[FileReading] = []
    size = 0
    for reading in readings:
        group.append(reading)
        size += max(1, len(reading.outcomes))
        if size >= BATCH_ENTITIES:
            yield tuple(group)
            group, size = [], 0
    if group:
        yield tuple(group)


def _add(report: Ingested, applied: Applied, *, files: int = 0) -> Ingested:
    return replace(
        report,
        files=report.files + files,
        added=report.added + applied.added,
        changed=report.changed + applied.changed,
        removed=report.removed + applied.removed,
        rejected=report.rejected + applied.rejected,
    )


def _placed(problem: Problem, reading: FileReading) -> Problem:
    """A problem of a target, where the file names that target."""
    for outcome in reading.outcomes:
        for target in outcome.entity.targets if outcome.entity else ():
            if quote(target.text) == problem.found:
                return replace(
                    problem, document=target.document, line=target.line, column=target.column
                )
    return problem


def _too_deep(path: str) -> Problem:
    return Problem(
        code="LOCATION_TOO_DEEP",
        message=f"Locations lead from one to the next more than {DEEPEST_CHAIN} times.",
        hint="Let the first Location name the files directly.",
        file=path,
    )
