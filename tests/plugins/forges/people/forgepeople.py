"""What the tests of people share: an organization, and what a source says of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from plugins.contract import (
    Blob,
    Context,
    Failed,
    Forge,
    GiteaPeople,
    GitHubPeople,
    GitLabPeople,
    PeopleProvider,
    Repository,
    Snapshot,
    Source,
)
from plugins.forges import plugin
from tests.forge.running import RunningForge

ADA = {"login": "ada", "name": "Ada Lovelace", "email": "ada@example.org", "about": "Counts."}
BOB = {"login": "Bob-2"}
PEOPLE = [ADA, BOB, {"login": "cyd"}]
TEAMS = [
    {"slug": "platform", "name": "Platform", "about": "Runs it.", "members": ["ada"]},
    {"slug": "tools", "name": "Tools", "parent": "platform", "members": ["ada", "Bob-2"]},
]


def people_of(kind: str, host: str, **more: Any) -> PeopleProvider:
    """A provider of the people of `acme`."""
    match kind:
        case "gitlab":
            return GitLabPeople(id="staff", host=host, **{"group": "acme", **more})
        case "gitea":
            return GiteaPeople(id="staff", host=host, organization="acme", **more)
    return GitHubPeople(id="staff", host=host, **{"organizations": ("acme",), **more})


def source_of(cache: Path, forge: Forge, provider: PeopleProvider) -> Source:
    """The source of people."""
    context = Context(cache=cache, forges=(forge,), people=(provider,))
    return next(one for one in plugin(context).sources if one.name == "forge-people")


def read(source: Source, provider: PeopleProvider) -> Snapshot | Failed:
    return source.snapshot(Repository(url=provider.target, name="people"))


def entities(source: Source, snapshot: Snapshot | Failed) -> dict[str, dict[str, Any]]:
    """The documents of a snapshot, by path."""
    assert isinstance(snapshot, Snapshot), snapshot
    blobs = source.read(snapshot, snapshot.named, max_bytes=1_000_000)
    return {one.path: orjson.loads(one.content) for one in blobs if isinstance(one, Blob)}


def problem_of(found: Snapshot | Failed) -> str:
    assert isinstance(found, Failed), found
    return found.problem.code


def ready(
    running: RunningForge, cache: Path, kind: str, *, token: str = "good", **more: Any
) -> tuple[Source, PeopleProvider]:
    """A source of people, and its one provider."""
    provider = people_of(kind, running.host, **more)
    return source_of(cache, running.forge(kind, token=token), provider), provider
