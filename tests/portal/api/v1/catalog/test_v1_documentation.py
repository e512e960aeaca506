"""Documentation over the API: the list of pages, and the Markdown of one."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

BASE = "/api/v1/entities/component/default/{}/docs"
TEXT = "# Basket\n\nKeeps what customers want to buy.\n"
BASKET, ORDERS = BASE.format("basket"), BASE.format("orders")


def test_the_pages_of_an_entity_are_listed(client: FlaskClient) -> None:
    answer = client.get(BASKET)
    assert answer.status_code == 200
    body = answer.get_json()
    assert body.pop("readAt").endswith("Z")
    assert body.pop("repository").endswith("/basket")
    assert body == {
        "items": [
            {
                "path": "README.md",
                "title": "Basket",
                "section": "",
                "state": "text",
                "bytes": len(TEXT),
                "revision": "",
                "committedAt": None,
            }
        ],
        "nextCursor": None,
        "leftOut": 0,
        "note": "",
        "revision": "",
    }
    again = client.get(BASKET, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_an_entity_without_any_has_an_empty_list_that_was_looked_for(client: FlaskClient) -> None:
    answer = client.get(ORDERS)
    assert answer.json is not None
    assert answer.json["items"] == []
    assert answer.json["readAt"] is not None


def test_a_page_is_its_markdown(client: FlaskClient) -> None:
    answer = client.get(f"{BASKET}/page?path=README.md")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/markdown; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.text == TEXT
    again = client.get(
        f"{BASKET}/page?path=README.md", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert (again.status_code, again.data) == (304, b"")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        (BASE.format("nobody"), 404, "NOT_FOUND"),
        (f"{BASE.format('nobody')}/page?path=README.md", 404, "NOT_FOUND"),
        (f"{BASKET}/page?path=docs/none.md", 404, "NOT_FOUND"),
        (f"{BASKET}/page?path=../README.md", 404, "NOT_FOUND"),
        (f"{BASKET}/page", 422, None),
        (f"{BASKET}/page?path=a%00b", 422, None),
        (f"{BASKET}/page?path=README.md&raw=1", 400, None),
    ],
)
def test_what_is_not_there_is_a_problem(
    client: FlaskClient, path: str, status: int, code: str | None
) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert answer.json is not None
    assert code is None or answer.json["code"] == code
