"""GitHub: github.com and GitHub Enterprise Server.

Repositories are listed by GraphQL, a hundred with their heads in one request; files and trees are
read by REST, conditionally. Source: GitHub's REST (2022-11-28) and GraphQL reference; the filters
are those of Backstage's `catalog-backend-module-github` (reference 4.12).
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from plugins.contract import ForgeProvider, GitHubProvider, Problem
from plugins.forges import problems
from plugins.forges.api import Api
from plugins.forges.apps import AppTokens, Installed
from plugins.forges.github_queries import query
from plugins.forges.projects import (
    MOST_PAGES,
    Found,
    Project,
    add_all,
    is_branch,
    is_path,
)

_FIELDS = """
fragment Fields on Repository {
  nameWithOwner isArchived isFork visibility
  repositoryTopics(first: 100) { nodes { topic { name } } }
  defaultBranchRef { name target { oid } }
  wanted: ref(qualifiedName: $branch) @include(if: $named) { name target { oid } }
}
"""

LISTING = (
    """
query Listing($owner: String!, $size: Int!, $after: String, $branch: String!, $named: Boolean!) {
  repositoryOwner(login: $owner) {
    repositories(
      first: $size, after: $after, ownerAffiliations: [OWNER],
      orderBy: {field: CREATED_AT, direction: ASC}
    ) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { ...Fields }
    }
  }
}
"""
    + _FIELDS
)

HEAD = (
    """
