"""Why something is, or is not, in the catalog: told from what is really stored, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from catalog.entity import Outcome, Verdict
from catalog.explanations.explaining import Explanation, explain_ref, explain_url
from catalog.problems import Problem
from portal.db.changes.history import identify
from portal.db.engine import Database
from portal.db.ingest.catalog_store import Store
from portal.db.ingest.held import hold
from portal.db.ingest.overrides import put_suppression
from portal.db.sources.explain import ref_evidence, url_evidence
from portal.db.tables import files, location_links, locations, repositories
from tests.catalog_batches import new_store, put, reading
from tests.catalog_rows import LOCATION, NOW, entity

A, B = "component:default/a", "component:default/b"


@pytest.fixture
def store(database: Database) -> Store:
    return new_store(database)


def of_ref(store: Store, ref: str) -> Explanation:
    with store.database.read() as connection:
        return explain_ref(ref_evidence(connection, ref))


def of_url(store: Store, url: str, *, readable: bool = True) -> Explanation:
    with store.database.read() as connection:
        return explain_url(url_evidence(connection, url, readable=readable))


def chain(found: Explanation) -> list[str]:
    return [f"{step.name} {step.status}" for step in found.steps]


def test_an_entity_that_is_there_is_told_from_its_location_down(store: Store) -> None:
    put(store, reading("1", entity("a")), commit="c1", revision="e/c1")
    with store.database.write() as connection:
        connection.execute(update(locations).values(state="ok", listed_at=NOW))
    found = of_ref(store, A)
    assert found.present
    assert found.answer == "component:default/a is in the catalog: file:/srv/shop/1 declares it."
    assert chain(found) == ["location ok", "repository ok", "file ok", "document ok", "entity ok"]
    assert found.steps[0].location == LOCATION
    assert found.steps[1].words == "The repository file:///srv/shop was read at c1."
    assert found.steps[-1].at == NOW


def test_a_rejected_document_is_the_reason(store: Store) -> None:
    put(store, reading("1", rejected=[A]))
    found = of_ref(store, A)
    assert not found.present
    assert found.answer == (
        "component:default/a is not in the catalog: its document has a fault. Something is wrong."
    )
    assert chain(found)[-1] == "document problem"
    assert "line 3" in found.steps[-1].words


def test_an_entity_whose_new_version_is_rejected_says_so(store: Store) -> None:
    put(store, reading("1", entity("a")))
    put(store, reading("1", rejected=[A]))
    found = of_ref(store, A)
    assert found.present
    assert found.answer.endswith("as it was last good; now: Something is wrong.")


def test_a_kind_that_no_rule_allows_is_a_step_of_its_own(store: Store) -> None:
    rule = Problem(code="KIND_NOT_ALLOWED", message="No rule allows a Group from this location.")
    outcome = Outcome(file="1", document=0, verdict=Verdict.REJECT, ref=A, problems=(rule,))
    put(store, replace(reading("1"), outcomes=(outcome,)))
    assert chain(of_ref(store, A))[-1] == "rule problem"


def test_both_sides_of_a_conflict_are_told(store: Store) -> None:
    put(store, reading("1", entity("a", spec={"n": 1})), reading("2", entity("a", spec={"n": 2})))
    found = of_ref(store, A)
    assert [line for line in chain(found) if "file" not in line and "loc" not in line] == [
        "repository unknown",
        "document ok",
        "repository unknown",
        "conflict problem",
        "entity ok",
    ]
    loser = of_url(store, "/srv/shop/2")
    assert not loser.present
    assert "came first" in loser.answer


def test_a_removal_says_when_why_and_by_whom(store: Store) -> None:
    put(store, reading("1", entity("a"), entity("b")))
    put(store, reading("1", entity("b")), now=NOW + timedelta(days=1), actor="eva")
    found = of_ref(store, A)
    assert not found.present
    assert found.answer == (
        "component:default/a was removed by eva on 2026-03-02: "
        "The file file:/srv/shop/1 no longer declares it."
    )
    assert chain(found) == ["removal problem"]


def test_a_suppression_outweighs_what_files_say(store: Store) -> None:
    put(store, reading("1", entity("a")))
    with store.database.write() as connection:
        identity = identify(connection, A)
        assert identity is not None
        put_suppression(connection, identity.asked, reason="spam", actor="eva", now=NOW)
    put(store, reading("1", entity("a", spec={"n": 2})), now=NOW)
    found = of_ref(store, A)
    assert not found.present
    assert found.answer == "component:default/a is not in the catalog: eva suppressed it (spam)."
    assert "suppression problem" in chain(found)


def test_a_removal_that_is_held_back_is_told(store: Store) -> None:
    put(store, reading("1", entity("a")))
    with store.database.write() as connection:
        identity = identify(connection, A)
        assert identity is not None
        hold(connection, LOCATION, "", [identity.asked], reason="Its files are gone.", now=NOW)
    found = of_ref(store, A)
    assert found.present
    assert "held_removal problem" in chain(found)


def test_a_former_name_leads_to_the_present_one(store: Store) -> None:
    put(store, reading("1", entity("a", spec={"type": "service"})))
    put(store, reading("1", entity("b", spec={"type": "service"})))
    found = of_ref(store, A)
    assert found.present
    assert found.subject == A
    assert found.steps[0].words == f"{A} was renamed: it is {B} now."
    assert found.answer.startswith(f"{B} is in the catalog")


@pytest.mark.parametrize("ref", [A, "component:default/\x00", "component:default/' or 1=1"])
def test_what_never_was_is_said_to_be_unknown_with_what_may_hide_it(store: Store, ref: str) -> None:
    broken = Problem(code="LISTING_FAILED", message="The forge does not answer.")
    store.note_failure(LOCATION, None, broken)
    found = of_ref(store, ref)
    assert not found.present
    assert "no file that was read declares it" in found.answer
    assert chain(found) == ["absence unknown", "location problem"]
    assert "The forge does not answer." in found.steps[1].words


@pytest.mark.parametrize("url", ["https://[", "url:https://[x]/b", "file://[", "a\0b"])
def test_what_is_no_address_is_in_no_catalog(store: Store, url: str) -> None:
    assert not of_url(store, url).present


@pytest.mark.parametrize(
    "url",
    [
        "/srv/shop/catalog-info.yaml",
        "file:/srv/shop/catalog-info.yaml",
        "file:///srv/shop/catalog-info.yaml",
        "catalog-info.yaml",
    ],
)
def test_a_file_is_found_however_it_is_named(store: Store, url: str) -> None:
    put(store, reading("catalog-info.yaml", entity("a")))
    found = of_url(store, url)
    assert found.present
    assert found.answer == f"{url} is in the catalog with 1 entity."


@pytest.mark.parametrize(
    ("url", "present"),
    [
        ("https://git.example/org/shop", True),
        ("https://git.example/org/shop.git", True),
        ("https://git.example/org/shop/blob/main/catalog-info.yaml", True),
        ("https://git.example/org/shop/tree/HEAD/catalog-info.yaml", True),
        ("https://git.example/org/other/blob/main/catalog-info.yaml", False),
        ("https://git.example/org/shop/blob/main/docs/catalog-info.yaml", False),
        ("https://git.example/org/shop/blob/main/docs/other.yaml", False),
    ],
)
def test_a_file_on_a_forge_is_found_by_repository_and_path(
    store: Store, url: str, present: bool
) -> None:
    put(store, reading("catalog-info.yaml", entity("a")))
    with store.database.write() as connection:
        connection.execute(update(repositories).values(url="git@git.example:org/shop.git"))
    assert of_url(store, url).present == present


def test_a_file_that_its_repository_was_read_without_is_told_why(store: Store) -> None:
    put(store, reading("catalog-info.yaml", entity("a")), revision="e/c1")
    absent = of_url(store, "/srv/shop/docs/catalog-info.yaml")
    assert "its repository was read without this file" in absent.answer
    other = of_url(store, "/srv/shop/docs/other.yaml")
    assert "a Location has to name it" in other.steps[-1].words


def test_a_missing_file_says_since_when(store: Store) -> None:
    put(store, reading("1", entity("a")))
    put(store, missing=("1",), now=NOW + timedelta(hours=2))
    found = of_url(store, "/srv/shop/1")
    assert found.answer == "/srv/shop/1 is missing from the listings since 2026-03-01 14:00."
    assert "file problem" in chain(found)


def test_a_location_that_cannot_be_listed_is_the_reason(store: Store) -> None:
    store.note_failure(LOCATION, None, Problem(code="X", message="The folder is not there."))
    found = of_url(store, "/srv")
    assert found.answer == "/srv is not in the catalog: The folder is not there."
    assert chain(found) == ["location problem"]


def test_an_unregistered_location_says_when_it_was(store: Store) -> None:
    with store.database.write() as connection:
        connection.execute(update(locations).values(removed_at=NOW))
    assert "unregistered on 2026-03-01 12:00" in of_url(store, "/srv").answer


def test_a_location_that_entities_name_says_which(store: Store) -> None:
    put(store, reading("1", entity("all", kind="Location")))
    url = "https://git.example/org/x/blob/main/catalog-info.yaml"
    with store.database.write() as connection:
        row = {"type": "url", "target": url, "origin": "entity", "registered_at": NOW}
        connection.execute(insert(locations).values(id="22222222-2222", **row))
        identity = identify(connection, "location:default/all")
        assert identity is not None
        file = connection.execute(files.select()).one().id
        link = {"location_id": "22222222-2222", "file_id": file, "ref_id": identity.asked}
        connection.execute(insert(location_links).values(link))
    [step] = of_url(store, url).steps
    assert "named by location:default/all" in step.words


def test_what_nothing_leads_to_says_what_would(store: Store) -> None:
    url = "https://git.example/org/new/blob/main/catalog-info.yaml"
    found = of_url(store, url)
    assert found.answer == f"{url} was never seen: no location leads to it."
    assert chain(found) == ["absence unknown", "registration unknown"]
    assert "catalog.locations" in found.steps[-1].words
    assert chain(of_url(store, url, readable=False))[-1] == "registration problem"


@pytest.mark.parametrize("url", ["\x00", "%", "url:", "://", "file://", "/", "git@x:y", "x" * 3000])
def test_rubbish_is_answered_too(store: Store, url: str) -> None:
    put(store, reading("1", entity("a")))
    assert not of_url(store, url).present
