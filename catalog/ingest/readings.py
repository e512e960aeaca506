"""Readings: one pass over a snapshot, which finds its descriptors and reads those that changed.

A file with a known token, whose placeholders take in what they took in before, is not read again;
what its Location entities name is followed all the same. The reading itself is handed over: in a
portal it happens in other processes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from catalog.descriptor.defined_kinds import KindFile
from catalog.descriptor.placeholders import Base
from catalog.descriptor.rules import AllowRule
from catalog.entity import NamedTarget
from catalog.ingest.companions import LARGEST_FILE, Companions, Fetch
from catalog.ingest.discovery import Elsewhere, Resolved, descriptor_paths, resolve_targets
from catalog.ingest.led_to import DEEPEST_CHAIN, digest, mark_of, told_of, too_deep
from catalog.ingest.store import Companion, FileReading, StoredFile, StoredRepository
from catalog.problems import Problem
from catalog.sources import Blob, Snapshot, Source

READER = "3"
"""Raised whenever the same file may be read otherwise than before: all files are read again."""

FEW = 20
SMALL = 64 * 1024
"""First files of a repository, and their bytes, that are read together with those of others."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ToRead:
    """A descriptor file on its way to the reader."""

    base: Base
    content: bytes
    url: str
    """Location ref of the file."""
    origin: str
    """Location ref of the registered location."""
    annotations: Mapping[str, str]
    """To add where the file does not set them itself: view-url, edit-url, source-location."""
    rules: tuple[AllowRule, ...] | None
    """Kinds that are allowed; None: every built-in one."""
    kinds: tuple[KindFile, ...]
    """Definitions of the kinds that users added."""
    companions: Mapping[str, bytes | Problem]
    """What its placeholders may take in, by `companion_key`; or why it cannot be read."""
    codeowners: tuple[str, ...] = ()
    """See `Companions`: the last path is among the companions, if there are rules."""

    @property
    def path(self) -> str:
        """In its repository."""
        return self.base.path


class ReadFiles(Protocol):
    """Reads descriptors, in other processes where there are any; answers in the order given."""

    def __call__(self, files: Iterable[ToRead], /) -> Iterator[FileReading]:
        """One reading for each file, without tokens: the caller knows them."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Origin:
    """The registered location that led here."""

    id: str
    """Of the location that led to the repository: the registered one, or one that it leads to."""
    ref: str
    """`file:...` or `url:...`, as registered."""
    rules: tuple[AllowRule, ...] | None = None
    """Kinds that its descriptors may hold; None: every built-in one."""
    depth: int = 0
    """Locations on the way from the registered one."""
    optional: bool = False
    """Whether it is no fault when nothing is there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reader:
    """How descriptors are read."""

    read: ReadFiles
    describe: Callable[[Snapshot, str], tuple[str, Mapping[str, str]]]
    """Location ref and annotations of a path."""
    fetch: Fetch
    kinds: tuple[KindFile, ...] = ()
    """Definitions of the kinds that users added."""
    same_repository: bool = True
    """See `Base`."""
    codeowners: bool = False
    """Whether owners are inferred that descriptors do not name."""


