"""GitLab: gitlab.com and GitLabs of one's own.

Source: GitLab's REST API v4; the filters are those of Backstage's `catalog-backend-module-gitlab`
(reference 4.12). Every answer has a validator, so that what has not changed is not sent again; the heads of
what is listed are asked for together (`plugins.forges.gitlab_heads`).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from plugins.contract import ForgeProvider, GitLabProvider, Problem
from plugins.forges import problems
from plugins.forges.api import Api
from plugins.forges.gitlab_heads import told_heads
from plugins.forges.paging import follow
from plugins.forges.projects import Found, Project, is_branch, is_path

PER_PAGE = 100


class GitLab:
    """A `Hosting`; see `plugins.forges.projects`."""

    def __init__(self, api: Api) -> None:
        self._api, self._forge = api, api.forge

    def projects(self, provider: ForgeProvider) -> Found:
        """The projects of a group and its subgroups, or all; those that are wanted with their heads."""
        assert isinstance(provider, GitLabProvider)
        start, what = f"{self._forge.api_url}/projects", "projects"
        options = f"per_page={PER_PAGE}&order_by=id&sort=asc"
        if provider.group:
            group = quote(provider.group.strip("/"), safe="")
            start = f"{self._forge.api_url}/groups/{group}/projects"
            options += "&include_subgroups=true"
            what = f"group {provider.group}"
        if provider.membership:
            options += "&membership=true"
        found = follow(
            self._api,
            f"{start}?{options}",
            lambda item: _project(item, provider),
            what=what,
            total="x-total",
        )
        wanted = [project for project in found.projects if self.wants(provider, project)]
        heads = told_heads(self._api, wanted, named=provider.branch)
        found.projects = [
            replace(project, commit=heads.get(project.path, "")) for project in found.projects
        ]
        return found

    def wants(self, provider: ForgeProvider, project: Project) -> bool:
        """Whether it passes the filters, as in Backstage."""
        assert isinstance(provider, GitLabProvider)
        return (
            self.covers(provider, project.path)
            and bool(project.branch)
            and (provider.archived or not project.archived)
            and (provider.forks or not project.fork)
            and set(provider.topics) <= project.topics
        )

    def covers(self, provider: ForgeProvider, path: str) -> bool:
        """Whether it is below the provider's group, and has a path that is wanted."""
        assert isinstance(provider, GitLabProvider)
        group = provider.group.strip("/").lower()
        return (
            (not group or path.lower().startswith(f"{group}/"))
            and path not in provider.excluded
            and (not provider.project or re.search(provider.project, path) is not None)
        )

    def head(self, path: str, provider: ForgeProvider | None, branch: str) -> Project | Problem:
        """One conditional request for the branch, and one more where nobody knows its name."""
        project = Project(path=path, branch=branch)
        if not branch:
            reply = self._api.get(self._of(path), what=f"project {path}")
            if isinstance(reply, Problem):
                return reply
            wanted = provider if isinstance(provider, GitLabProvider) else None
            read = _project(reply.data, wanted)
            if read is None:
                return problems.bad_answer(self._forge, f"it is no project {path}")
            if read.path.lower() != path.lower() or not read.branch:
                return read
            project = read
        url = f"{self._of(path)}/repository/branches/{quote(project.branch, safe='')}"
        reply = self._api.get(url, what=f"branch {project.branch} of project {path}")
        match reply:
            case Problem():
                return reply
            case _ if isinstance(reply.data, dict):
                commit = (reply.data.get("commit") or {}).get("id", "")
                return Project(path=path, branch=project.branch, commit=str(commit))
        return problems.bad_answer(self._forge, "it is no branch")

    def files(self, path: str, ref: str) -> tuple[str, ...] | Problem:
        """The tree, page by page."""
        url = f"{self._of(path)}/repository/tree?recursive=true&per_page={PER_PAGE}"
        paths: list[str] = []

        def read(item: object) -> Project:
            match item:
                case {"type": "blob", "mode": str(mode), "path": str(file)} if mode != "120000":
                    paths.append(file)
            return Project(path="a/file")

        found = follow(
            self._api, f"{url}&ref={quote(ref, safe='')}", read, what=f"tree of {path}", total=""
        )
        return found.problem or tuple(paths)

    def raw(self, path: str, ref: str, file: str) -> tuple[str, str]:
        """By the API, for everybody."""
        url = f"{self._of(path)}/repository/files/{quote(file, safe='')}/raw"
        return f"{url}?ref={quote(ref, safe='')}", "*/*"

    def shown(self, path: str, branch: str) -> str:
        """As Backstage's provider names them."""
        return f"{self._forge.web_url}/{path}/-/blob/{quote(branch, safe='')}/"

    def git_user(self, path: str, provider: ForgeProvider | None) -> tuple[str, str] | Problem:
        """GitLab takes any user with a token; this one is also that of OAuth."""
        return ("oauth2", self._forge.token) if self._forge.token else ("", "")

    def _of(self, path: str) -> str:
        return f"{self._forge.api_url}/projects/{quote(path, safe='')}"


def _project(item: Any, provider: GitLabProvider | None) -> Project | None:
    """An item of a list; None where it is none, or says what no project can be called."""
    match item:
        case {"path_with_namespace": str(path)} if is_path(path):
            default = item.get("default_branch")
            if provider is not None:
                default = provider.branch or default or provider.fallback_branch
            branch = "" if item.get("empty_repo") else str(default or "")
            if branch and not is_branch(branch):
                return None
            return Project(
                path=path,
                branch=branch,
                archived=bool(item.get("archived")),
                fork="forked_from_project" in item,
                visibility=str(item.get("visibility", "")),
                topics=frozenset(map(str, item.get("topics") or ())),
            )
    return None
