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
from scorecards.facts import FactRecord, FactSchema, FactState, FailedFact, Unknown

LONGEST_DETAIL = 300
"""Characters of what a collector raises."""


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

        None: it cannot be read, or the collector does not look at it. Where it raises, it is asked
        about each subject alone.
        """
        ...


def shown(
    collector: Collector, subjects: Sequence[Subject], repository: RepositoryView | None
) -> tuple[Sequence[Subject], RepositoryView | None]:
    """Subjects and repository, without what the collector does not look at."""
    if Sees.NEIGHBORS not in collector.sees:
        subjects = [replace(subject, neighbors={}, members={}) for subject in subjects]
    return subjects, repository if Sees.REPOSITORY in collector.sees else None


def ask(
    collector: Collector,
    subjects: Sequence[Subject],
    repository: RepositoryView | None,
    *,
    now: datetime,
) -> list[FactRecord]:
    """What the collector says about the subjects, one record for each, in their order.

    A subject about which it raises, or says nothing, keeps none of the others waiting: all facts about
    it have failed, and whoever assesses it next asks again.
    """
    seen, view = shown(collector, subjects, repository)
    try:
        said = {record.ref: record for record in collector.collect(seen, view, now=now)}
    except MemoryError:
        raise  # that is the whole process's, and not this subject's
    except Exception as error:  # noqa: BLE001 - a stranger's code: the others are asked without it
        if len(subjects) == 1:
            return [_failed(collector, subjects[0], now, f"raised {_in_words(error)}")]
        half = len(subjects) // 2
        return [
            record
            for some in (subjects[:half], subjects[half:])
            for record in ask(collector, some, repository, now=now)
        ]
    return [
        said.get(subject.ref) or _failed(collector, subject, now, "said nothing about it")
        for subject in subjects
    ]


def _in_words(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:LONGEST_DETAIL]


def _failed(collector: Collector, subject: Subject, now: datetime, what: str) -> FactRecord:
    detail = f"The collector `{collector.name}` {what}."
    failed = FailedFact(reason=Unknown.SOURCE_FAILED, detail=detail)
    return FactRecord(
        ref=subject.ref,
        collector=collector.name,
        version=collector.version,
        url="",
        revision="",
        observed_at=now,
        valid_until=None,
        facts={schema.name: failed for schema in collector.schemas},
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class RemoteSubject:
    """What another system is asked about, for every entity that it stands for."""

    system: str
    """One of the collector's systems."""
    name: str
    """What it is called there."""
    urgent: bool = False
    """A person waits: what a limit leaves may be used up, also what is else kept for people."""


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
