"""The server's GitHub: REST as of 2022-11-28, and GraphQL executed by a real engine.

The schema is that part of GitHub's public one that a client of repositories meets.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote

import jwt
import orjson
from graphql import GraphQLError, build_schema, graphql_sync

from tests.forge import github_facts, github_people
from tests.forge.replies import Reply, Request, said, validated
from tests.forge.world import Repo, World

SCHEMA = build_schema(
    """
type Query {
  organization(login: String!): Organization
  repositoryOwner(login: String!): RepositoryOwner
  repository(owner: String!, name: String!, followRenames: Boolean = true): Repository
}
type RepositoryOwner {
  login: String!
  repositories(first: Int, after: String, ownerAffiliations: [RepositoryAffiliation],
    orderBy: RepositoryOrder): RepositoryConnection!
}
enum RepositoryAffiliation { OWNER COLLABORATOR ORGANIZATION_MEMBER }
enum RepositoryOrderField { CREATED_AT NAME PUSHED_AT STARGAZERS UPDATED_AT }
enum OrderDirection { ASC DESC }
input RepositoryOrder { field: RepositoryOrderField!, direction: OrderDirection! }
type RepositoryConnection { totalCount: Int!, pageInfo: PageInfo!, nodes: [Repository] }
type PageInfo { hasNextPage: Boolean!, endCursor: String }
enum RepositoryVisibility { INTERNAL PRIVATE PUBLIC }
type Repository {
  databaseId: Int, name: String!, nameWithOwner: String!, isArchived: Boolean!, isFork: Boolean!
  visibility: RepositoryVisibility!, defaultBranchRef: Ref, ref(qualifiedName: String!): Ref
  repositoryTopics(first: Int): RepositoryTopicConnection!
"""
    + github_facts.FIELDS
    + """
}
type RepositoryTopicConnection { nodes: [RepositoryTopic] }
type RepositoryTopic { topic: Topic! }
type Topic { name: String! }
type Ref { name: String!, target: GitObject }
interface GitObject { oid: String! }
"""
    + github_facts.SCHEMA
    + github_people.SCHEMA
)


def answer(world: World, request: Request) -> Reply | None:
    """The reply to a request below `/api/v3` or to `/api/graphql`; None: it is none of GitHub's."""
    sight = world.sees(request.token)
    if request.path == "/api/graphql" and b"fullPath" not in request.body:
        if not request.token or sight is None:
            return _message(401, "Bad credentials")
        return _limits(world, _graphql(world, request, sight))
    if not request.path.startswith("/api/v3/"):
        return None
    if re.search("/installation$|^/api/v3/app/", request.path):
        return _app(world, request)
    if sight is None:
        return _message(401, "Bad credentials")
    found = re.fullmatch(r"/api/v3/repos/([^/]+/[^/]+)(/.*)?", request.path)
    number = re.fullmatch(r"/api/v3/repositories/(\d+)(/.*)?", request.path)
    repo = None
    if found:
        repo = world.find(found[1], sight)
        if repo and repo.path.lower() != found[1].lower():
            query = f"?{request.query}" if request.query else ""
            there = f"{request.origin}/api/v3/repositories/{repo.id}{found[2] or ''}{query}"
            reply = said({"message": "Moved Permanently", "url": there}, status=301)
            reply.headers["Location"] = there
            return reply
    elif number:
        repo = next((one for one in world.visible(sight) if one.id == int(number[1])), None)
    if repo is None:
        return _message(404, "Not Found")
    rest = ((found or number)[2] or "").lstrip("/")  # type: ignore[index]
    return _limits(world, _repository(request, repo, rest))


def _app(world: World, request: Request) -> Reply:
    """What only an App may ask, which signs each time anew."""
    try:
        said_by = jwt.decode(request.token, options={"verify_signature": False})["iss"]
        claims = jwt.decode(request.token, world.apps[said_by], algorithms=["RS256"])
        assert claims["exp"] - claims["iat"] <= 600
    except (jwt.PyJWTError, KeyError, AssertionError):
        return _message(401, "A JSON web token could not be decoded")
    mine = {owner: one for (owner, app), one in world.installed.items() if app == claims["iss"]}
    of_owner = re.fullmatch(r"/api/v3/orgs/([^/]+)/installation", request.path)
    if of_owner and of_owner[1] in mine:
        return said(mine[of_owner[1]])
    if request.path == "/api/v3/app/installations":
        return said([_installation(owner, one) for owner, one in sorted(mine.items())])
    made = re.fullmatch(r"/api/v3/app/installations/(\d+)/access_tokens", request.path)
    for owner, one in mine.items():
        if made and one["id"] == int(made[1]) and request.method == "POST":
            token = f"ghs_{owner}_{len(world.tokens)}"
            world.tokens[token] = "all"
            ends = datetime.now(UTC) + timedelta(seconds=world.lasts)
            return said({"token": token, "expires_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}"}, status=201)
    return _message(404, "Not Found")


