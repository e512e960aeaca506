"""Owners from CODEOWNERS through a whole portal: they follow that file, commit by commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from catalog.descriptor.inference import INFERRED_FROM
from catalog.explanations.explaining import explain_ref
from portal.config.settings import ConfiguredSource, Settings
from portal.db import values
from portal.db.catalog.entities import by_ref
from portal.db.sources.explain import ref_evidence
from portal.db.sources.problems import code_counts
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs
from tests.plugins.pluginworld import run_plain_git, write_files

OURS = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: NAME}\n"
SPEC = "spec: {type: service, lifecycle: production}\n"
OWNED = "spec: {type: service, lifecycle: production, owner: us}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    run_plain_git(folder, "init", "--quiet", "--initial-branch=main")
    commit(
        folder,
        {
            "catalog-info.yaml": OURS.replace("NAME", "shop") + SPEC,
            "cart/catalog-info.yaml": OURS.replace("NAME", "cart") + SPEC,
            "site/catalog-info.yaml": OURS.replace("NAME", "site") + OWNED,
            "CODEOWNERS": "* @acme/all\n/cart/ @bob @acme/all\n/site/ @bob\n",
        },
    )
    return folder


@pytest.fixture
def portal(database_url: str, tmp_path: Path, repository: Path) -> Iterator[Portal]:
    settings = Settings(
        database=database_url,
        data_dir=tmp_path / "data",
        sources=(ConfiguredSource("file", str(repository), "command"),),
        codeowners=True,
    )
    portal = open_portal(settings)
    yield portal
    portal.database.close()


Read = Callable[[], int]


@pytest.fixture
def read(portal: Portal, pool: Pool) -> Read:
    """Reads everything; says how many descriptors were read."""

    def once() -> int:
        tools = tools_of(portal, pool)
        return sum(
            jobs.ingest(tools, location, repository).files
            for location in prepare(portal)
            for repository in jobs.list_repositories(tools, location)
        )

    return once


def commit(folder: Path, files: dict[str, str | bytes]) -> None:
    write_files(folder, files)
    run_plain_git(folder, "add", "--all")
    run_plain_git(folder, "commit", "--quiet", "-m", "Change something")


def entity(portal: Portal, name: str) -> dict[str, Any] | None:
    with portal.database.read() as connection:
        row = by_ref(connection, f"component:default/{name}")
    return None if row is None else dict(orjson.loads(row.answer()))


def owners(portal: Portal) -> dict[str, tuple[str, str]]:
    """Owner of each entity, and what it was inferred from."""
    found = {}
    for name in ("shop", "cart", "site"):
        one = entity(portal, name)
        if one is not None:
            source = one["metadata"]["annotations"].get(INFERRED_FROM, "")
            found[name] = (one["spec"]["owner"], source)
    return found


ALL = {
    "shop": ("group:all", "CODEOWNERS: *"),
    "cart": ("user:bob", "CODEOWNERS: /cart/"),
    "site": ("us", ""),
}


def test_who_owns_what_names_nobody_is_read_from_codeowners_and_explained(
    portal: Portal, read: Read
) -> None:
    read()
    assert owners(portal) == ALL
    with portal.database.read() as connection:
        steps = explain_ref(ref_evidence(connection, "component:default/cart")).steps
        declared = explain_ref(ref_evidence(connection, "component:default/site")).steps
    (step,) = [one for one in steps if one.name == "owner"]
    assert step.words == "No owner is declared: it is inferred from CODEOWNERS: /cart/."
    assert not any(one.name == "owner" for one in declared)


def test_a_commit_to_codeowners_alone_changes_the_owners_that_came_from_it(
    portal: Portal, read: Read, repository: Path
) -> None:
    read()
    commit(repository, {"CODEOWNERS": "* @acme/all\n/cart/ @acme/cart\n/site/ @bob\n"})
    assert read() == 2  # who declares an owner need not be read again
    assert owners(portal) == ALL | {"cart": ("group:cart", "CODEOWNERS: /cart/")}
    assert read() == 0


def test_a_codeowners_that_comes_before_the_other_is_followed_at_once(
    portal: Portal, read: Read, repository: Path
) -> None:
    read()
    commit(repository, {".github/CODEOWNERS": "* @acme/new\n"})
    read()
    new = ("group:new", ".github/CODEOWNERS: *")
    assert owners(portal) == ALL | {"shop": new, "cart": new}


def test_a_commit_that_moves_lines_of_codeowners_writes_nothing(
    portal: Portal, read: Read, repository: Path
) -> None:
    read()
    before = [entity(portal, name) for name in ("shop", "cart")]
    commit(repository, {"CODEOWNERS": "# Who is who\n\n* @acme/all\n/cart/ @bob\n"})
    read()
    assert [entity(portal, name) for name in ("shop", "cart")] == before


def test_where_the_owner_is_gone_the_last_good_version_is_served_with_a_problem(
    portal: Portal, read: Read, repository: Path
) -> None:
    read()
    (repository / "CODEOWNERS").unlink()
    commit(repository, {})
    read()
    assert owners(portal) == ALL
    with portal.database.read() as connection:
        assert code_counts(connection).get("FIELD_REQUIRED") == 2
    commit(repository, {"cart/catalog-info.yaml": OURS.replace("NAME", "cart") + OWNED})
    read()
    assert owners(portal)["cart"] == ("us", "")


def test_switching_it_on_reads_what_was_read_without_it(
    portal: Portal, read: Read, pool: Pool
) -> None:
    off = replace(portal, settings=replace(portal.settings, codeowners=False))
    tools = tools_of(off, pool)
    for location in prepare(off):
        for one in jobs.list_repositories(tools, location):
            jobs.ingest(tools, location, one)
    assert set(owners(portal)) == {"site"}
    read()
    assert owners(portal) == ALL
    with portal.database.read() as connection:
        seq = values.get(connection, "catalog_seq")
    assert read() == 0
    with portal.database.read() as connection:
        assert values.get(connection, "catalog_seq") == seq
