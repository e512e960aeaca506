"""What a provider of a GitHub App found, when organizations install the App and let it go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from plugins.contract import GitHubProvider
from portal.config.integrations import GitHub, GitHubApp
from portal.config.settings import ConfiguredSource, Settings
from portal.pool import Pool
from portal.wiring import open_portal, prepare
from tests.forge.running import RunningForge
from tests.plugins.forges.forgeapps import PRIVATE, PUBLIC
from tests.portal.worker.forgesweeps import Sweeps, component


def install(forge: RunningForge, owner: str, *, app: str = "5", suspended: str = "") -> None:
    forge.order("install", app=app, key=PUBLIC, owner=owner, suspended=suspended)


@pytest.fixture
def forge(forge_process: RunningForge) -> RunningForge:
    """The App is installed for `acme` and `labs`, and not for `other`."""
    forge_process.reset()
    for path in ("acme/shop", "labs/cart", "other/till"):
        name = path.partition("/")[2]
        files = {"catalog-info.yaml": component(name)}
        forge_process.create(path, files, visibility="private")
    for owner in ("acme", "labs"):
        install(forge_process, owner)
    return forge_process


@pytest.fixture
def sweeps(
    forge: RunningForge, migrated_file: Path, tmp_path: Path, pool: Pool
) -> Iterator[Sweeps]:
    """A portal that has read once what the App is installed for."""
    file = tmp_path / "portal.db"
    file.write_bytes(migrated_file.read_bytes())
    app = GitHubApp(app_id="5", client_id="c", private_key=PRIVATE, client_secret="hidden")
    of_app = replace(forge.forge("github"), token="")
    finder = GitHubProvider(id="all", host=forge.host, app="5")
    portal = open_portal(
        Settings(
            database=f"sqlite:///{file}",
            data_dir=tmp_path / "data",
            integrations=(GitHub(host=of_app.host, api_base_url=of_app.api_url, apps=(app,)),),
            providers=(finder,),
            sources=(ConfiguredSource("url", finder.target, "config"),),
            removal_grace=timedelta(hours=24),
        )
    )
    prepare(portal)
    started = Sweeps(portal, pool)
    assert started.run() == {}
    yield started
    portal.database.close()


def test_who_installs_the_app_comes_with_the_next_sweep(
    forge: RunningForge, sweeps: Sweeps
) -> None:
    assert sweeps.refs() == {"shop", "cart"}
    install(forge, "other")
    assert sweeps.run() == {}
    assert sweeps.refs() == {"shop", "cart", "till"}
    assert sweeps.location().state == "ok"


def test_what_an_organization_has_goes_after_the_grace_when_it_lets_the_app_go(
    forge: RunningForge, sweeps: Sweeps
) -> None:
    install(forge, "labs", app="6")
    sweeps.run()
    sweeps.run()
    assert sweeps.refs() == {"shop", "cart"}
    sweeps.run(hours=24)
    assert sweeps.refs() == {"shop"}


def test_an_organization_that_suspends_the_app_keeps_what_it_has_and_the_others_go_on(
    forge: RunningForge, sweeps: Sweeps
) -> None:
    install(forge, "labs", suspended="2026-01-01T00:00:00Z")
    forge.create("acme/site", {"catalog-info.yaml": component("site")}, visibility="private")
    for hours in (1, 25, 25):
        sweeps.run(hours=hours)
    assert sweeps.refs() == {"shop", "cart", "site"}
    found = sweeps.location()
    assert found.problem is not None
    assert (found.state, found.problem.code) == ("partial", "NOT_PERMITTED")
    assert "labs" in found.problem.message
    install(forge, "labs")
    sweeps.run()
    assert sweeps.location().state == "ok"


def test_a_repository_that_an_event_names_is_read_as_the_provider_says(
    forge: RunningForge, sweeps: Sweeps
) -> None:
    forge.order("commit", path="labs/cart", files={"deep/catalog-info.yaml": component("hidden")})
    forge.order("commit", path="labs/cart", files={"catalog-info.yaml": component("basket")})
    fresh = open_portal(sweeps.portal.settings)  # a process that has listed nothing
    Sweeps(fresh, sweeps.pool, sweeps.now).refresh("labs/cart")
    fresh.database.close()
    assert "basket" in sweeps.refs()
    assert "hidden" not in sweeps.refs()
