"""Setup: what a child is told of the portal, and what it makes of that once.

Plugins are loaded and scorecards compiled in the child; both are kept while they are asked for alike,
and any other child could make them again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from plugins.contract import Context, FactSchema, Forge, ForgeProvider, PeopleProvider, Plugin
from plugins.registry import load_plugins
from portal import slate
from portal.fact_sources import schemas_of
from portal.worker.children.watching import Care, Stopwatch
from scorecards.collection.feeding import Unfed
from scorecards.evaluation.assessment import Assessor
from scorecards.scorecard import Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class Setup:
    """What a child needs to know to appraise: the same for all tasks of a run of the portal."""

    cache: Path
    working_tree: bool
    disabled_plugins: tuple[str, ...]
    scorecards: tuple[Scorecard, ...]
    forges: tuple[Forge, ...] = ()
    """Without credentials."""
    providers: tuple[ForgeProvider, ...] = ()
    people: tuple[PeopleProvider, ...] = ()
    given: tuple[FactSchema, ...] = ()
    """Facts that no collector observes: those that are pushed, those of packs, and levels."""
    unfed: tuple[Unfed, ...] = ()
    """Those of packs that nothing feeds."""

    def plugins(self) -> tuple[Plugin, ...]:
        """Those that are installed, loaded in this process."""
        context = Context(
            cache=self.cache,
            working_tree=self.working_tree,
            forges=self.forges,
            providers=self.providers,
            people=self.people,
        )
        return _plugins(context, self.disabled_plugins)


@lru_cache(maxsize=1)
def _plugins(context: Context, disabled: tuple[str, ...]) -> tuple[Plugin, ...]:
    """The plugins, each with a folder of its own in the cache; kept while they are set up the same."""
    plugins, _ = load_plugins(
        context_for=lambda name: replace(context, cache=context.cache / name),
        disabled=disabled,
    )
    return plugins


@lru_cache(maxsize=8)
def assessor_of(
    setup: Setup, cards: frozenset[str] | None, care: Care
) -> tuple[Assessor, Stopwatch]:
    """The scorecards, or some of them, compiled, and who watches over them."""
    given = {schema.name: schema for schema in setup.given}
    unfed = {one.schema.name: one.why for one in setup.unfed}
    asked = [card for card in setup.scorecards if cards is None or card.name in cards]
    schemas, watch = {**schemas_of(setup.plugins()), **given}, Stopwatch(slate.mine())
    refused, apart = dict(care.refused), care.apart
    assessor = Assessor(asked, schemas, unfed=unfed, refused=refused, watch=watch, apart=apart)
    return assessor, watch
