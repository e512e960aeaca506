from dataclasses import replace
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import insert, select, update

from catalog.ingest.removal import MissingFile, RemovalPolicy, decide
from catalog.ingest.store import StoredRepository
from catalog.problems import Problem
from catalog.sources import Repository
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.sources import repositories as rows
from portal.db.tables import files, locations, meta, repositories
from tests.catalog_batches import (
    dump,
    new_store,
    note_listing,
    problems_of,
    put,
    reading,
    shown,
    stored_of,
)
from tests.catalog_rows import LOCATION, NOW, REPOSITORY, entity

A = "component:default/a"
OTHER = Repository(url="file:///srv/other", name="other")
WRONG = Problem(code="UNREACHABLE", message="Nobody answers.")


@pytest.fixture
def store(database: Database) -> Store:
    return new_store(database)


def seq(store: Store) -> str | None:
    with store.database.read() as connection:
        return connection.execute(select(meta.c.value).where(meta.c.key == "catalog_seq")).scalar()


def state(store: Store, url: str) -> tuple[str, Problem | None]:
    with store.database.read() as connection:
        row = connection.execute(
            select(repositories.c.state, repositories.c.problem).where(repositories.c.url == url)
        ).one()
    return row.state, row.problem and orjson.loads(row.problem)["code"]


def test_an_unknown_repository_has_nothing(store: Store) -> None:
    assert stored_of(store, "file:///nowhere") == StoredRepository(revision="", files={})


def test_what_is_stored_of_a_repository_says_what_each_file_serves(store: Store) -> None:
    put(store, reading("f", entity("a"), entity("b")), reading("g", entity("a")), revision="r1")
    stored = stored_of(store, REPOSITORY.url)
    assert stored.revision == "r1"
    assert {path: file.entities for path, file in stored.files.items()} == {"f": 2, "g": 0}
    assert stored.files["f"].token == "1"


def test_the_revision_is_kept_only_when_a_snapshot_was_ingested_to_its_end(store: Store) -> None:
    put(store, revision="r1")
    put(store, reading("f", entity("a")))
    assert stored_of(store, REPOSITORY.url).revision == "r1"


def test_a_missing_file_is_counted_and_dated_once(store: Store) -> None:
    put(store, reading("f", entity("a")))
    for hours in (1, 2, 3):
        put(store, missing=("f", "unknown"), now=NOW + timedelta(hours=hours))
    file = stored_of(store, REPOSITORY.url).files["f"]
    assert (file.missed, file.missing_since) == (3, NOW + timedelta(hours=1))
    assert A in shown(store.database)


def test_a_file_that_is_found_again_or_read_is_not_missing(store: Store) -> None:
    put(store, reading("f", entity("a")), reading("g", entity("b")))
    put(store, missing=("f", "g"))
    put(store, reading("g", entity("b")), found_again=("f",))
    files = stored_of(store, REPOSITORY.url).files
    assert [(f.missed, f.missing_since) for f in files.values()] == [(0, None), (0, None)]


def test_a_removed_file_goes_with_entities_and_problems(store: Store) -> None:
    put(store, reading("f", entity("a"), rejected=[None]), reading("g", entity("b")))
    applied = put(store, removed=("f", "unknown"))
    assert applied.removed == 1
    assert list(stored_of(store, REPOSITORY.url).files) == ["g"]
    assert problems_of(store.database) == []
    (stone,) = dump(store.database)["tombstones"]
    assert "'The file file:/srv/shop/f is gone.'" in stone


def test_a_failed_snapshot_is_remembered_and_changes_nothing_served(store: Store) -> None:
    put(store, reading("f", entity("a")), revision="r1")
    before = shown(store.database)
    store.note_failure(LOCATION, REPOSITORY, WRONG)
    assert state(store, REPOSITORY.url) == ("failed", "UNREACHABLE")
    assert shown(store.database) == before
    assert stored_of(store, REPOSITORY.url).revision == "r1"
    put(store, revision="r1")
    assert state(store, REPOSITORY.url) == ("ok", None)


