"""The people of the server's GitHub: that part of the GraphQL schema which tells of organizations."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from graphql import GraphQLError

from tests.forge.world import Organization, World

SCHEMA = """
type Organization {
  login: String!
  viewerIsAMember: Boolean!
  membersWithRole(first: Int, after: String): OrganizationMemberConnection!
  teams(first: Int, after: String): TeamConnection!
  team(slug: String!): Team
}
type OrganizationMemberConnection { totalCount: Int!, pageInfo: PageInfo!, nodes: [User] }
extend type User {
  id: ID!, name: String, bio: String, avatarUrl: String!, email: String!
  organizationVerifiedDomainEmails(login: String!): [String!]!
  suspendedAt: String
}
type TeamConnection { totalCount: Int!, pageInfo: PageInfo!, nodes: [Team] }
type Team {
  slug: String!, combinedSlug: String!, name: String!, description: String, avatarUrl: String
  editTeamUrl: String!, parentTeam: Team
  members(first: Int, after: String, membership: TeamMembershipType): TeamMemberConnection!
}
enum TeamMembershipType { ALL CHILD_TEAM IMMEDIATE }
type TeamMemberConnection { totalCount: Int!, pageInfo: PageInfo!, nodes: [User] }
"""


def organization(world: World, sight: str, login: str) -> dict[str, Any]:
    """What a token may know of an organization; what only members see is refused to others."""
    found = next(
        (one for n, one in world.organizations.items() if n.lower() == login.lower()), None
    )
    if found is None:
        message = f"Could not resolve to an Organization with the login of '{login}'."
        raise GraphQLError(message, extensions={"type": "NOT_FOUND"})
    if sight not in ("all", "stranger"):
        message = "Your token has not been granted the required scopes to execute this query."
        raise GraphQLError(message, extensions={"type": "INSUFFICIENT_SCOPES"})
    is_member = sight == "all"
    people = [one for one in found.people if is_member or one.get("public")]
    teams = {one["slug"]: one for one in found.teams}
    return {
        "login": found.name,
        "viewerIsAMember": is_member,
        "membersWithRole": lambda _info, **options: _page(people, _user, **options),
        "teams": lambda _info, **options: _page(found.teams, partial(_team, found), **options),
        "team": lambda _info, slug: _team(found, teams[slug]) if slug in teams else None,
    }


def _user(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": f"U_{one['login']}",
        "login": one["login"],
        "name": one.get("name"),
        "bio": one.get("about"),
        "avatarUrl": f"https://avatars.example/{one['login']}",
        "email": one.get("email", ""),
        "organizationVerifiedDomainEmails": one.get("verified", []),
        "suspendedAt": one.get("suspended"),
    }


def _team(home: Organization, one: dict[str, Any]) -> dict[str, Any]:
    members = [{"login": login} for login in one.get("members", ())]
    return {
        "slug": one["slug"],
        "combinedSlug": f"{home.name}/{one['slug']}",
        "name": one.get("name", one["slug"]),
        "description": one.get("about"),
        "avatarUrl": None,
        "editTeamUrl": f"https://github.example/orgs/{home.name}/teams/{one['slug']}/edit",
        "parentTeam": {"slug": one["parent"]} if one.get("parent") else None,
        "members": lambda _info, **options: _page(members, _user, **options),
    }


def _page(
    items: list[dict[str, Any]],
    shown: Callable[[dict[str, Any]], dict[str, Any]],
    first: int,
    after: str | None = None,
    **_: Any,
) -> dict[str, Any]:
    if not 1 <= first <= 100:
        raise GraphQLError("Requesting too many records.")
    start = int(after or 0)
    page = items[start : start + first]
    return {
        "totalCount": len(items),
        "pageInfo": {
            "hasNextPage": start + first < len(items),
            "endCursor": str(start + len(page)) if page else None,
        },
        "nodes": [shown(one) for one in page],
    }
