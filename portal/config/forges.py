"""Forges and their providers: what a Backstage config says of them, as plugins take it.

The public github.com and gitlab.com are there without being named, as in Backstage.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from plugins.contract import (
    Forge,
    ForgeApp,
    ForgeProvider,
    GiteaPeople,
    GiteaProvider,
    GitHubPeople,
    GitHubProvider,
    GitLabPeople,
    GitLabProvider,
    PeopleProvider,
)
from portal.config.integrations import Gitea, GitHub, GitLab, Integration
from portal.config.providers import SERVED
from portal.config.schedules import Schedule

_PUBLIC: tuple[Integration, ...] = (GitHub(), GitLab())


def forges_of(integrations: Iterable[Integration]) -> tuple[Forge, ...]:
    """The forges that are served; of several entries with one host the first counts."""
    found: dict[str, Forge] = {}
    for one in (*integrations, *_PUBLIC):
        match one:
            case GitHub():
                found.setdefault(one.host, _github(one))
            case GitLab():
                found.setdefault(one.host, _gitlab(one))
            case Gitea():
                found.setdefault(one.host, _gitea(one))
    return tuple(found.values())


def without_secrets(forges: Iterable[Forge]) -> tuple[Forge, ...]:
    """The same, for processes that ask no forge."""
    return tuple(replace(forge, token="", username="", password="", apps=()) for forge in forges)


def providers_of(providers: Mapping[str, Any]) -> tuple[ForgeProvider, ...]:
    """The providers that are served, of the checked `catalog.providers`."""
    makers: Mapping[str, Callable[[str, Mapping[str, Any]], ForgeProvider]] = {
        "github": _github_provider,
        "gitlab": _gitlab_provider,
        "gitea": _gitea_provider,
    }
    return tuple(
        make(name, keys)
        for type_, make in makers.items()
        for name, keys in (providers.get(type_) or {}).items()
    )


def people_of(providers: Mapping[str, Any]) -> tuple[PeopleProvider, ...]:
    """Whose users and groups are read, of the checked `catalog.providers`."""
    of_github = list((providers.get("githubOrg") or {}).values())
    of_gitlab, of_gitea = (
        {id_: keys for id_, keys in (providers.get(name) or {}).items() if keys.get("orgEnabled")}
        for name in ("gitlab", "gitea")
    )
    return (
        *(_github_people(keys, alone=len(of_github) == 1) for keys in of_github),
        *(_gitlab_people(id_, keys) for id_, keys in of_gitlab.items()),
        *(
            GiteaPeople(
                id=id_,
                host=keys["host"],
                organization=keys["organization"],
                namespaced=len(of_gitea) > 1,
                timeout=_timeout(keys),
            )
            for id_, keys in of_gitea.items()
        ),
    )


def schedules_of(providers: Mapping[str, Any]) -> dict[str, Schedule]:
    """When what each provider finds is read, by target; of those of the checked `catalog.providers`
    that say so. People and repositories of one entry have one schedule."""
    found = {}
    for type_, entries in providers.items():
        for id_, keys in entries.items() if type_ in SERVED else ():
            if "schedule" in keys:
                alone = {type_: {id_: keys}}
                read = (*providers_of(alone), *people_of(alone))
                found.update({one.target: keys["schedule"] for one in read})
    return found


def _github(one: GitHub) -> Forge:
    is_public = one.host == "github.com"
    api = one.api_base_url or (
        "https://api.github.com" if is_public else f"https://{one.host}/api/v3"
    )
    raw = one.raw_base_url or ("https://raw.githubusercontent.com" if is_public else "")
    apps = tuple(
        ForgeApp(
            id=app.app_id,
            # Environment variables hold it in one line.
            private_key=app.private_key.replace("\\n", "\n"),
            owners=app.allowed_installation_owners or (),
        )
        for app in one.apps
        # Of one that may sign in for nobody there is only the secret of its webhook.
        if app.allowed_installation_owners != ()
    )
    return Forge(
        type="github",
        host=one.host,
        api_url=api,
        web_url=_web_url(one.host, "", api),
        raw_url=raw,
        signs_in=bool(one.token or apps),
        token=one.token,
        apps=apps,
    )


def _gitlab(one: GitLab) -> Forge:
    web = _web_url(one.host, one.base_url, one.api_base_url)
    return Forge(
        type="gitlab",
        host=one.host,
        api_url=one.api_base_url or f"{web}/api/v4",
        web_url=web,
        signs_in=bool(one.token),
        token=one.token,
    )


def _gitea(one: Gitea) -> Forge:
    web = _web_url(one.host, one.base_url, "")
    return Forge(
        type="gitea",
        host=one.host,
        api_url=f"{web}/api/v1",
        web_url=web,
        signs_in=bool(one.password),
        username=one.username,
        password=one.password,
    )


def _web_url(host: str, base_url: str, api_url: str) -> str:
    """Where the pages are; a host whose API is plain HTTP has none over TLS."""
    if base_url:
        return base_url
    api = urlsplit(api_url)
    return f"{api.scheme if api.netloc == host else 'https'}://{host}"


def _github_provider(name: str, keys: Mapping[str, Any]) -> GitHubProvider:
    """An organization that is named goes before an App (`portal.config.unserved` tells)."""
    filters = keys.get("filters", {})
    topic = filters.get("topic", {})
    return GitHubProvider(
        id=name,
        host=keys.get("host", "github.com"),
        **_given(
            organization=keys.get("organization"),
            app=keys.get("app"),
            catalog_path=keys.get("catalogPath"),
            branch=filters.get("branch"),
            repository=_pattern(filters.get("repository")),
            topics=tuple(topic.get("include", ())),
            no_topics=tuple(topic.get("exclude", ())),
            visibility=tuple(filters.get("visibility", ())),
            forks=filters.get("allowForks"),
            archived=filters.get("allowArchived"),
            page_size=keys.get("pageSizes", {}).get("repositories"),
            timeout=_timeout(keys),
        ),
    )


def _gitlab_provider(name: str, keys: Mapping[str, Any]) -> GitLabProvider:
    skip = keys.get("skipForkedRepos")
    return GitLabProvider(
        id=name,
        host=keys["host"],
        **_given(
            group=keys.get("group"),
            catalog_path=keys.get("entityFilename") or keys.get("catalogFile"),
            branch=keys.get("branch"),
            fallback_branch=keys.get("fallbackBranch"),
            project=_pattern(keys.get("projectPattern")),
            topics=tuple(keys.get("topics", ())),
            excluded=tuple(keys.get("excludeRepos", ())),
            membership=keys.get("membership"),
            forks=None if skip is None else not skip,
            archived=keys.get("includeArchivedRepos"),
            timeout=_timeout(keys),
        ),
    )


def _gitea_provider(name: str, keys: Mapping[str, Any]) -> GiteaProvider:
    return GiteaProvider(
        id=name,
        host=keys["host"],
        organization=keys["organization"],
        **_given(
            catalog_path=keys.get("catalogPath"),
            branch=keys.get("branch"),
            timeout=_timeout(keys),
        ),
    )


def _github_people(keys: Mapping[str, Any], *, alone: bool) -> GitHubPeople:
    """`alone`: no other provider reads people of a GitHub. Then teams of one organization need no
    namespace to be told apart (Backstage's module `github-org`)."""
    organizations = tuple(keys.get("orgs", ()))
    default = alone and len(organizations) == 1
    sizes = keys.get("pageSizes", {})
    skip = keys.get("excludeSuspendedUsers")
    return GitHubPeople(
        id=keys["id"],
        host=urlsplit(keys["githubUrl"]).netloc.lower(),
        organizations=organizations,
        namespaced=not keys.get("alwaysUseDefaultNamespace", default),
        **_given(
            suspended=None if skip is None else not skip,
            verified_emails=keys.get("defaultUserTransformer", {}).get("useVerifiedEmails"),
            team_page=sizes.get("teams"),
            team_member_page=sizes.get("teamMembers"),
            member_page=sizes.get("organizationMembers"),
            timeout=_timeout(keys),
        ),
    )


def _gitlab_people(name: str, keys: Mapping[str, Any]) -> GitLabPeople:
    """Direct members always count, as in Backstage."""
    inherited = ("INHERITED",) if keys.get("allowInherited") else ()
    relations = dict.fromkeys(("DIRECT", *keys.get("relations", ()), *inherited))
    return GitLabPeople(
        id=name,
        host=keys["host"],
        groups=tuple(_spelled(one) for one in keys.get("groupPattern", ())),
        relations=tuple(relations),
        **_given(
            group=keys.get("group"),
            user=_pattern(keys.get("userPattern")),
            only_group=keys.get("restrictUsersToGroup"),
            without_seat=keys.get("includeUsersWithoutSeat"),
            timeout=_timeout(keys),
        ),
    )


def _timeout(keys: Mapping[str, Any]) -> timedelta | None:
    schedule: Schedule | None = keys.get("schedule")
    return schedule.timeout if schedule else None


def _given(**values: Any) -> dict[str, Any]:
    """What the config says; the records know the defaults."""
    return {name: value for name, value in values.items() if value is not None}


def _pattern(text: str | None) -> str | None:
    return None if text is None else _spelled(text)


def _spelled(text: str) -> str:
    """JavaScript's regular expression, in Python's spelling."""
    return re.sub(r"\(\?<(?![=!])", "(?P<", text)
