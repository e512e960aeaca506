"""`POST /validate-entity`: an entity is judged as if it were read from a file."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

PATH = "/api/catalog/validate-entity"
PLACE = "url:https://example.com/x.yaml"


def component(**changes: Any) -> dict[str, Any]:
    """A good Component, with other values at its root."""
    return {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "v"},
        "spec": {"type": "service", "lifecycle": "p", "owner": "acme"},
        **changes,
    }


def errors(client: FlaskClient, entity: Any, location: str = PLACE) -> list[dict[str, Any]]:
    answer = client.post(PATH, json={"entity": entity, "location": location})
    assert answer.status_code == 400, answer.text
    assert answer.content_type == "application/json; charset=utf-8"
    assert answer.json.keys() == {"errors"}
    found: list[dict[str, Any]] = answer.json["errors"]
    return found


def test_a_good_entity_is_answered_with_nothing(client: FlaskClient) -> None:
    answer = client.post(PATH, json={"entity": component(), "location": PLACE, "more": 1})
    assert (answer.status_code, answer.data) == (200, b"")


def test_every_kind_may_be_asked_about(client: FlaskClient) -> None:
    group = component(kind="Group", spec={"type": "team", "children": []})
    answer = client.post(PATH, json={"entity": group, "location": PLACE})
    assert answer.status_code == 200


def test_all_errors_are_told_at_once_in_the_order_of_the_entity(client: FlaskClient) -> None:
    metadata = {"name": "b d", "tags": ["ok", "NO"]}
    found = errors(client, component(metadata=metadata, spec={"type": 1, "owner": "acme"}))
    assert [error["name"] for error in found] == ["InputError"] * 4
    texts = [error["cause"]["message"] for error in found]
    assert '"metadata.name" is not valid;' in texts[0]
    assert '"tags.1" is not valid;' in texts[1]
    assert sorted(texts[2:]) == [
        "/spec must have required property 'lifecycle' - missingProperty: lifecycle",
        "/spec/type must be string - type: string",
    ]


def test_references_are_read_too(client: FlaskClient) -> None:
    spec = {"type": "service", "lifecycle": "p", "owner": "acme", "dependsOn": ["a"]}
    [error] = errors(client, component(spec=spec))
    assert error["cause"]["name"] == "Error"
    assert error["cause"]["message"].startswith('Entity reference "a" had missing or empty kind')


def test_an_entity_without_anything_has_an_error(client: FlaskClient) -> None:
    [error] = errors(client, {})
    assert error["name"] == "TypeError"


@pytest.mark.parametrize(
    "text",
    ["a\x7fb", "a\u2028b", "\x85", "\ufeff", "{{ x }}", "{% x %}", "- a: b #", "\U0001f600", "<<"],
)
def test_texts_that_mean_something_to_yaml_mean_nothing_in_json(
    client: FlaskClient, text: str
) -> None:
    metadata = {"name": "v", "title": text, "description": f"{text}\n{text}"}
    good = component(metadata=metadata)
    assert client.post(PATH, json={"entity": good, "location": PLACE}).status_code == 200
    [error] = errors(client, component(metadata=metadata, spec={"type": "a", "owner": "b"}))
    assert "'lifecycle'" in error["message"]


def test_a_template_engines_marks_do_not_hide_an_error(client: FlaskClient) -> None:
    [error] = errors(client, component(metadata={"name": "{{{ name }}"}))
    assert 'but found "{{{ name }}"' in error["message"]


def test_placeholders_are_read_where_that_is_allowed_and_have_to_name_something(
    client: FlaskClient,
) -> None:
    def only(placeholder: Any, location: str = PLACE) -> str:
        spec = {"type": "service", "lifecycle": {"$text": placeholder}, "owner": "acme"}
        [error] = errors(client, component(spec=spec), location)
        start = (
            "Processor PlaceholderProcessor threw an error while preprocessing; caused by Error: "
        )
        return str(error["message"].removeprefix(start))

    assert only(1).startswith("Placeholder $text expected a string value parameter")
    assert only("./a.txt").startswith("Placeholder $text could not read location ./a.txt, ")
    assert "not in this repository" in only("file:///etc/passwd")
    elsewhere = "https://github.com/acme/other/blob/main/a.txt"
    assert "not in this repository" in only(elsewhere, "url:https://github.com/acme/a/blob/main/b")


@pytest.mark.parametrize(
    ("location", "message"),
    [
        (
            "file:/x",
            "Invalid location ref file:/x, only 'url:<target>' is supported, "
            "e.g. url:https://host/path",
        ),
        (
            "nope",
            "Unable to parse location ref 'nope', expected '<type>:<target>', "
            "e.g. 'url:https://host/path'",
        ),
        (
            "https://a",
            "Invalid location ref 'https://a', please prefix it with 'url:', e.g. 'url:https://a'",
        ),
    ],
)
def test_a_location_that_is_none_is_an_error_of_its_own(
    client: FlaskClient, location: str, message: str
) -> None:
    assert errors(client, component(), location) == [{"name": "TypeError", "message": message}]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"entity": {}}, "request/body must have required property 'location'"),
        ({"location": PLACE}, "request/body must have required property 'entity'"),
        ({"entity": "x", "location": PLACE}, "request/body/entity must be object"),
        ({"entity": [], "location": PLACE}, "request/body/entity must be object"),
        ({"entity": {}, "location": 1}, "request/body/location must be string"),
        ([], "request/body must be object"),
    ],
)
def test_a_request_of_another_form_is_refused(refused: Any, body: Any, message: str) -> None:
    assert refused("POST", "/validate-entity", json=body) == ("InputError", message)


def test_a_request_needs_a_body_and_no_parameters(refused: Any) -> None:
    name, message = refused("POST", "/validate-entity")
    assert (name, message) == ("InputError", "unsupported media type undefined")
    name, message = refused("POST", "/validate-entity?a=1", json={})
    assert message == "Unknown query parameter 'a'"
