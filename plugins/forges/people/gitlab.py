"""The people of GitLab: users, and groups with their members.

Source: GitLab's REST API v4 and GraphQL reference; names, annotations and what each key means are those
of Backstage's `catalog-backend-module-gitlab` (reference 4.12). Direct members are asked for by REST,
whose answers are counted and conditional; other relations only GraphQL knows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from plugins.contract import GitLabPeople, Problem
from plugins.forges import problems
from plugins.forges.api import Api, graphql_url
from plugins.forges.paging import items
from plugins.forges.people.directory import Directory, Person, Team, is_name, text_of
from plugins.forges.projects import MOST_PAGES

PER_PAGE = 100

PUBLIC = "gitlab.com"
"""The host that has no list of users, and that tells who uses a seat."""

_MEMBERS = """
query Members($path: ID!, $relations: [GroupMemberRelation!], $after: String) {
  group(fullPath: $path) {
    groupMembers(first: 100, relations: $relations, after: $after) {
      pageInfo { hasNextPage endCursor }
      nodes { user { username } }
    }
  }
}
"""

_BOT = re.compile(r"(?:project|group)_\w+_bot_\w+")
"""Users that stand for access tokens (GitLab's "bot users for projects")."""


class GitLabReader:
    """A `PeopleReader`; see `plugins.forges.people.directory`."""

    def __init__(self, api: Api) -> None:
        self._api, self.forge = api, api.forge
        self._prefix = self.forge.host.partition(":")[0].lower()
        """Of annotations: no port may stand there."""

    def read(self, provider: GitLabPeople) -> Directory | Problem:
        """The users first: a member of a group who is none of them is left out there."""
        if not self.forge.signs_in:
            return problems.no_credentials(self.forge)
        if self.forge.host == PUBLIC and not provider.group:
            return problems.no_group(self.forge)
        found = Directory()
        return self._users(provider, found) or self._groups(provider, found) or found

    def _users(self, provider: GitLabPeople, found: Directory) -> Problem | None:
        is_public, group = self.forge.host == PUBLIC, provider.group.strip("/")
        path, what = "users", "users"
        options = "active=true&without_project_bots=true&exclude_internal=true"
        if group and (is_public or provider.only_group):
            whole = group if provider.only_group else group.partition("/")[0]
            path, what = f"groups/{quote(whole, safe='')}/members/all", f"group {whole}"
            options = "show_seat_info=true" if is_public else ""
        listed = self._listed(f"{path}?{options}", what)
        if isinstance(listed, Problem):
            return listed
        for item in listed:
            person = self._person(item)
            if person is None:
                return problems.incomplete(self.forge, "a user is not shown")
            if self._counts(item, person, provider):
                found.add(person)
        return None

    def _counts(self, item: Mapping[str, Any], person: Person, provider: GitLabPeople) -> bool:
        if item.get("state") != "active":
            return False
        if self.forge.host == PUBLIC and (
            _BOT.fullmatch(person.login) if provider.without_seat else not item.get("is_using_seat")
        ):
            return False
        return not provider.user or bool(re.search(provider.user, person.email or person.login))

    def _groups(self, provider: GitLabPeople, found: Directory) -> Problem | None:
        group = provider.group.strip("/")
        below = f"groups/{quote(group, safe='')}/descendant_groups" if group else "groups"
        listed = self._listed(f"{below}?order_by=id", f"group {group}" if group else "groups")
        if isinstance(listed, Problem):
            return listed
        paths = [_path(item) for item in listed]
        if not all(paths):
            return problems.incomplete(self.forge, "a group is not shown")
        wanted = {
            path: item
            for path, item in zip(paths, listed, strict=True)
            if not provider.groups or any(re.search(one, path) for one in provider.groups)
        }
        names = {item.get("id"): _name(path, group) for path, item in wanted.items()}
        for path, item in wanted.items():
            members = self._members(path, provider.relations)
            if isinstance(members, Problem):
                return members
            found.teams.append(
                Team(
                    name=_name(path, group),
                    path=path,
                    annotations={f"{self._prefix}/team-path": path},
                    title=text_of(item.get("name")),
                    about=text_of(item.get("description")),
                    picture=text_of(item.get("avatar_url")),
                    parent=names.get(item.get("parent_id"), ""),
                    members=members,
                )
            )
        return None

    def _members(self, path: str, relations: Iterable[str]) -> frozenset[str] | Problem:
        """Names of the users that are in a group, in lower case."""
        if tuple(relations) == ("DIRECT",):
            group = f"groups/{quote(path, safe='')}/members"
            listed = self._listed(f"{group}?", f"the members of group {path}")
            if isinstance(listed, Problem):
                return listed
            return frozenset(text_of(one.get("username")).lower() for one in listed)
        found: set[str] = set()
        after = ""
        for _ in range(MOST_PAGES):
            page = self._page(path, tuple(relations), after)
            if isinstance(page, Problem):
                return page
            nodes, more, end = page
            users = [node.get("user") for node in nodes if isinstance(node, dict)]
            # Who was invited by mail and has not come is nobody yet.
            found |= {text_of(one.get("username")).lower() for one in users if one}
            if not more:
                return frozenset(found)
            if not nodes or not end or end == after:
                break
            after = end
        return problems.incomplete(self.forge, "its pages do not end")

    def _page(
        self, path: str, relations: tuple[str, ...], after: str
    ) -> tuple[list[Any], bool, str] | Problem:
        asked = {"path": path, "relations": relations, "after": after or None}
        what = f"the members of group {path}"
        body = {"query": _MEMBERS, "variables": asked}
        reply = self._api.post(graphql_url(self.forge), body, what=what)
        match reply:
            case Problem():
                return reply
            case _ if isinstance(reply.data, dict) and reply.data.get("errors"):
                return problems.bad_answer(self.forge, f"it does not tell {what}")
        match reply.data:
            case {
                "data": {
                    "group": {
                        "groupMembers": {
                            "nodes": list(nodes),
                            "pageInfo": {"hasNextPage": bool(more), "endCursor": end},
                        }
                    }
                }
            }:
                return nodes, more, text_of(end)
            case {"data": {"group": None}}:
                return problems.not_found(self.forge, what)
        return problems.bad_answer(self.forge, "it is no list of members")

    def _listed(self, path: str, what: str) -> list[dict[str, Any]] | Problem:
        url = f"{self.forge.api_url}/{path}&per_page={PER_PAGE}".replace("?&", "?")
        return items(self._api, url, what=what, total="x-total")

    def _person(self, item: Mapping[str, Any]) -> Person | None:
        login = item.get("username")
        if not is_name(login):
            return None
        page = text_of(item.get("web_url")) or f"{self.forge.web_url}/{login}"
        identity = item.get("group_saml_identity") or {}
        outside = text_of(identity.get("extern_uid")) if isinstance(identity, dict) else ""
        return Person(
            login=str(login),
            annotations={
                f"{self._prefix}/user-login": page,
                **({f"{self._prefix}/saml-external-uid": outside} if outside else {}),
            },
            name=text_of(item.get("name")),
            email=text_of(item.get("email")) or text_of(item.get("public_email")),
            picture=text_of(item.get("avatar_url")),
        )


def _path(item: Mapping[str, Any]) -> str:
    """The path of a group; '': it has none that can stand in a URL."""
    path = text_of(item.get("full_path"))
    return path if path and all(is_name(part) for part in path.split("/")) else ""


def _name(path: str, group: str) -> str:
    """What a group is called in the catalog: its path below the provider's group."""
    return path.removeprefix(f"{group}/").replace("/", "-")
