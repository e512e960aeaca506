"""The people of Gitea and Forgejo: members and teams of an organization.

Source: Gitea's API v1. Backstage has no provider for them; the entities are like those of its others.
The list of members shows strangers only whoever wants to be seen, and is no error: that the teams are
refused to strangers is what tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from plugins.contract import GiteaPeople, Problem
from plugins.forges import problems
from plugins.forges.api import Api
from plugins.forges.paging import items
from plugins.forges.people.directory import Directory, Person, Team, is_name, text_of

PER_PAGE = 50
"""The most that a Gitea gives as it is installed."""


class GiteaReader:
    """A `PeopleReader`; see `plugins.forges.people.directory`."""

    def __init__(self, api: Api) -> None:
        self._api, self.forge = api, api.forge
        self._prefix = self.forge.host.partition(":")[0].lower()
        """Of annotations: no port may stand there."""

    def read(self, provider: GiteaPeople) -> Directory | Problem:
        """The members of the organization, and those of each team."""
        organization = provider.organization
        what, home = f"organization {organization}", f"orgs/{quote(organization, safe='')}"
        listed = self._listed(f"{home}/teams", f"the teams of {what}")
        if isinstance(listed, Problem):
            return listed
        people = self._listed(f"{home}/members", f"the members of {what}")
        if isinstance(people, Problem):
            return people
        found = Directory()
        for item in people:
            person = self._person(item)
            if person is None:
                return problems.incomplete(self.forge, "a member is not shown")
            found.add(person)
        for item in listed:
            members = self._listed(f"teams/{item.get('id')}/members", f"a team of {what}")
            if isinstance(members, Problem):
                return members
            team = self._team(item, provider, members)
            if team is None:
                return problems.incomplete(self.forge, "a team is not shown")
            found.teams.append(team)
        return found

    def _listed(self, path: str, what: str) -> list[dict[str, Any]] | Problem:
        url = f"{self.forge.api_url}/{path}?limit={PER_PAGE}"
        return items(self._api, url, what=what, total="x-total-count")

    def _person(self, item: Mapping[str, Any]) -> Person | None:
        login = item.get("login")
        if not is_name(login):
            return None
        email = text_of(item.get("email"))
        is_hidden = email.partition("@")[2].startswith("noreply.")
        return Person(
            login=str(login),
            annotations={f"{self._prefix}/user-login": str(login)},
            name=text_of(item.get("full_name")),
            email="" if is_hidden else email,
            picture=text_of(item.get("avatar_url")),
            about=text_of(item.get("description")),
        )

    def _team(
        self, item: Mapping[str, Any], provider: GiteaPeople, members: list[dict[str, Any]]
    ) -> Team | None:
        name, organization = item.get("name"), provider.organization
        if not is_name(name) or not all(is_name(one.get("login")) for one in members):
            return None
        return Team(
            name=str(name),
            namespace=organization.lower() if provider.namespaced else "",
            path=f"org/{organization}/teams/{str(name).lower()}",
            annotations={f"{self._prefix}/team-slug": f"{organization}/{name}"},
            title=str(name),
            about=text_of(item.get("description")),
            members=frozenset(str(one["login"]).lower() for one in members),
        )
