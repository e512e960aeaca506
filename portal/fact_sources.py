"""Fact sources: what says each fact, with its version, and every fact that it can say.

Collectors of plugins say theirs under their own names. Whatever else says facts is treated as if each
namespace, and each scorecard whose level is looked at, were a collector.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

from plugins.contract import FactSchema, Plugin
from scorecards.collection.pushed import VERSION as PUSHED_VERSION
from scorecards.definitions.level_facts import VERSION as LEVELS_VERSION
from scorecards.definitions.level_facts import collector_of, level_fact, told
from scorecards.scorecard import Scorecard

Collectors: TypeAlias = "dict[str, tuple[str, tuple[FactSchema, ...]]]"
"""By name of what says facts, its version and the facts."""


def schemas_of(plugins: Sequence[Plugin]) -> Mapping[str, FactSchema]:
    """Every fact that the plugins' collectors can observe, by name."""
    return {s.name: s for plugin in plugins for c in plugin.collectors for s in c.schemas}


def remote_schemas(plugins: Sequence[Plugin]) -> Mapping[str, FactSchema]:
    """Every fact that the plugins' remote collectors can observe, by name."""
    return {s.name: s for plugin in plugins for c in plugin.remote_collectors for s in c.schemas}


def observed_by(plugins: Iterable[Plugin]) -> Collectors:
    """What collectors observe in repositories and entities."""
    return {c.name: (c.version, c.schemas) for plugin in plugins for c in plugin.collectors}


def asked_by(plugins: Iterable[Plugin]) -> Collectors:
    """What remote collectors observe, as if each namespace of it had a collector."""
    found: Collectors = {}
    for remote in (one for plugin in plugins for one in plugin.remote_collectors):
        for schema in remote.schemas:
            space = schema.name.partition(".")[0]
            _, schemas = found.get(space, ("", ()))
            found[space] = (remote.version, (*schemas, schema))
    return found


def namespaces_of(schemas: Iterable[FactSchema], observed: Collectors) -> Collectors:
    """What is pushed, or fed by nothing, by namespace; one that is `observed` as well has both."""
    found: Collectors = {}
    for schema in schemas:
        space = schema.name.partition(".")[0]
        version, known = found.get(space) or observed.get(space, (PUSHED_VERSION, ()))
        found[space] = (version, (*known, schema))
    return found


def levels_of(
    scorecards: Iterable[Scorecard], read: Iterable[str], schemas: Mapping[str, FactSchema]
) -> Collectors:
    """The levels that are among the facts that rules `read`, by what stands for their scorecard."""
    return {
        collector_of(card.name): (LEVELS_VERSION, (schemas[level_fact(card.name)],))
        for card in told(scorecards, read)
    }
