import base64
import re
from typing import Any

import orjson
import pytest
from flask.testing import FlaskClient

from portal.api.answers import Answers
from portal.api.backstage import full_list
from portal.api.backstage.replies import ANSWERS
from portal.wiring import Portal

LIST = "/api/catalog/entities"
ALL = ["C", "a", "b", "d", "gateway", "ledger", "web"]


def names(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "application/json; charset=utf-8"
    return [item["metadata"]["name"] for item in answer.json]


def test_everything_is_a_bare_array_of_whole_entities(client: FlaskClient) -> None:
    answer = client.get(LIST)
    assert sorted(names(answer)) == ALL
    assert "Link" not in answer.headers
    for item in answer.json:
        assert item == client.get(f"{LIST}/by-uid/{item['metadata']['uid']}").json


def test_filters_are_alternatives_of_conditions(client: FlaskClient) -> None:
    def found(*filters: str) -> list[str]:
        return sorted(names(client.get(LIST, query_string={"filter": filters})))

    assert found("kind=group") == ["web"]
    assert found("kind=group,kind=component,metadata.name=a") == ["a"]
    assert found("kind=group", "metadata.tags.java") == ["gateway", "web"]
    assert found("relations.ownedby=GROUP:default/web,spec.type=service") == ["gateway", "ledger"]
    assert found("spec.nothing=null") == []
    assert found(",") == ALL


def test_fields_are_cut_out_of_each_entity(client: FlaskClient) -> None:
    def shown(*fields: str) -> Any:
        query = {"filter": "metadata.name=gateway", "fields": fields}
        return client.get(LIST, query_string=query).json

    assert shown("kind, metadata.name") == [{"kind": "Component", "metadata": {"name": "gateway"}}]
    assert shown("kind", "metadata.name") == shown("kind,metadata.name")
    slug = {"metadata": {"annotations": {"github.com/project-slug": "acme/gateway"}}}
    assert shown("metadata.annotations.github.com/project-slug") == [slug]
    assert shown("metadata.links.url") == [{}]
    (whole,) = client.get(LIST, query_string={"filter": "metadata.name=gateway"}).json
    assert shown("relations,metadata") == [
        {"relations": whole["relations"], "metadata": whole["metadata"]}
    ]


def test_pages_are_linked_by_a_header(client: FlaskClient) -> None:
    answer = client.get(f"{LIST}?limit=3&fields=metadata.name,kind&offset=1")
    seen = names(answer)
    link = answer.headers["Link"]
    after = base64.b64encode(b'{"limit":3,"offset":4}').decode().replace("=", "%3D")
    assert link == (f'</entities?limit=3&fields=metadata.name%2Ckind&after={after}>; rel="next"')
    path = re.fullmatch(r'<(.*)>; rel="next"', link)[1]  # type: ignore[index]  # it is as above
    rest = client.get(f"/api/catalog{path}")
    seen += names(rest)
    assert "Link" not in rest.headers
    # By ref: components, in the default namespace first, then the group
    assert seen == ["b", "C", "d", "ledger", "gateway", "web"]


def test_a_cursor_that_a_client_made_is_followed(client: FlaskClient) -> None:
    after = base64.b64encode(orjson.dumps({"limit": 2, "offset": 1})).decode()
    answer = client.get(LIST, query_string={"after": after, "limit": 1})
    assert names(answer) == ["b", "C"]
    assert answer.headers["Link"].startswith("</entities?after=eyJsaW1pdCI6Miwib2Zmc2V0IjozfQ%3D")


def test_an_offset_alone_leads_to_the_end(client: FlaskClient) -> None:
    answer = client.get(f"{LIST}?offset=5")
    assert names(answer) == ["gateway", "web"]
    assert "Link" not in answer.headers


@pytest.mark.parametrize("page", ["", "&limit=7"])
def test_several_orders_settle_ties_and_what_lacks_a_value_comes_last(
    client: FlaskClient, page: str
) -> None:
    def ordered(query: str) -> list[str]:
        return names(client.get(f"{LIST}?{query}{page}"))

    by_name = ["C", "a", "b", "d", "gateway", "ledger", "web"]
    assert ordered("order=asc:metadata.name") == sorted(by_name, key=str.lower)
    down = ["ledger", "gateway", "d", "C", "b", "a", "web"]
    assert ordered("order=asc:kind&order=desc:metadata.name") == down
    assert ordered("order=asc:metadata.title")[:4] == ["a", "b", "C", "d"]
    assert ordered("order=desc:metadata.title&order=asc:kind")[:4] == ["d", "C", "b", "a"]
    # One of two tags counts: the entity is there once
    assert ordered("order=desc:metadata.tags")[0] == "gateway"
    assert sorted(ordered("order=desc:metadata.tags")) == sorted(by_name)


def test_a_long_list_is_sent_in_pieces(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = client.get(f"{LIST}?order=asc:metadata.name")
    assert whole.content_length == len(whole.data)
    monkeypatch.setattr(full_list, "PIECE", 2)
    monkeypatch.setattr(full_list, "SENT", 1)
    monkeypatch.setitem(client.application.extensions, ANSWERS, Answers(most=0))
    pieces = client.get(f"{LIST}?order=asc:metadata.name")
    assert pieces.content_length is None
    assert (pieces.data, pieces.headers["ETag"]) == (whole.data, whole.headers["ETag"])
    assert client.head(LIST).data == b""
    # Of what is shown in part each entity is read as an item of its own: here one is sent at a time.
    names = client.get(f"{LIST}?fields=metadata.name", buffered=False)
    assert len(list(names.iter_encoded())) == len(whole.json or ()) + len(b"]")


def test_what_goes_while_a_list_is_sent_is_left_out(
    catalog: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(full_list, "PIECE", 2)

    def shown(ids: list[int]) -> bytes:
        return b"".join(full_list._pieces(catalog, ids, lambda row: row.uid.encode()))

    with catalog.database.read() as connection:
        ids = full_list.ids_in_order(connection, None)
    uids = shown(ids)[1:-1].split(b",")
    gone = [10**9, 10**9 + 1]
    assert shown([*gone, *ids[:3], *gone]) == b"[%b]" % b",".join(uids[:3])
    assert shown([*gone, *gone]) == b"[]"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("bogus=1", "Unknown query parameter 'bogus'"),
        ("filter=", "Empty value found for query parameter 'filter'"),
        ("after=", "Empty value found for query parameter 'after'"),
        (
            "filter=%3Dx",
            "Invalid filter, '=x' is not a valid statement "
            "(expected a string on the form a=b or a= or a)",
        ),
        ("limit=0", "Invalid limit, must be greater than zero"),
        ("limit=-1", "request/query/limit must be >= 0"),
        ("limit=abc", "request/query/limit must be integer"),
        ("offset=-1", "request/query/offset must be >= 0"),
        ("after=zzz", "Malformed after cursor, could not be parsed"),
        ("after=WzFd", "Malformed after cursor, could not be parsed"),
        ("after=eyJsaW1pdCI6MH0%3D", "Malformed after cursor, limit was not an number"),
        ("after=eyJvZmZzZXQiOiIxIn0%3D", "Malformed after cursor, offset was not an number"),
        *(
            (
                f"order={text}",
                f'Invalid order parameter "{text}", expected "<asc or desc>:<field name>"',
            )
            for text in ("metadata.name", "up:metadata.name", "asc:")
        ),
        ("&".join(["order=asc:kind"] * 9), "Invalid order parameter, over 8 orders"),
        (
            "fields=metadata.tags%5B0%5D",
            'Invalid field "metadata.tags[0]", array type fields are not supported',
        ),
    ],
)
def test_a_bad_parameter_is_refused(refused: Any, query: str, message: str) -> None:
    assert refused("GET", f"/entities?{query}") == ("InputError", message)
