"""The store, as ingestion needs it: what is kept of a repository, and how a batch is applied.

`portal.db` implements the protocol, on SQLite and PostgreSQL alike. What is applied together is one
transaction: afterwards all of it is visible, or none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from catalog.entity import NamedTarget, Outcome, Verdict
from catalog.ingest.discovery import Elsewhere
from catalog.problems import Problem, Severity
from catalog.sent import sent_by_value
from catalog.sources import Repository


class Companion(NamedTuple):
    """A file that placeholders took in: its path in the repository or its URL, and its token."""

    key: str
    token: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredFile:
    """A descriptor file as it was last read."""

    token: str
    """`TreeFile.token` of that reading; '' asks for the file to be read again."""
    entities: int
    """How many entities it is serving now."""
    approved: int = 0
    """How many of these somebody has approved to go."""
    missing_since: datetime | None
    """When a complete listing first lacked it."""
    missed: int
    """How many complete listings in a row lacked it."""
    targets: tuple[NamedTarget, ...] = ()
    """What its Location entities name."""
    companions: tuple[Companion, ...] = ()
    """What its placeholders took in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredRepository:
    """What the store knows of a repository. An unknown one has no revision and no files."""

    revision: str
    """Of the last snapshot that was ingested to its end; '' if there is none."""
    failed: bool = False
    """Whether its last snapshot could not be taken."""
    head_read: str = ""
    """`Batch.head_read` of that snapshot."""
    files: Mapping[str, StoredFile]
    """By path."""


@sent_by_value
@dataclass(frozen=True, kw_only=True, slots=True)
class FileReading:
    """A descriptor file that was read now, with what became of its documents."""

    path: str
    token: str
    url: str
    """Location ref of the file, `url:...` or `file:...`: the managed-by annotation."""
    outcomes: tuple[Outcome, ...]
    problems: tuple[Problem, ...] = ()
    """Problems of the file as a whole: unreadable, too large, not UTF-8; also of its targets."""
    targets: tuple[NamedTarget, ...] = ()
    companions: tuple[Companion, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether the file was read and every document of it could be parsed up to its identity.

        Only then is a ref that it no longer declares evidence for a removal (design 2a.6).
        """
        return not any(p.severity is Severity.ERROR for p in self.problems) and all(
            o.ref is not None or o.verdict is Verdict.EMPTY or o.is_foreign for o in self.outcomes
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """What a listing said of a location."""

    location: str
    """Its id."""
    repositories: tuple[Repository, ...]
    complete: bool
    problem: Problem | None = None
    """Why it is not complete."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What an ingestion writes of a repository at once."""

    location: str | None
    """Id of the location that led to the repository; None: it holds the registrations."""
    repository: Repository
    origin: str
    """Location ref of the registered location: the managed-by-origin annotation."""
    readings: tuple[FileReading, ...]
    missing: tuple[str, ...] = ()
    """Paths that a complete listing lacked: counted and dated, nothing is removed yet."""
    found_again: tuple[str, ...] = ()
    """Paths that had been missing and are back, unchanged."""
    removed: tuple[str, ...] = ()
    """Paths whose entities go now: the removal policy has decided."""
    held: tuple[str, ...] = ()
    """Paths whose entities would go, were they not too many: somebody has to approve."""
    recovered: bool = False
    """Set on the last batch of a run whose repository could not be read before it."""
    holds_nothing: bool = False
    """Set on the last batch of a run that held nothing back: what earlier ones held is settled."""
    parents: Mapping[str, tuple[str, ...]] | None = None
    """By path, the Location entities of the repository that name it; None: not looked at."""
    elsewhere: Mapping[str, tuple[Elsewhere, ...]] | None = None
    """By path, what its Location entities name outside the repository; None: not looked at."""
    actor: str = ""
    """Who asked for it; '': a reading found it."""
    most_removals: int | None = None
    """How many entities the readings may take away by no longer declaring them; None: any number."""
    revision: str | None = None
    """Set on the last batch of a repository: the snapshot is ingested to its end."""
    has_moved: bool = False
    """Beside the revision: whether any file of the repository may have changed since the last time."""
    head_read: str = ""
    """Beside the revision: the head it was read at, after the edition of who read it; '': not told."""
    commit: str = ""
    """The repository's revision that was read, for the history."""
    now: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Applied:
    """What a batch changed."""

    added: int
    changed: int
    unchanged: int
    removed: int
    rejected: int
    conflicts: int
    touched: tuple[int, ...]
    """Ids of entities to look at again: added, changed, or neighbors of either, in any of the batches."""
    seq: int
    """The sequence number of the batch."""
    held: int = 0
    """Entities that would have gone, were they not too many."""
    linked: tuple[str, ...] = ()
    """Ids of locations that are new because Location entities name them: to be read next."""


class CatalogStore(Protocol):
    """What ingestion reads and writes."""

    def repositories(self, urls: Sequence[str]) -> Mapping[str, StoredRepository]:
        """What is stored of the repositories with these URLs, by URL."""
        ...

    def apply(self, batches: Sequence[Batch]) -> tuple[Applied, ...]:
        """Write batches of different repositories in one transaction; what each of them changed."""
        ...

    def note_heads(self, heads: Mapping[str, str]) -> None:
        """Remember, by URL of repositories, that the state that is stored is also that of this head."""
        ...

    def note_failure(self, location: str, repository: Repository | None, problem: Problem) -> None:
        """Remember that a listing or a snapshot failed; nothing that is served changes."""
        ...

    def note_listings(self, listings: Sequence[Listed], *, now: datetime) -> None:
        """Record listings; a complete one also counts a miss for each known repository it lacks.

        Files of a repository that is missed count as missed too.
        """
        ...
