"""The parts of a config that need more than a schema: tokens, locations, rules on kinds."""

from __future__ import annotations

from collections.abc import Sequence
from os.path import normpath
from typing import Any

from catalog.kinds.registry import builtin_kinds
from catalog.problems import Problem
from catalog.rules import DEFAULT_RULES, AllowedKind, AllowRule
from portal.config.merging import Merged
from portal.config.settings import ConfiguredSource, StaticToken

SHORTEST_TOKEN = 8
"""Characters (Backstage's own rule for static tokens)."""

_ACCESS = "/backend/auth/externalAccess"


def static_tokens(
    merged: Merged, entries: list[dict[str, Any]]
) -> tuple[tuple[StaticToken, ...], list[Problem]]:
    """The usable tokens of `backend.auth.externalAccess`; never more access than was written."""
    tokens: list[StaticToken] = []
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        pointer = f"{_ACCESS}/{index}"
        if entry.get("type") != "static":
            kind = entry.get("type", "")
            problems.append(
                merged.warning(f"{pointer}/type", f"Access of type {kind} is not served")
            )
        elif "restrictions" in entry:
            message = "A token with accessRestrictions is not served, and opens nothing"
            problems.append(merged.warning(f"{pointer}/accessRestrictions", message))
        else:
            found = _token(merged, f"{pointer}/options", entry.get("options", {}))
            if isinstance(found, StaticToken):
                tokens.append(found)
            else:
                problems.append(found)
    return tuple(tokens), problems


def _token(merged: Merged, pointer: str, options: dict[str, Any]) -> StaticToken | Problem:
    token, subject = options.get("token"), options.get("subject")
    if not isinstance(token, str) or len(token) < SHORTEST_TOKEN or token.split() != [token]:
        variable = merged.unset(f"{pointer}/token")
        return merged.problem(
            pointer,
            "CONFIG_TOKEN",
            f"A static token needs at least {SHORTEST_TOKEN} characters and no spaces",
            hint=f"The environment variable {variable} is not set." if variable else "",
        )
    if not isinstance(subject, str) or not subject or subject.split() != [subject]:
        return merged.problem(
            pointer, "CONFIG_TOKEN", "A static token needs a subject, without spaces"
        )
    return StaticToken(token=token, subject=subject)


def configured_locations(
    merged: Merged, entries: list[dict[str, Any]]
) -> tuple[tuple[ConfiguredSource, ...], list[Problem]]:
    """The locations to read. Paths are relative to the config file that wrote the list."""
    sources: list[ConfiguredSource] = []
    problems: list[Problem] = []
    for index, entry in enumerate(entries):
        if "type" not in entry or "target" not in entry:
            continue  # the schema has said so
        match entry["type"]:
            case "url":
                sources.append(ConfiguredSource("url", entry["target"], "config"))
            case "file":
                sources.append(ConfiguredSource("file", _target(merged, entry), "config"))
            case other:
                pointer = f"/catalog/locations/{index}/type"
                problems.append(
                    merged.warning(pointer, f"Locations of type {other} are not served")
                )
    return tuple(dict.fromkeys(sources)), problems


def _target(merged: Merged, location: dict[str, Any]) -> str:
    """The target as it is registered: a path is absolute."""
    target: str = location["target"]
    writer = merged.writer("/catalog/locations")
    if location["type"] != "file" or writer is None:
        return target
    return normpath(writer.path.parent / target)


def allow_rules(
    merged: Merged, catalog: dict[str, Any], commanded: Sequence[ConfiguredSource]
) -> tuple[AllowRule, ...]:
    """`catalog.rules`, or Backstage's default, and what single locations add to them.

    What the command line names may hold every built-in kind (design 2a.9).
    """
    rules = [
        AllowRule(
            kinds=tuple(rule.get("allow", ())),
            locations=tuple(
                (place["type"], form, place.get(form, ""))
                for place in rule.get("locations", ())
                for form in [("pattern" if "pattern" in place else "exact")]
            ),
        )
        for rule in catalog.get("rules", ())
    ]
    added = [
        AllowRule(
            kinds=tuple(rule.get("allow", ())),
            locations=((location["type"], "exact", _target(merged, location)),),
        )
        for location in catalog.get("locations", ())
        for rule in location.get("rules", ())
        if "type" in location and "target" in location
    ]
    if commanded:
        every = tuple(AllowedKind(kind=kind) for kind in builtin_kinds().by_name)
        places = tuple((source.type, "exact", source.target) for source in commanded)
        added.append(AllowRule(kinds=every, locations=places))
    return (*(rules if "rules" in catalog else DEFAULT_RULES), *added)
