"""Journeys of people: who is in the catalog as an organization changes, and that nobody is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from plugins.contract import GiteaPeople, GitHubPeople, GitLabPeople, PeopleProvider
from portal.config.settings import ConfiguredSource, Settings
from portal.db.catalog.entities import by_ref
from portal.db.sources.problems import code_counts
from portal.db.tables import entities
from portal.pool import Pool
from portal.wiring import open_portal, prepare, tools_of
from tests.forge.running import RunningForge
from tests.portal.worker.forgesweeps import Sweeps, integration

TYPES = ("github", "gitlab", "gitea")

PEOPLE = [{"login": "ada", "name": "Ada", "email": "ada@example.org"}, {"login": "bob"}]
PLATFORM = {"slug": "platform", "name": "Platform", "members": ["ada"]}
TOOLS = {"slug": "tools", "parent": "platform", "members": ["ada", "bob"]}

ALL = {"user:ada", "user:bob", "group:platform", "group:tools"}


@pytest.fixture
def forge(forge_process: RunningForge) -> RunningForge:
    forge_process.reset()
    organize(forge_process)
    return forge_process


@pytest.fixture(params=TYPES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def organize(
    forge: RunningForge,
    people: list[dict[str, Any]] = PEOPLE,
    teams: tuple[dict[str, Any], ...] = (PLATFORM, TOOLS),
) -> None:
    forge.order("organize", name="acme", people=people, teams=teams)


def provider_of(kind: str, host: str) -> PeopleProvider:
    """With pages of one, so that every list has several."""
    match kind:
        case "gitlab":
            return GitLabPeople(id="staff", host=host, group="acme")
        case "gitea":
            return GiteaPeople(id="staff", host=host, organization="acme")
    sizes = {"member_page": 1, "team_page": 1, "team_member_page": 1}
    return GitHubPeople(id="staff", host=host, organizations=("acme",), **sizes)


ONE = pytest.mark.parametrize("kind", ["github"], indirect=True)
"""For what does not depend on the forge."""

Start = Callable[..., Sweeps]


@pytest.fixture
def start(
    forge: RunningForge, kind: str, migrated_file: Path, tmp_path: Path, pool: Pool
) -> Iterator[Start]:
    """Starts a portal that has read the organization once, after other locations where there are some."""
    started: list[Sweeps] = []

    def begin(*before: ConfiguredSource) -> Sweeps:
        file = tmp_path / f"portal-{len(started)}.db"
        file.write_bytes(migrated_file.read_bytes())
        provider = provider_of(kind, forge.host)
        portal = open_portal(
            Settings(
                database=f"sqlite:///{file}",
                data_dir=tmp_path / "data",
                integrations=(integration(forge.forge(kind)),),
                people=(provider,),
                sources=(*before, ConfiguredSource("url", provider.target, "config")),
                rules=None,
                removal_grace=timedelta(hours=24),
            )
        )
        prepare(portal)
        sweeps = Sweeps(portal, pool)
        started.append(sweeps)
        assert sweeps.run() == {}
        return sweeps

    yield begin
    for sweeps in started:
        sweeps.portal.database.close()


def people(sweeps: Sweeps) -> set[str]:
    """Users and groups that are served."""
    with sweeps.portal.database.read() as connection:
        found = set(connection.execute(select(entities.c.ref)).scalars())
    return {_plain(ref) for ref in found if ref[:5] in ("user:", "group")}


def entity(sweeps: Sweeps, ref: str) -> dict[str, Any]:
    kind, _, name = ref.partition(":")
    with sweeps.portal.database.read() as connection:
        rows = [by_ref(connection, f"{kind}:default/{one}{name}") for one in ("", "platform-")]
    row = rows[0] or rows[1]
    assert row is not None
    found: dict[str, Any] = orjson.loads(row.answer())
    return found


def relations(sweeps: Sweeps, ref: str, type_: str) -> set[str]:
    found = entity(sweeps, ref)["relations"]
    return {_plain(one["targetRef"]) for one in found if one["type"] == type_}


def _plain(ref: str) -> str:
    """A ref, without what a GitLab's groups are called by their parents."""
    return ref.replace(":default/platform-", ":").replace(":default/", ":")


