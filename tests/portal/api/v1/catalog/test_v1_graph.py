"""The graph and explanations over HTTP."""

import pytest
from flask.testing import FlaskClient


def test_the_graph_around_an_entity_is_answered(client: FlaskClient) -> None:
    asked = "/api/v1/graph?root=Component:basket&direction=out&depth=2"
    found = client.get(asked).json
    assert {(one["ref"], one["distance"]) for one in found["nodes"]} >= {
        ("component:default/basket", 0),
        ("group:default/team-a", 1),
        ("system:default/shop", 1),
    }
    edge = {
        "type": "partOf",
        "source": "component:default/basket",
        "target": "system:default/shop",
    }
    assert edge in found["edges"]
    assert not found["truncated"]
    assert client.get(f"{asked}&limit=2").json["truncated"]
    tag = client.get(asked).headers["ETag"]
    assert client.get(asked, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),
        ("root=basket", 422),
        ("root=component:nothing", 404),
        ("root=component:basket&depth=11", 422),
        ("root=component:basket&direction=up", 422),
        ("root=component:%00", 404),
    ],
)
def test_a_bad_question_to_the_graph_is_refused(
    client: FlaskClient, query: str, status: int
) -> None:
    assert client.get(f"/api/v1/graph?{query}").status_code == status


def test_what_a_group_owns_is_answered_with_the_way(client: FlaskClient) -> None:
    found = client.get("/api/v1/entities/group/default/team-a/owned?transitive=true").json
    assert [one["ref"] for one in found["items"]] == [
        "component:default/basket",
        "system:default/shop",
    ]
    assert found["total"] == 2
    assert found["items"][0]["path"] == [{"type": "ownerOf", "ref": "component:default/basket"}]
    first = client.get("/api/v1/entities/group/default/team-a/owned?limit=1").json
    more = f"/api/v1/entities/group/default/team-a/owned?limit=1&cursor={first['nextCursor']}"
    assert client.get(more).json["items"] == found["items"][1:]
    assert client.get("/api/v1/entities/group/default/team-a/members").json["items"] == []
    needed = client.get("/api/v1/entities/component/default/basket/dependents").json
    assert (needed["items"], needed["truncated"]) == ([], False)
    assert client.get("/api/v1/entities/group/default/nothing/owned").status_code == 404


def test_an_explanation_is_answered_with_links(client: FlaskClient) -> None:
    found = client.get("/api/v1/explain?ref=basket").json
    assert found["present"]
    assert [step["name"] for step in found["steps"]] == [
        "location",
        "repository",
        "file",
        "document",
        "entity",
    ]
    for step in found["steps"]:
        for link in step["links"]:
            if link["url"].startswith("/"):
                assert client.get(link["url"]).status_code == 200
    rejected = client.get("/api/v1/explain?ref=component:default/rejected").json
    assert not rejected["present"]
    assert "its document has a fault" in rejected["answer"]
    location = client.get("/api/v1/locations").json["items"][0]
    assert client.get(f"/api/v1/explain?url={location['target']}").json["present"]


@pytest.mark.parametrize("query", ["", "ref=a&url=b", "ref=:", "ref="])
def test_a_bad_question_for_an_explanation_is_refused(client: FlaskClient, query: str) -> None:
    assert client.get(f"/api/v1/explain?{query}").status_code == 422
