"""Pages of registered locations, and the predicates that choose among them."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.errors import QueryError
from portal.api.backstage.location_pages import page_of_locations

FOUND = [
    {
        "id": f"0000000{n}",
        "type": "url",
        "target": f"https://example.com/{n}.yaml",
        "entityRef": f"location:default/generated-{n}",
    }
    for n in range(1, 5)
]
EVERY = [one["id"] for one in FOUND]


def ids(**body: Any) -> list[str]:
    page: Any = page_of_locations(FOUND, body)
    return [one["id"] for one in page["items"]]


def test_pages_are_walked_with_what_the_first_one_asked_for() -> None:
    query = {"target": {"$hasPrefix": "HTTPS://Example.com/"}}
    first: Any = page_of_locations(FOUND, {"limit": 3, "query": query})
    assert (len(first["items"]), first["totalItems"]) == (3, 4)
    cursor = first["pageInfo"]["nextCursor"]
    last: Any = page_of_locations(FOUND, {"cursor": cursor, "limit": -1, "query": {"type": "x"}})
    assert [one["id"] for one in last["items"]] == ["00000004"]
    assert (last["totalItems"], last["pageInfo"]) == (4, {})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, EVERY),
        ({"TYPE": "URL"}, EVERY),
        ({"type": "url", "id": "00000002"}, ["00000002"]),
        ({"entityRef": {"$in": ["Location:default/generated-3", "x"]}}, ["00000003"]),
        ({"type": {"$exists": False}}, []),
        ({"type": {"$contains": "url"}}, []),
        ({"$not": {"type": {"$contains": "url"}}}, EVERY),
        ({"$all": []}, []),
        ({"$any": []}, []),
        ({"$not": {"$all": []}}, EVERY),
        ({"$any": [{"$all": []}, {"id": "00000001"}]}, ["00000001"]),
        ({"$all": [{"type": "url"}, {"$not": {"id": "00000001"}}]}, EVERY[1:]),
    ],
)
def test_a_predicate_chooses(query: Any, expected: list[str]) -> None:
    assert ids(query=query) == expected


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"limit": "1"}, "request/body/limit must be number"),
        ({"limit": None}, "request/body/limit must be number"),
        ({"limit": 0}, "Limit must be a positive integer >= 1"),
        ({"limit": 1.5}, "Limit must be a positive integer >= 1"),
        ({"query": None}, "request/body/query must be object"),
        ({"query": []}, "request/body/query must be object"),
        ({"cursor": None}, "request/body/cursor must be string"),
        ({"cursor": ""}, "Cursor cannot be empty"),
        ({"cursor": "x"}, "Malformed cursor, unknown encoding"),
        (
            {"query": {"$any": [{"$not": {"foo": "x"}}]}},
            "Invalid filter predicate, expected key to be 'id', 'type', 'target', or 'entityRef', "
            "got 'foo'",
        ),
    ],
)
def test_what_asks_for_nothing_that_there_is_is_refused(body: Any, message: str) -> None:
    with pytest.raises(QueryError) as refused:
        page_of_locations(FOUND, body)
    assert str(refused.value) == message
