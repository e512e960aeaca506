"""Owners from CODEOWNERS for a file that was registered by itself, with what it asks the forge for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from catalog.descriptor.inference import INFERRED_FROM
from portal.config.integrations import GitHub
from portal.config.settings import ConfiguredSource, Settings
from portal.db.catalog.entities import by_ref
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs
from tests.forge.running import RunningForge

FILE = "services/cart/catalog-info.yaml"
COMPONENT = (
    "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: cart}\n"
    "spec: {type: service, lifecycle: production}\n"
)
OWNED = COMPONENT.replace("production", "production, owner: us")

Read = Callable[[], list[str]]


@pytest.fixture
def forge(forge_process: RunningForge) -> RunningForge:
    forge_process.reset()
    rules = "* @acme/all\n/services/ @acme/services @bob\n"
    forge_process.create("acme/shop", {FILE: COMPONENT, "docs/CODEOWNERS": rules})
    return forge_process


@pytest.fixture
def portal(database_url: str, tmp_path: Path, forge: RunningForge) -> Iterator[Portal]:
    host = GitHub(host=forge.host, token="good", api_base_url=f"{forge.url}/api/v3")
    target = f"{forge.url}/acme/shop/blob/main/{FILE}"
    settings = Settings(
        database=database_url,
        data_dir=tmp_path / "data",
        integrations=(host,),
        sources=(ConfiguredSource("url", target, "config"),),
        codeowners=True,
    )
    portal = open_portal(settings)
    yield portal
    portal.database.close()


@pytest.fixture
def read(portal: Portal, pool: Pool, forge: RunningForge) -> Read:
    """Sweeps once; says which files the forge was asked for, with a star where nothing was new."""

    def once() -> list[str]:
        forge.asked()
        tools = tools_of(portal, pool)
        for location in prepare(portal):
            for repository in jobs.list_repositories(tools, location):
                jobs.ingest(tools, location, repository)
        return [
            one["line"].partition("/contents/")[2].partition("?")[0]
            + {304: "*", 404: "-"}.get(one["status"], "")
            for one in forge.asked()
        ]

    return once


def owner(portal: Portal) -> tuple[str, str]:
    """Owner of the entity, and what it was inferred from."""
    with portal.database.read() as connection:
        row = by_ref(connection, "component:default/cart")
    assert row is not None
    one = orjson.loads(row.answer())
    return one["spec"]["owner"], one["metadata"]["annotations"].get(INFERRED_FROM, "")


SERVICES = ("group:services", "docs/CODEOWNERS: /services/")


def test_the_file_of_its_repository_says_who_owns_it_and_is_followed(
    portal: Portal, read: Read, forge: RunningForge
) -> None:
    looked = [".github/CODEOWNERS-", "CODEOWNERS-", "docs/CODEOWNERS"]
    assert read() == [FILE, *looked]
    assert owner(portal) == SERVICES
    assert read() == [f"{FILE}*", *looked[:2], "docs/CODEOWNERS*"]
    forge.commit("acme/shop", {"docs/CODEOWNERS": "* @acme/all\n"})
    assert read() == [f"{FILE}*", *looked]
    assert owner(portal) == ("group:all", "docs/CODEOWNERS: *")
    forge.commit("acme/shop", {".github/CODEOWNERS": "* @acme/first\n"})
    read()
    assert owner(portal) == ("group:first", ".github/CODEOWNERS: *")


def test_one_that_declares_an_owner_costs_nothing_more_until_it_changes(
    portal: Portal, read: Read, forge: RunningForge
) -> None:
    forge.commit("acme/shop", {FILE: OWNED})
    assert len(read()) == 4
    assert owner(portal) == ("us", "")
    assert read() == [f"{FILE}*"]


def test_while_it_cannot_be_told_what_was_known_stays(
    portal: Portal, read: Read, forge: RunningForge
) -> None:
    read()
    forge.fail("CODEOWNERS", "500", times=2)
    read()
    assert owner(portal) == SERVICES
    forge.commit("acme/shop", {FILE: COMPONENT.replace("service,", "website,")})
    forge.fail("CODEOWNERS", "500", times=1)
    read()
    assert owner(portal) == SERVICES
    read()
    assert owner(portal) == SERVICES
