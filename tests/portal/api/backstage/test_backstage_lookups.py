from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from portal.app import create_app
from portal.wiring import Portal
from tests.catalog_rows import entity, save

ENTITIES = "/api/catalog/entities"
BY_REFS = f"{ENTITIES}/by-refs"


def names(answer: Any) -> list[str | None]:
    assert answer.status_code == 200, answer.text
    assert answer.json.keys() == {"items"}
    return [item and item["metadata"]["name"] for item in answer.json["items"]]


def test_an_entity_is_found_by_name_in_any_case(client: FlaskClient) -> None:
    answer = client.get(f"{ENTITIES}/by-name/Component/DEFAULT/c")
    assert answer.status_code == 200
    assert answer.json["metadata"]["name"] == "C"
    assert answer.json["relations"] == [{"type": "ownedBy", "targetRef": "group:default/web"}]
    assert list(answer.json) == ["metadata", "apiVersion", "kind", "spec", "relations"]


def test_an_entity_that_is_not_there_is_named(client: FlaskClient, refused: Any) -> None:
    message = "No entity named 'Nope' found, with kind 'Component' in namespace 'default'"
    missing = "/entities/by-name/Component/default/Nope"
    assert refused("GET", missing, status=404) == ("NotFoundError", message)
    assert client.get(f"{ENTITIES}/by-name/component/default/%00").status_code == 404
    assert client.get(f"{ENTITIES}/by-name/component/ledger").status_code == 404
    found = refused("GET", "/entities/by-name/component/default/a?fields=kind")
    assert found == ("InputError", "Unknown query parameter 'fields'")


def test_an_entity_is_found_by_uid(client: FlaskClient, refused: Any) -> None:
    entity = client.get(f"{ENTITIES}/by-name/component/staging/gateway").json
    uid = entity["metadata"]["uid"]
    assert client.get(f"{ENTITIES}/by-uid/{uid}").json == entity
    assert client.get(f"{ENTITIES}/by-uid/{uid.upper()}").json == entity
    for other in ("00000000-0000-0000-0000-000000000000", "Xyz"):
        message = f"No entity with uid {other}"
        found = refused("GET", f"/entities/by-uid/{other}", status=404)
        assert found == ("NotFoundError", message)


def test_several_refs_are_answered_in_their_order_with_nulls(client: FlaskClient) -> None:
    refs = ["component:default/ledger", "component:default/nope", "component:default/ledger"]
    assert names(client.post(BY_REFS, json={"entityRefs": refs})) == ["ledger", None, "ledger"]
    assert names(client.post(BY_REFS, json={"entityRefs": []})) == []


def test_refs_may_be_written_in_any_case_and_short_but_need_a_kind(client: FlaskClient) -> None:
    refs = ["Component:Default/LEDGER", "component:ledger", "ledger", "", "a:b:c", ":/", "x:\0"]
    answer = client.post(BY_REFS, json={"entityRefs": refs})
    assert names(answer) == ["ledger", "ledger", None, None, None, None, None]


def test_what_does_not_match_filter_and_query_is_null(client: FlaskClient) -> None:
    refs = ["component:default/ledger", "component:staging/gateway", "group:default/web"]

    def found(query: Any, *filters: str) -> list[str | None]:
        body = {"entityRefs": refs, **({"query": query} if query else {})}
        return names(client.post(BY_REFS, json=body, query_string={"filter": filters}))

    assert found(None, "kind=component") == ["ledger", "gateway", None]
    assert found({"spec.type": "SERVICE"}) == ["ledger", "gateway", None]
    assert found({"$not": {"kind": "group"}}, "metadata.tags=go") == [None, "gateway", None]
    assert found(None, "kind=group", "metadata.name=ledger") == ["ledger", None, "web"]


def test_refs_may_be_answered_with_fields(client: FlaskClient) -> None:
    body: dict[str, Any] = {"entityRefs": ["component:default/ledger"], "fields": ["kind"]}
    assert client.post(BY_REFS, json=body).json == {"items": [{"kind": "Component"}]}
    (whole,) = client.post(BY_REFS, json={**body, "fields": []}).json["items"]
    assert whole == client.get(f"{ENTITIES}/by-name/component/default/ledger").json


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"refs": []}, "request/body must have required property 'entityRefs'"),
        ({"entityRefs": "x"}, "request/body/entityRefs must be array"),
        ({"entityRefs": None}, "request/body/entityRefs must be array"),
        ({"entityRefs": [1]}, "request/body/entityRefs/0 must be string"),
        ({"entityRefs": [], "fields": "x"}, "request/body/fields must be array"),
        ({"entityRefs": [], "fields": None}, "request/body/fields must be array"),
        ({"entityRefs": [], "query": []}, "request/body/query must be object"),
        ({"entityRefs": [], "query": None}, "request/body/query must be object"),
        (
            {"entityRefs": [], "fields": ["metadata.tags[0]"]},
            'Invalid field "metadata.tags[0]", array type fields are not supported',
        ),
        ([], "request/body must be object"),
    ],
)
def test_a_body_without_refs_is_refused(refused: Any, body: Any, message: str) -> None:
    assert refused("POST", "/entities/by-refs", json=body) == ("InputError", message)


def test_refs_need_a_body_of_json(refused: Any) -> None:
    def message(**more: Any) -> str:
        name, found = refused("POST", "/entities/by-refs", **more)
        assert name == "InputError"
        return str(found)

    assert message(data='{"entityRefs":[]}').endswith('Validation error: Required at "entityRefs"')
    assert message(data="x", content_type="text/plain") == "unsupported media type text/plain"
    json = {"content_type": "application/json"}
    assert message(data='{"a":', **json) == "Unexpected end of JSON input"
    assert message(data=b"\xff", **json).startswith("Unexpected token in JSON at position 0")
    assert message(data='{"a":}', **json).startswith("Unexpected token in JSON at position 5")
    assert message(data="", **json) == "request/body must have required property 'entityRefs'"
    unknown = refused("POST", "/entities/by-refs?fields=kind", json={"entityRefs": []})
    assert unknown == ("InputError", "Unknown query parameter 'fields'")


def test_an_entity_without_ancestors_is_its_own_ancestry(client: FlaskClient) -> None:
    answer = client.get(f"{ENTITIES}/by-name/Component/default/LEDGER/ancestry")
    entity = client.get(f"{ENTITIES}/by-name/component/default/ledger").json
    assert answer.json == {
        "rootEntityRef": "component:default/ledger",
        "items": [{"entity": entity, "parentEntityRefs": []}],
    }


def test_the_ancestry_of_nothing_is_not_found(refused: Any) -> None:
    found = refused("GET", "/entities/by-name/Component/default/nope/ancestry", status=404)
    assert found == ("NotFoundError", "No such entity component:default/nope")


def test_a_renamed_entity_answers_to_its_former_name_and_says_so(
    make_portal: Callable[..., Portal],
) -> None:
    portal = make_portal()
    save(portal.database, entity("before", spec={"type": "service"}))
    save(portal.database, entity("after", spec={"type": "service"}))
    client = create_app(portal).test_client()
    former, present = (
        client.get(f"{ENTITIES}/by-name/component/default/{name}") for name in ("before", "after")
    )
    assert (former.status_code, former.json) == (200, present.json)
    assert former.headers["X-Renamed-To"] == "component:default/after"
    assert "X-Renamed-To" not in present.headers
