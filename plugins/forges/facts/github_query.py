"""The query that asks GitHub for all that its GraphQL knows of a repository, in one request.

It costs 2 to 3 points of the 5,000 an hour. What a token may not see is an error with the path of
what is then null, and concerns nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from plugins.contract import FailedFact, Problem
from plugins.forges import problems
from plugins.forges.api import graphql_url
from plugins.forges.facts.asking import MOST_PAGES, Asking
from plugins.forges.facts.states import not_read, not_told

MOST_CHANGES = 100
"""Of the newest ones."""

_PAGES = """
fragment Open on PullRequestConnection {
  pageInfo { hasNextPage endCursor }
  nodes { createdAt author { __typename login } }
}
fragment Deployed on DeploymentConnection {
  pageInfo { hasNextPage endCursor }
  nodes {
    environment createdAt
    latestStatus { state createdAt }
    commit { oid committedDate }
  }
}
"""

MORE = (
    """
query More(
  $owner: String!, $name: String!, $after: String!, $changes: Boolean!, $deployments: Boolean!
) {
  repository(owner: $owner, name: $name) {
    open: pullRequests(states: [OPEN], first: 100, after: $after) @include(if: $changes) { ...Open }
    deployments(
      first: 100, after: $after, orderBy: {field: CREATED_AT, direction: DESC}
    ) @include(if: $deployments) { ...Deployed }
  }
}
"""
    + _PAGES
)

QUERY = (
    """
query Facts(
  $owner: String!, $name: String!,
  $ci: Boolean!, $changes: Boolean!, $deployments: Boolean!, $release: Boolean!
) {
  repository(owner: $owner, name: $name) {
    nameWithOwner isArchived visibility
    licenseInfo { spdxId }
    repositoryTopics(first: 100) { nodes { topic { name } } }
    defaultBranchRef {
      name
      target {
        ... on Commit {
          history(first: 30) @include(if: $ci) {
            nodes { committedDate statusCheckRollup { ...Rollup } }
          }
        }
      }
    }
    checked: pullRequests(first: 30, orderBy: {field: UPDATED_AT, direction: DESC}) @include(if: $ci) {
      nodes {
        updatedAt
        commits(last: 1) { nodes { commit { statusCheckRollup { ...Rollup } } } }
      }
    }
    open: pullRequests(states: [OPEN], first: 100) @include(if: $changes) { ...Open }
    newest: pullRequests(
      first: 100, orderBy: {field: CREATED_AT, direction: DESC}
    ) @include(if: $changes) {
      nodes {
        createdAt headRefName author { __typename login }
        reviews(first: 20) { nodes { submittedAt author { __typename login } } }
      }
    }
    deployments(
      first: 100, orderBy: {field: CREATED_AT, direction: DESC}
    ) @include(if: $deployments) { ...Deployed }
    latestRelease @include(if: $release) { releaseAssets(first: 100) { nodes { name } } }
  }
}
fragment Rollup on StatusCheckRollup {
  state
  contexts(first: 100) {
    nodes {
      ... on CheckRun { name conclusion completedAt detailsUrl }
      ... on StatusContext { context state createdAt targetUrl }
    }
  }
}
"""
    + _PAGES
)


_PARTS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "ci": (("defaultBranchRef", "target", "history"), ("checked",)),
    "changes": (("open",), ("newest",)),
    "deployments": (("deployments",),),
    "release": (("latestRelease",),),
}
"""By variable of the query, the paths of what it has asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """What the query says."""

    repository: Mapping[str, Any] | None
    """None: it cannot be seen, or something in it that may not be null."""
    errors: Sequence[tuple[tuple[Any, ...], FailedFact]]
    """Paths below the repository that are not known, and why."""

    @property
    def branch(self) -> str:
        """The default branch; '': there is none."""
        ref = (self.repository or {}).get("defaultBranchRef")
        return str(ref["name"]) if isinstance(ref, dict) else ""

    def part(self, *path: str) -> Any | FailedFact:
        """What is at a path; None: there is nothing. Not known where anything above or below is not."""
        for place, why in self.errors:
            if _meet(place, path):
                return why
        found: Any = self.repository
        for step in path:
            found = found.get(step) if isinstance(found, dict) else None
        return found


