"""The plugin's manifest, put together from the forges and the providers that are configured."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugins.contract import Context, Forge, ForgeProvider, GitHubProvider, Plugin
from plugins.forges.api import Api
from plugins.forges.apps import AppTokens
from plugins.forges.facts.collector import ForgeCollector
from plugins.forges.files import FileSource
from plugins.forges.gitea import Gitea
from plugins.forges.github import GitHub
from plugins.forges.gitlab import GitLab
from plugins.forges.people.directory import PeopleReader
from plugins.forges.people.gitea import GiteaReader
from plugins.forges.people.github import GitHubReader
from plugins.forges.people.gitlab import GitLabReader
from plugins.forges.people.source import PeopleSource
from plugins.forges.projects import Hosting
from plugins.forges.repositories import RepositorySource
from plugins.web.cache import Cache
from plugins.web.limits import Limits

VERSION = "1"


def plugin(context: Context) -> Plugin:
    """The plugin's manifest."""
    apps = {
        forge: AppTokens(forge, context.cache / "apps") for forge in context.forges if forge.apps
    }
    apis = {
        forge: Api(
            forge,
            context.cache,
            tokens=apps.get(forge),
            limits=Limits(system=forge.host, budgets=context.budgets),
        )
        for forge in context.forges
    }
    hostings: dict[Forge, Hosting] = {
        forge: _hosting(api, apps.get(forge)) for forge, api in apis.items()
    }
    readers: dict[Forge, PeopleReader[Any]] = {
        forge: _people(api, apps.get(forge)) for forge, api in apis.items()
    }
    collector = ForgeCollector(
        [_asking(api, apps.get(forge), context.providers) for forge, api in apis.items()],
        context.forge_facts,
    )
    return Plugin(
        name="forges",
        version=VERSION,
        summary="Reads repositories and people of GitHub, GitLab and Gitea, and what these know of them.",
        sources=(
            FileSource(hostings, apis, Cache(context.cache / "files")),
            # Before the repositories: to a GitLab the page of a group looks like one.
            PeopleSource(readers, context.people, Cache(context.cache / "people")),
            RepositorySource(hostings, context.providers, cache=context.cache),
        ),
        remote_collectors=(collector,) if collector.systems else (),
    )


def _asking(api: Api, apps: AppTokens | None, providers: Sequence[ForgeProvider]) -> Api:
    """What is asked about repositories: as the provider signs in that has found them.

    An App that one names may see repositories that others do not.
    """
    if apps is None:
        return api
    named = [
        one.app for one in providers if isinstance(one, GitHubProvider) and not one.organization
    ]
    return api.signing_in_with(apps.preferring(named))


def _hosting(api: Api, apps: AppTokens | None) -> Hosting:
    match api.forge.type:
        case "github":
            return GitHub(api, apps)
        case "gitlab":
            return GitLab(api)
    return Gitea(api)


def _people(api: Api, apps: AppTokens | None) -> PeopleReader[Any]:
    match api.forge.type:
        case "github":
            return GitHubReader(api, apps)
        case "gitlab":
            return GitLabReader(api)
    return GiteaReader(api)