class Pass:
    """One pass over a snapshot: which files are present, and readings of those that changed."""

    def __init__(
        self,
        origin: Origin,
        snapshot: Snapshot,
        source: Source,
        stored: StoredRepository,
        reader: Reader,
    ) -> None:
        self.present: set[str] = set()
        self.parents: dict[str, dict[str, None]] = {}
        self.elsewhere: dict[str, list[Elsewhere]] = {}
        self._origin, self._snapshot, self._source = origin, snapshot, source
        self._stored, self._reader = stored, reader
        self._tokens = {file.path: file.token for file in snapshot.files}
        self._edition = edition(origin, reader, snapshot.shown)
        self._companions = Companions(snapshot, source, reader.fetch, infers=reader.codeowners)
        self._ahead: dict[str, FileReading] = {}
        self._unreadable: list[FileReading] = []
        # Which files are named may change, and the revision not.
        named = f"+{digest(snapshot.named)}" if snapshot.only_named else ""
        self.revision = f"{self._edition}{named}/{snapshot.revision}"
        self.has_moved = not is_of(stored.revision, snapshot.revision)
        """Whether the repository is at another revision than the last time."""
        self.head = f"{edition(origin, reader)}/{snapshot.head}" if snapshot.head else ""
        """See `Batch.head_read`."""

    def is_settled(self) -> bool:
        """Whether a known revision says it all.

        It does not where files are missing, are to be read again, or take in what lies outside.
        """
        return not any(
            file.missed
            or not file.token
            or any("://" in companion.key for companion in file.companions)
            for file in self._stored.files.values()
        )

    def first(self) -> Iterator[ToRead]:
        """The files to begin with, if they are few and small: see `read_ahead`."""
        changed = [path for path in self._named() if not self._known(path)]
        size = sum(file.size for file in self._snapshot.files if file.path in changed)
        return self._contents(changed) if len(changed) <= FEW and size <= SMALL else iter(())

    def take(self, reading: FileReading) -> None:
        """Take in what was read of one of the first files."""
        self._ahead[reading.path] = self._done(reading)

    def readings(self) -> Iterator[FileReading]:
        """Readings of every file that is new or changed, the targets of Locations included."""
        paths = self._named()
        for depth in range(DEEPEST_CHAIN + 1):
            fresh = [path for path in paths if path not in self.present]
            self.present.update(fresh)
            changed = [path for path in fresh if not self._known(path)]
            found: set[str] = set()
            for reading in self._read_changed(changed):
                # Most files lead nowhere.
                yield self._followed(reading, depth, found) if reading.targets else reading
            for path in set(fresh).difference(changed):
                found.update(self._resolve(path, self._stored.files[path].targets).paths)
            paths = sorted(found - self.present)
            if not paths:
                return

    def _followed(self, reading: FileReading, depth: int, found: set[str]) -> FileReading:
        """The reading of a file that leads on, with what is wrong with that; adds where to `found`."""
        more = self._resolve(reading.path, reading.targets)
        found.update(more.paths)
        told = told_of(reading, more.problems)
        is_deep = more.paths and depth == DEEPEST_CHAIN
        if is_deep or (more.elsewhere and self._origin.depth >= DEEPEST_CHAIN):
            told = replace(told, problems=(*told.problems, too_deep(reading.path)))
        return replace(told, token=reading.token + mark_of(more.problems))

    def _named(self) -> list[str]:
        """The descriptors that are there, but for what they lead to."""
        snapshot = self._snapshot
        found = () if snapshot.only_named else descriptor_paths(self._tokens)
        return sorted(snapshot.named or found)

    def _token(self, path: str) -> str:
        return f"{self._edition}/{self._tokens.get(path, '')}"

    def _known(self, path: str) -> bool:
        file: StoredFile | None = self._stored.files.get(path)
        return (
            file is not None
            # What was missing may be there by now, and the other way round.
            and file.token == self._token(path) + mark_of(self._led_to(path, file.targets).problems)
            # What cannot be read for now is no reason to give up what it was.
            and all(self._companions.token(c.key) in (c.token, None) for c in file.companions)
        )

    def _led_to(self, path: str, targets: Sequence[NamedTarget]) -> Resolved:
        """What the targets of a file lead to."""
        if not targets:
            return Resolved()
        return resolve_targets(
            targets,
            base=path,
            paths=self._tokens,
            repository_url=self._snapshot.repository.url,
            direct=self._snapshot.direct,
        )

    def _resolve(self, path: str, targets: Sequence[NamedTarget]) -> Resolved:
        """As `_led_to`, and note it: these targets are what the file names."""
        found = self._led_to(path, targets)
        for named, refs in found.paths.items():
            self.parents.setdefault(named, {}).update(refs)
        if found.elsewhere and self._origin.depth < DEEPEST_CHAIN:
            self.elsewhere[path] = found.elsewhere
        return found

    def _read_changed(self, paths: Sequence[str]) -> Iterator[FileReading]:
        if self._ahead or self._unreadable:  # all of the first ones were read before
            yield from self._ahead.values()
            self._ahead = {}
        else:
            yield from map(self._done, self._reader.read(self._contents(paths)))
        yield from self._unreadable
        self._unreadable = []

    def _done(self, reading: FileReading) -> FileReading:
        companions = tuple(
            Companion(c.key, self._companions.token(c.key) or "") for c in reading.companions
        )
        return replace(reading, token=self._token(reading.path), companions=companions)

    def _contents(self, paths: Sequence[str]) -> Iterator[ToRead]:
        for blob in self._source.read(self._snapshot, paths, max_bytes=LARGEST_FILE):
            url, annotations = self._reader.describe(self._snapshot, blob.path)
            if not isinstance(blob, Blob):
                # What may be readable the next time is tried again; what is too large is not.
                is_final = blob.problem.code == "FILE_TOO_LARGE"
                self._unreadable.append(
                    FileReading(
                        path=blob.path,
                        token=self._token(blob.path) if is_final else "",
                        url=url,
                        outcomes=(),
                        problems=(replace(blob.problem, file=blob.path),),
                    )
                )
                continue
            base = Base(
                path=blob.path,
                direct=self._snapshot.direct,
                shown=url.removeprefix("url:") if url.startswith("url:") else "",
                same_repository=self._reader.same_repository,
            )
            yield ToRead(
                base=base,
                content=blob.content,
                url=url,
                origin=self._origin.ref,
                annotations=annotations,
                rules=self._origin.rules,
                kinds=self._reader.kinds,
                companions=self._companions.of(blob.content, base),
                codeowners=self._companions.codeowners,
            )


def read_ahead(passes: Sequence[Pass], reader: Reader) -> None:
    """Read the first files of all these passes together: one by one, each would wait for its own."""
    waiting: deque[Pass] = deque()

    def files() -> Iterator[ToRead]:
        for one in passes:
            for file in one.first():
                waiting.append(one)
                yield file

    for reading in reader.read(files()):
        waiting.popleft().take(reading)


def edition(origin: Origin, reader: Reader, shown: str = "") -> str:
    """Changes whenever the same file may be read otherwise: with the rules on kinds, for one.

    `shown` is where the files of a snapshot are shown.
    """
    rules, kinds = repr(origin.rules), repr(reader.kinds)
    parts = [READER, kinds, origin.ref, rules, str(reader.same_repository)]
    parts += ["codeowners"] if reader.codeowners else []
    parts += [shown] if shown else []
    return digest(parts)


def is_of(revision: str, snapshot: str) -> bool:
    """Whether a `Pass.revision` that is stored was that of a snapshot of this revision."""
    _, _, read = revision.partition("/")
    return read == snapshot
