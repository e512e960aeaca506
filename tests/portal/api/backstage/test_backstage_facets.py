from typing import Any

import pytest
from flask.testing import FlaskClient

FACETS = "/api/catalog/entity-facets"
TYPES = [
    {"value": "Service", "count": 1},
    {"value": "service", "count": 1},
    {"value": "team", "count": 1},
]


def test_values_are_counted_as_they_are_spelled(client: FlaskClient) -> None:
    answer = client.get(f"{FACETS}?facet=kind&facet=Spec.Type&facet=spec.nothing&facet=nope")
    assert answer.status_code == 200
    assert answer.content_type == "application/json; charset=utf-8"
    assert answer.json == {
        "facets": {
            "kind": [{"value": "Component", "count": 6}, {"value": "Group", "count": 1}],
            "Spec.Type": TYPES,
            "spec.nothing": [],
            "nope": [],
        }
    }
    body = {"facets": ["kind", "Spec.Type", "", "spec.nothing", "nope", "kind"]}
    assert client.post(FACETS, json=body).json == answer.json


def test_only_what_matches_is_counted(client: FlaskClient) -> None:
    expected = {"facets": {"spec.type": TYPES[:2]}}
    filtered = client.get(f"{FACETS}?facet=spec.type&filter=kind=component")
    assert filtered.json == expected
    body = {"facets": ["spec.type"], "query": {"kind": "component"}}
    assert client.post(FACETS, json=body).json == expected


def test_tags_and_relations_are_facets_too(client: FlaskClient) -> None:
    asked = "facet=metadata.tags&facet=relations.ownedBy&facet=metadata.namespace"
    answer = client.get(f"{FACETS}?{asked}&filter=metadata.name=gateway")
    assert answer.json["facets"] == {
        "metadata.tags": [{"value": "go", "count": 1}, {"value": "java", "count": 1}],
        "relations.ownedBy": [{"value": "group:default/web", "count": 1}],
        "metadata.namespace": [{"value": "staging", "count": 1}],
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("", "request/query must have required property 'facet'"),
        ("?facet=", "Empty value found for query parameter 'facet'"),
        ("?facet=&facet=", "Missing facet parameter"),
        ("?facet=kind&x=1", "Unknown query parameter 'x'"),
        (
            "?facet=kind&filter=%3Dx",
            "Invalid filter, '=x' is not a valid statement "
            "(expected a string on the form a=b or a= or a)",
        ),
        ("?" + "&".join(f"facet={n}" for n in range(101)), "Over 100 facets"),
    ],
)
def test_a_bad_parameter_is_refused(refused: Any, query: str, message: str) -> None:
    assert refused("GET", f"/entity-facets{query}") == ("InputError", message)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "request/body must have required property 'facets'"),
        ({"facets": []}, "Missing or empty facets parameter"),
        ({"facets": [""], "query": {"$x": 1}}, "Missing or empty facets parameter"),
        ({"facets": "kind"}, "request/body/facets must be array"),
        ({"facets": [1]}, "request/body/facets/0 must be string"),
        ({"facets": ["kind"], "query": "x"}, "request/body/query must be object"),
        ({"facets": ["kind"], "query": None}, "request/body/query must be object"),
    ],
)
def test_a_bad_body_is_refused(refused: Any, body: Any, message: str) -> None:
    assert refused("POST", "/entity-facets", json=body) == ("InputError", message)
