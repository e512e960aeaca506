"""Which permission a request needs: Backstage's names for its plugins (reference 5), ours elsewhere.

It matters for tokens with `accessRestrictions` only. What is not listed needs a permission that no
restriction can name: a new route is closed to them until it is listed.
"""

from __future__ import annotations

from typing import NamedTuple

from portal.auth.sites import SAFE_METHODS
from portal.config.access import OWN, PUSH

UNLISTED = "unlisted"

NAMES = {
    PUSH: "Push facts",
    f"{OWN}.read": "Read pages, the API and the metrics",
    f"{OWN}.update": "Ask for work, request exemptions, run campaigns, mute, answer checks",
    f"{OWN}.exemption.update": "Decide on exemptions",
    f"{OWN}.admin.read": "Read what is under Admin",
    f"{OWN}.admin.update": "Approve removals, restore what went",
    "catalog.entity.read": "Read entities, facets and ancestry",
    "catalog.entity.delete": "Delete entities",
    "catalog.entity.refresh": "Have entities read again",
    "catalog.entity.validate": "Check entities",
    "catalog.location.read": "Read locations",
    "catalog.location.create": "Register locations",
    "catalog.location.delete": "Remove locations",
    "catalog.location.analyze": "Look at what a location has",
    "tech-insights.check.read": "Read checks",
    "tech-insights.check.run": "Ask how entities stand on checks",
    "tech-insights.fact-retriever.read": "Read facts",
}
"""What each permission lets a token do, in words. The first part of a name is its plugin."""

_CATALOG = {
    "entities": {"DELETE": "catalog.entity.delete", "*": "catalog.entity.read"},
    "entity-facets": {"*": "catalog.entity.read"},
    "refresh": {"*": "catalog.entity.refresh"},
    "validate-entity": {"*": "catalog.entity.validate"},
    "analyze-location": {"*": "catalog.location.analyze"},
    "locations": {
        "GET": "catalog.location.read",
        "POST": "catalog.location.create",
        "PUT": "catalog.location.create",
        "DELETE": "catalog.location.delete",
    },
    "openapi.json": {"*": ""},
    ".well-known": {"*": ""},
    ".backstage": {"*": ""},
}
"""By the first part of the path and the method; '': that the plugin is not closed is enough."""


_TECH_INSIGHTS = {
    "checks": {"GET": "tech-insights.check.read", "POST": "tech-insights.check.run"},
    "fact-schemas": {"GET": "tech-insights.fact-retriever.read"},
    "facts": {"GET": "tech-insights.fact-retriever.read"},
    ".well-known": {"GET": ""},
}
"""Likewise."""

_PLUGINS = {"catalog": _CATALOG, "tech-insights": _TECH_INSIGHTS}
_DECIDING = ("approve", "deny", "revoke")
"""What is done with exemptions by those who grant them, not by those who ask for them."""


class Needed(NamedTuple):
    """What a request needs."""

    plugin: str
    """The plugin that is asked: `catalog`, `tech-insights`, or `OWN`."""
    permission: str
    """A name of a permission; '' for none."""


def needed_for(method: str, path: str) -> Needed:
    """What a request for `path`, below the base path, needs."""
    parts = path.strip("/").split("/")
    is_reading = method in SAFE_METHODS
    if parts == ["api", "v1", "facts"] and not is_reading:
        return Needed(OWN, PUSH)
    shown = parts[2:] if parts[:2] == ["api", "v1"] else parts  # the page does what the API does
    if shown[:1] == ["exemptions"] and parts[-1] in _DECIDING:
        return Needed(OWN, f"{OWN}.exemption.update")
    if parts == ["start"] and not is_reading:
        return Needed("catalog", "catalog.location.create")
    if shown[:1] in (["admin"], ["access"], ["tokens"], ["jobs"], ["decisions"]):
        return Needed(OWN, f"{OWN}.admin.{'read' if is_reading else 'update'}")
    if parts[0] != "api" or len(parts) == 1 or parts[1] in ("v1", "docs"):
        return Needed(OWN, f"{OWN}.{'read' if is_reading else 'update'}")
    plugin, rest = parts[1], parts[2:]
    if plugin not in _PLUGINS:
        return Needed(plugin, f"{plugin}.{'read' if is_reading else 'update'}")
    if plugin == "catalog" and rest == ["locations", "by-query"]:  # it is asked by POST, and reads
        return Needed(plugin, "catalog.location.read")
    by_method = _PLUGINS[plugin].get(rest[0] if rest else "", {})
    named = "GET" if is_reading else method
    return Needed(plugin, by_method.get(named, by_method.get("*", UNLISTED)))
