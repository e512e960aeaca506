"""Gitea and Forgejo.

Source: Gitea's API v1; the provider is that of Backstage's `catalog-backend-module-gitea` (reference
4.12). Its lists and branches have no validators: they are small, and asked for in full. A list does not
tell heads, and says of each repository when it was updated last, in whole seconds.
`plugins.forges.updates` has what follows from that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from plugins.contract import ForgeProvider, GiteaProvider, Problem
from plugins.forges import problems
from plugins.forges.api import Api
from plugins.forges.paging import follow
from plugins.forges.projects import Found, Project, is_branch, is_path
from plugins.forges.updates import mark_of

PER_PAGE = 50
"""The most that a Gitea gives as it is installed."""

_MOST_TREES = 100


class Gitea:
    """A `Hosting`; see `plugins.forges.projects`."""

    def __init__(self, api: Api, *, clock: Callable[[], float] = time.time) -> None:
        self._api, self._forge, self._clock = api, api.forge, clock

    def projects(self, provider: ForgeProvider) -> Found:
        """All repositories of the organization, with what stands for the heads of those that rest."""
        assert isinstance(provider, GiteaProvider)
        owner = quote(provider.organization, safe="")
        found = follow(
            self._api,
            f"{self._forge.api_url}/orgs/{owner}/repos?limit={PER_PAGE}",
            lambda item: _project(item, provider.branch),
            what=f"organization {provider.organization}",
            total="x-total-count",
        )
        now = self._clock()
        found.projects = [replace(one, mark=mark_of(one, now=now)) for one in found.projects]
        return found

    def wants(self, provider: ForgeProvider, project: Project) -> bool:
        """Whether it can be read: an archived one is not, as with the other forges."""
        return self.covers(provider, project.path) and bool(project.branch) and not project.archived

    def covers(self, provider: ForgeProvider, path: str) -> bool:
        """Whether it is of the provider's organization."""
        assert isinstance(provider, GiteaProvider)
        return path.partition("/")[0].lower() == provider.organization.lower()

    def head(self, path: str, provider: ForgeProvider | None, branch: str) -> Project | Problem:
        """One request for the branch, and one more where nobody knows its name."""
        wanted = branch or (provider.branch if isinstance(provider, GiteaProvider) else "")
        if not wanted:
            reply = self._api.get(self._of(path), what=f"repository {path}")
            if isinstance(reply, Problem):
                return reply
            read = _project(reply.data, "")
            if read is None:
                return problems.bad_answer(self._forge, f"it is no repository {path}")
            if read.path.lower() != path.lower() or not read.branch:
                return read
            wanted = read.branch
        url = f"{self._of(path)}/branches/{quote(wanted, safe='')}"
        reply = self._api.get(url, what=f"branch {wanted} of repository {path}")
        match reply:
            case Problem():
                return reply
            case _ if isinstance(reply.data, dict):
                commit = str((reply.data.get("commit") or {}).get("id", ""))
                return Project(path=path, branch=wanted, commit=commit)
        return problems.bad_answer(self._forge, "it is no branch")

    def files(self, path: str, ref: str) -> tuple[str, ...] | Problem:
        """The tree, page by page."""
        url = f"{self._of(path)}/git/trees/{quote(ref, safe='')}?recursive=true&per_page=1000"
        paths: list[str] = []
        for page in range(1, _MOST_TREES + 1):
            reply = self._api.get(f"{url}&page={page}", what=f"tree of {path}")
            match reply:
                case Problem():
                    return reply
                case _ if isinstance(reply.data, dict) and isinstance(reply.data.get("tree"), list):
                    paths += _files(reply.data["tree"])
                    if not reply.data.get("truncated"):
                        return tuple(paths)
                case _:
                    return problems.bad_answer(self._forge, "it is no tree")
        return problems.incomplete(self._forge, f"the tree of {path} is too large")

    def raw(self, path: str, ref: str, file: str) -> tuple[str, str]:
        """By the API, for everybody."""
        return f"{self._of(path)}/raw/{quote(file)}?ref={quote(ref, safe='')}", "*/*"

    def shown(self, path: str, branch: str) -> str:
        """As Backstage's provider names them."""
        return f"{self._forge.web_url}/{path}/src/branch/{quote(branch, safe='')}/"

    def git_user(self, path: str, provider: ForgeProvider | None) -> tuple[str, str] | Problem:
        """A user with a password, or a token as either of the two."""
        if self._forge.username:
            return self._forge.username, self._forge.password
        return (self._forge.password, "x-oauth-basic") if self._forge.password else ("", "")

    def _of(self, path: str) -> str:
        return f"{self._forge.api_url}/repos/{path}"


def _files(tree: list[Any]) -> list[str]:
    """The regular files among the entries of a tree."""
    files = [one for one in tree if isinstance(one, dict) and one.get("type") == "blob"]
    return [str(one.get("path")) for one in files if one.get("mode") != "120000"]


def _project(item: Any, branch: str) -> Project | None:
    """An item of a list; None where it is none, or says what no repository can be called."""
    match item:
        case {"full_name": str(path), "default_branch": str(default)} if is_path(path):
            name = "" if item.get("empty") else branch or default
            if name and not is_branch(name):
                return None
            return Project(
                path=path,
                branch=name,
                archived=bool(item.get("archived")),
                fork=bool(item.get("fork")),
                visibility="private" if item.get("private") else "public",
                topics=frozenset(map(str, item.get("topics") or ())),
                # A mirror's is the time of its latest commit, which a push need not change.
                updated="" if item.get("mirror") else str(item.get("updated_at") or ""),
            )
    return None
