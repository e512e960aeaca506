from typing import Any

import orjson
import pytest

from portal.api.backstage.projection import project, shower
from portal.db.catalog.answerable import Answerable

ENTITY: dict[str, Any] = {
    "kind": "Component",
    "metadata": {
        "name": "a",
        "annotations": {"github.com/project-slug": "a/b", "x": None},
        "links": [{"url": "u"}],
        "tags": ["a", "b", "c"],
    },
    "spec": {},
}


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        (["kind"], {"kind": "Component"}),
        (["metadata.name", "kind"], {"metadata": {"name": "a"}, "kind": "Component"}),
        (
            ["metadata.annotations.github.com/project-slug"],
            {"metadata": {"annotations": {"github.com/project-slug": "a/b"}}},
        ),
        (["metadata.annotations.x"], {"metadata": {"annotations": {"x": None}}}),
        (["metadata.links"], {"metadata": {"links": [{"url": "u"}]}}),
        (["metadata.links.url"], {}),
        (["metadata.links.0"], {"metadata": {"links": [{"url": "u"}]}}),
        (["metadata.links.0.url", "metadata.links.0.b.c"], {"metadata": {"links": [{"url": "u"}]}}),
        (["metadata.tags.2"], {"metadata": {"tags": [None, None, "c"]}}),
        (["metadata.tags.2", "metadata.tags.0"], {"metadata": {"tags": ["a", None, "c"]}}),
        (["metadata.tags.0", "metadata.tags"], {"metadata": {"tags": ["a", "b", "c"]}}),
        (["metadata.tags.3", "metadata.tags.-1", "metadata.tags.00", "metadata.tags.0.0"], {}),
        (["spec.0"], {}),
        (["Kind", "nope", "metadata.nope", "", ".", "metadata.", "metadata..name"], {}),
        (["spec"], {"spec": {}}),
        (["metadata", "metadata.name"], {"metadata": ENTITY["metadata"]}),
        (["metadata.name", "metadata"], {"metadata": ENTITY["metadata"]}),
    ],
)
def test_only_the_fields_asked_for_are_shown(fields: list[str], shown: dict[str, Any]) -> None:
    assert project(ENTITY, [field.split(".") for field in fields]) == shown


def stored(entity: dict[str, Any], *, status: bytes | None = None) -> Answerable:
    relations = b'[{"type":"ownedBy","targetRef":"group:default/x"}]'
    body = orjson.dumps(entity)
    return Answerable(
        id=1, ref="", uid="u", etag="e", body=body, relations=relations, status=status
    )


def _shown(fields: list[str], row: Answerable) -> bytes:
    show = shower(fields)
    assert show is not None
    return show(row)


META = {"name": "a", "spec": {"spec": {"name": "b"}}, "x": [',"spec":']}


@pytest.mark.parametrize("spec", [{"spec": {"kind": "other"}}, {}])
@pytest.mark.parametrize("metadata", [{"name": "a"}, META, {"name": ',"spec":'}])
def test_a_stored_entity_is_shown_with_uid_etag_relations_and_status(
    metadata: dict[str, Any], spec: dict[str, Any]
) -> None:
    row = stored({"metadata": metadata, "kind": "X", "spec": spec}, status=b'{"items":[1]}')
    whole = orjson.loads(row.answer())
    assert whole["metadata"] == {**metadata, "uid": "u", "etag": "e"}
    for fields in (list(whole), ["metadata"], ["kind", "relations"], ["kind", "spec.spec.kind"]):
        paths = [field.split(".") for field in fields]
        assert orjson.loads(_shown(fields, row)) == project(whole, paths)
    shown = _shown(["metadata.uid", "metadata.etag", "relations.type", "status.items"], row)
    assert shown == b'{"metadata":{"uid":"u","etag":"e"},"status":{"items":[1]}}'


def test_a_field_may_lead_into_the_relations_of_a_stored_entity() -> None:
    shown = _shown(["kind", "relations.0.targetRef", "relations.1.type"], stored(ENTITY))
    assert orjson.loads(shown) == {
        "kind": "Component",
        "relations": [{"targetRef": "group:default/x"}],
    }


def test_a_stored_entity_may_have_neither_spec_nor_status() -> None:
    row = stored({"metadata": {"spec": {"a": 1}, "name": "a"}, "kind": "X"})
    assert (
        _shown(["kind", "status", "metadata.spec.a"], row)
        == b'{"kind":"X","metadata":{"spec":{"a":1}}}'
    )


def test_without_fields_the_whole_entity_is_shown() -> None:
    assert shower([]) is None
