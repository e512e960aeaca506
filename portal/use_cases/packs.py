"""Packs as they stand in this portal: on or off, and what feeds each of their namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from catalog.descriptor.suggestions import listing
from catalog.problems import JsonValue
from catalog.yaml_text import as_yaml
from portal.wiring import Portal
from scorecards.collection.feeding import Feed, Feeder, SwitchedOn, feeds
from scorecards.collection.packs import Pack, built_in

_SAID = {
    Feeder.COLLECTOR: "by a collector",
    Feeder.RECIPE: "by a recipe",
    Feeder.PUSH: "by pushes",
}


@dataclass(frozen=True, kw_only=True)
class PackState:
    """A pack, and how it stands."""

    pack: Pack
    switch: SwitchedOn | None
    """None: it is off."""
    feeds: tuple[Feed, ...]

    @property
    def unfed(self) -> tuple[str, ...]:
        """What nothing feeds: whole namespaces as `vuln.*`, and facts that others of theirs lack."""
        found: list[str] = []
        for feed in self.feeds:
            found += [f"{feed.namespace}.*"] if feed.by is Feeder.NOTHING else feed.unfed
        return tuple(found)

    @property
    def starves(self) -> bool:
        """Whether it is on, and nothing feeds any of its namespaces."""
        nothing = all(feed.by is Feeder.NOTHING for feed in self.feeds)
        return self.switch is not None and nothing

    @property
    def words(self) -> str:
        """In one sentence, how it stands."""
        if self.switch is None:
            return "off"
        parts = [
            f"{_quoted(f'{f.namespace}.*' for f in self.feeds if f.by is by)} {said}"
            for by, said in _SAID.items()
            if any(f.by is by for f in self.feeds)
        ]
        if self.unfed:
            parts.append(f"nothing feeds {_quoted(self.unfed)}")
        return f"on: {'; '.join(parts)}"

    @property
    def config(self) -> str:
        """The lines of a configuration that switch it on so that all of it is fed."""
        name = self.pack.name
        needs_push = any(feed.by in (Feeder.PUSH, Feeder.NOTHING) for feed in self.feeds)
        entry: JsonValue = {"name": name, "source": "push"} if needs_push else name
        return as_yaml({"plumbline": {"packs": [entry]}})


def states(portal: Portal) -> Iterator[PackState]:
    """Every pack that there is, by name."""
    on = {switch.name: switch for switch in portal.settings.packs}
    observers: dict[str, str] = {}
    for plugin in portal.plugins:
        for collector in plugin.collectors:
            observers |= {schema.name: collector.name for schema in collector.schemas}
        for remote in plugin.remote_collectors:
            observers |= {schema.name: remote.name for schema in remote.schemas}
    for name, pack in built_in().items():
        fetched = {recipe.name for recipe in portal.settings.recipes}
        found = feeds(pack, observers, portal.pushed, fetched=fetched)
        yield PackState(pack=pack, switch=on.get(name), feeds=found)


def _quoted(names: Iterable[str]) -> str:
    return listing(f"`{name}`" for name in names)
