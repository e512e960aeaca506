"""The people of GitHub: members and teams of organizations, by GraphQL.

Source: GitHub's GraphQL reference; names and annotations are those of Backstage's
`catalog-backend-module-github` (reference 4.12). An address is asked for where the token is a user's:
one of an App's installation may not see it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plugins.contract import GitHubPeople, Problem
from plugins.forges import problems
from plugins.forges.api import Api
from plugins.forges.apps import AppTokens
from plugins.forges.github_queries import query
from plugins.forges.people.directory import Directory, Person, Team, is_name, text_of
from plugins.forges.projects import MOST_PAGES

_PEOPLE = """
query People(
  $org: String!, $size: Int!, $after: String, $email: Boolean!, $verified: Boolean!, $own: Boolean!
) {
  organization(login: $org) {
    viewerIsAMember @include(if: $own)
    membersWithRole(first: $size, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        id login name bio avatarUrl
        email @include(if: $email)
        organizationVerifiedDomainEmails(login: $org) @include(if: $verified)
        SUSPENDED
      }
    }
  }
}
"""
"""Only a GitHub Enterprise Server knows the last field."""

_TEAMS = """
query Teams($org: String!, $size: Int!, $after: String, $members: Int!) {
  organization(login: $org) {
    teams(first: $size, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes {
        slug combinedSlug name description avatarUrl editTeamUrl parentTeam { slug }
        members(first: $members, membership: IMMEDIATE) {
          totalCount
          pageInfo { hasNextPage endCursor }
          nodes { login }
        }
      }
    }
  }
}
"""

_MEMBERS = """
query Members($org: String!, $slug: String!, $size: Int!, $after: String) {
  organization(login: $org) {
    team(slug: $slug) {
      members(first: $size, after: $after, membership: IMMEDIATE) {
        totalCount
        pageInfo { hasNextPage endCursor }
        nodes { login }
      }
    }
  }
}
"""

_OF_INSTALLATION = "ghs_"
"""How tokens of installations begin (GitHub's "authentication token formats")."""


class GitHubReader:
    """A `PeopleReader`; see `plugins.forges.people.directory`."""

    def __init__(self, api: Api, apps: AppTokens | None) -> None:
        self._api, self._apps, self.forge = api, apps, api.forge

    def read(self, provider: GitHubPeople) -> Directory | Problem:
        """The people of all organizations together: of who is in two, the first says more."""
        organizations = provider.organizations or self._installed()
        if isinstance(organizations, Problem):
            return organizations
        found = Directory()
        for organization in organizations:
            problem = self._people(provider, organization, found) or self._teams(
                provider, organization, found
            )
            if problem is not None:
                return problem
        return found

    def _installed(self) -> tuple[str, ...] | Problem:
        if self._apps is None:
            return problems.no_organizations(self.forge)
        return self._apps.organizations()

    def _people(
        self, provider: GitHubPeople, organization: str, found: Directory
    ) -> Problem | None:
        token = self._api.token(organization)
        if isinstance(token, Problem):
            return token
        verified = provider.verified_emails
        is_of_app = token.startswith(_OF_INSTALLATION)
        nodes = self._nodes(
            _PEOPLE.replace("SUSPENDED", "" if provider.suspended else "suspendedAt"),
            {
                "org": organization,
                "size": min(provider.member_page, 100),
                "email": not verified and not is_of_app,
                "verified": verified,
                "own": not is_of_app,
            },
            ("membersWithRole",),
        )
        if isinstance(nodes, Problem):
            return nodes
        for node in nodes:
            person = _person(node)
            if person is None:
                return problems.incomplete(self.forge, "a member is not shown")
            if provider.suspended or not node.get("suspendedAt"):
                found.add(person)
        if not nodes:  # there is an owner at least: it is a token that sees nobody
            return problems.incomplete(self.forge, f"no member of {organization} is visible")
        return None

    def _teams(self, provider: GitHubPeople, organization: str, found: Directory) -> Problem | None:
        size = min(provider.team_member_page, 100)
        asked = {"org": organization, "size": min(provider.team_page, 100), "members": size}
        nodes = self._nodes(_TEAMS, asked, ("teams",))
        if isinstance(nodes, Problem):
            return nodes
        for node in nodes:
            members = self._members(node, organization, size)
            if isinstance(members, Problem):
                return members
            team = _team(node, organization, members, namespaced=provider.namespaced)
            if team is None:
                return problems.incomplete(self.forge, "a team is not shown")
            found.teams.append(team)
        return None

    def _members(
        self, team: Mapping[str, Any], organization: str, size: int
    ) -> frozenset[str] | Problem:
        """Logins of those who are in the team itself."""
        match team.get("members"):
            case {"nodes": list(nodes), "pageInfo": {"hasNextPage": False}, "totalCount": int(n)}:
                if len(nodes) != n:
                    return problems.incomplete(self.forge, "a member of a team is not shown")
            case {"nodes": list(), "pageInfo": {"hasNextPage": True}}:
                asked = {"org": organization, "slug": team.get("slug"), "size": size}
                more = self._nodes(_MEMBERS, asked, ("team", "members"), team["members"])
                if isinstance(more, Problem):
                    return more
                nodes = more
            case _:
                return problems.bad_answer(self.forge, "it is no list of members")
        logins = [node.get("login") if isinstance(node, dict) else None for node in nodes]
        if not all(is_name(login) for login in logins):
            return problems.incomplete(self.forge, "a member of a team is not shown")
        return frozenset(str(login).lower() for login in logins)

    def _nodes(
        self,
        text: str,
        asked: Mapping[str, Any],
        way: tuple[str, ...],
        first: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]] | Problem:
        """All items of a list of an organization, page by page; `first` is a page that is at hand."""
        what = f"organization {asked['org']}"
        found: list[dict[str, Any]] = []
        after = ""
        if first is not None:
            found, after = [*first["nodes"]], text_of(first["pageInfo"].get("endCursor"))
        for _ in range(MOST_PAGES):
            variables = {**asked, "after": after or None}
            data = query(self._api, text, variables, what=what, owner=asked["org"])
            if isinstance(data, Problem):
                return data
            page = data.get("organization")
            if page is None:
                return problems.not_found(self.forge, what)
            if page.get("viewerIsAMember") is False:
                return problems.stranger(self.forge, what)
            for step in way:
                page = page.get(step) if isinstance(page, dict) else None
            match page:
                case {
                    "totalCount": int(total),
                    "nodes": list(nodes),
                    "pageInfo": {"hasNextPage": bool(more), "endCursor": end},
                } if all(isinstance(node, dict) for node in nodes):
                    found += nodes
                case _:
                    return problems.bad_answer(self.forge, f"it is no list of {way[-1]}")
            if not more:
                if total != len(found):
                    said = f"it counts {total} and shows {len(found)} of {way[-1]}"
                    return problems.incomplete(self.forge, said)
                return found
            if not nodes or not end or end == after:
                break
            after = str(end)
        return problems.incomplete(self.forge, "its pages do not end")


