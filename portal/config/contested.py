"""What two entries of `integrations` lay claim to: a host, or the owners for whom Apps sign in.

Of several entries with one host the first counts, as in Backstage; each other one is a warning.

The first App in order that is installed for an owner, and whose `allowedInstallationOwners` let it, is
the one. So does Backstage (`GithubAppCredentialsMux`), but for one thing: where that App fails it takes
the next, and here the failure is said. Another App may see fewer repositories, and fewer would look
like a removal.

That the order decides is a warning wherever it may, at the later App, with the place of the earlier.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalog.problems import Problem, Severity
from portal.config.merging import Merged

_OWNERS = "allowedInstallationOwners"


@dataclass(frozen=True, kw_only=True, slots=True)
class _App:
    pointer: str
    id: str
    owners: Mapping[str, str]
    """Names of its owners as they are written, with the pointer of each; empty: every owner."""

    @property
    def lowered(self) -> set[str]:
        return {name.lower() for name in self.owners}


DEFAULT_HOSTS = {"github": "github.com", "gitlab": "gitlab.com", "azure": "dev.azure.com"}
"""Of entries that name none, by type."""


def contested(merged: Merged) -> list[Problem]:
    """A warning for each entry that is not heeded, and for each App that may not be."""
    return [*_hosts(merged), *_owners(merged)]


def _hosts(merged: Merged) -> Iterator[Problem]:
    """A warning for each entry whose host an earlier one of its type is about."""
    for type_, entries in _lists(merged.data):
        first: dict[str, int] = {}
        for number, entry in enumerate(entries):
            host = entry.get("host", DEFAULT_HOSTS.get(type_)) if isinstance(entry, dict) else None
            if not isinstance(host, str):
                continue
            if (other := first.setdefault(host.lower(), number)) != number:
                yield merged.problem(
                    f"/integrations/{type_}/{number}",
                    "CONFIG_VALUE",
                    f"This entry is not heeded: {_place(merged, f'/integrations/{type_}/{other}')}, is about"
                    f" {host} as well",
                    hint="Write what belongs to one host into one entry.",
                    severity=Severity.WARNING,
                )


def _owners(merged: Merged) -> list[Problem]:
    """A warning for each App of which an earlier one of the same host may take owners."""
    found = []
    for apps in _apps(merged.data):
        for number, later in enumerate(apps):
            earlier = next((one for one in apps[:number] if _meet(one, later)), None)
            if earlier is not None:
                found.append(_warning(merged, earlier, later))
    return found


def _meet(earlier: _App, later: _App) -> bool:
    """Whether the earlier may take owners of the later: one that is for the others, last, takes none."""
    return not earlier.owners or bool(earlier.lowered & later.lowered)


def _warning(merged: Merged, earlier: _App, later: _App) -> Problem:
    taken = [name for name in later.owners if not earlier.owners or name.lower() in earlier.lowered]
    places = {name.lower(): place for name, place in earlier.owners.items()}
    here, there, who = later.pointer, earlier.pointer, "an organization that has both installed"
    if taken:
        who, here = ", ".join(taken), later.owners[taken[0]]
        there = places.get(taken[0].lower(), there)
    return merged.problem(
        here,
        "CONFIG_VALUE",
        f"GitHub App {earlier.id} signs in for {who} before App {later.id}: {_place(merged, there)}",
        hint=f"The first that is installed is used. Let {_OWNERS} name each owner with one App, and put "
        "an App without it last.",
        severity=Severity.WARNING,
    )


def _place(merged: Merged, pointer: str) -> str:
    """A place in words, with its line where it is known."""
    line = merged.problem(pointer, "CONFIG_VALUE", "").line
    return pointer.strip("/").replace("/", ".") + (f", line {line}" if line else "")


def _lists(data: Any) -> Iterator[tuple[str, list[Any]]]:
    """Types of integrations with their entries, as far as they can be read."""
    integrations = data.get("integrations") if isinstance(data, dict) else None
    for type_, entries in integrations.items() if isinstance(integrations, dict) else ():
        if isinstance(entries, list):
            yield type_, entries


def _apps(data: Any) -> Iterator[list[_App]]:
    """The Apps of each GitHub, as far as they can be read."""
    entries = dict(_lists(data)).get("github", [])
    for index, entry in enumerate(entries):
        apps = entry.get("apps") if isinstance(entry, dict) else None
        above = f"/integrations/github/{index}/apps"
        yield [
            _app(one, f"{above}/{number}")
            for number, one in enumerate(apps if isinstance(apps, list) else ())
            if isinstance(one, dict) and one.get(_OWNERS) != []
        ]


def _app(said: Mapping[str, Any], pointer: str) -> _App:
    owners = said.get(_OWNERS)
    return _App(
        pointer=pointer,
        id=str(said.get("appId", "")),
        owners={
            name: f"{pointer}/{_OWNERS}/{number}"
            for number, name in enumerate(owners if isinstance(owners, list) else ())
            if isinstance(name, str)
        },
    )
