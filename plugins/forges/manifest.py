"""The plugin's manifest, put together from the forges and the providers that are configured."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from plugins.contract import Context, Forge, Plugin
from plugins.forges.api import Api
from plugins.forges.apps import AppTokens
from plugins.forges.facts.collector import ForgeCollector
from plugins.forges.files import FileSource
from plugins.forges.gitea import Gitea
from plugins.forges.github import GitHub
from plugins.forges.gitlab import GitLab
from plugins.forges.projects import Hosting
from plugins.forges.repositories import RepositorySource
from plugins.web.cache import Cache
from plugins.web.limits import Limits

VERSION = "1"

_HOSTINGS: Mapping[str, Callable[[Api], Hosting]] = {
    "github": GitHub,
    "gitlab": GitLab,
    "gitea": Gitea,
}


def plugin(context: Context) -> Plugin:
    """The plugin's manifest."""
    apis = {
        forge: Api(
            forge,
            context.cache,
            tokens=AppTokens(forge, context.cache / "apps") if forge.apps else None,
            limits=Limits(system=forge.host, budgets=context.budgets),
        )
        for forge in context.forges
    }
    hostings: dict[Forge, Hosting] = {
        forge: _HOSTINGS[forge.type](api) for forge, api in apis.items()
    }
    collector = ForgeCollector(list(apis.values()), context.forge_facts)
    return Plugin(
        name="forges",
        version=VERSION,
        summary="Finds and reads repositories on GitHub, GitLab and Gitea, and asks what these know of them.",
        sources=(
            FileSource(hostings, apis, Cache(context.cache / "files")),
            RepositorySource(hostings, context.providers, cache=context.cache),
        ),
        remote_collectors=(collector,) if collector.systems else (),
    )
