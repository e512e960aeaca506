"""Walks: snapshots of large repositories, kept for a moment.

Entities are looked at a thousand at a time, and a repository may hold a hundred thousand. To walk through
its files takes seconds then, for each thousand anew. What is looked at is of one revision in any case: files
that change meanwhile are noticed by the next reading, which marks their entities again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from time import monotonic

from catalog.ingest.readings import is_of
from catalog.sources import Failed, Repository, Snapshot, Source
from catalog.tree_files import TreeFiles

LONG = 0.2
"""Seconds that a walk takes at least for its snapshot to be kept."""

KEPT = 20
"""Times as long as it took is a snapshot kept, `LONGEST` at most."""

LONGEST = 60.0
"""Seconds."""

MOST = 2
"""Snapshots that are kept: one of 100,000 files takes 10 MB."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Walk:
    snapshot: Snapshot
    until: float


@dataclass(kw_only=True)
class Walks:
    """The latest long ones. Threads may share it."""

    clock: Callable[[], float] = monotonic
    _kept: dict[str, _Walk] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def snapshot(self, source: Source, repository: Repository, revision: str) -> Snapshot | None:
        """A repository as it is now, or was a moment ago if that is the revision at which its descriptors
        were read. Small to send; None: it cannot be read.
        """
        with self._guard:
            walk = self._kept.get(repository.url)
        began = self.clock()
        if walk is not None and began < walk.until and is_of(revision, walk.snapshot.revision):
            return walk.snapshot
        found = source.snapshot(repository)
        if isinstance(found, Failed):
            return None
        # Each task for a child says it anew, and of a large repository there are hundreds.
        snapshot = replace(found, files=TreeFiles(found.files))
        now = self.clock()
        if now - began >= LONG:
            self._keep(_Walk(snapshot=snapshot, until=now + min(KEPT * (now - began), LONGEST)))
        return snapshot

    def _keep(self, walk: _Walk) -> None:
        with self._guard:
            self._kept.pop(walk.snapshot.repository.url, None)
            self._kept[walk.snapshot.repository.url] = walk
            while len(self._kept) > MOST:
                del self._kept[next(iter(self._kept))]
