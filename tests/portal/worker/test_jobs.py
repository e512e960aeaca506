import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from plugins.contract import Context, FailedFact, Known, Unknown
from plugins.registry import load_plugins
from portal.config import ConfiguredSource, Settings
from portal.db.catalog import entities
from portal.db.collection import facts
from portal.db.engine import Database
from portal.db.evaluation import results
from portal.db.sources import locations, problems
from portal.db.work import marks, rounds
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs, reading
from portal.worker.assessment import assessing
from scorecards.collection.stored_facts import pack_record

COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: {name}
  description: {description}
spec:
  type: service
  lifecycle: production
  owner: team-a
"""
BASKET = "component:default/basket"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    write(folder / "basket" / "catalog-info.yaml", COMPONENT.format(name="basket", description="b"))
    write(folder / "basket" / "README.md", "# Basket\n")
    write(folder / "orders" / "catalog-info.yaml", COMPONENT.format(name="orders", description="o"))
    return folder


@pytest.fixture
def portal(database_url: str, tmp_path: Path, source: Path) -> Iterator[Portal]:
    settings = Settings(
        database=database_url,
        data_dir=tmp_path / "data",
        sources=(ConfiguredSource("file", str(source), "command"),),
    )
    portal = open_portal(settings)
    prepare(portal)
    yield portal
    portal.database.close()


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def run(portal: Portal, pool: Pool) -> list[int]:
    """Ingest every location and assess; returns how many files each repository had to read."""
    tools = tools_of(portal, pool)
    with portal.database.read() as connection:
        found = locations.list_locations(connection)
    read = [
        jobs.ingest(tools, location.id, repository).files
        for location in found
        for repository in jobs.list_repositories(tools, location.id)
    ]
    while assessing.assess_round(tools):
        pass
    return read


def row(portal: Portal, ref: str) -> entities.EntityRow | None:
    with portal.database.read() as connection:
        return entities.by_ref(connection, ref)


def readme(portal: Portal, name: str) -> object:
    """Path of the README that is known of a component; None: there is none."""
    found = row(portal, f"component:default/{name}")
    assert found is not None
    with portal.database.read() as connection:
        records = {r.collector: r for r in facts.for_entity(connection, found.id)}
    state = records["repo"].facts["repo.readme.path"]
    return state.value if isinstance(state, Known) else None


def when_collected(portal: Portal) -> list[tuple[str, datetime]]:
    with portal.database.read() as connection:
        ids = [row.id for row in entities.by_refs(connection, [BASKET]).values()]
        records = facts.for_entities(connection, ids)
    return [(r.collector, r.observed_at) for found in records.values() for r in found]


def test_what_a_folder_declares_is_in_the_catalog_with_facts_and_results(
    portal: Portal, pool: Pool
) -> None:
    assert run(portal, pool) == [1, 1]
    found = row(portal, BASKET)
    assert found is not None
    with portal.database.read() as connection:
        records = {r.collector: r for r in facts.for_entity(connection, found.id)}
        cards = {r.result.scorecard for r in results.for_entity(connection, found.id)}
        assert marks.count_marks(connection) == 0
    assert records["repo"].facts["repo.readme.path"].value == "README.md"  # type: ignore[union-attr]
    assert "service-maturity" in cards


def test_an_unchanged_repository_costs_nothing_and_a_changed_file_only_itself(
    portal: Portal, pool: Pool, source: Path
) -> None:
    run(portal, pool)
    assert run(portal, pool) == [0, 0]
    text = COMPONENT.format(name="basket", description="another")
    write(source / "basket" / "catalog-info.yaml", text)
    assert run(portal, pool) == [1, 0]


def test_what_changes_beside_the_descriptor_is_collected_and_assessed_anew(
    portal: Portal, pool: Pool, source: Path
) -> None:
    run(portal, pool)
    assert readme(portal, "orders") is None
    write(source / "orders" / "README.md", "# Orders\n")
    assert run(portal, pool) == [0, 0]
    assert readme(portal, "orders") == "README.md"
    seen = when_collected(portal)
    assert run(portal, pool) == [0, 0]
    assert when_collected(portal) == seen


def test_a_neighbor_that_changes_does_not_have_the_repository_read_again(
    portal: Portal, pool: Pool, source: Path
) -> None:
    run(portal, pool)
    seen = when_collected(portal)
    # What is not read yet is not known yet, whoever asks for an assessment.
    (source / "basket" / "README.md").unlink()
    with portal.database.write() as connection:
        marks.mark_all(connection)
    while assessing.assess_round(tools_of(portal, pool)):
        pass
    assert when_collected(portal) == seen
    assert readme(portal, "basket") == "README.md"
    run(portal, pool)
    assert readme(portal, "basket") is None


def test_facts_that_could_not_be_looked_for_are_collected_again(
    portal: Portal, pool: Pool, source: Path
) -> None:
    run(portal, pool)
    found = row(portal, BASKET)
    assert found is not None
    with portal.database.write() as connection:
        (record,) = facts.for_entities(connection, [found.id], ["repo"])[found.id]
        failed = FailedFact(reason=Unknown.SOURCE_FAILED, detail="The disk was busy.")
        states = {**record.facts, "repo.readme.path": failed}
        facts.save(connection, [pack_record(replace(record, facts=states))])
        marks.mark_one(connection, BASKET)
    assert readme(portal, "basket") is None
    while assessing.assess_round(tools_of(portal, pool)):
        pass
    assert readme(portal, "basket") == "README.md"


def test_a_broken_file_keeps_its_last_good_version_and_harms_no_other(
    portal: Portal, pool: Pool, source: Path
) -> None:
    run(portal, pool)
    before = row(portal, BASKET)
    write(source / "basket" / "catalog-info.yaml", "a: [")
    write(
        source / "orders" / "catalog-info.yaml", COMPONENT.format(name="orders", description="two")
    )
    run(portal, pool)
    after, orders = row(portal, BASKET), row(portal, "component:default/orders")
    assert before is not None
    assert after is not None
    assert after.body == before.body
    assert orders is not None
    assert b'"two"' in orders.body
    with portal.database.read() as connection:
        page = problems.list_problems(connection)
    assert [(p.problem.code, p.problem.file) for p in page.items] == [
        ("YAML_SYNTAX", "catalog-info.yaml")
    ]


def test_a_file_that_vanished_waits_for_the_grace_before_its_entity_goes(
    portal: Portal, pool: Pool, source: Path
) -> None:
    run(portal, pool)
    (source / "basket" / "catalog-info.yaml").unlink()
    write(source / "basket" / "other.txt", "")
    run(portal, pool)
    run(portal, pool)
    assert row(portal, BASKET) is not None


def test_a_repository_that_cannot_be_read_removes_nothing(
    portal: Portal, pool: Pool, source: Path
) -> None:
    subprocess.run(["git", "init", "-q", source / "basket"], check=True)
    run(portal, pool)
    assert row(portal, "component:default/orders") is not None
    with portal.database.read() as connection:
        location = locations.list_locations(connection)[0]
        states = {r.name: r.state for r in locations.repositories(connection, location.id)}
    assert states == {"basket": "failed", "orders": "ok"}


def test_a_repository_that_can_be_read_again_is_no_longer_said_to_fail(
    portal: Portal, pool: Pool, source: Path
) -> None:
    run(portal, pool)
    hidden, file = source / "hidden.yaml", source / "basket" / ".git"
    file.symlink_to(hidden)  # what is not followed
    run(portal, pool)
    with portal.database.read() as connection:
        location = locations.list_locations(connection)[0]
        assert location.state == "partial"
    file.unlink()
    assert run(portal, pool) == [0, 0]
    with portal.database.read() as connection:
        assert locations.list_locations(connection)[0].state == "ok"


def test_more_than_one_reading_may_remove_is_held_and_said(
    portal: Portal, pool: Pool, source: Path
) -> None:
    many = [COMPONENT.format(name=f"c-{n}", description="d") for n in range(15)]
    path = source / "basket" / "catalog-info.yaml"
    write(path, "---\n".join(many))
    run(portal, pool)
    write(path, many[0])
    run(portal, pool)
    assert row(portal, "component:default/c-14") is not None
    with portal.database.read() as connection:
        told = [p.problem.code for p in problems.list_problems(connection).items]
    assert told == ["REMOVALS_HELD"]
    write(path, "---\n".join(many[:8]))
    run(portal, pool)
    assert row(portal, "component:default/c-14") is None
    assert row(portal, "component:default/c-7") is not None


def test_a_mark_that_is_newer_than_its_answer_stays(portal: Portal, pool: Pool) -> None:
    run(portal, pool)
    found = row(portal, BASKET)
    assert found is not None
    with portal.database.write() as connection:
        assert marks.mark_one(connection, BASKET)
        rounds.clear_marks(connection, {found.id: -1})
        assert marks.count_marks(connection) == 1


def test_a_child_that_dies_on_a_file_costs_only_that_file(portal: Portal, pool: Pool) -> None:
    from catalog.descriptor.placeholders import Base
    from catalog.ingest.readings import ToRead

    def to_read(path: str, content: bytes) -> ToRead:
        return ToRead(
            base=Base(path=path), content=content, url=f"file:/{path}", origin="file:/", annotations={},
            companions={}, rules=None, kinds=(),
        )  # fmt: skip

    class Fragile:
        """A pool whose children die on a certain file."""

        size = 1

        def submit(self, task: str, payload: list[ToRead], *, deadline: float = 0) -> object:
            from concurrent.futures import Future

            from portal.child import TaskFailed

            future: Future[object] = Future()
            if any(b"poison" in file.content for file in payload):
                future.set_exception(TaskFailed("its process died (signal 11)"))
                return future
            return pool.submit(task, payload)

    good = COMPONENT.format(name="n", description="d").encode()
    files = [to_read("a", good), to_read("b", b"poison"), to_read("c", good)]
    readings = list(reading._read_in_pool(Fragile(), files))  # type: ignore[arg-type]
    assert [(r.path, len(r.outcomes)) for r in readings] == [("a", 1), ("b", 0), ("c", 1)]
    assert readings[1].problems[0].code == "FILE_NOT_PARSED"


def test_every_plugin_that_is_installed_loads(tmp_path: Path, database: Database) -> None:
    plugins, faults = load_plugins(context_for=lambda name: Context(cache=tmp_path / name))
    assert faults == ()
    assert {p.name for p in plugins} >= {"descriptor", "repofiles", "local", "git", "library"}
