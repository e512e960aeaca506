"""Locations as Backstage has them: Location entities, what they lead to, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from catalog.descriptor.rules import AllowedKind, AllowRule
from catalog.ingest.ingestion import Ingested
from catalog.ingest.registration import generated_ref
from portal.config.settings import ConfiguredSource, Settings
from portal.db.catalog.entities import by_ref
from portal.db.ingest import registrations
from portal.db.tables import entities
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, store_of, tools_of
from portal.worker import jobs
from portal.worker.together import PATIENCE, read_together

COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec: {{type: service, lifecycle: production, owner: team}}
"""
LOCATION = """\
apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {{name: {name}}}
spec: {{targets: {targets}}}
"""
ALL = (AllowRule(kinds=(AllowedKind(kind="Component"), AllowedKind(kind="Location"))),)


@pytest.fixture
def portal(database_url: str, tmp_path: Path) -> Iterator[Portal]:
    settings = Settings(
        database=database_url, data_dir=tmp_path / "data", removal_grace=timedelta(hours=24)
    )
    portal = open_portal(settings)
    prepare(portal)
    yield portal
    portal.database.close()


def write(path: Path, *texts: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("---\n".join(texts))
    return path


def configured(portal: Portal, *targets: Path) -> Portal:
    sources = tuple(ConfiguredSource("file", str(target), "config") for target in targets)
    return replace(portal, settings=replace(portal.settings, sources=sources, rules=ALL))


def read(portal: Portal, pool: Pool) -> None:
    left = read_together(
        tools_of(portal, pool), prepare(portal), patience=PATIENCE, told=lambda *_: None
    )
    assert left == {}


def refs(portal: Portal) -> set[str]:
    with portal.database.read() as connection:
        return set(connection.execute(select(entities.c.ref)).scalars())


def body(portal: Portal, ref: str) -> dict[str, dict[str, object]]:
    with portal.database.read() as connection:
        row = by_ref(connection, ref)
    assert row is not None
    found: dict[str, dict[str, object]] = orjson.loads(row.answer())
    return found


def test_a_configured_location_has_a_location_entity(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    file = write(tmp_path / "a" / "all.yaml", COMPONENT.format(name="one"))
    portal = configured(portal, file)
    read(portal, pool)
    ref = generated_ref("file", str(file))
    assert refs(portal) == {"component:default/one", ref}
    assert body(portal, ref)["spec"] == {"type": "file", "target": str(file)}
    annotations = body(portal, "component:default/one")["metadata"]["annotations"]
    assert annotations == {
        "backstage.io/managed-by-location": f"file:{file}",
        "backstage.io/managed-by-origin-location": f"file:{file}",
    }


def test_a_location_that_cannot_be_read_says_so_in_its_status(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    file = tmp_path / "a" / "gone.yaml"
    read(configured(portal, file), pool)
    shown = body(portal, generated_ref("file", str(file)))
    assert shown["status"]["items"][0]["level"] == "error"  # type: ignore[index]
    write(file, COMPONENT.format(name="one"))
    read(configured(portal, file), pool)
    assert "status" not in body(portal, generated_ref("file", str(file)))


def test_a_location_whose_target_is_missing_says_so_in_its_own_status(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    targets = "[./b/x.yaml, '{a,b}.yml']"
    root = write(tmp_path / "a" / "root.yaml", LOCATION.format(name="root", targets=targets))
    write(tmp_path / "a" / "b.yml", COMPONENT.format(name="chosen"))
    portal = configured(portal, root)
    read(portal, pool)
    [item] = body(portal, "location:default/root")["status"]["items"]  # type: ignore[misc]
    assert (item["level"], item["plumbline"]["found"]) == ("warning", "./b/x.yaml")
    assert item["plumbline"]["line"] == 4
    assert "status" not in body(portal, generated_ref("file", str(root)))
    assert "component:default/chosen" in refs(portal)
    write(tmp_path / "a" / "b" / "x.yaml", COMPONENT.format(name="leaf"))
    read(portal, pool)
    assert "component:default/leaf" in refs(portal)
    assert "status" not in body(portal, "location:default/root")


def test_a_document_that_nobody_can_name_is_in_the_status_of_the_location(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    file = write(tmp_path / "a" / "all.yaml", COMPONENT.format(name="one"), "kind: Component\n")
    read(configured(portal, file), pool)
    assert "component:default/one" in refs(portal)
    assert "status" in body(portal, generated_ref("file", str(file)))


def test_an_entity_that_became_invalid_is_served_as_it_was_with_a_status(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    file = write(tmp_path / "a" / "all.yaml", COMPONENT.format(name="one"))
    portal = configured(portal, file)
    read(portal, pool)
    etag = body(portal, "component:default/one")["metadata"]["etag"]
    write(file, COMPONENT.format(name="one").replace(", owner: team", ""))
    read(portal, pool)
    shown = body(portal, "component:default/one")
    assert shown["spec"]["owner"] == "team"
    assert shown["status"]["items"]
    assert shown["metadata"]["etag"] != etag
    write(file, COMPONENT.format(name="one"))
    read(portal, pool)
    assert "status" not in body(portal, "component:default/one")
    assert body(portal, "component:default/one")["metadata"]["etag"] == etag


def test_a_pattern_of_files_is_one_location_with_many_files(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write(tmp_path / "repos" / name / "info.yaml", COMPONENT.format(name=name))
    portal = configured(portal, tmp_path / "repos" / "{one,two,three}" / "info.yaml")
    read(portal, pool)
    found = body(portal, "component:default/two")["metadata"]["annotations"]
    assert found["backstage.io/managed-by-location"] == (  # type: ignore[index]
        f"file:{tmp_path}/repos/two/info.yaml"
    )
    assert len(refs(portal)) == 3


def test_a_file_by_itself_follows_what_it_takes_in_and_is_let_be_by_what_lies_beside(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    taking = COMPONENT.format(name="one").replace("{name: one}", "{name: one, title: {$text: t}}")
    first = write(tmp_path / "a" / "one.yaml", taking)
    second = write(tmp_path / "a" / "two.yaml", COMPONENT.format(name="two"))
    portal = configured(portal, first, second)
    told: list[Ingested] = []

    def read_again() -> tuple[object, list[str]]:
        """The title of the one, and which files were not as they had been."""
        told.clear()
        read_together(
            tools_of(portal, pool),
            prepare(portal),
            patience=PATIENCE,
            told=lambda one, *_: told.append(one),
        )
        changed = sorted(one.repository.name for one in told if not one.unchanged)
        return body(portal, "component:default/one")["metadata"].get("title"), changed

    write(tmp_path / "a" / "t", "First")
    assert read_again() == ("First", ["one.yaml", "two.yaml"])
    write(tmp_path / "a" / "three.yaml", COMPONENT.format(name="three"))
    assert read_again() == ("First", [])
    write(tmp_path / "a" / "t", "Second")
    assert read_again() == ("Second", ["one.yaml"])
    write(second, COMPONENT.format(name="other"))
    assert read_again() == ("Second", ["two.yaml"])
    assert {one for one in refs(portal) if one.startswith("component:")} == {
        "component:default/one",
        "component:default/other",
    }


def test_nested_locations_are_followed_with_the_origin_of_the_first(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    root = write(tmp_path / "a" / "root.yaml", LOCATION.format(name="root", targets="[./b/x.yaml]"))
    write(tmp_path / "a" / "b" / "x.yaml", COMPONENT.format(name="leaf"))
    portal = configured(portal, root)
    read(portal, pool)
    annotations = body(portal, "component:default/leaf")["metadata"]["annotations"]
    assert annotations == {
        "backstage.io/managed-by-location": f"file:{tmp_path}/a/b/x.yaml",
        "backstage.io/managed-by-origin-location": f"file:{root}",
    }


def test_a_location_that_the_config_no_longer_names_goes_with_what_it_led_to(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    one = write(tmp_path / "a" / "one.yaml", COMPONENT.format(name="one"))
    two = write(tmp_path / "b" / "two.yaml", COMPONENT.format(name="two"))
    read(configured(portal, one, two), pool)
    read(configured(portal, two), pool)
    assert refs(portal) == {"component:default/two", generated_ref("file", str(two))}


def test_a_large_location_that_the_config_no_longer_names_waits_for_approval(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    many = [COMPONENT.format(name=f"c{n}") for n in range(11)]
    one = write(tmp_path / "a" / "one.yaml", *many)
    two = write(tmp_path / "b" / "two.yaml", COMPONENT.format(name="two"))
    read(configured(portal, one, two), pool)
    read(configured(portal, two), pool)
    assert "component:default/c0" in refs(portal)


def test_of_two_locations_with_one_entity_the_other_takes_over_at_once(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    one = write(tmp_path / "a" / "one.yaml", COMPONENT.format(name="same"))
    two = write(tmp_path / "b" / "two.yaml", COMPONENT.format(name="same"))
    portal = configured(portal, one, two)
    read(portal, pool)
    uid = body(portal, "component:default/same")["metadata"]["uid"]
    with portal.database.write() as connection:
        id_ = registrations.find(connection, "file", str(one))
        assert id_ is not None
        registrations.unregister(store_of(portal), connection, [id_], now=portal.now(), actor="")
    shown = body(portal, "component:default/same")["metadata"]
    assert shown["uid"] == uid
    assert shown["annotations"]["backstage.io/managed-by-location"] == f"file:{two}"  # type: ignore[index]


@pytest.mark.parametrize("was_registered", [False, True])
def test_a_location_that_names_another_target_keeps_its_id_and_the_uids(
    portal: Portal, pool: Pool, tmp_path: Path, was_registered: bool
) -> None:
    one = write(
        tmp_path / "a" / "one.yaml", COMPONENT.format(name="same"), COMPONENT.format(name="old")
    )
    two = write(tmp_path / "b" / "two.yaml", COMPONENT.format(name="same"))
    portal = replace(portal, settings=replace(portal.settings, rules=ALL))
    tools = tools_of(portal, pool)
    with portal.database.write() as connection:
        id_ = registrations.register(
            connection, type="file", target=str(one), origin="config", now=portal.now()
        )
        registrations.declare(store_of(portal), connection, now=portal.now())
        if was_registered:
            other = registrations.register(
                connection, type="file", target=str(two), origin="api", now=portal.now()
            )
            registrations.unregister(
                store_of(portal), connection, [other], now=portal.now(), actor=""
            )
    for repository in jobs.list_repositories(tools, id_):
        jobs.ingest(tools, id_, repository)
    uid = body(portal, "component:default/same")["metadata"]["uid"]
    with portal.database.write() as connection:
        registrations.retarget(connection, id_, target=str(two), now=portal.now())
        registrations.declare(store_of(portal), connection, now=portal.now())
    for repository in jobs.list_repositories(tools, id_):
        jobs.ingest(tools, id_, repository)
    jobs.settle(tools, id_)
    assert refs(portal) == {"component:default/same", generated_ref("file", str(one))}
    assert body(portal, "component:default/same")["metadata"]["uid"] == uid
    assert body(portal, generated_ref("file", str(one)))["spec"]["target"] == str(two)


def test_a_repository_that_is_gone_goes_after_two_listings_and_the_grace(
    portal: Portal, pool: Pool, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write(tmp_path / "repos" / name / "catalog-info.yaml", COMPONENT.format(name=name))
    portal = configured(portal, tmp_path / "repos" / "*" / "catalog-info.yaml")
    read(portal, pool)
    (tmp_path / "repos" / "one" / "catalog-info.yaml").unlink()
    read(portal, pool)
    assert "component:default/one" in refs(portal)
    late = portal.now() + timedelta(days=2)
    read(replace(portal, now=lambda: late), pool)
    assert "component:default/one" not in refs(portal)
