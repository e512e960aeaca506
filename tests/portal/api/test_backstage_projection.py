from typing import Any

import pytest

from portal.api.backstage.projection import project

ENTITY: dict[str, Any] = {
    "kind": "Component",
    "metadata": {
        "name": "a",
        "annotations": {"github.com/project-slug": "a/b", "x": None},
        "links": [{"url": "u"}],
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
        (["Kind", "nope", "metadata.nope", "", "."], {}),
        (["spec"], {"spec": {}}),
        (["metadata", "metadata.name"], {"metadata": ENTITY["metadata"]}),
        (["metadata.name", "metadata"], {"metadata": ENTITY["metadata"]}),
    ],
)
def test_only_the_fields_asked_for_are_shown(fields: list[str], shown: dict[str, Any]) -> None:
    assert project(ENTITY, fields) == shown
