"""What the tests of forges share: sources as they are configured, and what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from catalog.sources import Source
from plugins.contract import (
    Blob,
    Complete,
    Context,
    Failed,
    Forge,
    ForgeProvider,
    GiteaProvider,
    GitHubProvider,
    GitLabProvider,
    Partial,
    Repository,
    Snapshot,
)
from plugins.forges import plugin
from tests.forge.running import RunningForge

TYPES = ("github", "gitlab", "gitea")

COMPONENT = "apiVersion: backstage.io/v1alpha1\nkind: Component\n"


def provider_of(kind: str, host: str, **more: Any) -> ForgeProvider:
    """A provider of everything that `acme` has."""
    match kind:
        case "github":
            return GitHubProvider(id="default", host=host, organization="acme", **more)
        case "gitlab":
            return GitLabProvider(id="default", host=host, group="acme", **more)
    return GiteaProvider(id="default", host=host, organization="acme", **more)


def sources_of(
    cache: Path, forges: list[Forge], providers: list[ForgeProvider] | None = None
) -> tuple[Source, Source]:
    """The source of files, and the one of repositories."""
    context = Context(cache=cache, forges=tuple(forges), providers=tuple(providers or ()))
    sources = {source.name: source for source in plugin(context).sources}
    return sources["forge-files"], sources["forge"]


def ready(
    running: RunningForge, cache: Path, kind: str, *, token: str = "good", **more: Any
) -> tuple[Source, ForgeProvider]:
    """The source of repositories, and its one provider."""
    provider = provider_of(kind, running.host, **more)
    forges = [running.forge(kind, token=token)]
    return sources_of(cache, forges, [provider])[1], provider


def names(found: Complete | Partial | Failed) -> list[str]:
    """The repositories of a listing that is complete."""
    assert isinstance(found, Complete), found
    return [repository.name for repository in found.repositories]


def snapshot_of(source: Source, url: str) -> Snapshot:
    found = source.snapshot(Repository(url=url, name="x"))
    assert isinstance(found, Snapshot), found
    return found


def failure_of(source: Source, url: str) -> str:
    found = source.snapshot(Repository(url=url, name="x"))
    assert isinstance(found, Failed), found
    return found.problem.code


def content_of(source: Source, snapshot: Snapshot, path: str) -> bytes:
    (found,) = source.read(snapshot, [path], max_bytes=10_000)
    assert isinstance(found, Blob), found
    return found.content
