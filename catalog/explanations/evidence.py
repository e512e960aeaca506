"""Evidence: what is stored about something that somebody looks for in the catalog.

How each place on the way to an entity stands, from the location that somebody named down to the
document. What it means is said in `catalog.explanations.explaining`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from catalog.problems import Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class LocationSeen:
    """A location, and how its last listing went."""

    id: str
    type: str
    target: str
    origin: str
    """command, config, api, sample; entity: Location entities name it."""
    named_by: tuple[str, ...]
    """Refs of the Location entities that name it."""
    state: str
    """new, ok, partial, failed."""
    problem: Problem | None
    listed_at: datetime | None
    removed_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class RepositorySeen:
    """A repository, and how its last snapshot went."""

    url: str
    revision: str
    """Commit; '' where it was never read to its end."""
    state: str
    """new, ok, failed."""
    problem: Problem | None
    read_at: datetime | None
    missing_since: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FileSeen:
    """A descriptor file, with what led to it."""

    path: str
    url: str
    """Location ref."""
    read_at: datetime
    missing_since: datetime | None
    location: LocationSeen | None
    """None: it stands for a registration."""
    repository: RepositorySeen


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A problem, with the entity that it keeps out or concerns."""

    ref: str | None
    problem: Problem


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A document that declares an entity."""

    ref: str
    file: FileSeen
    serving: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class EntitySeen:
    """An entity that is served."""

    ref: str
    since: datetime
    revision: str
    orphan: bool
    owner_from: str = ""
    """What its owner was inferred from; '': it is as it was declared."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decided:
    """A decision about an entity, or what became of it."""

    reason: str
    actor: str
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RefEvidence:
    """What is stored about a ref."""

    ref: str
    """Canonical; the present one where the asked one is an alias."""
    alias: tuple[str, datetime] | None
    """The former ref that was asked for, and since when it is one."""
    entity: EntitySeen | None
    claims: tuple[Claim, ...]
    rejected: tuple[tuple[FileSeen, Problem], ...]
    """Documents that would declare it, were they not at fault; errors first."""
    suppression: Decided | None
    removal: Decided | None
    """Its tombstone."""
    held: Decided | None
    """Its removal waits for approval."""
    unhealthy: tuple[LocationSeen, ...]
    """Locations that could not be read whole: it may be there. Only looked for where it is absent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UrlEvidence:
    """What is stored about a URL or a path."""

    url: str
    locations: tuple[LocationSeen, ...]
    """Those with this target, or that lead to its repository."""
    repository: RepositorySeen | None
    file: FileSeen | None
    claims: tuple[Claim, ...]
    """Of the file; without one of every file of the repository or the location."""
    faults: tuple[Fault, ...]
    """Of the same files, errors first."""
    path: str
    """Inside the repository; '' where the URL names none."""
    expected: bool
    """Whether a file of this name is looked at without a Location that names it."""
    readable: bool
    """Whether an installed plugin can read the URL."""
