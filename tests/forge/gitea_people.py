"""The people of the server's Gitea: members and teams of an organization."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

from tests.forge.replies import Reply, said
from tests.forge.world import World


def rest(world: World, sight: str, path: str) -> list[Any] | Reply | None:
    """The items of a list, or a refusal; None: it is no list of people."""
    team = re.fullmatch(r"teams/(\d+)/members", path)
    if team:
        teams = {_number(home.name, t): (home, t) for home in _homes(world) for t in home.teams}
        if int(team[1]) not in teams or sight != "all":
            return said({"message": "Must be a team member"}, status=403)
        home, one = teams[int(team[1])]
        return [_user(home.person(login)) for login in one.get("members", ())]
    found = re.fullmatch(r"orgs/([^/]+)/(teams|members)", path)
    if found is None:
        return None
    name = unquote(found[1])
    if name not in world.organizations:
        return said({"message": "GetOrgByName", "errors": ["user redirect"]}, status=404)
    organization = world.organizations[name]
    if found[2] == "members":  # strangers see who wants to be seen
        people = organization.people if sight == "all" else organization.people[:1]
        return [_user(one) for one in people]
    if sight != "all":
        return said({"message": "Must be an organization member"}, status=403)
    return [
        {
            "id": _number(name, one),
            "name": one["slug"],
            "description": one.get("about", ""),
            "permission": "write",
            "units": ["repo.code"],
        }
        for one in organization.teams
    ]


def _homes(world: World) -> list[Any]:
    return list(world.organizations.values())


def _number(organization: str, team: dict[str, Any]) -> int:
    return sum(f"{organization}/{team['slug']}".encode())


def _user(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": 1,
        "login": one["login"],
        "full_name": one.get("name", ""),
        "email": one.get("email") or f"{one['login']}@noreply.git.example",
        "avatar_url": f"https://avatars.example/{one['login']}",
        "description": one.get("about", ""),
    }
