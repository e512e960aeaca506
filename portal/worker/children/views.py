"""Views: repositories at one revision, read through the source that reads their URL."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.sources import Blob, Snapshot, Source, Unreadable
from plugins.contract import Plugin

LARGEST_SOURCE_FILE = 1024 * 1024
"""Bytes of a repository file that a collector may read."""

KEPT_BYTES = 8 * 1024 * 1024
"""Bytes of a repository's files that are kept while its entities are looked at."""


def source_for(plugins: Sequence[Plugin], target: str, *, checked: bool = False) -> Source | None:
    """The first source that reads `target`; with `checked`, of those that strangers may use."""
    sources = (source for plugin in plugins for source in plugin.sources)
    return next((s for s in sources if (s.checked or not checked) and s.accepts(target)), None)


def view_of(plugins: Sequence[Plugin], snapshot: Snapshot | None) -> View | None:
    """What collectors read; None where there is nothing to read, or nobody reads it."""
    if snapshot is None:
        return None
    source = source_for(plugins, snapshot.repository.url)
    return None if source is None else View(source, snapshot)


class View:
    """A repository at one revision, read through its source: small files once, whoever asks."""

    def __init__(self, source: Source, snapshot: Snapshot) -> None:
        self._source = source
        self.snapshot = snapshot
        self._kept: dict[str, Blob | Unreadable] = {}
        self._room = KEPT_BYTES

    def read(self, path: str) -> Blob | Unreadable:
        """One file of the snapshot, at most 1 MiB."""
        return self.read_all([path])[0]

    def read_all(self, paths: Sequence[str]) -> list[Blob | Unreadable]:
        """These files, at most 1 MiB each, in order."""
        new = [path for path in dict.fromkeys(paths) if path not in self._kept]
        asked = self._source.read(self.snapshot, new, max_bytes=LARGEST_SOURCE_FILE) if new else ()
        fresh = {one.path: one for one in asked}
        found = [fresh[path] if path in fresh else self._kept[path] for path in paths]
        for one in fresh.values():
            size = len(one.content) if isinstance(one, Blob) else 0
            if size <= self._room:
                self._kept[one.path] = one
                self._room -= size
        return found
