"""Collectors: what turns an entity and its repository into facts, as the scorecards see it.

A collector is a plugin. It gets whole batches, so that one that asks a remote system can ask once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from catalog.problems import JsonValue
from catalog.sources import Blob, Snapshot, Unreadable
from scorecards.facts import FactRecord, FactSchema


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

    def collect(
        self, subjects: Sequence[Subject], repository: RepositoryView | None, *, now: datetime
    ) -> Iterable[FactRecord]:
        """One record for each subject; all live in `repository` (None: it cannot be read)."""
        ...