def test_a_repository_whose_first_snapshot_fails_is_known(store: Store) -> None:
    store.note_failure(LOCATION, OTHER, WRONG)
    assert state(store, OTHER.url) == ("failed", "UNREACHABLE")


def test_a_failed_listing_is_remembered_until_one_succeeds(store: Store) -> None:
    store.note_failure(LOCATION, None, WRONG)
    assert "'failed'" in dump(store.database)["locations"][0]
    note_listing(store, LOCATION, [OTHER], complete=True, now=NOW)
    assert "'ok', None" in dump(store.database)["locations"][0]


def test_only_news_counts_up_the_sequence_number(store: Store) -> None:
    note_listing(store, LOCATION, [OTHER], complete=True, now=NOW)
    store.note_failure(LOCATION, OTHER, WRONG)
    before = seq(store)
    note_listing(store, LOCATION, [OTHER], complete=True, now=NOW + timedelta(hours=1))
    store.note_failure(LOCATION, OTHER, WRONG)
    assert seq(store) == before


def test_a_partial_listing_says_nothing_about_what_it_lacks(store: Store) -> None:
    note_listing(store, LOCATION, [REPOSITORY, OTHER], complete=True, now=NOW)
    put(store, reading("f", entity("a")))
    for _ in range(3):
        assert note_listing(store, LOCATION, [OTHER], complete=False, now=NOW) == ()
    assert stored_of(store, REPOSITORY.url).files["f"].missed == 0


def test_a_repository_is_reported_after_two_complete_listings_without_it(store: Store) -> None:
    put(store, reading("f", entity("a")))
    assert note_listing(store, LOCATION, [OTHER], complete=True, now=NOW) == ()
    later = NOW + timedelta(hours=25)
    assert note_listing(store, LOCATION, [OTHER], complete=True, now=later) == (REPOSITORY,)
    file = stored_of(store, REPOSITORY.url).files["f"]
    assert (file.missed, file.missing_since) == (2, NOW)


def test_a_missing_repository_goes_by_the_same_policy_as_files(store: Store) -> None:
    put(store, reading("f", entity("a")), revision="r1")
    for hours in (0, 25):
        now = NOW + timedelta(hours=hours)
        note_listing(store, LOCATION, [], complete=True, now=now)
    files = stored_of(store, REPOSITORY.url).files
    missing = [
        MissingFile(path=p, entities=f.entities, missing_since=f.missing_since, missed=f.missed)
        for p, f in files.items()
    ]
    decision = decide(missing, total=1, policy=RemovalPolicy(), now=now)
    put(store, removed=decision.removed)
    assert shown(store.database) == {}
    assert dump(store.database)["repositories"] == []
    assert note_listing(store, LOCATION, [], complete=True, now=now) == ()


def test_a_repository_that_is_back_is_read_from_the_start(store: Store) -> None:
    put(store, reading("f", entity("a")), revision="r1")
    note_listing(store, LOCATION, [], complete=True, now=NOW)
    note_listing(store, LOCATION, [REPOSITORY], complete=True, now=NOW)
    stored = stored_of(store, REPOSITORY.url)
    assert (stored.revision, stored.files["f"].missed) == ("", 0)
    assert note_listing(store, LOCATION, [], complete=True, now=NOW) == ()


def test_a_listing_of_another_location_does_not_miss_ours(store: Store) -> None:
    second = "22222222-2222-4222-8222-222222222222"
    values = {"type": "file", "target": "/other", "origin": "api", "registered_at": NOW}
    with store.database.write() as connection:
        connection.execute(insert(locations).values(id=second, **values))
    put(store, reading("f", entity("a")))
    for _ in range(2):
        assert note_listing(store, second, [REPOSITORY], complete=True, now=NOW) == ()
        assert note_listing(store, second, [], complete=True, now=NOW) == ()
    assert stored_of(store, REPOSITORY.url).files["f"].missed == 0
    with store.database.write() as connection:  # now the first one is no longer configured
        connection.execute(
            update(locations).where(locations.c.id == LOCATION).values(removed_at=NOW)
        )
    note_listing(store, second, [REPOSITORY], complete=True, now=NOW)
    with store.database.read() as connection:
        assert connection.execute(select(repositories.c.location_id)).scalar() == second


