"""The people of the server's GitLab: groups and users by REST, other relations of members by GraphQL.

An organization is a group; its teams are the groups below it.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import orjson
from graphql import build_schema, graphql_sync

from tests.forge.replies import Reply, Request, said
from tests.forge.world import Organization, World

SCHEMA = build_schema("""
type Query { group(fullPath: ID!): Group }
type Group {
  fullPath: ID!
  groupMembers(first: Int, after: String, relations: [GroupMemberRelation!]): GroupMemberConnection
}
enum GroupMemberRelation { DESCENDANTS DIRECT INHERITED SHARED_FROM_GROUPS }
type GroupMemberConnection { pageInfo: PageInfo!, nodes: [GroupMember] }
type PageInfo { hasNextPage: Boolean!, endCursor: String }
type GroupMember { user: UserCore }
type UserCore { id: ID!, username: String! }
""")


def rest(world: World, sight: str, request: Request, path: str) -> list[Any] | Reply | None:
    """The items of a list, or a refusal; None: it is no list of people."""
    if path == "users":
        if sight != "all":
            return said({"message": "403 Forbidden"}, status=403)
        known = {p["login"]: p for home in world.organizations.values() for p in home.people}
        return [_user(one) for one in known.values()]
    if path == "groups":
        return [one for home in world.organizations.values() for one in _groups(home)]
    found = re.fullmatch(r"groups/([^/]+)/(descendant_groups|members|members/all)", path)
    if found is None:
        return None
    name, what = unquote(found[1]), found[2]
    home = world.organizations.get(name.partition("/")[0])
    paths = {_path(home, team): team for team in home.teams} if home else {}
    if home is None or sight != "all" or name not in {home.name, *paths}:
        return said({"message": "404 Group Not Found"}, status=404)
    if what == "descendant_groups":
        return [one for one in _groups(home) if one["full_path"].startswith(f"{name}/")]
    is_all = name == home.name and what == "members/all"
    logins = [p["login"] for p in home.people] if is_all else paths.get(name, {}).get("members", [])
    return [_user(home.person(login)) for login in logins]


def graphql(world: World, request: Request) -> Reply | None:
    """The answer to a query about the members of a group; None: it is about something else."""
    asked = orjson.loads(request.body)
    if "groupMembers" not in asked["query"]:
        return None
    if world.sees(request.token) != "all":
        return said({"data": {"group": None}})
    done = graphql_sync(
        SCHEMA,
        asked["query"],
        root_value={"group": lambda _info, fullPath: _group(world, fullPath)},  # noqa: N803
        variable_values=asked["variables"],
    )
    assert not done.errors, done.errors
    return said({"data": done.data})


def _group(world: World, path: str) -> dict[str, Any] | None:
    home = world.organizations[path.partition("/")[0]]
    team = next((one for one in home.teams if _path(home, one) == path), None)
    if team is None:
        return None

    def members(
        _info: object, first: int, relations: list[str], after: str | None = None
    ) -> dict[str, Any]:
        logins = [*team.get("members", ())]
        for one in home.teams if "DESCENDANTS" in relations else ():
            logins += one.get("members", ()) if one.get("parent") == team["slug"] else ()
        logins = list(dict.fromkeys(logins))
        start = int(after or 0)
        users = [{"user": {"id": login, "username": login}} for login in logins]
        nodes = [{"user": None}, *users] if start == 0 else users
        page = {"hasNextPage": start + first < len(nodes), "endCursor": str(start + first)}
        return {"pageInfo": page, "nodes": nodes[start : start + first]}

    return {"fullPath": path, "groupMembers": members}


def _path(home: Organization, team: dict[str, Any]) -> str:
    above = f"{home.name}/{team['parent']}" if team.get("parent") else home.name
    return f"{above}/{team['slug']}"


def _groups(home: Organization) -> list[dict[str, Any]]:
    numbers = {team["slug"]: 100 + n for n, team in enumerate(home.teams)}
    return [
        {
            "id": numbers[team["slug"]],
            "name": team.get("name", team["slug"]),
            "path": team["slug"],
            "full_path": _path(home, team),
            "description": team.get("about", ""),
            "avatar_url": None,
            "parent_id": numbers.get(team.get("parent", ""), 1),
        }
        for team in home.teams
    ]


def _user(one: dict[str, Any]) -> dict[str, Any]:
    user = {
        "id": one["login"],
        "username": one["login"],
        "name": one.get("name", one["login"]),
        "state": one.get("state", "active"),
        "avatar_url": f"https://avatars.example/{one['login']}",
        "web_url": f"https://gitlab.example/{one['login']}",
        "is_using_seat": one.get("seat", True),
        "group_saml_identity": one.get("saml"),
    }
    return {**user, "email": one["email"]} if one.get("email") else user
