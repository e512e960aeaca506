"""The people of Gitea: how members and teams are told, and when nothing is told of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from forgepeople import PEOPLE, TEAMS, entities, problem_of, read, ready

from tests.forge.running import RunningForge


@pytest.fixture
def acme(forge: RunningForge) -> RunningForge:
    forge.order("organize", name="acme", people=PEOPLE, teams=TEAMS)
    return forge


def test_members_and_teams_are_users_and_groups(acme: RunningForge, tmp_path: Path) -> None:
    source, provider = ready(acme, tmp_path, "gitea")
    found = entities(source, read(source, provider))
    assert found["ada"]["metadata"] == {
        "name": "ada",
        "description": "Counts.",
        "annotations": {"127.0.0.1/user-login": "ada"},
    }
    assert found["ada"]["spec"]["memberOf"] == ["platform", "tools"]
    assert found["ada"]["spec"]["profile"]["email"] == "ada@example.org"
    assert "email" not in found["Bob-2"]["spec"]["profile"]
    group = found["org/acme/teams/tools"]
    assert group["metadata"] == {
        "name": "tools",
        "annotations": {"127.0.0.1/team-slug": "acme/tools"},
    }
    assert group["spec"]["members"] == ["Bob-2", "ada"]
    assert set(found) == {"ada", "Bob-2", "cyd", "org/acme/teams/platform", "org/acme/teams/tools"}


def test_every_page_is_read_and_teams_have_a_namespace_where_they_are_to(
    forge: RunningForge, tmp_path: Path
) -> None:
    people = [{"login": f"p{n}"} for n in range(70)]
    teams = [{"slug": "Owners", "members": [one["login"] for one in people]}]
    forge.order("organize", name="acme", people=people, teams=teams)
    source, provider = ready(forge, tmp_path, "gitea", namespaced=True)
    found = entities(source, read(source, provider))
    group = found["org/acme/teams/owners"]
    assert (group["metadata"]["namespace"], group["metadata"]["name"]) == ("acme", "Owners")
    assert len(group["spec"]["members"]) == 70
    assert found["p0"]["spec"]["memberOf"] == ["acme/Owners"]
    assert forge.counts() == {"people": 5}


def test_strangers_who_are_shown_some_members_are_told_nothing(
    acme: RunningForge, tmp_path: Path
) -> None:
    acme.order("token", token="public", sees="public")
    source, provider = ready(acme, tmp_path, "gitea", token="public")
    found = read(source, provider)
    assert problem_of(found) == "NOT_PERMITTED"
    source, provider = ready(acme, tmp_path, "gitea")
    acme.order("organize", name="acme", people=[], teams=[])
    assert problem_of(read(source, provider)) == "FORGE_INCOMPLETE"


@pytest.mark.parametrize(
    ("how", "code"),
    [("500", "UPSTREAM_ERROR"), ("empty", "FORGE_INCOMPLETE"), ("null", "FORGE_ANSWER")],
)
@pytest.mark.parametrize("match", ["orgs/acme/teams", "orgs/acme/members", r"teams/\d+/members"])
def test_a_list_that_fails_or_is_emptied_fails_the_reading_whichever_it_is(
    acme: RunningForge, tmp_path: Path, how: str, code: str, match: str
) -> None:
    acme.fail(match, how)
    source, provider = ready(acme, tmp_path, "gitea")
    assert problem_of(read(source, provider)) == code