def codes(sweeps: Sweeps) -> set[str]:
    with sweeps.portal.database.read() as connection:
        return set(code_counts(connection))


def test_users_and_groups_are_in_the_catalog_with_who_is_whose(
    forge: RunningForge, start: Start, kind: str
) -> None:
    sweeps = start()
    assert people(sweeps) == ALL
    assert relations(sweeps, "user:ada", "memberOf") == {"group:platform", "group:tools"}
    above = set() if kind == "gitea" else {"group:tools"}  # there teams have no parents
    assert relations(sweeps, "group:platform", "parentOf") == above
    assert relations(sweeps, "group:tools", "hasMember") == {"user:ada", "user:bob"}
    pages = {
        "github": "orgs/acme/teams/tools",
        "gitlab": "acme/platform/tools",
        "gitea": "org/acme/teams/tools",
    }
    page = pages[kind]
    found = entity(sweeps, "group:tools")["metadata"]["annotations"]
    assert found["backstage.io/managed-by-location"] == f"url:{forge.url}/{page}"
    found = entity(sweeps, "user:ada")["metadata"]["annotations"]
    assert found["backstage.io/managed-by-location"] == f"url:{forge.url}/ada"
    (provider,) = sweeps.portal.settings.people
    assert found["backstage.io/managed-by-origin-location"] == f"url:{provider.target}"


NO_CHANGE = {"github": {"graphql": 5}, "gitlab": {"people*": 4}, "gitea": {"people": 4}}
"""What a sweep asks for where nothing has changed."""


def test_a_sweep_without_a_change_asks_once_and_writes_nothing(
    forge: RunningForge, start: Start, kind: str
) -> None:
    sweeps = start()
    forge.asked()
    seq = sweeps.seq()
    assert sweeps.run() == {}
    assert sweeps.seq() == seq
    assert forge.counts() == NO_CHANGE[kind]


def test_assessing_people_asks_the_forge_nothing(
    forge: RunningForge, start: Start, kind: str
) -> None:
    sweeps = start()
    organize(forge, [{**PEOPLE[0], "name": "Ada L."}, PEOPLE[1]])
    forge.asked()
    sweeps.run()
    assert sum(forge.counts().values()) == sum(NO_CHANGE[kind].values())
    assert entity(sweeps, "user:ada")["spec"]["profile"]["displayName"] == "Ada L."


@ONE
def test_a_member_who_comes_and_one_who_changes_teams_are_there_with_the_next_sweep(
    forge: RunningForge, start: Start
) -> None:
    sweeps = start()
    teams = ({**PLATFORM, "members": ["cyd"]}, TOOLS)
    organize(forge, [*PEOPLE, {"login": "cyd"}], teams)
    sweeps.run()
    assert people(sweeps) == ALL | {"user:cyd"}
    assert relations(sweeps, "user:cyd", "memberOf") == {"group:platform"}
    assert relations(sweeps, "user:ada", "memberOf") == {"group:tools"}


@ONE
def test_a_team_that_was_renamed_is_there_at_once_and_its_old_name_goes_after_the_grace(
    forge: RunningForge, start: Start
) -> None:
    sweeps = start()
    organize(forge, teams=(PLATFORM, {**TOOLS, "slug": "gear"}))
    sweeps.run()
    assert people(sweeps) == ALL | {"group:gear"}
    sweeps.run(hours=25)
    assert people(sweeps) == ALL - {"group:tools"} | {"group:gear"}


def test_who_left_and_a_team_that_is_gone_go_after_the_grace_and_not_before(
    forge: RunningForge, start: Start
) -> None:
    sweeps = start()
    organize(forge, PEOPLE[:1], (PLATFORM,))
    for _ in range(3):
        sweeps.run()
        assert people(sweeps) == ALL
    assert relations(sweeps, "user:ada", "memberOf") >= {"group:platform"}
    sweeps.run(hours=24)
    assert people(sweeps) == {"user:ada", "group:platform"}


