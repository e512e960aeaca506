"""The people of GitHub: how users and teams are told, and when nothing is told of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from forgeapps import PUBLIC, with_app
from forgepeople import ADA, PEOPLE, TEAMS, entities, problem_of, read, ready, source_of

from plugins.contract import GitHubPeople, Repository, Snapshot
from tests.forge.running import RunningForge


@pytest.fixture
def acme(forge: RunningForge) -> RunningForge:
    forge.order("organize", name="acme", people=PEOPLE, teams=TEAMS)
    return forge


def test_users_and_teams_are_the_entities_that_backstage_makes_of_them(
    acme: RunningForge, tmp_path: Path
) -> None:
    source, provider = ready(acme, tmp_path, "github")
    found = entities(source, read(source, provider))
    assert found["ada"] == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "User",
        "metadata": {
            "name": "ada",
            "description": "Counts.",
            "annotations": {"github.com/user-login": "ada", "github.com/user-id": "U_ada"},
        },
        "spec": {
            "profile": {
                "displayName": "Ada Lovelace",
                "email": "ada@example.org",
                "picture": "https://avatars.example/ada",
            },
            "memberOf": ["platform", "tools"],
        },
    }
    assert found["orgs/acme/teams/tools"] == {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Group",
        "metadata": {
            "name": "tools",
            "annotations": {
                "github.com/team-slug": "acme/tools",
                "backstage.io/edit-url": "https://github.example/orgs/acme/teams/tools/edit",
            },
        },
        "spec": {
            "type": "team",
            "profile": {"displayName": "Tools"},
            "parent": "platform",
            "children": [],
            "members": ["Bob-2", "ada"],
        },
    }
    assert set(found) == {
        "ada",
        "Bob-2",
        "cyd",
        "orgs/acme/teams/platform",
        "orgs/acme/teams/tools",
    }


def test_every_page_is_read_of_people_of_teams_and_of_the_members_of_each(
    forge: RunningForge, tmp_path: Path
) -> None:
    people = [{"login": f"p{n}"} for n in range(5)]
    teams = [{"slug": f"t{n}", "members": [f"p{m}" for m in range(n)]} for n in range(5)]
    forge.order("organize", name="acme", people=people, teams=teams)
    sizes = {"member_page": 2, "team_page": 2, "team_member_page": 2}
    source, provider = ready(forge, tmp_path, "github", **sizes)
    found = entities(source, read(source, provider))
    assert found["orgs/acme/teams/t4"]["spec"]["members"] == ["p0", "p1", "p2", "p3"]
    assert found["p0"]["spec"]["memberOf"] == ["t1", "t2", "t3", "t4"]
    assert found["p4"]["spec"]["memberOf"] == []
    # Three pages of people, three of teams, and the second one of the two teams that have more.
    assert forge.counts() == {"graphql": 8}


def test_who_is_in_two_organizations_is_one_user_and_teams_are_told_apart_by_namespaces(
    acme: RunningForge, tmp_path: Path
) -> None:
    acme.order("organize", name="Labs", people=[ADA], teams=[{"slug": "tools", "members": ["ada"]}])
    both = {"organizations": ("acme", "Labs"), "namespaced": True}
    source, provider = ready(acme, tmp_path, "github", **both)
    found = entities(source, read(source, provider))
    assert found["ada"]["spec"]["memberOf"] == ["acme/platform", "acme/tools", "labs/tools"]
    group = found["orgs/Labs/teams/tools"]
    assert (group["metadata"]["namespace"], group["spec"]["members"]) == ("labs", ["default/ada"])


def test_suspended_users_and_addresses_are_as_the_provider_asks(
    forge: RunningForge, tmp_path: Path
) -> None:
    people = [
        {"login": "ada", "email": "a@home.example", "verified": ["ada@acme.example"]},
        {"login": "bob", "email": "b@home.example", "suspended": "2026-01-01T00:00:00Z"},
    ]
    forge.order("organize", name="acme", people=people, teams=[])
    source, provider = ready(forge, tmp_path, "github", suspended=False, verified_emails=True)
    found = entities(source, read(source, provider))
    assert set(found) == {"ada"}
    assert found["ada"]["spec"]["profile"]["email"] == "ada@acme.example"
    source, provider = ready(forge, tmp_path, "github")
    found = entities(source, read(source, provider))
    assert found["bob"]["spec"]["profile"]["email"] == "b@home.example"


def test_without_named_organizations_those_that_have_an_app_installed_are_read(
    acme: RunningForge, tmp_path: Path
) -> None:
    acme.order("install", app="5", key=PUBLIC, owner="acme")
    provider = GitHubPeople(id="staff", host=acme.host)
    source = source_of(tmp_path, with_app(acme), provider)
    assert "ada" in entities(source, read(source, provider))
    assert "email" not in entities(source, read(source, provider))["ada"]["spec"]["profile"]
    acme.order("install", app="5", key=PUBLIC, owner="acme", suspended="2026-01-01T00:00:00Z")
    assert problem_of(read(source, provider)) == "NOT_PERMITTED"
    tokens = source_of(tmp_path, acme.forge("github"), provider)
    assert problem_of(read(tokens, provider)) == "NOT_FOUND"


@pytest.mark.parametrize("token", ["public", "bad", ""])
def test_without_permission_nothing_is_told_and_the_hint_says_what_it_takes(
    acme: RunningForge, tmp_path: Path, token: str
) -> None:
    acme.order("token", token="public", sees="public")
    source, provider = ready(acme, tmp_path, "github", token=token)
    found = read(source, provider)
    assert problem_of(found) == "NOT_PERMITTED"
    acme.order("organize", name="acme", people=[], teams=[])
    source, provider = ready(acme, tmp_path, "github")
    assert problem_of(read(source, provider)) == "FORGE_INCOMPLETE"
    source, provider = ready(acme, tmp_path, "github", organizations=("nobody",))
    assert problem_of(read(source, provider)) == "NOT_FOUND"


def test_a_stranger_who_is_shown_some_members_is_told_nothing(
    forge: RunningForge, tmp_path: Path
) -> None:
    people = [{**ADA, "public": True}, {"login": "bob"}]
    forge.order("organize", name="acme", people=people, teams=[])
    forge.order("token", token="other", sees="stranger")
    source, provider = ready(forge, tmp_path, "github", token="other")
    assert problem_of(read(source, provider)) == "NOT_PERMITTED"


def test_a_provider_of_a_host_that_is_another_forge_is_told_so(
    acme: RunningForge, tmp_path: Path
) -> None:
    provider = GitHubPeople(id="staff", host=acme.host, organizations=("acme",))
    source = source_of(tmp_path, acme.forge("gitlab"), provider)
    assert problem_of(read(source, provider)) == "HOST_NOT_ALLOWED"
    assert acme.asked() == []


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("500", "UPSTREAM_ERROR"),
        ("429", "RATE_LIMITED"),
        ("garbage", "FORGE_ANSWER"),
        ("empty", "FORGE_INCOMPLETE"),
        ("null", "FORGE_ANSWER"),
    ],
)
@pytest.mark.parametrize("after", [0, 1, 2, 3])
def test_a_page_that_fails_fails_the_reading_whichever_it_is(
    acme: RunningForge, tmp_path: Path, how: str, code: str, after: int
) -> None:
    acme.fail("graphql", how, after=after)
    source, provider = ready(acme, tmp_path, "github", member_page=2, team_page=1)
    assert problem_of(read(source, provider)) == code


def test_a_team_whose_members_are_kept_back_fails_the_reading(
    acme: RunningForge, tmp_path: Path
) -> None:
    source, provider = ready(acme, tmp_path, "github")
    acme.fail("graphql", "hollow")
    assert problem_of(read(source, provider)) == "FORGE_INCOMPLETE"


def test_one_organization_that_shows_nobody_fails_the_reading_of_all(
    acme: RunningForge, tmp_path: Path
) -> None:
    acme.order("organize", name="labs", people=[], teams=[])
    source, provider = ready(acme, tmp_path, "github", organizations=("acme", "labs"))
    assert problem_of(read(source, provider)) == "FORGE_INCOMPLETE"


def test_what_people_write_of_themselves_is_text_to_every_reader(
    forge: RunningForge, tmp_path: Path
) -> None:
    odd = "{{ x }} {% y %} {{{ $text: /etc/passwd \x85\u2028 \\$ <html>\n---\n\U0001f600"
    people = [{"login": "dependabot[bot]", "name": odd}, {"login": "ada", "about": odd}]
    forge.order("organize", name="acme", people=people, teams=[])
    source, provider = ready(forge, tmp_path, "github")
    snapshot = read(source, provider)
    found = entities(source, snapshot)
    clean = odd.replace("\x85", " ").replace("\u2028", " ")
    assert found["ada"]["metadata"]["description"] == clean
    assert isinstance(snapshot, Snapshot)
    (blob,) = source.read(snapshot, ["ada"], max_bytes=10_000)
    content = blob.content  # type: ignore[union-attr]
    assert b"{{" not in content
    assert b"{%" not in content
    assert b"$" not in content


def test_what_was_read_is_told_again_by_its_head_without_asking(
    acme: RunningForge, tmp_path: Path
) -> None:
    source, provider = ready(acme, tmp_path, "github")
    first = read(source, provider)
    assert isinstance(first, Snapshot)
    acme.asked()
    again = source.snapshot(Repository(url=provider.target, name="people", head=first.head))
    assert again == replace(first, repository=again.repository)  # type: ignore[union-attr]
    assert acme.asked() == []
    again = read(source, provider)
    assert again == first


def test_a_file_over_the_limit_and_a_lost_copy_are_unreadable_with_a_reason(
    acme: RunningForge, tmp_path: Path
) -> None:
    source, provider = ready(acme, tmp_path, "github")
    found = read(source, provider)
    assert isinstance(found, Snapshot)
    large, lost = source.read(found, ["ada", "nobody"], max_bytes=10)
    assert large.problem.code == "FILE_TOO_LARGE"  # type: ignore[union-attr]
    assert lost.problem.code == "CACHE_UNUSABLE"  # type: ignore[union-attr]
