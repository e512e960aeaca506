import base64
from pathlib import Path
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from portal.api.answers import Answers
from portal.api.backstage import by_query
from portal.api.backstage.replies import ANSWERS
from portal.app import create_app
from portal.config import Settings
from portal.db.catalog import listing
from portal.db.catalog.listing import AskedPage, ask_page
from portal.db.engine import Database
from portal.wiring import open_portal
from tests.catalog_rows import entity, save

GROUP = {"kind": "Group", "spec": {"type": "team"}}
BY_QUERY = "/api/catalog/entities/by-query"
NAMES = "kind,metadata.name"


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer.json["items"]]


def test_a_list_has_whole_entities_a_total_and_no_cursors(client: FlaskClient) -> None:
    answer = client.get(BY_QUERY, query_string={"filter": "kind=group"})
    assert answer.status_code == 200
    assert answer.content_type == "application/json; charset=utf-8"
    (group,) = answer.json["items"]
    assert answer.json == {"items": [group], "totalItems": 1, "pageInfo": {}}
    assert list(group) == ["metadata", "apiVersion", "kind", "spec", "relations"]
    assert len(group["metadata"]["uid"]) == 36
    assert [relation["targetRef"] for relation in group["relations"]] == [
        *(f"component:default/{name}" for name in ("a", "b", "c", "d", "ledger")),
        "component:staging/gateway",
    ]


def test_pages_are_walked_as_the_official_client_does(client: FlaskClient) -> None:
    asked = {"filter": "metadata.title", "orderField": "metadata.name", "limit": 2, "fields": NAMES}
    first = client.get(BY_QUERY, query_string=asked)
    assert first.json["items"][0] == {"kind": "Component", "metadata": {"name": "a"}}
    assert names(first) == ["a", "b"]
    assert list(first.json["pageInfo"]) == ["nextCursor"]
    cursor = first.json["pageInfo"]["nextCursor"]
    decoded = orjson.loads(base64.b64decode(cursor))
    assert decoded.keys() == {
        "orderFields",
        "isPrevious",
        "query",
        "fullTextFilter",
        "orderFieldValues",
        "firstSortFieldValues",
        "totalItems",
    }
    assert decoded["fullTextFilter"] == {"term": ""}
    second = client.post(BY_QUERY, json={"cursor": cursor, "limit": 2, "fields": ["metadata.name"]})
    assert names(second) == ["C", "d"]
    assert second.json["totalItems"] == 4
    back = second.json["pageInfo"]["prevCursor"]
    assert list(second.json["pageInfo"]) == ["prevCursor"]
    again = client.get(BY_QUERY, query_string={"cursor": back, "limit": 2})
    assert names(again) == ["a", "b"]
    assert list(again.json["pageInfo"]) == ["nextCursor"]


@pytest.mark.parametrize(
    "beside",
    [{"filter": "=x"}, {"filter": "kind=nope"}, {"orderField": "kind,up"}, {"offset": "1"}],
)
def test_nobody_looks_at_what_stands_beside_a_cursor(
    client: FlaskClient, beside: dict[str, str]
) -> None:
    asked = {"filter": "kind=component", "orderField": "metadata.name,asc", "limit": "1"}
    cursor = client.get(BY_QUERY, query_string=asked).json["pageInfo"]["nextCursor"]
    plain = client.get(BY_QUERY, query_string={"cursor": cursor}).json
    assert plain["items"]
    assert client.get(BY_QUERY, query_string={"cursor": cursor, **beside}).json == plain


