"""The heads of the server's GitLab: that part of its GraphQL which tells of many projects at once.

It is as strict as a GitLab: a query has a complexity, counted as `Types::BaseField` counts it, and
names 50 paths at most; both are errors with status 200. What a token may not see is not there, and the
repository of a project whose code it may not see is null.
"""

from __future__ import annotations

from typing import Any

import orjson
from graphql import (
    FieldNode,
    GraphQLError,
    OperationDefinitionNode,
    SelectionSetNode,
    build_schema,
    graphql_sync,
    parse,
)

from tests.forge.replies import Reply, Request, said
from tests.forge.world import Repo, World

SCHEMA = build_schema("""
type Query { projects(fullPaths: [String!], first: Int, after: String): ProjectConnection }
type ProjectConnection { pageInfo: PageInfo!, nodes: [Project] }
type PageInfo { hasNextPage: Boolean!, endCursor: String }
type Project { fullPath: ID!, archived: Boolean, repository: Repository }
type Repository { rootRef: String, tree(path: String = "", ref: String): Tree }
type Tree { lastCommit: Commit }
type Commit { sha: String! }
""")

_CALLS_GITALY = ("rootRef", "tree")
_PAGE = 100


def graphql(world: World, request: Request) -> Reply | None:
    """The answer to a query about many projects; None: it is about something else."""
    asked = orjson.loads(request.body)
    if "fullPaths" not in asked["query"]:
        return None
    sight = world.sees(request.token)
    if sight is None:
        return said({"errors": [{"message": "Invalid token"}]}, status=401)
    cost = complexity(asked["query"])
    if cost > world.complexity:
        over = f"Query has complexity of {cost}, which exceeds max complexity of {world.complexity}"
        return said({"errors": [{"message": over}]})

    def projects(
        _info: object,
        fullPaths: list[str],  # noqa: N803 - GitLab's name
        first: int = _PAGE,
        after: str | None = None,
    ) -> dict[str, Any]:
        if len(fullPaths) > 50:
            raise GraphQLError("You cannot provide more than 50 full_paths")
        wanted, start = {path.lower() for path in fullPaths}, int(after or 0)
        found = [repo for repo in world.visible(sight) if repo.path.lower() in wanted]
        shown = found[start : start + min(first, _PAGE)]
        page = {
            "hasNextPage": start + len(shown) < len(found),
            "endCursor": f"{start + len(shown)}",
        }
        return {"pageInfo": page, "nodes": [_node(repo) for repo in shown]}

    done = graphql_sync(
        SCHEMA,
        asked["query"],
        root_value={"projects": projects},
        variable_values=asked.get("variables"),
    )
    answered: dict[str, Any] = {"data": done.data}
    if done.errors:
        told = [{"message": error.message, "path": error.path} for error in done.errors]
        answered["errors"] = told
    return said(answered)


def complexity(query: str) -> int:
    """What a query counts as, with the size of its first page."""
    (operation,) = parse(query).definitions
    assert isinstance(operation, OperationDefinitionNode)
    return _below(operation.selection_set)


def _below(selections: SelectionSetNode | None) -> int:
    fields = selections.selections if selections else ()
    return sum(_of_field(one) for one in fields if isinstance(one, FieldNode))


def _of_field(field: FieldNode) -> int:
    name, below = field.name.value, _below(field.selection_set)
    if name == "lastCommit":
        return 10 + below
    own = below + 1 + (name in _CALLS_GITALY)
    if name != "projects":
        return own
    first = next((a.value for a in field.arguments if a.name.value == "first"), None)
    size = int(getattr(first, "value", _PAGE)) if first is not None else _PAGE
    return int(own + own * min(size, _PAGE) * 0.01)


def _node(repo: Repo) -> dict[str, Any]:
    def tree(_info: object, path: str, ref: str | None = None) -> dict[str, Any] | None:
        commit = repo.head(ref or "HEAD")
        return {"lastCommit": {"sha": commit} if commit else None}

    root = {"rootRef": repo.branch if repo.head() else None, "tree": tree}
    shown = None if repo.knows.get("hides_code") else root
    return {"fullPath": repo.path, "archived": repo.archived, "repository": shown}
