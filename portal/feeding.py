"""The packs of the settings: what feeds the facts that they need, and their scorecards."""

from __future__ import annotations

from collections.abc import Sequence

from plugins.contract import Plugin
from portal.config import Settings
from portal.fact_sources import remote_schemas, schemas_of
from scorecards.collection.feeding import Fed, feed
from scorecards.collection.packs import built_in
from scorecards.definitions.level_facts import NAMESPACE as LEVELS


def fed_by(settings: Settings, plugins: Sequence[Plugin]) -> Fed:
    """The facts besides those of collectors: declared ones, and those of the packs that are on."""
    observed = {**schemas_of(plugins), **remote_schemas(plugins)}
    taken = {name.partition(".")[0] for name in observed}
    taken |= {collector.name for plugin in plugins for collector in plugin.collectors} | {LEVELS}
    on = [(built_in()[switch.name], switch) for switch in settings.packs]
    fetched = (fact.declared for recipe in settings.recipes for fact in recipe.facts)
    return feed(on, observed, taken=taken, declared=(*settings.pushed_facts, *fetched))


def pack_files(settings: Settings) -> list[tuple[str, str]]:
    """Of the packs that are on, name and text of the files of their scorecards."""
    packs = (built_in()[switch.name] for switch in settings.packs)
    return [(pack.file, pack.scorecards) for pack in packs]
