"""Sources: where descriptors and repository files come from, as the catalog sees it.

A source is a plugin. It lists repositories, takes a snapshot of one, and reads files of that
snapshot; it decides nothing about entities. A listing says how far it can be trusted: only a
complete one may ever lead to a removal (design, invariant 2).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeAlias, runtime_checkable

from catalog.problems import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Repository:
    """One repository, or one plain folder, that a source found."""

    url: str
    """Identity: `file:///abs/path` or the clone URL, without credentials and trailing slash."""
    name: str
    """For people: the last part of the path, or `org/name`."""
    head: str = ""
    """What a listing has just said of it, in words of the source, which change whenever its content
    may have; '': nothing. What has the head at which it was read is not looked at again."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Complete:
    """Every repository of the target: what is not here does not exist."""

    repositories: tuple[Repository, ...]
    evidence: str
    """What was looked at, in words: 'folder read, 12 entries'."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Partial:
    """Some repositories; others may exist."""

    repositories: tuple[Repository, ...]
    problem: Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Failed:
    """The target could not be listed or read at all; nothing can be said about what it holds."""

    problem: Problem


Listing: TypeAlias = Complete | Partial | Failed


@dataclass(frozen=True, kw_only=True, slots=True)
class TreeFile:
    """A regular file of a snapshot. Symlinks and submodules are never listed."""

    path: str
    """Relative to the repository, `/` as separator."""
    token: str
    """Changes whenever the content may have changed: git blob id, or size and mtime."""
    size: int
    """Bytes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A repository at one revision."""

    repository: Repository
    revision: str
    """Commit id; of a plain folder a digest over paths and tokens."""
    is_git: bool
    committed_at: datetime | None
    """UTC; None where there is no git history."""
    files: Sequence[TreeFile]
    """Sorted by path."""
    whole: bool = True
    """Whether these are all files; not where a descriptor was read by itself, with what it takes in: of
    others nothing is known."""
    named: tuple[str, ...] = ()
    """Paths that the target itself names: descriptors, whatever the files are called."""
    only_named: bool = False
    """Whether nothing else is a descriptor, also where no path is named."""
    shown: str = ""
    """URL below which its forge shows the files of this branch, with a slash at its end; '': told by
    the form of the repository's own."""
    direct: str = ""
    """URL of its only file, where that was read by itself; '': it is of a repository."""
    head: str = ""
    """What a listing would say of this state, see `Repository.head`; in lines more what it would not know."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Blob:
    """The content of one file."""

    path: str
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Unreadable:
    """A file that could not be read, and why."""

    path: str
    problem: Problem


class Source(Protocol):
    """Where repositories come from. Implementations hold no state between calls but caches."""

    name: str
    """Identifier, lower case: `local`, `git`."""
    checked: bool
    """Whether it connects to no address that was not checked: only then may it be given what
    repositories and strangers name (design 2a.9)."""

    def accepts(self, target: str) -> bool:
        """Whether `target` (a path or URL, as the user gave it) is for this source. Reads nothing remote."""
        ...

    def list(self, target: str) -> Listing:
        """The repositories at `target`. Never raises for what it finds there."""
        ...

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        """The repository as it is now."""
        ...

    def read(
        self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
    ) -> Iterator[Blob | Unreadable]:
        """The files, in the order asked for, as they are in the snapshot.

        A file over `max_bytes` is `Unreadable` with code FILE_TOO_LARGE, read no further than that.
        """
        ...


@runtime_checkable
class Forewarning(Protocol):
    """A source that knows of some targets that it cannot read as things are configured."""

    def objection(self, target: str) -> Problem | None:
        """Why it cannot read `target`, which it accepts; None: it may try. Asks nobody."""
        ...