def test_the_limit_of_removals_holds_for_what_files_no_longer_declare(store: Store) -> None:
    put(store, reading("f", entity("a"), entity("b"), entity("c")))
    applied = put(store, reading("f", entity("c", spec={"type": "x"})), most_removals=1)
    assert (applied.changed, applied.removed) == (1, 0)
    assert problems_of(store.database) == [("f", "REMOVALS_HELD", None, "warning")]
    assert put(store, reading("f", entity("c")), most_removals=2).removed == 2
    assert problems_of(store.database) == []


EDITION = "e1"


def due(store: Store, edition: str = EDITION, *, part: int | None = None) -> list[str]:
    with store.database.read() as connection:
        found = rows.due(connection, {LOCATION: edition}, part=part)
        return [one.name for _, one in found]


def listed(store: Store, head: str) -> None:
    """A listing of the repository at this head, and of another that says nothing of its head."""
    found = [replace(REPOSITORY, head=head), OTHER]
    note_listing(store, LOCATION, found, complete=True, now=NOW)


def test_what_was_read_at_the_head_that_is_listed_is_not_due(store: Store) -> None:
    listed(store, "c1")
    assert due(store) == ["shop", "other"]
    put(store, reading("f", entity("a")), revision="r1", head_read="e1/c1")
    assert due(store) == ["other"]
    listed(store, "c2")
    assert due(store) == ["shop", "other"]
    store.note_heads({REPOSITORY.url: "e1/c2"})
    assert due(store) == ["other"]
    assert due(store, "e2") == ["shop", "other"]


def test_what_was_read_may_say_in_a_line_more_what_the_listing_does_not_know(store: Store) -> None:
    listed(store, "@7")
    put(store, reading("f", entity("a")), revision="r1", head_read="e1/@7\nc1")
    assert due(store) == ["other"]
    assert due(store, "e") == ["shop", "other"]
    for head in ("@8", "@", "@7\nc2"):
        listed(store, head)
        assert due(store) == ["shop", "other"], head
    listed(store, "@7")
    put(store, reading("f", entity("a")), revision="r1", head_read="e1/@77")
    assert due(store) == ["shop", "other"]


@pytest.mark.parametrize("change", ["failed", "missing", "again", "elsewhere"])
def test_what_is_open_is_due_at_any_head(store: Store, change: str) -> None:
    listed(store, "c1")
    put(store, reading("f", entity("a")), revision="r1", head_read="e1/c1")
    assert due(store) == ["other"]
    with store.database.write() as connection:
        file = update(files).where(files.c.path == "f")
        match change:
            case "failed":
                rows.fail(connection, LOCATION, REPOSITORY, WRONG)
            case "missing":
                connection.execute(file.values(missed=1))
            case "again":
                connection.execute(file.values(token=""))
            case "elsewhere":
                companion = orjson.dumps([["https://example.com/api.yaml", "t"]]).decode()
                connection.execute(file.values(companions=companion))
    assert due(store) == ["shop", "other"]


def test_a_repository_that_is_back_is_due(store: Store) -> None:
    listed(store, "c1")
    put(store, reading("f", entity("a")), revision="r1", head_read="e1/c1")
    note_listing(store, LOCATION, [OTHER], complete=True, now=NOW)
    assert due(store) == ["other"]
    listed(store, "c1")
    assert due(store) == ["shop", "other"]


def test_the_parts_of_a_location_hold_each_repository_once(store: Store) -> None:
    many = [Repository(url=f"file:///srv/{n}", name=f"{n}") for n in range(2 * rows.PART + 7)]
    note_listing(store, LOCATION, many, complete=True, now=NOW)
    with store.database.read() as connection:
        parts = rows.parts_due(connection, LOCATION, EDITION)
    assert len(parts) == 3
    assert sorted(name for part in parts for name in due(store, part=part)) == sorted(
        one.name for one in many
    )
