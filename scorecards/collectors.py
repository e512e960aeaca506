"""Collectors: what turns an entity and its repository into facts, as the scorecards see it.

A `Collector` looks at a snapshot, and is asked when that changes; it gets whole batches. What another
system knows changes without a commit: a `RemoteCollector` asks it time and again, once for each
subject, however many entities share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Flag, auto
from typing import Protocol, TypeAlias

from catalog.problems import JsonValue, Problem
from catalog.sources import Blob, Snapshot, Unreadable
from scorecards.facts import FactRecord, FactSchema, FactState, FailedFact


class Sees(Flag):
    """What a collector looks at, beside the descriptors of its subjects."""

    REPOSITORY = auto()
    """The snapshot, and where the descriptor lies in it."""
    NEIGHBORS = auto()
    """The entities that a subject refers to, and how many members groups have."""


class RepositoryView(Protocol):
    """A repository at one revision, as a collector may see it."""

    @property
    def snapshot(self) -> Snapshot:
        """The revision and the paths it has."""
        ...

    def read(self, path: str) -> Blob | Unreadable:
        """One file of the snapshot, at most 1 MiB."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """An entity to collect facts about."""

    ref: str
    """Canonical ref."""
    entity: Mapping[str, JsonValue]
    """Its body, parsed."""
    file: str
    """Path of its descriptor inside the repository."""
    directory: str
    """Folder of that file, '' for the root; a monorepo's service lives here."""
    neighbors: Mapping[str, Mapping[str, JsonValue]]
    """Bodies of the entities it refers to, by canonical ref; a dangling ref is not among them."""
    members: Mapping[str, int]
    """Number of members, by canonical ref of each Group among the neighbors."""


class Collector(Protocol):
    """Turns subjects into facts."""

    name: str
    """Identifier, lower case; the first part of its facts' names where it has their namespace."""
    version: str
    schemas: tuple[FactSchema, ...]
    sees: Sees
    """It is given nothing else. Without `NEIGHBORS` a record is believed for as long as the entity
    and the revision of its repository are the same, and is not collected again."""

    def collect(
        self, subjects: Sequence[Subject], repository: RepositoryView | None, *, now: datetime
    ) -> Iterable[FactRecord]:
        """One record for each subject; all live in `repository`.

        None: it cannot be read, or the collector does not look at it.
        """
        ...


def ask(
    collector: Collector,
    subjects: Sequence[Subject],
    repository: RepositoryView | None,
    *,
    now: datetime,
) -> Iterable[FactRecord]:
    """What the collector says about the subjects, shown what it looks at and nothing else."""
    if Sees.NEIGHBORS not in collector.sees:
        subjects = [replace(subject, neighbors={}, members={}) for subject in subjects]
    view = repository if Sees.REPOSITORY in collector.sees else None
    return collector.collect(subjects, view, now=now)


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteSubject:
    """What another system is asked about, for every entity that it stands for."""

    system: str
    """One of the collector's systems."""
    name: str
    """What it is called there."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """What a system says about a subject."""

    facts: Mapping[str, FactState]
    """By name, of every schema of the collector."""
    url: str
    """Where people see it."""
    problem: Problem | None = None
    """What an operator can see to, such as a permission that is lacking; the first of a run is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Paused:
    """The system is to be left alone for now: a limit is reached, or it keeps failing."""

    problem: Problem
    wait: timedelta | None = None
    """For how long; None: it does not say."""


Observed: TypeAlias = Observation | Paused


class RemoteCollector(Protocol):
    """Asks systems for facts that change without a commit."""

    name: str
    """Identifier, lower case."""
    version: str
    schemas: tuple[FactSchema, ...]
    """All facts of one namespace make one record; no other plugin may observe any of it."""
    kinds: tuple[str, ...]
    """Of the entities it is about, in lower case; empty: all."""
    every: timedelta
    """Time between two runs over all entities."""
    ttl: timedelta
    """How long an observation is believed; longer than `every`."""
    systems: tuple[str, ...]
    """Hosts, each of which has runs of its own: one that is down keeps none of the others waiting."""

    def subject_of(self, entity: Mapping[str, JsonValue]) -> RemoteSubject | FailedFact:
        """What to ask about, for an entity's parsed body; NOT_CONFIGURED where nothing may be asked.

        What an entity says of itself must not make the collector read what its authors may not.
        """
        ...

    def observe(self, subject: RemoteSubject, *, now: datetime) -> Observed:
        """Ask about one subject, within a few minutes. Several threads do at once. Raises nothing."""
        ...
