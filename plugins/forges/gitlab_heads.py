"""Heads of a GitLab's projects: fifty in one query, where each by itself is a request.

Source: GitLab's GraphQL reference, `Query.projects`, `Repository.tree` and `Tree.lastCommit`, and its
limits: 50 paths in a query (GitLab 16.6 and later), a complexity of 250, of which this one needs 28.

What is not told here says nothing about a project: it may be one whose code the token may not see, a
GitLab that does not know the query, or a limit. Whoever reads it asks for its branch by itself, as if
there were no such query; what there is, the listing has said before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from plugins.contract import Problem
from plugins.forges.api import Api, graphql_url
from plugins.forges.projects import Project

MOST_PATHS = 50
"""Of one query."""

HEADS = """
query Heads($paths: [String!], $ref: String) {
  projects(fullPaths: $paths, first: 50) {
    nodes { fullPath repository { rootRef tree(ref: $ref) { lastCommit { sha } } } }
  }
}
"""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def told_heads(api: Api, projects: Iterable[Project], *, named: str) -> dict[str, str]:
    """Commits by path, of those projects whose head the forge tells at once.

    `named` is the branch that is wanted of all; '': of each its default one. Where the forge refuses
    a query it is asked no other.
    """
    branches = {project.path: project.branch for project in projects if project.branch}
    found: dict[str, str] = {}
    listed = [*branches]
    for start in range(0, len(listed), MOST_PATHS):
        nodes = _nodes(api, listed[start : start + MOST_PATHS], named)
        if nodes is None:
            break
        for path, root, commit in _heads(nodes):
            # A default branch that has changed since the listing is one that nobody has asked for.
            if path in branches and (named or root == branches[path]):
                found[path] = commit
    return found


def _nodes(api: Api, paths: Sequence[str], named: str) -> list[Any] | None:
    """What is said of some projects; None: the query is refused."""
    # In full: a tag may have the name of a branch, and would be preferred.
    variables = {"paths": paths, "ref": f"refs/heads/{named}" if named else "HEAD"}
    asked = {"query": HEADS, "variables": variables}
    reply = api.post(graphql_url(api.forge), asked, what="the heads of projects")
    if isinstance(reply, Problem):
        return None
    match reply.data:
        # With errors beside it as well: they are about other projects.
        case {"data": {"projects": {"nodes": list(nodes)}}}:
            return nodes
    return None


def _heads(nodes: Iterable[Any]) -> Iterator[tuple[str, str, str]]:
    """Path, default branch and commit of those that have all three."""
    for node in nodes:
        match node:
            case {
                "fullPath": str(path),
                "repository": {"rootRef": root, "tree": {"lastCommit": {"sha": str(commit)}}},
            } if _COMMIT.fullmatch(commit):
                yield path, str(root), commit