def _person(node: Mapping[str, Any]) -> Person | None:
    login = node.get("login")
    if not is_name(login):
        return None
    verified = node.get("organizationVerifiedDomainEmails") or [""]
    number = text_of(node.get("id"))
    return Person(
        login=str(login),
        annotations={
            "github.com/user-login": str(login),
            **({"github.com/user-id": number} if number else {}),
        },
        name=text_of(node.get("name")),
        email=text_of(node.get("email")) or text_of(verified[0]),
        picture=text_of(node.get("avatarUrl")),
        about=text_of(node.get("bio")),
    )


def _team(
    node: Mapping[str, Any], organization: str, members: frozenset[str], *, namespaced: bool
) -> Team | None:
    slug = node.get("slug")
    if not is_name(slug):
        return None
    edit = text_of(node.get("editTeamUrl"))
    combined = text_of(node.get("combinedSlug")) or f"{organization}/{slug}"
    parent = node.get("parentTeam")
    return Team(
        name=str(slug),
        namespace=organization.lower() if namespaced else "",
        path=f"orgs/{organization}/teams/{slug}",
        annotations={
            "github.com/team-slug": combined,
            **({"backstage.io/edit-url": edit} if edit else {}),
        },
        title=text_of(node.get("name")),
        about=text_of(node.get("description")),
        picture=text_of(node.get("avatarUrl")),
        parent=text_of(parent.get("slug")) if isinstance(parent, dict) else "",
        members=members,
    )
