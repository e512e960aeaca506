"""The past over HTTP: history, `as_of`, differences, and the change feed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.app import create_app
from portal.config import Settings
from portal.db.changes.instants import prune
from portal.db.ingest.catalog_store import Store
from portal.db.migrations import migrate
from portal.wiring import Portal, open_portal
from tests.catalog_batches import new_store, put, reading
from tests.catalog_rows import NOW, entity, owned

ONE = "/api/v1/entities/component/default/a"
LONG = "x" * 5_000


@pytest.fixture
def portal(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """A portal in whose catalog `a` came, got another owner, and went; `b` is there."""
    opened = open_portal(
        Settings(database=database_url, data_dir=tmp_path_factory.mktemp("portal"))
    )
    migrate(opened.database)
    store = new_store(opened.database)
    first = owned("a", "team-a", spec={"owner": "team-a", "text": LONG})
    second = owned("a", "team-b", spec={"owner": "team-b"})
    put(store, reading("1", first, entity("b")), commit="c1")
    put(store, reading("1", second, entity("b")), commit="c2", now=NOW + timedelta(hours=1))
    put(store, reading("1", entity("b")), commit="c3", now=NOW + timedelta(hours=2))
    yield opened
    opened.database.close()


@pytest.fixture
def client(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


@pytest.fixture
def reader(filled: Portal) -> FlaskClient:
    """A client of a portal that nobody changes."""
    return create_app(filled).test_client()


def hour(n: float) -> str:
    return (NOW + timedelta(hours=n)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_history_tells_each_change_with_its_fields(client: FlaskClient) -> None:
    found = client.get(f"{ONE}/history").json
    assert (found["nextCursor"], found["keptSince"]) == (None, None)
    removed, changed, added = found["items"]
    assert [item["change"] for item in (removed, changed, added)] == ["removed", "changed", "added"]
    assert removed["reason"] == "The file file:/srv/shop/1 no longer declares it."
    assert (changed["revision"], changed["url"]) == ("c2", "file:/srv/shop/1")
    assert (changed["since"], changed["until"]) == (
        "2026-03-01T13:00:00.000Z",
        "2026-03-01T14:00:00.000Z",
    )
    assert [(one["op"], one["pointer"], one["cut"]) for one in changed["changes"]] == [
        ("replace", "/spec/owner", False),
        ("remove", "/spec/text", True),
    ]
    assert len(changed["changes"][1]["before"]) < 1_100


def test_a_history_is_told_in_pages(client: FlaskClient) -> None:
    first = client.get(f"{ONE}/history?limit=2").json
    second = client.get(f"{ONE}/history?limit=2&cursor={first['nextCursor']}").json
    assert first["items"] + second["items"] == client.get(f"{ONE}/history").json["items"]
    assert second["nextCursor"] is None
    assert client.get(f"{ONE}/history?cursor=eA==").status_code == 400


def test_an_entity_is_answered_as_it_was(client: FlaskClient) -> None:
    was = client.get(f"{ONE}?as_of={hour(0.5)}").json
    assert was["entity"]["spec"]["owner"] == "team-a"
    assert was["entity"]["metadata"]["uid"] == was["asOf"]["uid"]
    assert was["entity"]["relations"] == [{"type": "ownedBy", "targetRef": "group:default/team-a"}]
    assert (was["asOf"]["revision"], was["facts"]) == ("c1", None)
    relations = client.get(f"{ONE}/relations?as_of={hour(1)}").json["items"]
    assert [one["ref"] for one in relations] == ["group:default/team-b"]
    assert client.get("/api/v1/entities/component/default/b").json["asOf"] is None


@pytest.mark.parametrize("part", ["", "/relations"])
def test_what_was_not_there_then_is_not_found(client: FlaskClient, part: str) -> None:
    assert client.get(f"{ONE}{part}?as_of={hour(-1)}").status_code == 404
    assert client.get(f"{ONE}{part}?as_of={hour(3)}").status_code == 404
    assert client.get(f"{ONE}{part}").status_code == 404
    nothing = "/api/v1/entities/component/default/nothing"
    assert client.get(f"{nothing}{part}?as_of={hour(1)}").status_code == 404
    assert client.get(f"{nothing}/history").status_code == 404


@pytest.mark.parametrize(
    "instant", ["", "yesterday", "2026-03-01", "2026-03-01T12:00:00", "0001-01-01T00:00:00%2B14:00"]
)
def test_an_instant_that_is_none_is_refused(reader: FlaskClient, instant: str) -> None:
    assert reader.get(f"{ONE}?as_of={instant}").status_code == 422


def test_two_instants_are_compared(client: FlaskClient) -> None:
    found = client.get(f"{ONE}/diff?from={hour(0)}&to={hour(1)}").json
    assert [one["pointer"] for one in found["changes"]] == ["/spec/owner", "/spec/text"]
    assert found["relations"] == [
        {"op": "remove", "type": "ownedBy", "ref": "group:default/team-a"},
        {"op": "add", "type": "ownedBy", "ref": "group:default/team-b"},
    ]
    gone = client.get(f"{ONE}/diff?from={hour(0)}").json
    assert gone["after"] is None
    assert {one["op"] for one in gone["changes"]} == {"remove"}
    assert client.get(f"{ONE}/diff").status_code == 422


def test_what_was_pruned_is_gone(client: FlaskClient, portal: Portal) -> None:
    with portal.database.write() as connection:
        while prune(connection, NOW + timedelta(hours=1.5)):
            pass
    refused = client.get(f"{ONE}?as_of={hour(1)}")
    assert (refused.status_code, refused.json["code"]) == (410, "GONE")
    assert "2026-03-01T13:30:00.000Z" in refused.json["detail"]
    assert client.get(f"{ONE}/history").json["keptSince"] == "2026-03-01T13:30:00.000Z"
    feed = client.get("/api/v1/events?after=1.1")
    assert (feed.status_code, feed.json["code"]) == (410, "GONE")
    oldest = feed.json["detail"].rpartition(" ")[2]
    assert client.get(f"/api/v1/events?after={oldest}").json["items"]


def test_the_feed_is_followed_from_its_start_to_its_end(client: FlaskClient) -> None:
    place, seen = "0.0", []
    for _ in range(10):
        page = client.get(f"/api/v1/events?after={place}&limit=1").json
        place = page["next"]
        seen += [(one["id"], one["type"], one["ref"][-1]) for one in page["items"]]
    assert seen == [
        ("1.1", "entity.added", "a"),
        ("1.2", "entity.added", "b"),
        ("2.1", "entity.changed", "a"),
        ("3.1", "entity.removed", "a"),
    ]
    assert place == "3.1"
    whole = client.get("/api/v1/events").json
    assert [one["id"] for one in whole["items"]] == [id_ for id_, _, _ in seen]
    assert whole["items"][2]["revision"] == "c2"
    assert whole["items"][2]["time"] == "2026-03-01T13:00:00.000Z"
    assert whole["items"][0]["uid"] == whole["items"][3]["uid"]


def test_the_feed_can_be_narrowed_and_goes_on_behind_what_was_left_out(
    client: FlaskClient,
) -> None:
    found = client.get("/api/v1/events?types=entity.removed").json
    assert [one["id"] for one in found["items"]] == ["3.1"]
    nothing = client.get("/api/v1/events?kind=System").json
    assert (nothing["items"], nothing["next"]) == ([], "3.1")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("after=x", 422),
        ("after=1", 422),
        ("after=99.1", 410),
        ("types=entity.born", 422),
        ("wait=soon", 422),
        ("limit=0", 422),
        ("since=1", 400),
    ],
)
def test_a_bad_question_to_the_feed_is_refused(
    reader: FlaskClient, query: str, status: int
) -> None:
    assert reader.get(f"/api/v1/events?{query}").status_code == status


def test_a_reader_that_waits_hears_of_a_change_at_once(client: FlaskClient, portal: Portal) -> None:
    def change() -> None:
        time.sleep(0.3)
        put(writer, reading("1", entity("b"), entity("c")), now=NOW + timedelta(hours=9))

    writer = Store(portal.database)
    thread = threading.Thread(target=change)
    thread.start()
    began = time.monotonic()
    found = client.get("/api/v1/events?after=3.1&wait=10s").json
    thread.join()
    assert [one["ref"] for one in found["items"]] == ["component:default/c"]
    assert time.monotonic() - began < 5


def test_a_reader_that_waits_in_vain_is_answered(client: FlaskClient) -> None:
    began = time.monotonic()
    found = client.get("/api/v1/events?after=3.1&wait=300ms").json
    assert (found["items"], found["next"]) == ([], "3.1")
    assert 0.3 <= time.monotonic() - began < 5
