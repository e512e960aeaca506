"""Removal: whatever listings and files do, only what is truly gone ever goes, and in the end does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from catalog.ingest.ingestion import Ready, ingest_repositories, remove_missing
from catalog.ingest.readings import Origin, Reader
from catalog.ingest.removal import RemovalPolicy
from catalog.locations import describe_file
from catalog.problems import Problem
from catalog.sources import (
    Blob,
    Complete,
    Failed,
    Listing,
    Partial,
    Repository,
    Snapshot,
    TreeFile,
    Unreadable,
)
from portal.db.engine import Database, open_database
from portal.db.ingest.catalog_store import Store
from portal.db.migrations import migrate
from portal.db.tables import entities, metadata
from portal.worker.children.parsing import read_files
from tests.catalog_batches import new_store, note_listing
from tests.catalog_rows import LOCATION, NOW

AWAY = Problem(code="AWAY", message="The forge is away.")
GRACE = timedelta(hours=24)
STEP = timedelta(hours=13)
POLICY = RemovalPolicy(grace=GRACE)
TRUTHS = st.dictionaries(
    st.sampled_from(["r1", "r2"]),
    st.dictionaries(st.sampled_from(["a", "b"]), st.sets(st.integers(0, 3)), max_size=2),
)
FAULTS = st.sampled_from(["none", "none", "listing away", "listing partial", "snapshot", "file"])
HISTORIES = st.lists(st.tuples(TRUTHS, FAULTS), min_size=1, max_size=6)
Truth = Mapping[str, Mapping[str, set[int]]]


@dataclass
class Scripted:
    """A source whose repositories hold what it is told, and which fails as it is told."""

    truth: Truth = field(default_factory=dict)
    fault: str = "none"
    name: str = "scripted"
    checked: bool = False

    def accepts(self, target: str) -> bool:
        return True

    def list(self, target: str) -> Listing:
        found = tuple(Repository(url=f"test://{name}", name=name) for name in sorted(self.truth))
        if self.fault == "listing away":
            return Failed(problem=AWAY)
        if self.fault == "listing partial":
            return Partial(repositories=found[:1], problem=AWAY)
        return Complete(repositories=found, evidence="told so")

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        if self.fault == "snapshot":
            return Failed(problem=AWAY)
        held = self.truth.get(repository.name, {})
        files = tuple(
            TreeFile(path=f"{name}/catalog-info.yaml", token=str(sorted(numbers)), size=1)
            for name, numbers in sorted(held.items())
        )
        return Snapshot(
            repository=repository,
            revision=repr(files),
            is_git=False,
            committed_at=None,
            files=files,
        )

    def read(
        self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
    ) -> Iterator[Blob | Unreadable]:
        for path in paths:
            if self.fault == "file":
                yield Unreadable(path=path, problem=AWAY)
                continue
            folder = path.partition("/")[0]
            repository = snapshot.repository.name
            names = [
                f"{repository}-{folder}-{number}"
                for number in sorted(self.truth[repository][folder])
            ]
            yield Blob(path=path, content="---\n".join(map(_component, names)).encode())


def _component(name: str) -> str:
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {{name: {name}}}\n"
        "spec: {type: service, lifecycle: production, owner: team}\n"
    )


def run(store: Store, source: Scripted, step: int) -> None:
    """List the location and bring all of it up to date, as the jobs do."""
    now = NOW + step * STEP
    reader = Reader(
        read=lambda files: iter(read_files(list(files))),
        describe=describe_file,
        fetch=lambda url: AWAY,
    )
    missing: tuple[Repository, ...] = ()
    match source.list(""):
        case Complete(repositories=found):
            missing = note_listing(store, LOCATION, found, complete=True, now=now)
        case Partial(repositories=found):
            note_listing(store, LOCATION, found, complete=False, now=now)
        case Failed(problem=problem):
            store.note_failure(LOCATION, None, problem)
            return
    for repository in found:
        ready = Ready(
            origin=Origin(id=LOCATION, ref="file:/srv"),
            repository=repository,
            snapshot=source.snapshot(repository),
            source=source,
        )
        ingest_repositories([ready], store=store, reader=reader, policy=POLICY, now=now)
    for repository in missing:
        remove_missing(
            location=LOCATION, repository=repository, store=store, total=10, policy=POLICY, now=now
        )


def names_of(truth: Truth) -> set[str]:
    return {
        f"component:default/{repository}-{folder}-{number}"
        for repository, folders in truth.items()
        for folder, numbers in folders.items()
        for number in numbers
    }


def served(store: Store) -> set[str]:
    with store.database.read() as connection:
        return set(connection.execute(select(entities.c.ref)).scalars())


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = open_database(f"sqlite:///{tmp_path_factory.mktemp('removal') / 'portal.db'}")
    migrate(database)
    yield database
    database.close()


@given(HISTORIES)
def test_only_what_is_truly_gone_goes_and_in_the_end_all_of_it(
    file: Database, history: list[tuple[Truth, str]]
) -> None:
    with file.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    store = new_store(file)
    source = Scripted()
    before: set[str] = set()
    for step, (truth, fault) in enumerate(history):
        source.truth, source.fault = truth, fault
        run(store, source, step)
        now = served(store)
        assert (before - now).isdisjoint(names_of(truth)), "only what is gone has gone"
        assert now - before <= names_of(truth), "only what is there has come"
        before = now
    source.fault = "none"
    for step in range(len(history), len(history) + 6):
        run(store, source, step)
    assert served(store) == names_of(source.truth)
