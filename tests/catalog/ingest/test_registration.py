"""Registration: the Location entity that stands for a registered location."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from catalog.ingest.registration import generated_entity, generated_name, generated_ref

FORGE = "https://github.com/acme/shop/blob/main/services/catalog-info.yaml"


def body(**given: str) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(generated_entity(**given).body)
    return found


def test_its_name_is_made_of_type_and_target() -> None:
    digest = hashlib.sha1(b"url:https://a/b.yaml").hexdigest()
    assert generated_name("url", "https://a/b.yaml") == f"generated-{digest}"
    assert generated_ref("url", "https://a/b.yaml") == f"location:default/generated-{digest}"


def test_it_tells_where_it_is_from_and_what_it_names() -> None:
    assert body(type="url", target="https://a/b.yaml") == {
        "metadata": {
            "annotations": {
                "backstage.io/managed-by-location": "url:https://a/b.yaml",
                "backstage.io/managed-by-origin-location": "url:https://a/b.yaml",
                "backstage.io/view-url": "https://a/b.yaml",
            },
            "name": generated_name("url", "https://a/b.yaml"),
            "namespace": "default",
        },
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Location",
        "spec": {"type": "url", "target": "https://a/b.yaml"},
    }


def test_on_a_forge_it_also_tells_where_it_is_edited_and_keeps_the_spelling() -> None:
    annotations = body(type="url", target=FORGE)["metadata"]["annotations"]
    home = "https://github.com/acme/shop"
    assert annotations["backstage.io/managed-by-location"] == f"url:{FORGE}"
    assert annotations["backstage.io/view-url"] == FORGE
    path = "services/catalog-info.yaml"
    assert annotations["backstage.io/edit-url"] == f"{home}/edit/main/{path}"
    assert annotations["backstage.io/source-location"] == f"url:{home}/tree/main/services/"


def test_a_file_has_no_url_to_look_at() -> None:
    annotations = body(type="file", target="/srv/a.yaml")["metadata"]["annotations"]
    assert annotations.keys() == {
        "backstage.io/managed-by-location",
        "backstage.io/managed-by-origin-location",
    }


def test_only_an_optional_presence_is_told() -> None:
    optional = body(type="url", target="https://a", presence="optional")
    assert optional["spec"]["presence"] == "optional"
    assert "presence" not in body(type="url", target="https://a", presence="required")["spec"]


def test_it_keeps_the_name_it_got_when_it_named_another_target() -> None:
    first = generated_ref("url", "https://a")
    entity = generated_entity(type="url", target="https://b", ref=first)
    assert str(entity.ref) == first
    found = orjson.loads(entity.body)
    assert found["metadata"]["name"] == generated_name("url", "https://a")
    assert found["spec"]["target"] == "https://b"


def test_it_can_be_found_by_its_target() -> None:
    entity = generated_entity(type="url", target="https://a/B")
    assert ("spec.target", "https://a/B") in entity.found_by()
    assert entity.digest == hashlib.sha1(entity.body).hexdigest()
    assert entity.relations == ()
