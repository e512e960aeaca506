"""GitHub Apps that providers name: each has to be one that `integrations` has for the host.

A provider of one that is not there reads nothing. That stops no start: what other providers find is
read all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catalog.pointers import escaped
from catalog.problems import Problem, Severity, quote
from portal.config.contested import DEFAULT_HOSTS
from portal.config.merging import Merged

_HOST = DEFAULT_HOSTS["github"]


def unknown_apps(merged: Merged) -> list[Problem]:
    """A warning for each provider whose App cannot sign in, at its key `app`."""
    return [
        _warning(merged, pointer, app, host, _apps_of(merged.data, host))
        for pointer, app, host in _named(merged.data)
        if app not in _apps_of(merged.data, host)
    ]


def _named(data: Any) -> Iterator[tuple[str, str, str]]:
    """Where each provider names the App that it reads by, the App, and the host."""
    entries = _at(data, "catalog", "providers", "github")
    if not isinstance(entries, dict):
        return
    above = "/catalog/providers/github"
    is_one = "app" in entries or "organization" in entries
    for name, one in [("", entries)] if is_one else entries.items():
        # Beside an organization an App has no effect, which `portal.config.unserved` says.
        if isinstance(one, dict) and "app" in one and "organization" not in one:
            pointer = f"{above}/{escaped(str(name))}" if name else above
            yield f"{pointer}/app", str(one["app"]), str(one.get("host", _HOST)).lower()


def _apps_of(data: Any, host: str) -> list[str]:
    """Ids of the Apps of a host that may sign in for somebody; of several entries the first counts."""
    entries = _at(data, "integrations", "github")
    for entry in entries if isinstance(entries, list) else ():
        if isinstance(entry, dict) and str(entry.get("host", _HOST)).lower() == host:
            apps = entry.get("apps")
            return [
                str(app.get("appId", ""))
                for app in (apps if isinstance(apps, list) else ())
                if isinstance(app, dict) and app.get("allowedInstallationOwners") != []
            ]
    return []


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _warning(merged: Merged, pointer: str, app: str, host: str, known: list[str]) -> Problem:
    there = f"There are: {', '.join(sorted(known))}. " if known else ""
    return merged.problem(
        pointer,
        "CONFIG_VALUE",
        f"No GitHub App {quote(app)} signs in to {host}: this provider reads nothing",
        hint=f"{there}Add it to the apps of this host under integrations.github, or name an "
        "organization instead.",
        found=quote(app),
        severity=Severity.WARNING,
    )