def test_where_permission_is_lost_or_the_organization_is_gone_nobody_is_removed(
    forge: RunningForge, start: Start
) -> None:
    sweeps = start()
    (target,) = [one.target for one in sweeps.portal.settings.people]
    name = target.removeprefix("https://")
    forge.order("token", token="good", sees="public")
    for _ in range(3):
        assert sweeps.run(hours=25)[name] in ("NOT_PERMITTED", "NOT_FOUND")
    forge.order("token", token="good", sees="all")
    forge.order("organize", name="acme", people=[], teams=[])
    for _ in range(3):
        assert sweeps.run(hours=25)[name] == "FORGE_INCOMPLETE"
    assert people(sweeps) == ALL
    organize(forge)
    assert sweeps.run() == {}


@pytest.mark.parametrize("how", ["429", "empty"])
def test_trouble_in_the_middle_of_the_pages_changes_nothing(
    forge: RunningForge, start: Start, how: str
) -> None:
    sweeps = start()
    organize(forge, PEOPLE[:1], (PLATFORM,))
    forge.fail("api", how, after=1, seconds=60)
    for _ in range(3):
        assert len(sweeps.run(hours=25)) == 1
        assert people(sweeps) == ALL
    assert entity(sweeps, "group:tools")["spec"]["members"] == ["ada", "bob"]


@ONE
def test_more_than_a_run_may_take_away_waits_for_approval(
    forge: RunningForge, start: Start
) -> None:
    sweeps = start()
    many = [{"login": f"p{n}"} for n in range(20)]
    organize(forge, [*PEOPLE, *many])
    sweeps.run()
    organize(forge)
    for _ in range(3):
        sweeps.run(hours=25)
    assert len(people(sweeps)) == 24
    organize(forge, [*PEOPLE, *many[:15]])
    for _ in range(3):
        sweeps.run(hours=25)
    assert len(people(sweeps)) == 19


@ONE
def test_a_name_that_no_entity_may_have_is_a_problem_and_harms_nobody(
    forge: RunningForge, start: Start
) -> None:
    organize(forge, [*PEOPLE, {"login": "-x_", "name": "{{ hidden }}"}])
    sweeps = start()
    assert people(sweeps) == ALL
    assert "NAME_FORMAT" in codes(sweeps)


@ONE
def test_who_is_declared_by_a_file_that_came_first_stays_as_that_says(
    forge: RunningForge, start: Start, tmp_path: Path
) -> None:
    file = tmp_path / "ada.yaml"
    file.write_text(
        "apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: ada, title: From a file}\n"
        "spec: {memberOf: []}\n"
    )
    sweeps = start(ConfiguredSource("file", str(file), "command"))
    assert entity(sweeps, "user:ada")["metadata"]["title"] == "From a file"
    assert people(sweeps) == ALL
    assert "ENTITY_CONFLICT" in codes(sweeps)


@ONE
def test_children_know_people_without_credentials(start: Start) -> None:
    sweeps = start()
    setup = tools_of(sweeps.portal, sweeps.pool).setup
    assert setup.people == sweeps.portal.settings.people
    assert all(not forge.token and not forge.password for forge in setup.forges)


@ONE
def test_a_lost_copy_is_read_anew(forge: RunningForge, start: Start, tmp_path: Path) -> None:
    sweeps = start()
    for folder in (tmp_path / "data").rglob("people"):
        folder.rename(folder.with_name("elsewhere"))
    sweeps = Sweeps(open_portal(sweeps.portal.settings), sweeps.pool, sweeps.now)
    seq = sweeps.seq()
    assert sweeps.run() == {}
    assert (people(sweeps), sweeps.seq()) == (ALL, seq)
    sweeps.portal.database.close()