def _installation(owner: str, one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "account": {"login": owner, "type": "Organization"},
        "target_type": "Organization",
    }


def _repository(request: Request, repo: Repo, rest: str) -> Reply:
    kind, _, path = rest.partition("/")
    if kind == "contents":
        found = repo.blob(request.asked("ref", "HEAD"), unquote(path))
        if found is None or "raw" not in request.headers.get("accept", ""):
            return _message(404, "Not Found")
        reply = Reply(body=found[1], headers={"Content-Type": "application/vnd.github.raw+json"})
        return validated(request, reply, tag=found[0])
    if rest.startswith("git/trees/"):
        ref = unquote(rest.removeprefix("git/trees/"))
        if not repo.head(ref):
            return _message(404, "Not Found")
        tree = {"sha": repo.head(ref), "tree": repo.tree(ref), "truncated": False}
        return validated(request, said(tree))
    return github_facts.rest(request, repo, rest) or _message(404, "Not Found")


def _graphql(world: World, request: Request, sight: str) -> Reply:
    asked = orjson.loads(request.body)
    done = graphql_sync(
        SCHEMA,
        asked["query"],
        root_value=_Root(world, sight),
        variable_values=asked.get("variables"),
    )
    answered: dict[str, Any] = {"data": done.data}
    if done.errors:
        answered["errors"] = [
            {"message": error.message, "path": error.path, **(error.extensions or {})}
            for error in done.errors
        ]
    return said(answered)


class _Root:
    def __init__(self, world: World, sight: str) -> None:
        self._world, self._sight = world, sight

    def repositoryOwner(self, _info: object, login: str) -> dict[str, Any] | None:
        owners = {repo.owner.lower(): repo.owner for repo in self._world.repos.values()}
        if login.lower() not in owners:
            return None
        owner = owners[login.lower()]
        mine = [repo for repo in self._world.visible(self._sight) if repo.owner == owner]
        return {"login": owner, "repositories": lambda _info, **options: _page(mine, **options)}

    def organization(self, _info: object, login: str) -> dict[str, Any]:
        return github_people.organization(self._world, self._sight, login)

    def repository(self, _info: object, owner: str, name: str, **_: Any) -> dict[str, Any]:
        repo = self._world.find(f"{owner}/{name}", self._sight)
        if repo is None:
            message = f"Could not resolve to a Repository with the name '{owner}/{name}'."
            raise GraphQLError(message, extensions={"type": "NOT_FOUND"})
        return _node(repo)


def _page(repos: list[Repo], first: int, after: str | None = None, **_: Any) -> dict[str, Any]:
    if not 1 <= first <= 100:
        raise GraphQLError("Requesting too many records.")
    start = int(after or 0)
    page = repos[start : start + first]
    end = str(start + len(page)) if page else None
    return {
        "totalCount": len(repos),
        "pageInfo": {"hasNextPage": start + first < len(repos), "endCursor": end},
        "nodes": [_node(repo) for repo in page],
    }


def _node(repo: Repo) -> dict[str, Any]:
    def ref(name: str) -> dict[str, Any] | None:
        short = name.removeprefix("refs/heads/")
        commit = repo.head(name) if name else ""
        target = github_facts.commit(repo, commit)
        return {"name": short, "target": target} if commit else None

    return {
        "databaseId": repo.id,
        "name": repo.name,
        "nameWithOwner": repo.path,
        "isArchived": repo.archived,
        "isFork": repo.fork,
        "visibility": repo.visibility.upper(),
        "defaultBranchRef": ref(f"refs/heads/{repo.branch}"),
        "ref": lambda _info, qualifiedName: ref(qualifiedName),  # noqa: N803 - GitHub's name
        **github_facts.node(repo),
        "repositoryTopics": {"nodes": [{"topic": {"name": topic}} for topic in repo.topics]},
    }


def _limits(world: World, reply: Reply) -> Reply:
    reply.headers |= {
        "X-RateLimit-Limit": "5000",
        "X-RateLimit-Remaining": str(world.remaining),
        "X-RateLimit-Reset": str(int(time.time()) + 3000),
    }
    return reply


def _message(status: int, text: str) -> Reply:
    return said({"message": text, "status": str(status)}, status=status)
