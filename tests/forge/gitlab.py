"""The server's GitLab: REST v4."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from tests.forge import gitlab_facts, gitlab_heads, gitlab_people
from tests.forge.replies import Reply, Request, paged, said, validated
from tests.forge.world import Repo, World


def answer(world: World, request: Request) -> Reply | None:
    """The reply to a request below `/api/v4`; None: it is none of GitLab's."""
    if request.path == "/api/graphql":
        return next(
            (
                reply
                for part in (gitlab_heads, gitlab_people, gitlab_facts)
                if (reply := part.graphql(world, request)) is not None
            ),
            None,
        )
    if not request.path.startswith("/api/v4/"):
        return None
    sight = world.sees(request.token)
    if sight is None:
        return said({"message": "401 Unauthorized"}, status=401)
    rest = request.path.removeprefix("/api/v4/")
    group = re.fullmatch(r"groups/([^/]+)/projects", rest)
    if group:
        name = unquote(group[1]).lower()
        inside = [r for r in world.visible(sight) if f"{r.owner}/".lower().startswith(f"{name}/")]
        if not any(f"{r.owner}/".lower().startswith(f"{name}/") for r in world.repos.values()):
            return said({"message": "404 Group Not Found"}, status=404)
        return _projects(request, inside)
    people = gitlab_people.rest(world, sight, request, rest)
    if people is not None:
        listed = people if isinstance(people, Reply) else _listed(request, people)
        return validated(request, listed)
    if rest == "projects":
        return _projects(request, world.visible(sight))
    found = re.fullmatch(r"projects/([^/]+)(/.*)?", rest)
    wanted = unquote(found[1]) if found else ""
    repo = world.find(wanted, sight)
    if found is None or repo is None or (repo.path.lower() != wanted.lower() and found[2]):
        return said({"message": "404 Project Not Found"}, status=404)
    return validated(request, _project_reply(request, repo, (found[2] or "").lstrip("/")))


def _project_reply(request: Request, repo: Repo, rest: str) -> Reply:
    if not rest:
        return said(_shown(repo))
    if rest.startswith("repository/") and repo.knows.get("hides_code"):
        return said({"message": "403 Forbidden"}, status=403)
    branch = re.fullmatch(r"repository/branches/([^/]+)", rest)
    if branch:
        name = unquote(branch[1])
        commit = repo.head(f"refs/heads/{name}")
        if not commit:
            return said({"message": "404 Branch Not Found"}, status=404)
        return said({"name": name, "commit": {"id": commit}, "default": name == repo.branch})
    file = re.fullmatch(r"repository/files/([^/]+)/raw", rest)
    if file:
        blob = repo.blob(request.asked("ref", "HEAD"), unquote(file[1]))
        if blob is None:
            return said({"message": "404 File Not Found"}, status=404)
        return Reply(body=blob[1], headers={"Content-Type": "text/plain; charset=utf-8"})
    if rest == "repository/tree":
        ref = request.asked("ref", "HEAD")
        if not repo.head(ref):
            return said({"message": "404 Tree Not Found"}, status=404)
        tree = [{**row, "id": row["sha"]} for row in repo.tree(ref)]
        return _listed(request, tree)
    return gitlab_facts.rest(request, repo, rest) or said({"error": "404 Not Found"}, status=404)


def _projects(request: Request, repos: list[Repo]) -> Reply:
    return validated(request, _listed(request, [_shown(repo) for repo in repos]))


def _listed(request: Request, items: list[Any]) -> Reply:
    page, number, pages, links = paged(request, items, size="per_page", most=100, default=20)
    headers = {
        **links,
        "X-Page": str(number),
        "X-Total": str(len(items)),
        "X-Next-Page": str(number + 1) if number < pages else "",
    }
    return said(page, headers=headers)


def _shown(repo: Repo) -> dict[str, Any]:
    shown = {
        "id": repo.id,
        "name": repo.name,
        "path_with_namespace": repo.path,
        "default_branch": repo.branch if repo.head() else None,
        "empty_repo": not repo.head(),
        "archived": repo.archived,
        "visibility": repo.visibility,
        "topics": repo.topics,
        **gitlab_facts.about(repo),
    }
    return {**shown, "forked_from_project": {"id": 1}} if repo.fork else shown
