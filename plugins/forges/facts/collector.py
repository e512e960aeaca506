"""The remote collector `forge`: each repository that entities live in is asked about once in a run.

An entity is about the repository that its own descriptor was read from, and about no other: else
anybody could have our credentials read what only others may see (hostile-input row C06).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from plugins.budgets import LAST, RESERVE
from plugins.contract import (
    FactState,
    FailedFact,
    Forge,
    ForgeFacts,
    JsonValue,
    Observation,
    Observed,
    Paused,
    RemoteSubject,
)
from plugins.forges import problems
from plugins.forges.api import Api
from plugins.forges.facts import gitea, github, gitlab
from plugins.forges.facts.asking import Asking
from plugins.forges.facts.schemas import NAMESPACES, schemas_of
from plugins.forges.facts.states import not_told
from plugins.forges.places import file_place, project_place

VERSION = "1"

_LOCATION = "backstage.io/managed-by-location"
_SOURCE = "backstage.io/source-location"
_ANY = "catalog-info.yaml"
_SLUGS = {"github": "github.com/project-slug", "gitlab": "gitlab.com/project-slug"}

_OBSERVERS: Mapping[str, Callable[[Asking, Collection[str], datetime], dict[str, FactState]]] = {
    "github": github.observe,
    "gitlab": gitlab.observe,
    "gitea": gitea.observe,
}


class ForgeCollector:
    """A `RemoteCollector` for all forges with credentials."""

    name = "forge"
    version = VERSION
    kinds: tuple[str, ...] = ("api", "component", "resource", "system")

    def __init__(self, apis: Sequence[Api], facts: ForgeFacts) -> None:
        self._apis = {api.forge.host: api for api in apis if api.forge.signs_in}
        self._forges = [api.forge for api in self._apis.values()]
        self._namespaces = tuple(one for one in NAMESPACES if one not in facts.disabled)
        self.schemas = schemas_of(self._namespaces)
        self.every, self.ttl = facts.every, 4 * facts.every
        self.systems = tuple(self._apis) if self.schemas else ()

    def subject_of(self, entity: Mapping[str, JsonValue]) -> RemoteSubject | FailedFact:
        """The repository that the descriptor is in, where nothing names another."""
        metadata: Any = entity.get("metadata")
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        said = {k: v for k, v in (annotations or {}).items() if isinstance(v, str)}
        place = file_place(self._forges, said.get(_LOCATION, "").removeprefix("url:"))
        if place is None:
            return not_told("Its descriptor is in no repository of a forge with credentials.")
        forge, path = place.forge, place.project
        for key, named in self._named(forge, said):
            if named is None or named.lower() != path.lower():
                return not_told(f"{key} names another repository than the descriptor is in.")
        return RemoteSubject(system=forge.host, name=path)

    def observe(self, subject: RemoteSubject, *, now: datetime) -> Observed:
        """What the forge says about a repository."""
        api = self._apis[subject.system]
        if wait := api.wait(reserve=LAST if subject.urgent else RESERVE):
            return Paused(problem=problems.spared(api.forge), wait=timedelta(seconds=wait))
        asking = Asking(api, subject.name)
        states = _OBSERVERS[api.forge.type](asking, self._namespaces, now)
        if asking.pause is not None:
            wait = api.wait()
            return Paused(problem=asking.pause, wait=timedelta(seconds=wait) if wait else None)
        untold = not_told(f"{subject.system} does not tell this.")
        return Observation(
            facts={schema.name: states.get(schema.name, untold) for schema in self.schemas},
            url=f"{api.forge.web_url}/{subject.name}",
            problem=asking.problem,
        )

    def _named(self, forge: Forge, said: Mapping[str, str]) -> list[tuple[str, str | None]]:
        """The repositories that annotations name, after the key; None: one elsewhere."""
        found: list[tuple[str, str | None]] = []
        kind, _, source = said.get(_SOURCE, "").partition(":")
        if kind == "url":
            # The folder of a file, or a whole repository.
            file = file_place([forge], f"{source.rstrip('/')}/{_ANY}")
            whole = project_place([forge], source)
            found.append((_SOURCE, file.project if file else whole[1] if whole else None))
        key = _SLUGS.get(forge.type, "")
        if key in said:
            found.append((key, said[key].strip().strip("/")))
        return found
