"""The people of GitLab: how users and groups are told, and what each key of Backstage's leaves out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from forgepeople import ADA, PEOPLE, TEAMS, entities, people_of, problem_of, read, ready, source_of

from plugins.contract import GitLabPeople, ReadingRule
from plugins.forges.api import Api
from plugins.forges.people.directory import Directory
from plugins.forges.people.gitlab import GitLabReader
from plugins.web.client import CheckedClient
from tests.forge.running import RunningForge


@pytest.fixture
def acme(forge: RunningForge) -> RunningForge:
    forge.order("organize", name="acme", people=PEOPLE, teams=TEAMS)
    return forge


def test_users_and_groups_are_the_entities_that_backstage_makes_of_them(
    acme: RunningForge, tmp_path: Path
) -> None:
    source, provider = ready(acme, tmp_path, "gitlab")
    found = entities(source, read(source, provider))
    assert found["ada"]["metadata"] == {
        "name": "ada",
        "annotations": {"127.0.0.1/user-login": "https://gitlab.example/ada"},
    }
    assert found["ada"]["spec"] == {
        "profile": {
            "displayName": "Ada Lovelace",
            "email": "ada@example.org",
            "picture": "https://avatars.example/ada",
        },
        "memberOf": ["platform", "platform-tools"],
    }
    group = found["acme/platform/tools"]
    assert group["metadata"] == {
        "name": "platform-tools",
        "annotations": {"127.0.0.1/team-path": "acme/platform/tools"},
    }
    assert group["spec"] == {
        "type": "team",
        "profile": {"displayName": "Tools"},
        "parent": "platform",
        "children": [],
        "members": ["Bob-2", "ada"],
    }
    assert set(found) == {"ada", "Bob-2", "cyd", "acme/platform", "acme/platform/tools"}


def test_every_page_is_read_and_what_has_not_changed_is_not_sent_again(
    forge: RunningForge, tmp_path: Path
) -> None:
    people = [{"login": f"p{n}"} for n in range(150)]
    teams = [{"slug": "all", "members": [one["login"] for one in people]}]
    forge.order("organize", name="acme", people=people, teams=teams)
    source, provider = ready(forge, tmp_path, "gitlab")
    found = entities(source, read(source, provider))
    assert len(found["acme/all"]["spec"]["members"]) == 150
    assert forge.counts() == {"people": 5}
    assert entities(source, read(source, provider)) == found
    assert forge.counts() == {"people*": 5}


KEYS: list[tuple[dict[str, Any], set[str]]] = [
    ({}, {"ada", "Bob-2", "cyd", "platform", "platform/tools"}),
    ({"user": "@example"}, {"ada", "platform", "platform/tools"}),
    ({"user": "^(Bob|cyd)"}, {"Bob-2", "cyd", "platform", "platform/tools"}),
    ({"groups": ("tools$", "nothing")}, {"ada", "Bob-2", "cyd", "platform/tools"}),
    ({"group": "acme/platform", "only_group": True}, {"ada", "platform/tools"}),
]


@pytest.mark.parametrize(("more", "expected"), KEYS)
def test_what_is_left_out_is_what_the_keys_say(
    acme: RunningForge, tmp_path: Path, more: dict[str, Any], expected: set[str]
) -> None:
    source, provider = ready(acme, tmp_path, "gitlab", **more)
    found = entities(source, read(source, provider))
    assert {path.removeprefix("acme/") for path in found} == expected
    group = found["acme/platform/tools"]
    is_alone = "acme/platform" not in found
    assert ("parent" in group["spec"]) is not is_alone
    known = {one["metadata"]["name"] for one in found.values() if one["kind"] == "User"}
    assert set(group["spec"]["members"]) == known & {"ada", "Bob-2"}


@pytest.mark.parametrize(
    ("relations", "members"),
    [(("DIRECT",), ["ada"]), (("DIRECT", "DESCENDANTS"), ["Bob-2", "ada"])],
)
def test_members_are_those_of_the_relations_that_are_asked_for(
    acme: RunningForge, tmp_path: Path, relations: tuple[str, ...], members: list[str]
) -> None:
    source, provider = ready(acme, tmp_path, "gitlab", relations=relations)
    found = entities(source, read(source, provider))
    assert found["acme/platform"]["spec"]["members"] == members


def on_the_public_host(running: RunningForge, cache: Path, provider: GitLabPeople) -> Directory:
    """What is told where the forge is gitlab.com, whose address is ours here."""
    forge = replace(running.forge("gitlab"), host="gitlab.com")
    client = CheckedClient([ReadingRule(host=running.host)])
    found = GitLabReader(Api(forge, cache, client=client)).read(provider)
    assert isinstance(found, Directory), found
    return found


@pytest.mark.parametrize(("without_seat", "expected"), [(False, {"ada"}), (True, {"ada", "guest"})])
def test_on_the_public_host_users_are_members_of_the_root_group_with_a_seat(
    forge: RunningForge, tmp_path: Path, without_seat: bool, expected: set[str]
) -> None:
    people = [
        {**ADA, "saml": {"extern_uid": "u1"}},
        {"login": "guest", "seat": False},
        {"login": "gone", "state": "blocked"},
        {"login": "group_5_bot_ab12", "seat": False},
    ]
    forge.order("organize", name="acme", people=people, teams=TEAMS[:1])
    provider = GitLabPeople(
        id="a", host="gitlab.com", group="acme/platform", without_seat=without_seat
    )
    found = on_the_public_host(forge, tmp_path, provider)
    assert set(found.persons) == expected
    assert found.persons["ada"].annotations["gitlab.com/saml-external-uid"] == "u1"
    assert {one["line"].split("?")[0] for one in forge.asked()} == {
        "GET /api/v4/groups/acme/members/all",
        "GET /api/v4/groups/acme%2Fplatform/descendant_groups",
    }


def test_the_public_host_needs_a_group_and_every_host_a_token(
    acme: RunningForge, tmp_path: Path
) -> None:
    forge = replace(acme.forge("gitlab"), host="gitlab.com")
    provider = people_of("gitlab", "gitlab.com", group="")
    assert problem_of(read(source_of(tmp_path, forge, provider), provider)) == "NOT_FOUND"
    source, provider = ready(acme, tmp_path, "gitlab", token="")
    assert problem_of(read(source, provider)) == "NOT_PERMITTED"
    assert acme.asked() == []


@pytest.mark.parametrize(
    ("how", "code"),
    [("500", "UPSTREAM_ERROR"), ("empty", "FORGE_INCOMPLETE"), ("null", "FORGE_ANSWER")],
)
@pytest.mark.parametrize("match", ["/users", "/descendant_groups", "/members"])
def test_a_list_that_fails_or_is_emptied_fails_the_reading_whichever_it_is(
    acme: RunningForge, tmp_path: Path, how: str, code: str, match: str
) -> None:
    acme.fail(match, how)
    source, provider = ready(acme, tmp_path, "gitlab")
    assert problem_of(read(source, provider)) == code


def test_where_a_query_is_refused_nothing_is_told(acme: RunningForge, tmp_path: Path) -> None:
    acme.fail("graphql", "500")
    source, provider = ready(acme, tmp_path, "gitlab", relations=("DIRECT", "INHERITED"))
    assert problem_of(read(source, provider)) == "UPSTREAM_ERROR"
    acme.order("mend")
    acme.fail("graphql", "null")
    assert problem_of(read(source, provider)) == "FORGE_ANSWER"