@pytest.mark.parametrize("more", [{}, {"fields": "metadata.name"}])
def test_a_page_is_of_one_state_whatever_changes_while_it_is_read(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    save(database, entity("a"), entity("b"))
    url = database.engine.url.render_as_string(hide_password=False)
    settings = Settings(database=url, data_dir=tmp_path / "data", answer_cache_bytes=0)
    portal = open_portal(settings)
    client = create_app(portal).test_client()
    asked = {"filter": "kind=component", "orderField": "metadata.name", **more}
    before = client.get(BY_QUERY, query_string=asked)
    times = []

    def changed(connection: Any, query: Any, **more: Any) -> AskedPage:
        found = ask_page(connection, query, **more)
        times.append(found.state)
        if len(times) == 1:
            save(database, entity("0"), path="new.yaml")
        return found

    monkeypatch.setattr(by_query, "ask_page", changed)
    between = client.get(BY_QUERY, query_string=asked)
    monkeypatch.undo()
    after = client.get(BY_QUERY, query_string=asked)
    assert (names(before), names(between)) == (["a", "b"], ["0", "a", "b"])
    assert (between.data, between.headers["ETag"]) == (after.data, after.headers["ETag"])
    assert before.headers["ETag"] != after.headers["ETag"]
    assert len(set(times)) == len(times) == 2
    portal.database.close()


@pytest.mark.parametrize(
    "asked",
    [
        {"filter": "kind=component", "orderField": "metadata.name"},
        {"filter": "metadata.title", "orderField": "metadata.title,desc"},
        {"fullTextFilterTerm": "a", "filter": "kind=component"},
        {"fullTextFilterTerm": "nothing like it"},
        {"filter": "kind=nothing"},
        {"offset": "100"},
        {},
    ],
)
def test_a_page_by_looks_is_what_is_read_in_a_transaction(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, asked: dict[str, str]
) -> None:
    monkeypatch.setitem(client.application.extensions, ANSWERS, Answers(most=0))
    by_looks = client.get(BY_QUERY, query_string=asked)
    monkeypatch.setattr(listing, "SHORT", 0)
    whole = client.get(BY_QUERY, query_string=asked)
    assert by_looks.data == whole.data
    assert by_looks.headers["ETag"] == whole.headers["ETag"]
    assert set(by_looks.json) == {"items", "totalItems", "pageInfo"}


def test_the_count_can_be_had_alone_and_left_out(client: FlaskClient) -> None:
    assert client.get(f"{BY_QUERY}?limit=0").json == {
        "items": [],
        "totalItems": 7,
        "pageInfo": {},
    }
    assert client.get(f"{BY_QUERY}?totalItems=exclude").json["totalItems"] == 0


def test_full_text_and_offset_are_parameters(client: FlaskClient) -> None:
    found = client.get(f"{BY_QUERY}?fullTextFilterTerm=THE a&fullTextFilterFields=metadata.title")
    assert names(found) == ["a"]
    found = client.get(f"{BY_QUERY}?offset=5&orderField=metadata.name,desc")
    assert names(found) == ["b", "a"]


def test_lists_may_be_written_with_brackets(client: FlaskClient) -> None:
    def found(query: str) -> Any:
        return client.get(f"{BY_QUERY}?{query}").json

    plain = found("filter=kind%3Dgroup&fields=kind,spec")
    assert plain["items"] == [GROUP]
    assert found("filter[]=kind%3Dgroup&fields%5B%5D=kind&fields%5B%5D=spec") == plain
    assert found("filter[0]=kind%3Dgroup&filter%5B1%5D=&fields=kind,spec") == plain


def test_fields_of_a_body_may_be_separated_by_commas_too(client: FlaskClient) -> None:
    def found(*fields: str) -> Any:
        body = {"query": {"kind": "group"}, "fields": list(fields)}
        return client.post(BY_QUERY, json=body).json["items"]

    assert found("kind,spec") == found(" kind ", "", "spec") == [GROUP]
    assert found("") == found() != [GROUP]


def test_repeated_filters_without_a_value_say_nothing(client: FlaskClient) -> None:
    assert client.get(f"{BY_QUERY}?filter=kind%3Dgroup&filter=").json["totalItems"] == 1
    assert client.get(f"{BY_QUERY}?filter=&filter=").json["totalItems"] == 7


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("nope=1", "Unknown query parameter 'nope'"),
        ("cursor=", "Empty value found for query parameter 'cursor'"),
        ("filter=", "Empty value found for query parameter 'filter'"),
        ("limit=1&limit=2", "request/query/limit must be integer"),
        ("cursor=a&cursor=b", "request/query/cursor must be string"),
        (
            "fullTextFilterTerm=&fullTextFilterTerm=",
            "request/query/fullTextFilterTerm must be string",
        ),
        ("limit%5B%5D=1", "Unknown query parameter 'limit[]'"),
        (
            "filter=%3Dx",
            "Invalid filter, '=x' is not a valid statement "
            "(expected a string on the form a=b or a= or a)",
        ),
        ("orderField=metadata.name%2Cup", "Invalid order field order, must be asc or desc"),
        ("orderField=metadata.name%2CASC", "Invalid order field order, must be asc or desc"),
        ("limit=x", "request/query/limit must be integer"),
        ("limit=1.5", "request/query/limit must be integer"),
        ("limit=-1", "request/query/limit must be >= 0"),
        ("offset=-1", "request/query/offset must be >= 0"),
        (
            "totalItems=nope",
            "request/query/totalItems must be equal to one of the allowed values: include, exclude",
        ),
        (
            "fields=metadata.tags%5B0%5D",
            'Invalid field "metadata.tags[0]", array type fields are not supported',
        ),
        ("cursor=garbage", "Malformed cursor: not base64 of JSON"),
    ],
)
def test_a_bad_parameter_is_refused_in_backstages_form(
    client: FlaskClient, query: str, message: str
) -> None:
    answer = client.get(f"{BY_QUERY}?{query}")
    assert answer.status_code == 400
    assert answer.content_type == "application/json; charset=utf-8"
    assert answer.json == {
        "error": {"name": "InputError", "message": message},
        "request": {"method": "GET", "url": f"/entities/by-query?{query}"},
        "response": {"statusCode": 400},
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"query": "x"}, "request/body/query must be object"),
        ({"limit": "x"}, "request/body/limit must be number"),
        ({"cursor": ""}, "Cursor cannot be empty"),
        ({"cursor": 1}, "request/body/cursor must be string"),
        (
            {"orderBy": [{"field": "a", "order": "up"}]},
            "request/body/orderBy/0/order must be equal to one of the allowed values: asc, desc",
        ),
        ({"orderBy": ["a"]}, "request/body/orderBy/0 must be object"),
        (
            {"orderBy": [{"field": "a"}]},
            "request/body/orderBy/0 must have required property 'order'",
        ),
        (
            {"orderBy": [{"field": 1, "order": "asc"}]},
            "request/body/orderBy/0/field must be string",
        ),
        *(
            ({name: None}, f"request/body/{name} must be {kind}")
            for name, kind in (
                ("query", "object"),
                ("cursor", "string"),
                ("limit", "number"),
                ("offset", "number"),
                ("orderBy", "array"),
                ("fullTextFilter", "object"),
                ("fields", "array"),
                ("totalItems", "string"),
            )
        ),
        ({"fullTextFilter": {"term": None}}, "request/body/fullTextFilter/term must be string"),
        ({"fullTextFilter": {"fields": "x"}}, "request/body/fullTextFilter/fields must be array"),
        ({"fields": "x"}, "request/body/fields must be array"),
        ({"fields": [1]}, "request/body/fields/0 must be string"),
        ({"fullTextFilter": "x"}, "request/body/fullTextFilter must be object"),
        ([], "request/body must be object"),
    ],
)
def test_a_bad_body_is_refused_in_backstages_form(
    client: FlaskClient, body: Any, message: str
) -> None:
    answer = client.post(BY_QUERY, json=body)
    assert answer.status_code == 400
    assert answer.json["error"] == {"name": "InputError", "message": message}
    assert answer.json["request"] == {"method": "POST", "url": "/entities/by-query"}


def test_a_body_may_be_missing_but_not_of_another_type(client: FlaskClient) -> None:
    assert client.post(BY_QUERY).json["totalItems"] == 7
    refused = client.post(BY_QUERY, data="x=1", content_type="text/plain")
    assert refused.json["error"]["message"] == "unsupported media type text/plain"
    broken = client.post(BY_QUERY, data='{"a":', content_type="application/json")
    assert broken.json["error"]["message"] == "Unexpected end of JSON input"


def test_a_body_asks_with_predicates(client: FlaskClient) -> None:
    answer = client.post(
        BY_QUERY,
        json={
            "query": {"$not": {"kind": "group"}},
            "orderBy": [{"field": "metadata.name", "order": "desc"}],
            "fullTextFilter": {"term": "the", "fields": ["metadata.title"]},
            "limit": 2,
            "bogus": 1,
        },
    )
    assert names(answer) == ["d", "C"]
