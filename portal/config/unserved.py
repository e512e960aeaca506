"""What a Backstage config says and Plumbline does not heed: each is one warning, with why.

Keys that no schema knows are found by `portal.config.checking`, which takes its hints from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from catalog.pointers import escaped
from catalog.problems import JsonValue, Problem
from portal.config.access import TYPES as ACCESS_TYPES
from portal.config.integrations import TYPES
from portal.config.merging import Merged
from portal.config.providers import PROVIDERS, SERVED

_LATER = "It is read and checked, and not served yet."

_CODE = f"{_LATER} What it would find can be named: clones by --source, files at URLs as locations."

_PEOPLE = f"{_LATER} Users and groups may come from a file, which is made of what Backstage has."

_OF_PEOPLE = ("ldapOrg", "microsoftGraphOrg")

_APP = "The organization is read, with an App that it has installed; without it all that have this one."

READ: Mapping[str, str] = {
    "backend.cors.credentials": "Pages of other sites show a token; the cookie is for our own.",
    "backend.cors.preflightContinue": "Whether a page may ask is answered here.",
    "backend.cors.optionsSuccessStatus": "It is 204, as every browser takes it.",
    "catalog.orphanProviderStrategy": "What a provider found goes with it, as a location's does.",
    "catalog.disableDefaultProcessors": "Nothing is read by processors here.",
    "catalog.processors": "Nothing is read by processors here.",
    "catalog.processorOptions": "Nothing is read by processors here.",
    "catalog.providerOptions": _LATER,
    **{f"catalog.providers.{name}": _CODE for name in PROVIDERS if name not in SERVED},
    **{f"catalog.providers.{name}": _PEOPLE for name in _OF_PEOPLE},
    "catalog.providers.github.validateLocationsExist": "A path that is not there is no fault here.",
    "catalog.providers.github.*.validateLocationsExist": "A path that is not there is no fault here.",
    "catalog.providers.gitlab.*.useSearch": "Every project is looked at.",
    "catalog.providers.gitlab.*.excludeGroups": "Leave projects out by excludeRepos, or by projectPattern.",
    "catalog.stitchingStrategy": "Relations are brought in line with every write.",
    "catalog.scmEvents": _LATER,
    "catalog.import": "It is a setting of Backstage's pages.",
    "events.http": "Every webhook that has a secret is received.",
    **{f"integrations.{name}": _LATER for name in TYPES if name not in SERVED},
    "integrations.gitlab.*.retry": "What failed is tried again with the next reading.",
    "integrations.gitlab.*.commitSigningKey": "Nothing is written to a forge.",
    "ldap": _LATER,
}
"""Keys that are read and have no effect, and why; `*` is every key of an object or of a list."""

HINTS: Mapping[str, str] = {
    "app": "It is a setting of Backstage's pages.",
    "organization": "It is a setting of Backstage's pages.",
    "auth": "To take the tokens of a Backstage's users, set plumbline.auth.backstage.",
    "discovery": "It belongs into Backstage's own configuration, where it leads to this portal.",
    "permission": "Who may ask may read; what a token may do, its accessRestrictions say.",
    "proxy": "Nothing is passed on to other systems; facts are fetched by plumbline.facts.http.",
    "scaffolder": "Templates are in the catalog, and run in Backstage.",
    "search": "The catalog is searched without a setting.",
    "techdocs": "Documentation is read with its repository, and needs no setting.",
    "techInsights": "Its checks become a scorecard by `portal scorecard import`.",
    "backend": "It is a setting of Backstage's own backend.",
    "backend.auth.pluginKeyStore": "Where keys of plugins are, plumbline.auth.backstage says.",
    "backend.cache": "How much of the answers is kept, plumbline.answerCacheBytes says.",
    "backend.csp": "Every answer has a strict policy of its own.",
    "backend.database": "The database is plumbline.database.",
    "backend.https": "Put a proxy that speaks TLS in front.",
    "backend.rateLimit": "Let the proxy in front limit requests.",
    "backend.trustProxy": "Forwarded headers are not believed: backend.baseUrl is the address.",
    "catalog": "It is a setting of how Backstage processes entities.",
    "catalog.providers": (
        f"There are: {', '.join(SERVED)}. What another one finds may come from a file or a location."
    ),
    "": "Nothing here reads it; what belongs to a plugin of Backstage's stays there.",
}
"""What to do about keys that are not even read, and about all below one that has none of its own."""


def hint_for(dotted: str) -> str:
    """What to do about a key that is not read; the nearest one above it that has a hint says so."""
    while dotted and dotted not in HINTS:
        dotted = dotted.rpartition(".")[0]
    return HINTS[dotted]


def unserved(merged: Merged) -> list[Problem]:
    """A warning for each key that is read and has no effect.

    A switch that is off and an empty object say nothing, and nothing is said about them.
    """
    problems = [
        merged.warning(pointer, f"{dotted} is not heeded", hint=why)
        for pattern, why in READ.items()
        for dotted, pointer, value in _found(merged.data, pattern.split("."))
        if value not in (False, "false", {}, [])
    ]
    return problems + _apps_beside_organizations(merged) + _unknown_access(merged)


def _found(
    value: JsonValue, parts: list[str], dotted: str = "", pointer: str = ""
) -> Iterator[tuple[str, str, JsonValue]]:
    if not parts:
        yield dotted.removeprefix("."), pointer, value
    elif isinstance(value, list) and parts[0] == "*":
        for index, one in enumerate(value):
            yield from _found(one, parts[1:], f"{dotted}.{index}", f"{pointer}/{index}")
    elif isinstance(value, dict):
        for key in value if parts[0] == "*" else [parts[0]]:
            if key in value:
                below = f"{dotted}.{key}", f"{pointer}/{escaped(key)}"
                yield from _found(value[key], parts[1:], *below)


def _apps_beside_organizations(merged: Merged) -> list[Problem]:
    providers = ["catalog", "providers", "github"]
    return [
        merged.warning(f"{pointer}/app", f"{dotted}.app is not heeded", hint=_APP)
        for pattern in (providers, [*providers, "*"])
        for dotted, pointer, one in _found(merged.data, pattern)
        if isinstance(one, dict) and {"app", "organization"} <= one.keys()
    ]


def _unknown_access(merged: Merged) -> list[Problem]:
    entries: Any = merged.data
    for key in ("backend", "auth", "externalAccess"):
        entries = entries.get(key) if isinstance(entries, dict) else None
    kinds = [e.get("type") if isinstance(e, dict) else None for e in entries or ()]
    return [
        merged.warning(
            f"/backend/auth/externalAccess/{index}/type",
            f"Access of type {kind} is not served, and opens nothing",
            hint=f"There are: {', '.join(ACCESS_TYPES)}.",
        )
        for index, kind in enumerate(kinds)
        if isinstance(kind, str) and kind not in ACCESS_TYPES
    ]
