from datetime import timedelta

import pytest
from sqlalchemy import Table, func, select

from catalog.documentation import PageState
from portal.db.catalog.entities import by_ref
from portal.db.collection import doc_sets as store
from portal.db.collection import documentation
from portal.db.collection.documentation import Listed, Page
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.ingest.decisions import delete_entity
from portal.db.state import state_of
from portal.db.tables import doc_pages, doc_sets, doc_texts, entity_docs
from portal.db.work import rounds
from tests.catalog_rows import NOW, entity
from tests.catalog_rows import save as save_entities
from tests.doc_rows import COMMIT, found, pages, save

A, B = "component:default/a", "component:default/b"
LATER = NOW + timedelta(hours=1)
README = {"README.md": "# A\n", "docs/guides/run.md": "# Run\n\nIt.\n"}


@pytest.fixture
def rows(database: Database) -> Database:
    save_entities(database, entity("a"), entity("b"))
    return database


def id_of(database: Database, ref: str = A) -> int:
    with database.read() as connection:
        row = by_ref(connection, ref)
        assert row is not None
        return row.id


def listed(database: Database, ref: str = A) -> Listed:
    with database.read() as connection:
        stored = documentation.for_entity(connection, id_of(database, ref))
        assert stored is not None
        return stored


def since(database: Database, ref: str = A) -> dict[str, str]:
    return {page.path: page.revision for page in listed(database, ref).pages}


def text(database: Database, path: str, ref: str = A) -> str | None:
    with database.read() as connection:
        stored = documentation.text_of(connection, id_of(database, ref), path)
        return stored[1] if stored else None


def size(database: Database, table: Table) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_pages_come_back_in_order_with_their_texts(rows: Database) -> None:
    told = pages({**README, "docs/big.md": PageState.TOO_LARGE}, left_out=3, note="Not all.")
    save(rows, found(A, told))
    stored = listed(rows)
    assert stored.pages == (
        Page(
            path="README.md", title="A", section="", state=PageState.TEXT, size=4,
            revision=COMMIT, committed_at=NOW,
        ),
        Page(
            path="docs/guides/run.md", title="Run", section="Guides", state=PageState.TEXT,
            size=11, revision=COMMIT, committed_at=NOW,
        ),
        Page(
            path="docs/big.md", title="Big", section="", state=PageState.TOO_LARGE, size=300_000,
            revision=COMMIT, committed_at=NOW,
        ),
    )  # fmt: skip
    assert (stored.left_out, stored.note, stored.read_at) == (3, "Not all.", NOW)
    assert text(rows, "docs/guides/run.md") == "# Run\n\nIt.\n"
    assert text(rows, "docs/big.md") is None
    assert text(rows, "README.md", B) is None, "of another entity"


def test_not_looked_and_nothing_found_are_told_apart(rows: Database) -> None:
    with rows.read() as connection:
        assert documentation.for_entity(connection, id_of(rows)) is None
        assert documentation.count(connection, id_of(rows)) is None
    save(rows, found(A, pages({})))
    assert listed(rows).pages == ()
    with rows.read() as connection:
        assert documentation.count(connection, id_of(rows)) == 0


def test_what_many_share_is_stored_once(rows: Database) -> None:
    shared = pages(README)
    save(rows, found(A, shared), found(B, shared))
    assert (size(rows, doc_sets), size(rows, doc_texts), size(rows, entity_docs)) == (1, 2, 2)
    save(rows, found(B, pages({"other.md": "# A\n"})))
    assert size(rows, doc_texts) == 2, "the same text at another path"


def test_a_page_keeps_the_commit_in_which_its_text_was_first_seen(rows: Database) -> None:
    save(rows, found(A, pages(README)))
    changed = {**README, "README.md": "# A, changed\n"}
    save(rows, found(A, pages(changed), revision="b" * 16, outline="2"))
    assert since(rows) == {"README.md": "b" * 16, "docs/guides/run.md": COMMIT}
    save(rows, found(A, pages(README), revision="c" * 16, outline="3"))
    assert since(rows) == {"README.md": "c" * 16, "docs/guides/run.md": COMMIT}, "not its first one"


def test_where_the_outline_is_the_same_only_the_look_is_dated(rows: Database) -> None:
    save(rows, found(A, pages(README)))
    save(rows, found(A, None, revision="b" * 16), found(B, None), now=LATER)
    stored = listed(rows)
    assert (stored.revision, stored.read_at) == ("b" * 16, LATER)
    assert since(rows) == dict.fromkeys(README, COMMIT)
    with rows.read() as connection:
        both = [id_of(rows, A), id_of(rows, B)]
        assert documentation.outlines(connection, both) == {both[0]: "1"}, "b was never read"


def test_nothing_of_the_entity_changes(rows: Database) -> None:
    with rows.read() as connection:
        before = by_ref(connection, A), state_of(connection)
    save(rows, found(A, pages(README)))
    with rows.read() as connection:
        assert (by_ref(connection, A), state_of(connection)) == before


def test_what_is_of_an_entity_that_went_is_dropped_and_forgotten(rows: Database) -> None:
    save(rows, found(A, pages(README)), found(B, pages({"README.md": "# A\n"})))
    gone = id_of(rows)
    with rows.write() as connection:
        delete_entity(Store(rows), connection, gone, actor="test", now=NOW)
    assert size(rows, entity_docs) == 1
    with rows.write() as connection:
        assert store.forget_unused(connection) == 2, "a set, and the text of run.md"
        assert store.forget_unused(connection) == 0
    assert (size(rows, doc_sets), size(rows, doc_pages), size(rows, doc_texts)) == (1, 1, 1)
    assert text(rows, "README.md", B) == "# A\n"
    save(rows, found(A, pages(README)))
    assert size(rows, entity_docs) == 1, "there is no entity to store it for"


def test_a_page_that_several_have_is_found_at_a_component(rows: Database) -> None:
    save_entities(rows, entity("a", "API"), entity("z"), path="others.yaml")
    shared = pages({"README.md": "# Überall\n", "docs/other.md": "# Other\n"})
    save(rows, *(found(ref, shared) for ref in ("api:default/a", "component:default/z")))
    with rows.read() as connection:
        hits = documentation.search(connection, "ÜBER all", 10)
        assert documentation.search(connection, "%", 10) == []
        assert len(documentation.search(connection, "o", 1)) == 1
    assert [(hit.title, hit.entities) for hit in hits] == [("Überall", 2)]
    assert hits[0].entity_id == id_of(rows, "component:default/z")


def test_reading_says_whether_the_entity_waits(rows: Database) -> None:
    with rows.write() as connection:
        assert documentation.reading_of(connection, id_of(rows)).waiting
        rounds.clear_marks(connection, {id_of(rows): 1})
    with rows.read() as connection:
        reading = documentation.reading_of(connection, id_of(rows))
    assert (reading.repository, reading.problem, reading.waiting) == ("shop", None, False)


def test_texts_of_every_character_come_back(rows: Database) -> None:
    odd = "# \U0001f680 \x01 \u2028\n" + "é" * 100
    save(rows, found(A, pages({"é/\u2028.md": odd})))
    assert text(rows, "é/\u2028.md") == odd
