"""The parts of a config that need more than a schema: locations, and rules on kinds."""

from __future__ import annotations

import re
from collections.abc import Sequence
from os.path import normpath
from pathlib import Path
from typing import Any

from catalog.descriptor.rules import DEFAULT_RULES, AllowedKind, AllowRule
from catalog.kinds.registry import builtin_kinds
from catalog.problems import Problem, quote
from portal.config.merging import Merged
from portal.config.settings import ConfiguredSource

_BACKEND = Path("packages", "backend")
"""Where a Backstage app's backend runs: its own paths are relative to that."""

_SUCCESSORS = {
    "github-discovery": "github",
    "github-org": "githubOrg",
    "github-multi-org": "githubOrg",
    "gitlab-discovery": "gitlab",
}
"""Which provider finds what the processor of a type of locations found (reference 4.10)."""


def configured_locations(
    merged: Merged, entries: list[dict[str, Any]]
) -> tuple[tuple[ConfiguredSource, ...], list[Problem]]:
    """The locations to read. Paths are made absolute, globs among them."""
    sources: list[ConfiguredSource] = []
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        if "type" not in entry or "target" not in entry:
            continue  # the schema has said so
        match entry["type"]:
            case "url":
                sources.append(ConfiguredSource("url", entry["target"], "config"))
            case "file":
                target = _path(merged, "/catalog/locations", entry["target"])
                sources.append(ConfiguredSource("file", target, "config"))
            case other:
                pointer = f"/catalog/locations/{index}/type"
                message = f"Locations of type {quote(other)} are not served"
                problems.append(merged.warning(pointer, message, hint=_instead_of(other)))
    return tuple(dict.fromkeys(sources)), problems


def _instead_of(location_type: str) -> str:
    """What has taken the place of a location that a processor of an older Backstage read."""
    provider = _SUCCESSORS.get(location_type)
    return (
        f"What it finds, catalog.providers.{provider} finds."
        if provider
        else "There are: file, url."
    )


def allow_rules(
    merged: Merged, catalog: dict[str, Any], commanded: Sequence[ConfiguredSource]
) -> tuple[AllowRule, ...]:
    """`catalog.rules`, or Backstage's default, and what single locations add to them.

    What the command line names may hold every built-in kind (design 2a.9).
    """
    rules = [_rule(merged, rule) for rule in catalog.get("rules", ())]
    added = [
        AllowRule(kinds=tuple(rule["allow"]), locations=(_registered(merged, location),))
        for location in catalog.get("locations", ())
        for rule in location.get("rules", ())
        if "type" in location and "target" in location and "allow" in rule
    ]
    if commanded:
        every = tuple(AllowedKind(kind=kind) for kind in builtin_kinds().by_name)
        places = tuple((source.type, "exact", source.target) for source in commanded)
        added.append(AllowRule(kinds=every, locations=places))
    return (*(rules if "rules" in catalog else DEFAULT_RULES), *added)


def _rule(merged: Merged, rule: dict[str, Any]) -> AllowRule:
    """A list of places that is empty fits none, where no list fits all."""
    kinds, places = tuple(rule.get("allow", ())), rule.get("locations")
    if places is None:
        return AllowRule(kinds=kinds)
    return AllowRule(
        kinds=kinds if places else (),
        locations=tuple(_place(merged, place) for place in places if "type" in place),
    )


def _place(merged: Merged, place: dict[str, Any]) -> tuple[str, str, str]:
    """A place of a rule; one that names a type only stands for every location of that type."""
    form = "exact" if "exact" in place else "pattern"
    if form not in place:
        return place["type"], "pattern", "**"
    is_file = place["type"] == "file"
    target = _path(merged, "/catalog/rules", place[form]) if is_file else place[form]
    return place["type"], form, target


def _registered(merged: Merged, location: dict[str, Any]) -> tuple[str, str, str]:
    is_file, target = location["type"] == "file", location["target"]
    target = _path(merged, "/catalog/locations", target) if is_file else target
    return location["type"], "exact", target


def _path(merged: Merged, pointer: str, target: str) -> str:
    """A path or a glob, absolute: beside the config file that wrote it, or else as Backstage has it.

    Backstage reads relative to the folder that its backend runs in, which in its own layout is
    `packages/backend`: taken where nothing is beside the config, and something is there.
    """
    writer = merged.writer(pointer)
    folder = (writer.path.parent if writer else Path()).absolute()
    beside, below = normpath(folder / target), normpath(folder / _BACKEND / target)
    return below if not _is_there(beside) and _is_there(below) else beside


def _is_there(path: str) -> bool:
    """Whether there is something at a path; of a glob, at its part before the first wildcard."""
    fixed = re.split(r"[*?{\[]", path, maxsplit=1)[0]
    return Path(fixed if fixed == path else fixed.rpartition("/")[0] or "/").exists()