def overview_of(asking: Asking, namespaces: Collection[str]) -> Overview | FailedFact:
    """Ask the query, for what these namespaces need.

    Where what the token may not see makes the whole answer null, it is asked again without that.
    """
    wanted = {
        "ci": not {"ci", "protection"}.isdisjoint(namespaces),
        "changes": not {"reviews", "updates"}.isdisjoint(namespaces),
        "deployments": "deploy" in namespaces,
        "release": "release" in namespaces,
    }
    lacking: list[tuple[tuple[Any, ...], FailedFact]] = []
    while True:
        said = _ask(asking, QUERY, wanted)
        if isinstance(said, FailedFact):
            return said
        if said.repository is not None:
            return Overview(repository=said.repository, errors=[*lacking, *said.errors])
        refused = {
            name: why
            for place, why in said.errors
            for name, paths in _PARTS.items()
            if place and wanted[name] and any(_meet(place, path) for path in paths)
        }
        if not refused:
            return _whole(asking, problems.not_found(asking.forge, f"repository {asking.path}"))
        for name, why in refused.items():
            wanted[name] = False
            lacking += ((path, why) for path in _PARTS[name])


def whole_list(
    asking: Asking, overview: Overview, name: str, *, enough: Callable[[Any], bool] | None = None
) -> list[Any] | FailedFact:
    """The nodes of `open` or `deployments`, of all pages or until one is `enough`."""
    page = overview.part(name)
    found: list[Any] = []
    for _ in range(MOST_PAGES):
        if isinstance(page, FailedFact):
            return page
        found += page["nodes"]
        more = page["pageInfo"]
        if not more["hasNextPage"] or (enough is not None and any(map(enough, page["nodes"]))):
            return found
        wanted = {"changes": name == "open", "deployments": name == "deployments"}
        said = _ask(asking, MORE, {**wanted, "after": more["endCursor"]})
        page = said if isinstance(said, FailedFact) else said.part(name)
    return not_told(f"There are too many {name} to look at.")


def _ask(asking: Asking, query: str, variables: Mapping[str, Any]) -> Overview | FailedFact:
    owner, _, name = asking.path.partition("/")
    what = f"repository {asking.path}"
    asked = {"query": query, "variables": {"owner": owner, "name": name, **variables}}
    reply = asking.post(graphql_url(asking.forge), asked, what=what)
    if isinstance(reply, Problem):
        return not_read(reply)
    match reply.data:
        case {"errors": list(errors)} if any(_is_limit(error) for error in errors):
            limit = asking.api.limit(reply.headers)
            asking.note(limit)
            return not_read(limit)
        case {"data": {"repository": dict() | None as found}}:
            path = str((found or {}).get("nameWithOwner", asking.path))
            if path.lower() != asking.path.lower():
                return _whole(asking, problems.moved(asking.forge, asking.path, path))
            errors = reply.data.get("errors") or []
            return Overview(repository=found, errors=[_error(asking, one) for one in errors])
    return _whole(asking, problems.bad_answer(asking.forge, "it is no answer to a query"))


def _meet(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    """Whether one of two paths leads through the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def _whole(asking: Asking, problem: Problem) -> FailedFact:
    asking.note(problem)
    return not_read(problem)


def _is_limit(error: Any) -> bool:
    return isinstance(error, dict) and error.get("type") == "RATE_LIMITED"


def _error(asking: Asking, error: Any) -> tuple[tuple[Any, ...], FailedFact]:
    """The place of an error below the repository, and what it means for what is there."""
    found = error if isinstance(error, dict) else {}
    path = found.get("path")
    place = tuple(path[1:]) if isinstance(path, list) else ()
    what = f"{'.'.join(str(step) for step in place if isinstance(step, str))} of {asking.path}"
    if found.get("type") in ("FORBIDDEN", "INSUFFICIENT_SCOPES"):
        problem = problems.not_permitted(asking.forge, what)
    else:
        problem = problems.bad_answer(asking.forge, f"{what}: {found.get('message')}")
    asking.note(problem)
    return place, not_read(problem)
