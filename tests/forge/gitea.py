"""The server's Gitea: API v1. Only files have a validator, as in the original."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from tests.forge import gitea_facts, gitea_people
from tests.forge.replies import Reply, Request, paged, said, validated
from tests.forge.world import Repo, World


def answer(world: World, request: Request) -> Reply | None:
    """The reply to a request below `/api/v1`; None: it is none of Gitea's."""
    if not request.path.startswith("/api/v1/"):
        return None
    sight = world.sees(request.token)
    if sight is None:
        return said({"message": "user does not exist [uid: 0, name: ]"}, status=401)
    rest = request.path.removeprefix("/api/v1/")
    people = gitea_people.rest(world, sight, rest)
    if people is not None:
        return people if isinstance(people, Reply) else _listed(request, people)
    owner = re.fullmatch(r"orgs/([^/]+)/repos", rest)
    if owner:
        name = unquote(owner[1]).lower()
        if not any(repo.owner.lower() == name for repo in world.repos.values()):
            return said({"message": "GetOrgByName", "errors": ["user redirect"]}, status=404)
        inside = [repo for repo in world.visible(sight) if repo.owner.lower() == name]
        return _listed(request, [_shown(repo) for repo in inside])
    found = re.fullmatch(r"repos/([^/]+/[^/]+)(/.*)?", rest)
    repo = world.find(found[1], sight) if found else None
    if found is None or repo is None:
        return said({"message": "The target couldn't be found."}, status=404)
    if repo.path.lower() != found[1].lower():
        reply = Reply(status=307)
        reply.headers["Location"] = f"/api/v1/repos/{repo.path}{found[2] or ''}"
        return reply
    return _repository(request, repo, (found[2] or "").lstrip("/"))


def _listed(request: Request, items: list[Any]) -> Reply:
    page, _, _, links = paged(request, items, size="limit", most=50, default=30)
    return said(page, headers={**links, "X-Total-Count": str(len(items))})


def _repository(request: Request, repo: Repo, rest: str) -> Reply:
    kind, _, path = rest.partition("/")
    if not rest:
        return said(_shown(repo))
    if kind == "branches":
        commit = repo.head(f"refs/heads/{unquote(path)}")
        if commit:
            return said(
                {"name": unquote(path), "commit": {"id": commit}, **gitea_facts.branch(repo)}
            )
    if kind == "raw":
        blob = repo.blob(request.asked("ref", "HEAD"), unquote(path))
        if blob is not None:
            kind = {"Content-Type": "text/plain; charset=utf-8"}  # type: ignore[assignment]
            return validated(request, Reply(body=blob[1], headers=kind), weak=False, tag=blob[0])  # type: ignore[arg-type]
    if rest.startswith("git/trees/"):
        ref = unquote(rest.removeprefix("git/trees/"))
        if repo.head(ref):
            tree = repo.tree(ref)
            start, per = (int(request.asked("page", "1")) - 1) * 1000, 1000
            more = start + per < len(tree)
            return said({"sha": repo.head(ref), "tree": tree[start:][:per], "truncated": more})
    if found := gitea_facts.rest(request, repo, rest):
        return found
    return said({"message": "The target couldn't be found."}, status=404)


def _shown(repo: Repo) -> dict[str, Any]:
    return {
        "id": repo.id,
        "name": repo.name,
        "full_name": repo.path,
        "default_branch": repo.branch,
        "empty": not repo.head(),
        "archived": repo.archived,
        "fork": repo.fork,
        "private": repo.visibility != "public",
        "topics": repo.topics,
        "mirror": repo.mirror,
        "updated_at": repo.updated(),
    }
