"""What is fetched on a schedule: the recipes of the configuration, and what remote collectors ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from plugins.contract import FailedFact, Plugin, RemoteCollector
from portal.pool import Pool
from portal.worker.systems.learning import Learner
from portal.worker.systems.outside import shown
from portal.worker.systems.recipes import RecipeLearner
from portal.worker.systems.remotes import RemoteLearner, subject_of
from scorecards.collection.recipes import Recipe


@dataclass(frozen=True, kw_only=True)
class Asking:
    """A remote collector and one of its systems."""

    collector: RemoteCollector
    system: str


How: TypeAlias = Recipe | Asking


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """Facts that are learned from another system time and again."""

    name: str
    """Of its runs: the namespace of a recipe, or `collector@system`."""
    system: str
    """Which it is, for people: the URL that is asked without its query, or a host."""
    every: timedelta
    kinds: tuple[str, ...]
    """Of the entities it is about, in lower case; empty: all."""
    facts: tuple[str, ...]
    """Their names."""
    how: How

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Of its facts."""
        return tuple(dict.fromkeys(name.partition(".")[0] for name in self.facts))


def scheduled(recipes: Sequence[Recipe], plugins: Sequence[Plugin]) -> tuple[Scheduled, ...]:
    """All that is fetched, in the order of the configuration and of the plugins."""
    fetched = [
        Scheduled(
            name=recipe.name,
            system=shown(recipe.url),
            every=recipe.every,
            kinds=recipe.kinds,
            facts=tuple(fact.declared.schema.name for fact in recipe.facts),
            how=recipe,
        )
        for recipe in recipes
    ]
    asked = [
        Scheduled(
            name=f"{collector.name}@{system}",
            system=system,
            every=collector.every,
            kinds=collector.kinds,
            facts=tuple(schema.name for schema in collector.schemas),
            how=Asking(collector=collector, system=system),
        )
        for plugin in plugins
        for collector in plugin.remote_collectors
        for system in collector.systems
    ]
    return (*fetched, *asked)


def is_about(one: Scheduled, kind: str, body: bytes) -> bool:
    """Whether an entity of a kind, in lower case, with this body is asked about in its runs."""
    if one.kinds and kind not in one.kinds:
        return False
    match one.how:
        case Recipe():
            return True
        case Asking(collector=collector, system=system):
            subject = subject_of(collector, body)
            return not isinstance(subject, FailedFact) and subject.system == system


@contextmanager
def learner_of(
    one: Scheduled, *, pool: Pool, now: Callable[[], datetime], urgent: bool = False
) -> Iterator[Learner]:
    """What learns in the course of a run, and ends with it; `urgent` where a person waits."""
    match one.how:
        case Recipe():
            with RecipeLearner(one.how, pool=pool, now=now) as learner:
                yield learner
        case Asking(collector=collector, system=system):
            with RemoteLearner(collector, system, now=now, urgent=urgent) as asker:
                yield asker