query Head($owner: String!, $name: String!, $branch: String!, $named: Boolean!) {
  repository(owner: $owner, name: $name) { ...Fields }
}
"""
    + _FIELDS
)


class GitHub:
    """A `Hosting`; see `plugins.forges.projects`."""

    def __init__(self, api: Api, apps: AppTokens | None) -> None:
        self._api, self._apps, self._forge = api, apps, api.forge

    def projects(self, provider: ForgeProvider) -> Found:
        """All repositories of the owner, or of every organization that has the App installed."""
        assert isinstance(provider, GitHubProvider)
        found = Found()
        if not self._forge.signs_in:
            found.problem = problems.no_credentials(self._forge)
        elif provider.organization:
            found.problem = self._list(provider, provider.organization, found)
        else:
            found.problem = self._list_installed(provider, found)
        return found

    def _list_installed(self, provider: GitHubProvider, found: Found) -> Problem | None:
        """Add what every organization has; the first problem, which keeps no other from being read."""
        installed = self._installed(provider.app)
        if isinstance(installed, Problem):
            return installed
        if not installed:
            return problems.incomplete(self._forge, "no organization has the App installed")
        problem = None
        for one in installed:
            known = len(found.projects)
            if one.suspended:
                why: Problem | None = problems.app_suspended(self._forge, provider.app, one.owner)
            else:
                why = self._list(provider, one.owner, found)
                if why is None and len(found.projects) == known:
                    # As of a single owner: it may be the installation that sees nothing (F35, F37).
                    said = f"no repository of {one.owner} is visible"
                    why = problems.incomplete(self._forge, said)
            problem = problem or why
        return problem

    def _installed(self, app: str) -> tuple[Installed, ...] | Problem:
        if self._apps is None:
            return problems.no_such_app(self._forge, app)
        return self._apps.installed(app)

    def _list(self, provider: GitHubProvider, owner: str, found: Found) -> Problem | None:
        """Add all repositories of an owner, or say why others may exist."""
        known = len(found.projects)
        variables = {
            "owner": owner,
            "size": min(provider.page_size, 100),
            "after": None,
            **_branch(provider.branch),
        }
        while found.pages < MOST_PAGES:
            page = self._page(self._api_of(provider), variables)
            if isinstance(page, Problem):
                return page
            found.pages += 1
            nodes, more, after, total = page
            if not add_all(found, nodes, lambda node: _project(node, provider.branch)):
                return problems.incomplete(self._forge, f"a repository of {owner} is not shown")
            if not more:
                shown = len(found.projects) - known
                if total != shown:
                    said = f"it counts {total} repositories of {owner} and shows {shown}"
                    return problems.incomplete(self._forge, said)
                return None
            if not nodes or not after or after == variables["after"]:
                break
            variables["after"] = after
        return problems.incomplete(self._forge, "its pages do not end")

    def wants(self, provider: ForgeProvider, project: Project) -> bool:
        """Whether it passes the filters, as in Backstage; what has no such branch is not wanted."""
        assert isinstance(provider, GitHubProvider)
        return (
            # Whoever was listed has the App installed.
            _is_named(provider, project.path)
            and bool(project.branch)
            and (provider.archived or not project.archived)
            and (provider.forks or not project.fork)
            and (not provider.topics or bool(project.topics & set(provider.topics)))
            and not project.topics & set(provider.no_topics)
            and (not provider.visibility or project.visibility in provider.visibility)
        )

    def covers(self, provider: ForgeProvider, path: str) -> bool:
        """Whether it is of one of the provider's owners, and has a name that is wanted."""
        assert isinstance(provider, GitHubProvider)
        if not _is_named(provider, path):
            return False
        if provider.organization:
            return True
        owner = path.partition("/")[0]
        return self._apps is not None and self._apps.is_installed(provider.app, owner)

    def head(self, path: str, provider: ForgeProvider | None, branch: str) -> Project | Problem:
        """One request, also for a repository that has another name by now."""
        owner, _, name = path.partition("/")
        wanted = provider.branch if isinstance(provider, GitHubProvider) else ""
        variables = {"owner": owner, "name": name, **_branch(wanted)}
        what = f"repository {path}"
        data = query(self._api_of(provider), HEAD, variables, what=what, owner=owner)
        if isinstance(data, Problem):
            return data
        project = _project(data.get("repository"), wanted)
        return project or problems.not_found(self._forge, what)

    def files(self, path: str, ref: str) -> tuple[str, ...] | Problem:
        """The tree, which GitHub cuts off at 100,000 files."""
        url = f"{self._forge.api_url}/repos/{path}/git/trees/{quote(ref, safe='')}?recursive=1"
        reply = self._api.get(url, what=f"tree of {path}", owner=path.partition("/")[0])
        if isinstance(reply, Problem):
            return reply
        match reply.data:
            case {"tree": list(tree), "truncated": False}:
                files = [one for one in tree if isinstance(one, dict) and one.get("type") == "blob"]
                return tuple(str(one.get("path")) for one in files if one.get("mode") != "120000")
            case {"truncated": True}:
                return problems.incomplete(self._forge, f"the tree of {path} is too large")
        return problems.bad_answer(self._forge, "it is no tree")

    def raw(self, path: str, ref: str, file: str) -> tuple[str, str]:
        """By the API for who signs in, and else where it counts nothing, as in Backstage."""
        if not self._forge.signs_in and self._forge.raw_url:
            return f"{self._forge.raw_url}/{path}/{quote(ref)}/{quote(file)}", "*/*"
        url = f"{self._forge.api_url}/repos/{path}/contents/{quote(file)}"
        return f"{url}?ref={quote(ref, safe='')}", "application/vnd.github.raw+json"

    def shown(self, path: str, branch: str) -> str:
        """As Backstage's provider names them."""
        return f"{self._forge.web_url}/{path}/blob/{quote(branch, safe='')}/"

    def git_user(self, path: str, provider: ForgeProvider | None) -> tuple[str, str] | Problem:
        """GitHub takes any user with a token."""
        token = self._api_of(provider).token(path.partition("/")[0])
        if isinstance(token, Problem):
            return token
        return ("x-access-token", token) if token else ("", "")

    def _api_of(self, provider: ForgeProvider | None) -> Api:
        """Signed in with the App that a provider names and no other, which may see other things."""
        if not isinstance(provider, GitHubProvider) or provider.organization or self._apps is None:
            return self._api
        return self._api.signing_in_with(self._apps.only(provider.app))

    def _page(
        self, api: Api, variables: dict[str, Any]
    ) -> tuple[list[Any], bool, str, int] | Problem:
        what = f"organization {variables['owner']}"
        data = query(api, LISTING, variables, what=what, owner=variables["owner"])
        if isinstance(data, Problem):
            return data
        match data.get("repositoryOwner"):
            case None:
                return problems.not_found(self._forge, what)
            case {
                "repositories": {
                    "totalCount": int(total),
                    "nodes": list(nodes),
                    "pageInfo": {"hasNextPage": bool(more), "endCursor": after},
                }
            }:
                return nodes, more, str(after or ""), total
        return problems.bad_answer(self._forge, "it is no list of repositories")


def _is_named(provider: GitHubProvider, path: str) -> bool:
    """Whether the owner is the one that is named, if one is, and the name one that is wanted."""
    owner, _, name = path.partition("/")
    return (not provider.organization or owner.lower() == provider.organization.lower()) and (
        not provider.repository or re.fullmatch(provider.repository, name) is not None
    )


def _branch(name: str) -> dict[str, Any]:
    return {"branch": f"refs/heads/{name}", "named": bool(name)}


def _head(ref: object) -> tuple[str, str]:
    """Name and commit of a branch; '' where there is none."""
    match ref:
        case {"name": str(name), "target": {"oid": str(commit)}}:
            return name, commit
    return "", ""


def _project(node: Any, branch: str) -> Project | None:
    """A node of the fragment; None where it is none, or says what no repository can be called."""
    match node:
        case {
            "nameWithOwner": str(path),
            "isArchived": bool(archived),
            "isFork": bool(fork),
            "visibility": str(visibility),
            "repositoryTopics": {"nodes": list(topics)},
        } if is_path(path):
            name, commit = _head(node.get("wanted" if branch else "defaultBranchRef"))
            if name and not is_branch(name):
                return None
            return Project(
                path=path,
                branch=name,
                commit=commit,
                archived=archived,
                fork=fork,
                visibility=visibility.lower(),
                topics=frozenset(one["topic"]["name"] for one in topics),
            )
    return None
