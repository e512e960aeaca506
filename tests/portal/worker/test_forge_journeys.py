"""Journeys through each forge: what a catalog comes to, what it costs, and that nothing is lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete

from plugins.contract import GitHubProvider, GitLabProvider
from portal.config.settings import ConfiguredSource, Settings
from portal.db.ingest import registrations
from portal.db.tables import meta
from portal.db.work import budgets
from portal.pool import Pool
from portal.wiring import open_portal, prepare, tools_of
from tests.forge.running import RunningForge
from tests.portal.worker.forgesweeps import Sweeps, component, integration, provider

TYPES = ("github", "gitlab", "gitea")


@pytest.fixture
def forge(forge_process: RunningForge) -> RunningForge:
    forge_process.reset()
    for name in ("shop", "cart", "site"):
        files = {"catalog-info.yaml": component(name), "README.md": f"# {name}\n"}
        forge_process.create(f"acme/{name}", files, visibility="private")
    return forge_process


@pytest.fixture(params=TYPES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def sweeps(
    forge: RunningForge, kind: str, migrated_file: Path, tmp_path: Path, pool: Pool
) -> Iterator[Sweeps]:
    """A portal that has read the whole forge once."""
    file = tmp_path / "portal.db"
    file.write_bytes(migrated_file.read_bytes())
    finder = provider(kind, forge.host)
    portal = open_portal(
        Settings(
            database=f"sqlite:///{file}",
            data_dir=tmp_path / "data",
            integrations=(integration(forge.forge(kind)),),
            providers=(finder,),
            sources=(ConfiguredSource("url", finder.target, "config"),),
            rules=(),
            removal_grace=timedelta(hours=24),
        )
    )
    portal = replace(portal, settings=replace(portal.settings, rules=None))
    prepare(portal)
    started = Sweeps(portal, pool)
    assert started.run() == {}
    yield started
    portal.database.close()


ALL = {"shop", "cart", "site"}
OLD = 1_700_000_000
"""Seconds since 1970: long before any test."""


def test_what_a_provider_finds_is_in_the_catalog_with_its_facts(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    assert sweeps.refs() == ALL
    found = sweeps.body("shop")["metadata"]["annotations"]
    shown = {"github": "tree/main", "gitlab": "-/blob/main", "gitea": "src/branch/main"}[kind]
    url = f"{forge.url}/acme/shop/{shown}/catalog-info.yaml"
    assert found["backstage.io/managed-by-location"] == f"url:{url}"
    assert found["backstage.io/managed-by-origin-location"] == f"url:https://{forge.host}/acme"
    tools = tools_of(sweeps.portal, sweeps.pool)
    assert all(not forge.token and not forge.password for forge in tools.setup.forges)


def rested(sweeps: Sweeps) -> Sweeps:
    """The same portal once the limits that it was told of are over."""
    with sweeps.portal.database.write() as connection:
        connection.execute(delete(meta).where(meta.c.key.startswith(budgets.PREFIX)))
    portal = open_portal(sweeps.portal.settings)
    sweeps.portal.database.close()
    return Sweeps(replace(portal, now=sweeps.portal.now), sweeps.pool, sweeps.now)


NO_CHANGE = {
    "github": {"graphql": 1},
    "gitlab": {"list*": 1, "graphql": 1},
    "gitea": {"list": 1, "branch": 3},
}
"""What a sweep asks for where nothing has changed."""


def test_a_sweep_without_a_change_asks_for_little_and_writes_nothing(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    sweeps.run()
    forge.asked()
    seq = sweeps.seq()
    assert sweeps.run() == {}
    assert forge.counts() == NO_CHANGE[kind]
    assert sweeps.seq() == seq


@pytest.mark.parametrize("kind", ["gitlab"], indirect=True)
@pytest.mark.parametrize("how", ["unknown", "500", "empty"])
def test_a_gitlab_that_tells_no_heads_is_asked_for_each_and_nothing_goes(
    forge: RunningForge, sweeps: Sweeps, kind: str, how: str
) -> None:
    forge.fail("POST /api/graphql", how)
    sweeps.run()
    forge.asked()
    seq = sweeps.seq()
    for hours in (1, 25, 25):
        assert sweeps.run(hours=hours) == {}
        assert forge.counts() == {"list*": 1, "graphql": 1, "branch*": 3}
    assert sweeps.refs() == ALL
    assert sweeps.seq() == seq
    assert sweeps.location().state == "ok"


def test_what_one_process_is_told_by_a_forge_the_others_know(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    sweeps.run()
    forge.fail("api", "429", seconds=300)
    sweeps.run()
    forge.asked()
    peer = Sweeps(open_portal(sweeps.portal.settings), sweeps.pool, sweeps.now)
    refs = sweeps.refs()
    peer.run()
    assert forge.asked() == []
    assert peer.refs() == refs
    peer.portal.database.close()


@pytest.mark.parametrize("kind", ["gitea"], indirect=True)
def test_a_portal_that_starts_anew_asks_a_gitea_for_what_may_have_changed_alone(
    forge: RunningForge, sweeps: Sweeps, kind: str, tmp_path: Path
) -> None:
    for name in ALL:
        for path in forge.order("places", path=f"acme/{name}"):
            os.utime(path, (OLD, OLD))
    sweeps.run()
    forge.asked()
    # Another process, with a folder of its own: it has the database and nothing else.
    settings = replace(sweeps.portal.settings, data_dir=tmp_path / "another")
    other = Sweeps(open_portal(settings), sweeps.pool, sweeps.now)
    assert other.due() == []
    assert forge.counts() == {"list": 1}
    forge.commit("acme/shop", {"README.md": "# Another shop\n"})
    assert other.run() == {}
    assert forge.counts() == {"list": 1, "branch": 1, "git": 1}
    other.portal.database.close()


@pytest.mark.parametrize("kind", ["github", "gitlab"], indirect=True)
def test_what_is_at_the_head_it_was_read_at_is_not_looked_at(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    assert sweeps.due() == []
    forge.commit("acme/shop", {"README.md": "# Another shop\n"})
    assert sweeps.due() == ["acme/shop"]
    sweeps.run()
    assert sweeps.due() == []
    # What an event made known is not news to the sweep.
    forge.commit("acme/cart", {"catalog-info.yaml": component("cart", ", title: Cart")})
    sweeps.refresh("acme/cart")
    assert sweeps.body("cart")["metadata"]["title"] == "Cart"
    assert sweeps.due() == []


@pytest.mark.parametrize("kind", ["github", "gitlab"], indirect=True)
def test_a_provider_that_is_to_look_at_another_path_reads_every_repository_anew(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    forge.commit("acme/shop", {"docs/other.yaml": component("other")})
    sweeps.run()
    (before,) = sweeps.portal.settings.providers
    assert isinstance(before, GitHubProvider | GitLabProvider)
    after = replace(before, catalog_path="docs/other.yaml")
    settings = replace(sweeps.portal.settings, providers=(after,))
    sweeps.portal.database.close()
    again = Sweeps(open_portal(settings), sweeps.pool, sweeps.now)
    for _ in range(3):
        again.run(hours=20)
    assert again.refs() == {"other"}
    again.portal.database.close()


def test_a_change_comes_with_the_next_sweep_and_fetches_that_repository_alone(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    forge.commit("acme/shop", {"catalog-info.yaml": component("shop", ", title: Shop")})
    forge.create("acme/new", {"catalog-info.yaml": component("new")})
    forge.asked()
    sweeps.run()
    assert sweeps.body("shop")["metadata"]["title"] == "Shop"
    assert sweeps.refs() == ALL | {"new"}
    fetched = {one["line"].split("/")[2] for one in forge.asked() if one["kind"] == "git"}
    assert fetched == {"shop.git", "new.git"}


@pytest.mark.parametrize("how", ["archived", "deleted", "file"])
def test_what_is_archived_or_deleted_goes_after_the_grace_and_not_before(
    forge: RunningForge, sweeps: Sweeps, kind: str, how: str
) -> None:
    match how:
        case "archived":
            forge.order("change", path="acme/shop", archived=True)
        case "deleted":
            forge.order("delete", path="acme/shop")
        case "file":
            forge.commit("acme/shop", {"catalog-info.yaml": None})
    for _ in range(3):
        sweeps.run()
        assert sweeps.refs() == ALL
    sweeps.run(hours=24)
    assert sweeps.refs() == ALL - {"shop"}


def test_a_repository_that_comes_back_loses_nothing(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    uid = sweeps.body("shop")["metadata"]["uid"]
    forge.order("change", path="acme/shop", archived=True)
    sweeps.run()
    sweeps.run()
    forge.order("change", path="acme/shop", archived=False)
    sweeps.run()
    sweeps.run(hours=30)
    sweeps.run(hours=30)
    assert sweeps.refs() == ALL
    assert sweeps.body("shop")["metadata"]["uid"] == uid


def test_a_renamed_repository_keeps_its_entities(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    uid = sweeps.body("shop")["metadata"]["uid"]
    forge.order("rename", path="acme/shop", to="acme/store")
    for hours in (1, 1, 25, 25):
        sweeps.run(hours=hours)
        assert sweeps.refs() == ALL
    found = sweeps.body("shop")["metadata"]
    assert found["uid"] == uid
    assert "/acme/store/" in found["annotations"]["backstage.io/managed-by-location"]


@pytest.mark.parametrize("sees", ["", "public"])
def test_credentials_that_see_less_remove_nothing_and_are_told(
    forge: RunningForge, sweeps: Sweeps, kind: str, sees: str
) -> None:
    forge.order("token", token="good", sees=sees)
    for hours in (1, 1, 25, 25):
        sweeps.run(hours=hours)
    assert sweeps.refs() == ALL
    found = sweeps.location()
    assert found.problem is not None
    assert (found.state, found.problem.code) == (
        ("partial", "FORGE_INCOMPLETE") if sees else ("failed", "NOT_PERMITTED")
    )
    forge.order("token", token="good", sees="all")
    sweeps.run()
    assert sweeps.location().state == "ok"


@pytest.mark.parametrize("how", ["500", "429", "truncated", "garbage", "empty"])
def test_trouble_in_the_middle_of_a_listing_removes_nothing_and_ends(
    forge: RunningForge, sweeps: Sweeps, kind: str, how: str
) -> None:
    """F30 to F35: the listing has two pages, and the second one never comes whole."""
    for number in range(101):
        forge.create(f"acme/none{number}", {})
    forge.order("delete", path="acme/site")
    forge.create("acme/last", {"catalog-info.yaml": component("last")})
    lists = {"github": "graphql", "gitlab": "page=2", "gitea": "page=2"}[kind]
    for hours in (1, 1, 25, 25):
        forge.fail(lists, how, times=1, after=int(kind == "github"), seconds=1)
        sweeps.run(hours=hours)
        forge.order("mend")
        if how == "429":
            sweeps = rested(sweeps)
    assert sweeps.refs() == ALL
    assert sweeps.location().state in ("partial", "failed")
    for hours in (1, 1, 25):
        sweeps.run(hours=hours)
    assert sweeps.refs() == ALL - {"site"} | {"last"}
    assert sweeps.location().state == "ok"


def with_text(name: str, target: str) -> str:
    """A component whose description is taken from elsewhere."""
    return component(name, f", description: {{$text: '{target}'}}")


FORMS = {"github": "blob/main", "gitlab": "-/blob/main", "gitea": "src/branch/main"}


def register(sweeps: Sweeps, target: str) -> None:
    """As somebody does by the catalog API."""
    with sweeps.portal.database.write() as connection:
        registrations.register(connection, type="url", target=target, origin="api", now=sweeps.now)


def test_files_that_somebody_registers_are_read_with_the_credentials(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    files = {"all.yaml": component("lone"), "more/a.yaml": component("a"), "more/b.yaml": "x"}
    forge.create("labs/lone", files, visibility="private")
    base = f"{forge.url}/labs/lone/{FORMS[kind]}"
    register(sweeps, f"{base}/all.yaml")
    register(sweeps, f"{base}/more/*.yaml")
    sweeps.run()
    assert sweeps.refs() == ALL | {"lone", "a"}
    shown = base.replace("blob", "tree") if kind == "github" else base
    annotations = sweeps.body("lone")["metadata"]["annotations"]
    assert annotations["backstage.io/managed-by-location"] == f"url:{shown}/all.yaml"
    assert annotations["backstage.io/managed-by-origin-location"] == f"url:{base}/all.yaml"
    seq = sweeps.seq()
    forge.asked()
    sweeps.run()
    counts = forge.counts()
    assert (counts["file*"], counts["file"]) == (3, 0)
    assert sweeps.seq() == seq
    forge.commit("labs/lone", {"all.yaml": component("lone", ", title: Lone")})
    sweeps.run()
    assert sweeps.body("lone")["metadata"]["title"] == "Lone"
    forge.commit("labs/lone", {"all.yaml": None})
    sweeps.run()
    assert "lone" in sweeps.refs()


def test_a_repository_takes_in_nothing_of_another_that_the_credentials_open(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    forge.create("acme/vault", {"key.txt": "s3cret"}, visibility="private")
    vault, shop = (f"{forge.url}/acme/{name}/{FORMS[kind]}" for name in ("vault", "shop"))
    forge.commit(
        "acme/shop",
        {
            "notes.txt": "hello",
            "catalog-info.yaml": with_text("shop", f"{shop}/notes.txt"),
        },
    )
    forge.commit("acme/cart", {"catalog-info.yaml": with_text("cart", f"{vault}/key.txt")})
    forge.create("labs/lone", {"all.yaml": with_text("lone", f"{vault}/key.txt")})
    register(sweeps, f"{forge.url}/labs/lone/{FORMS[kind]}/all.yaml")
    sweeps.run()
    assert sweeps.body("shop")["metadata"]["description"] == "hello"
    assert "description" not in sweeps.body("cart")["metadata"]
    assert "lone" not in sweeps.refs()
    assert not any("vault/" in one["line"] and one["kind"] == "file" for one in forge.asked())


def test_a_repository_that_strangers_name_is_not_read_by_git(
    forge: RunningForge, sweeps: Sweeps, kind: str
) -> None:
    forge.create("labs/other", {"catalog-info.yaml": component("other")}, visibility="private")
    register(sweeps, f"{forge.url}/labs/other")
    register(sweeps, f"https://{forge.host}/acme")
    forge.asked()
    sweeps.run()
    assert "other" not in sweeps.refs()
    assert not any("labs/other" in one["line"] for one in forge.asked() if one["kind"] == "git")


def test_what_a_provider_found_goes_when_it_is_taken_out_of_the_config(
    sweeps: Sweeps, kind: str
) -> None:
    settings = replace(sweeps.portal.settings, providers=(), sources=(), rules=())
    sweeps.portal = replace(sweeps.portal, settings=settings)
    prepare(sweeps.portal)
    assert sweeps.refs() == set()
