"""The parts, put together: the only module that knows all of them.

Everything at the edges (API, pages, worker, command line) is given a `Portal` and nothing else.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from catalog.descriptor.defined_kinds import KindFile, kinds_of
from catalog.ingest.removal import RemovalPolicy
from catalog.problems import Problem
from plugins.contract import Context, FactSchema, Plugin
from plugins.registry import load_plugins
from portal.config import Settings
from portal.config.forges import forges_of, without_secrets
from portal.db import values
from portal.db.access.token_memory import TokenMemory
from portal.db.engine import Database, open_database
from portal.db.evaluation import definitions, editions, quarantine
from portal.db.evaluation.definitions import Published
from portal.db.ingest import registrations
from portal.db.ingest.catalog_store import Store
from portal.db.migrations import migrate
from portal.db.work.shared_budgets import SharedBudgets
from portal.definition_files import brought_files, load_all_scorecards, published, read_kind_files
from portal.fact_sources import (
    Collectors,
    asked_by,
    levels_of,
    namespaces_of,
    observed_by,
    remote_schemas,
    schemas_of,
)
from portal.feeding import fed_by
from portal.named_locations import allowed_by_command, bring_in_line
from portal.pool import Pool
from portal.repository_scorecards import InRepositories, in_repositories
from portal.version import EDITION
from portal.worker.children.documenting import read_with
from portal.worker.children.setup import Setup
from portal.worker.requests import ASSESS, SCORECARDS, Lane, Requests, Work, ingest_key
from portal.worker.systems.scheduled import Scheduled, scheduled
from portal.worker.tools import Tools
from scorecards.collection.feeding import Unfed
from scorecards.collection.pushed import Declared
from scorecards.definitions.readers import readers
from scorecards.scorecard import Scorecard

INSTANCE = "instance"
"""Key of the stored value that tells this database from any other: ETags hold it."""


@dataclass(frozen=True, kw_only=True)
class Portal:
    """A running portal's parts."""

    settings: Settings
    database: Database
    plugins: tuple[Plugin, ...]
    plugin_problems: tuple[Problem, ...]
    """Plugins that could not be loaded."""
    scorecards: tuple[Scorecard, ...]
    """Those that can be used; broken ones are quarantined, and said in `scorecard_problems`."""
    scorecard_problems: tuple[Problem, ...]
    scorecard_texts: Mapping[str, str]
    """By name of a scorecard, the document that defines it."""
    repository_scorecards: InRepositories
    """What repositories say of scorecards."""
    kind_files: tuple[KindFile, ...]
    """Definitions of the kinds that users added."""
    kind_problems: tuple[Problem, ...]
    """Definitions of kinds that cannot be used."""
    schemas: Mapping[str, FactSchema]
    """Every fact that rules may mention, by name: of collectors, pushed, of packs, and the levels on
    all scorecards."""
    pushed: Mapping[str, Declared]
    """Facts that are pushed or fetched, by name."""
    unfed: Mapping[str, Unfed]
    """Facts of packs that are on and that nothing feeds, by name."""
    fact_problems: tuple[Problem, ...]
    """Facts that are declared and cannot be had so."""
    work: Work
    """Puts keys into the queue."""
    now: Callable[[], datetime]
    """UTC, aware."""
    awake: threading.Event
    """Set whenever a key was put into the queue by this process."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is installed or configured and cannot be used."""
        return (
            *self.plugin_problems,
            *self.scorecard_problems,
            *self.kind_problems,
            *self.fact_problems,
        )

    @cached_property
    def cards(self) -> Mapping[str, Scorecard]:
        """The scorecards by name."""
        return {card.name: card for card in self.scorecards}

    @cached_property
    def readers(self) -> Mapping[str, frozenset[str]]:
        """By name of a fact, the names of the scorecards that look at it."""
        return readers(self.scorecards, self.schemas)

    @cached_property
    def pushable(self) -> Mapping[str, Declared]:
        """Facts that others may push, by name: without those that the portal fetches itself."""
        fetched = {recipe.name for recipe in self.settings.recipes}
        return {name: one for name, one in self.pushed.items() if one.namespace not in fetched}

    @cached_property
    def collectors(self) -> Collectors:
        """By name, the version of each collector and what it can observe; namespaces that are pushed
        or that nothing feeds, and the scorecards whose levels rules look at, too."""
        observed = {**observed_by(self.plugins), **asked_by(self.plugins)}
        pushed = [fact.schema for fact in self.pushed.values()]
        unfed = [one.schema for one in self.unfed.values()]
        namespaces = namespaces_of([*pushed, *unfed], observed)
        return {**observed, **namespaces, **levels_of(self.scorecards, self.readers, self.schemas)}

    @cached_property
    def made_tokens(self) -> TokenMemory:
        """The tokens that were made here, by their secrets."""
        return TokenMemory(database=self.database, now=self.now)

    @cached_property
    def scheduled(self) -> tuple[Scheduled, ...]:
        """What facts are fetched from other systems, time and again."""
        return scheduled(self.settings.recipes, self.plugins)

    @cached_property
    def sources_of_facts(self) -> Mapping[str, str]:
        """By name of a fact that can be stored, the collector, namespace or scorecard that says it."""
        return {
            schema.name: name
            for name, (_, schemas) in self.collectors.items()
            for schema in schemas
            if schema.name not in self.unfed
        }


def now() -> datetime:
    """The present, in UTC: the one clock of the product."""
    return datetime.now(UTC)


