"""Normalization: what the catalog writes into an entity, and the bytes of it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson
import pytest

from catalog.descriptor.normalize import (
    EDIT_URL,
    MANAGED_BY,
    MANAGED_BY_ORIGIN,
    REJECTED_URL,
    VIEW_URL,
    normalize,
    serialize,
)
from catalog.problems import Problem


def normal(
    metadata: dict[str, Any] | None = None,
    spec: dict[str, Any] | None = None,
    extra: dict[str, str] | None = None,
) -> tuple[dict[str, Any], list[Problem]]:
    data: dict[str, Any] = {
        "apiVersion": "backstage.io/v1alpha1",
        "kind": "Component",
        "metadata": {"name": "x", **(metadata or {})},
        "spec": spec or {},
    }
    return normalize(
        data, location="file:/r/catalog-info.yaml", origin="file:/r", extra_annotations=extra or {}
    )


def test_namespace_is_written_out() -> None:
    assert normal()[0]["metadata"]["namespace"] == "default"
    assert normal({"namespace": "shop"})[0]["metadata"]["namespace"] == "shop"


def test_provenance_is_forced_and_a_false_claim_is_a_warning() -> None:
    entity, problems = normal({"annotations": {MANAGED_BY: "url:https://example.com", "a": "b"}})
    assert entity["metadata"]["annotations"] == {
        "a": "b",
        MANAGED_BY: "file:/r/catalog-info.yaml",
        MANAGED_BY_ORIGIN: "file:/r",
    }
    assert [(p.code, p.severity) for p in problems] == [("ANNOTATION_RESERVED", "warning")]


def test_true_claim_of_provenance_is_no_problem() -> None:
    assert normal({"annotations": {MANAGED_BY_ORIGIN: "file:/r"}})[1] == []


def test_extra_annotations_yield_to_the_file() -> None:
    extra = {
        "backstage.io/view-url": "https://a.example",
        "backstage.io/edit-url": "https://b.example",
    }
    entity, _ = normal({"annotations": {"backstage.io/view-url": "mine"}}, extra=extra)
    assert entity["metadata"]["annotations"]["backstage.io/view-url"] == "mine"
    assert entity["metadata"]["annotations"]["backstage.io/edit-url"] == "https://b.example"


@pytest.mark.parametrize("key", [VIEW_URL, EDIT_URL])
@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", " \x00JAVA\nscript\t:x", "\tj\ra\nv\tascript:"]
)
def test_link_that_would_run_a_script_is_replaced(key: str, url: str) -> None:
    entity, problems = normal({"annotations": {key: url}})
    assert entity["metadata"]["annotations"][key] == REJECTED_URL
    assert [(p.code, p.severity) for p in problems] == [("ANNOTATION_SCRIPT", "warning")]
    assert problems[0].pointer == "/metadata/annotations/" + key.replace("/", "~1")


@pytest.mark.parametrize("url", ["https://a.example/javascript:", "java script:x", "javascript"])
def test_other_links_stay(url: str) -> None:
    entity, problems = normal({"annotations": {VIEW_URL: url, "a": "javascript:x"}})
    assert entity["metadata"]["annotations"][VIEW_URL] == url
    assert entity["metadata"]["annotations"]["a"] == "javascript:x"
    assert problems == []


def test_null_annotations_become_a_mapping() -> None:
    assert MANAGED_BY in normal({"annotations": None})[0]["metadata"]["annotations"]


def test_uid_and_etag_of_the_file_are_dropped() -> None:
    metadata = normal({"uid": "u", "etag": "e"})[0]["metadata"]
    assert "uid" not in metadata
    assert "etag" not in metadata


def test_lists_of_references_are_sorted_by_utf16_code_unit() -> None:
    # U+10000 is written with surrogates, which sort before U+FF21.
    spec = {"dependsOn": ["b", "B", "\uff21", "\U00010000", "a"], "other": ["b", "a"]}
    entity, _ = normal(spec=spec)
    assert entity["spec"]["dependsOn"] == ["B", "a", "b", "\U00010000", "\uff21"]
    assert entity["spec"]["other"] == ["b", "a"]


def test_mixed_list_keeps_its_order() -> None:
    assert normal(spec={"dependsOn": ["b", 1, "a"]})[0]["spec"]["dependsOn"] == ["b", 1, "a"]


def test_body_begins_with_metadata_and_digest_is_its_sha1() -> None:
    body, digest = serialize(normal()[0])
    assert body.startswith(b'{"metadata":{')
    assert list(orjson.loads(body)) == ["metadata", "apiVersion", "kind", "spec"]
    assert digest == hashlib.sha1(body).hexdigest()


def test_whole_numbers_have_no_fraction() -> None:
    body, _ = serialize(normal(spec={"a": 1000.0, "b": [2.0, 2.5], "c": "1.0,"})[0])
    assert b'"spec":{"a":1000,"b":[2,2.5],"c":"1.0,"}' in body


def test_file_data_is_not_changed() -> None:
    spec = {"dependsOn": ["b", "a"]}
    normal(spec=spec)
    assert spec == {"dependsOn": ["b", "a"]}
