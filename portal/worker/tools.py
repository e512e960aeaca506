"""Tools: what jobs work with, whatever they do."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from catalog.descriptor.defined_kinds import KindFile, kinds_of
from catalog.descriptor.rules import AllowRule
from catalog.ingest.removal import RemovalPolicy
from plugins.contract import Plugin
from portal.config.repositories import ScorecardRepository
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.pool import Pool
from portal.worker.children.setup import Setup
from portal.worker.systems.scheduled import Scheduled
from portal.worker.walks import Walks
from scorecards.people.notices import Timing


@dataclass(frozen=True, kw_only=True)
class Tools:
    """What jobs work with."""

    database: Database
    plugins: tuple[Plugin, ...]
    setup: Setup
    readers: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By name of a fact, the names of the scorecards that look at it."""
    givers: tuple[str, ...] = ()
    """What facts come from that no collector observes: namespaces, and scorecards for levels."""
    pool: Pool
    policy: RemovalPolicy
    rules: tuple[AllowRule, ...] | None
    """Kinds that descriptors may hold (`catalog.rules`); None: every built-in one."""
    kinds: tuple[KindFile, ...] = ()
    """Definitions of the kinds that users added."""
    keep_orphans: bool = False
    """`catalog.orphanStrategy` is `keep`."""
    same_repository: bool = True
    """Whether placeholders on a forge may only take in files of their own repository."""
    codeowners: bool = False
    """Whether owners are inferred from CODEOWNERS."""
    history_keep: timedelta = timedelta(days=365)
    """How long former versions of entities are kept."""
    tombstones_keep: timedelta = timedelta(days=30)
    """How long what went can come back as it was."""
    scorecard_repositories: tuple[ScorecardRepository, ...] = ()
    """Whose scorecards are in force."""
    scheduled: tuple[Scheduled, ...] = ()
    """What facts are fetched from other systems."""
    notices: Timing | None = None
    """When teams are told of what; None: they are told of nothing."""
    walks: Walks = field(default_factory=Walks)
    """Through repositories whose entities are looked at."""
    chance: Callable[[], float] = random.random
    """0 to 1."""
    now: Callable[[], datetime]

    @property
    def store(self) -> Store:
        """The catalog."""
        kinds, _ = kinds_of(self.kinds)
        return Store(database=self.database, kinds=kinds, keep_orphans=self.keep_orphans)