def open_portal(settings: Settings) -> Portal:
    """Open the database, load the plugins and the scorecards. Migrates nothing, starts nothing."""
    database = open_database(settings.database)
    shared = SharedBudgets(database)
    plugins, plugin_problems = load_plugins(
        context_for=lambda name: Context(
            cache=cache_of(settings) / name,
            reading=(*settings.reading, *allowed_by_command(settings)),
            channels=settings.channels,
            forges=forges_of(settings.integrations),
            providers=settings.providers,
            people=settings.people,
            forge_facts=settings.forge_facts,
            budgets=shared,
            link_facts=settings.link_facts,
        ),
        disabled=settings.plugins_disabled,
    )
    fed = fed_by(settings, plugins)
    schemas = {**schemas_of(plugins), **remote_schemas(plugins), **fed.schemas}
    elsewhere = in_repositories(database, settings.scorecard_repositories)
    kind_files, kind_problems = read_kind_files(settings)
    loaded = load_all_scorecards(settings, plugins, schemas, elsewhere, kind_files)
    awake = threading.Event()
    return Portal(
        settings=settings,
        database=database,
        plugins=plugins,
        plugin_problems=plugin_problems,
        scorecards=loaded.scorecards,
        scorecard_problems=loaded.problems,
        scorecard_texts=loaded.texts,
        repository_scorecards=elsewhere,
        kind_files=kind_files,
        kind_problems=(*kind_problems, *kinds_of(kind_files)[1]),
        schemas=loaded.schemas,
        pushed=fed.pushed,
        unfed=fed.unfed,
        fact_problems=fed.problems,
        work=Requests(database=database, now=now, wake=awake.set),
        now=now,
        awake=awake,
    )


def cache_of(settings: Settings) -> Path:
    """Where plugins keep what they can make again."""
    return settings.data_dir / "cache"


def tools_of(portal: Portal, pool: Pool) -> Tools:
    """What jobs work with."""
    observed = schemas_of(portal.plugins)
    return Tools(
        database=portal.database,
        plugins=portal.plugins,
        setup=Setup(
            cache=cache_of(portal.settings),
            working_tree=False,
            disabled_plugins=portal.settings.plugins_disabled,
            # Children read copies only, and whatever a repository holds is parsed in them.
            forges=without_secrets(forges_of(portal.settings.integrations)),
            providers=portal.settings.providers,
            people=portal.settings.people,
            scorecards=portal.scorecards,
            given=tuple(s for name, s in portal.schemas.items() if name not in observed),
            unfed=tuple(portal.unfed.values()),
        ),
        readers=portal.readers,
        givers=tuple(sorted(portal.collectors.keys() - observed_by(portal.plugins).keys())),
        pool=pool,
        policy=RemovalPolicy(grace=portal.settings.removal_grace),
        rules=portal.settings.rules,
        kinds=portal.kind_files,
        keep_orphans=portal.settings.orphan_strategy == "keep",
        same_repository=portal.settings.same_repository_placeholders,
        codeowners=portal.settings.codeowners,
        history_keep=portal.settings.history_keep,
        tombstones_keep=portal.settings.tombstones_keep,
        scorecard_repositories=portal.settings.scorecard_repositories,
        scheduled=portal.scheduled,
        notices=portal.settings.notices,
        now=portal.now,
    )


def prepare(portal: Portal) -> list[str]:
    """Migrate, register what the settings name, mark what new rules concern; returns location ids.

    Safe to repeat.
    """
    migrate(portal.database)
    with portal.database.write() as connection:
        named = bring_in_line(store_of(portal), connection, portal.settings, now=portal.now())
        # Their time is up to the engine: a restart reads nothing ahead of it.
        scheduled = registrations.ids_of(connection, [*portal.settings.schedules]).values()
        if values.get(connection, INSTANCE) is None:
            values.put(connection, INSTANCE, uuid.uuid4().hex)
        definitions.record(connection, _published(portal), now=portal.now())
        editions.mark_changed(
            connection,
            scorecards=portal.scorecards,
            readers=portal.readers,
            observed=[EDITION, *_observed(portal)],
        )
        quarantine.forget_others(connection, EDITION)
    keys = [ingest_key(location) for location in named if location not in scheduled]
    portal.work.request_anew(keys, Lane.EVENT)
    if portal.settings.scorecard_repositories:
        portal.work.request(SCORECARDS, Lane.EVENT)
    portal.work.request(ASSESS, Lane.SWEEP)
    return named


def store_of(portal: Portal) -> Store:
    """The catalog, to be written."""
    return Store(
        database=portal.database,
        kinds=kinds_of(portal.kind_files)[0],
        keep_orphans=portal.settings.orphan_strategy == "keep",
    )


def _published(portal: Portal) -> list[Published]:
    """The definitions in force."""
    brought = brought_files(portal.settings, portal.plugins)
    origins = portal.repository_scorecards.origins
    return published(portal.scorecards, portal.scorecard_texts, brought=brought, origins=origins)


def _observed(portal: Portal) -> list[str]:
    """All that makes the same entity and files come to other facts or pages, in words."""
    parts = [f"{c.name}={c.version}" for p in portal.plugins for c in p.collectors]
    parts += read_with(one for plugin in portal.plugins for one in plugin.documenters)
    parts += [repr(schema) for schema in remote_schemas(portal.plugins).values()]
    others = (*portal.pushed.values(), *portal.unfed.values())
    return sorted(parts + [repr(fact) for fact in others])
