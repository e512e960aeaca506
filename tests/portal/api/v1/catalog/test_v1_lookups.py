import pytest
from flask.testing import FlaskClient

from portal.db.work import pending
from portal.wiring import Portal


def test_locations_are_listed_with_what_they_hold(client: FlaskClient) -> None:
    [location] = client.get("/api/v1/locations").json["items"]
    assert location["state"] == "ok"
    assert (location["repositories"], location["files"], location["entities"]) == (3, 3, 4)
    assert location["errors"] > 0


def test_a_location_is_told_down_to_its_files_and_problems(client: FlaskClient) -> None:
    [location] = client.get("/api/v1/locations").json["items"]
    found = client.get(f"/api/v1/locations/{location['id']}").json
    assert found["location"] == location
    names = {repository["name"]: repository for repository in found["repositories"]}
    assert names.keys() == {"organization", "basket", "orders"}
    [orders] = names["orders"]["files"]
    assert (orders["path"], orders["state"]) == ("catalog-info.yaml", "failed")
    assert {problem["ref"] for problem in found["problems"] if problem["severity"] == "error"} == {
        "component:default/rejected"
    }


def test_reading_a_location_again_is_promised(client: FlaskClient, filled: Portal) -> None:
    [location] = client.get("/api/v1/locations").json["items"]
    promised = client.post(f"/api/v1/locations/{location['id']}/refresh")
    assert promised.status_code == 202
    assert promised.json["key"] == f"ingest:{location['id']}"
    with filled.database.read() as connection:
        assert promised.json["ticket"] in {found.ticket for found in pending.waiting(connection)}


@pytest.mark.parametrize(
    "name", ["00000000-0000-0000-0000-000000000000", "x", "%00", "1", "' OR 1=1--"]
)
def test_an_unknown_location_is_not_found(client: FlaskClient, name: str) -> None:
    assert client.get(f"/api/v1/locations/{name}").status_code == 404
    assert client.post(f"/api/v1/locations/{name}/refresh").status_code == 404


def test_a_location_is_not_refreshed_by_looking(client: FlaskClient) -> None:
    [location] = client.get("/api/v1/locations").json["items"]
    assert client.get(f"/api/v1/locations/{location['id']}/refresh").status_code == 405


@pytest.mark.parametrize(
    ("query", "any_found"),
    [
        ("", True),
        ("?severity=error", True),
        ("?ref=component:default/rejected", True),
        ("?repository=orders", True),
        ("?repo=orders", True),
        ("?repo=basket&severity=error", False),
        ("?owner=team-c", False),
        ("?owner=team-z", True),  # of a document that was rejected
        ("?owner=group:default/team-a&severity=error", False),
        ("?repository=basket&severity=error", False),
        ("?code=NO_SUCH_CODE", False),
        ("?location=nowhere", False),
        ("?q=catalog-info", True),
        ("?q=%25", False),
        ("?q=%00", False),
    ],
)
def test_problems_can_be_narrowed(client: FlaskClient, query: str, any_found: bool) -> None:
    answer = client.get(f"/api/v1/problems{query}")
    assert answer.status_code == 200
    assert bool(answer.json["items"]) is any_found
    assert answer.json["counts"]["error"] > 0


def test_problems_of_nobody_are_refused(client: FlaskClient) -> None:
    answer = client.get("/api/v1/problems?owner=group:")
    assert answer.status_code == 422
    assert answer.json["detail"].startswith('Entity reference "group:" was not on the form')


def test_pages_of_problems_follow_one_another(client: FlaskClient) -> None:
    everything = client.get("/api/v1/problems").json["items"]
    found = []
    query = "?limit=1"
    while query:
        answer = client.get(f"/api/v1/problems{query}").json
        found += answer["items"]
        query = f"?limit=1&cursor={answer['nextCursor']}" if answer["nextCursor"] else ""
    assert found == everything


@pytest.mark.parametrize(
    ("query", "status"),
    [("?severity=fatal", 422), ("?limit=0", 422), ("?text=x", 400), ("?cursor=eA==", 400)],
)
def test_problems_refuse_what_cannot_be_meant(client: FlaskClient, query: str, status: int) -> None:
    assert client.get(f"/api/v1/problems{query}").status_code == status


def test_search_finds_what_a_few_letters_mean(client: FlaskClient) -> None:
    found = client.get("/api/v1/search?q=bask").json["items"]
    assert found[0]["ref"] == "component:default/basket"
    assert found[0]["title"] == "Basket Service"
    assert client.get("/api/v1/search?q=%00").json["items"] == []
    for query in ("", "?q=", "?q=" + "x" * 201, "?q=x&limit=101"):
        assert client.get(f"/api/v1/search{query}").status_code == 422


def test_plugins_and_facts_are_listed(client: FlaskClient) -> None:
    plugins = {plugin["name"] for plugin in client.get("/api/v1/plugins").json["items"]}
    assert {"descriptor", "repofiles", "local"} <= plugins
    facts = {fact["name"]: fact for fact in client.get("/api/v1/facts").json["items"]}
    assert facts["repo.readme.bytes"]["type"] == "int"
    assert facts["repo.commit.at"]["whenAbsent"] == "1970-01-01T00:00:00Z"
