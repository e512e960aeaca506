"""Dry runs: what registering a location would come to, from what was read of it."""

from __future__ import annotations

import orjson
import pytest

from catalog.descriptor.descriptors import read_descriptor
from catalog.descriptor.rules import AllowedKind, AllowRule
from catalog.explanations.dry_run import DryRun, dry_run_answer
from catalog.ingest.registration import generated_name
from catalog.ingest.store import FileReading
from catalog.problems import Problem, Severity

TARGET = "https://example.com/catalog-info.yaml"
COMPONENT = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {{name: {name}}}
spec: {{type: service, lifecycle: production{owner}}}
"""
GOOD = COMPONENT.format(name="one", owner=", owner: team")
BAD = COMPONENT.format(name="two", owner="")
ALLOWED = (AllowRule(kinds=(AllowedKind(kind="Component"),)),)


def reading(*texts: str, url: str = TARGET, problems: tuple[Problem, ...] = ()) -> FileReading:
    outcomes, more = read_descriptor(
        "---\n".join(texts).encode(),
        file="catalog-info.yaml",
        location=f"url:{url}",
        origin=f"url:{TARGET}",
        rules=ALLOWED,
    )
    return FileReading(
        path="catalog-info.yaml",
        token="1",
        url=f"url:{url}",
        outcomes=outcomes,
        problems=(*more, *problems),
    )


def answer(*readings: FileReading, failures: tuple[Problem, ...] = ()) -> DryRun:
    return dry_run_answer(type="url", target=TARGET, readings=readings, failures=failures)


def test_the_location_entity_comes_first_and_then_all_that_it_leads_to() -> None:
    found = answer(
        reading(GOOD), reading(GOOD.replace("name: one", "name: three"), url="https://a/b.yaml")
    )
    assert found.errors == ()
    entities = [orjson.loads(body) for body in found.entities]
    names = [entity["metadata"]["name"] for entity in entities]
    assert names == [generated_name("url", TARGET), "one", "three"]
    assert entities[0]["spec"] == {"type": "url", "target": TARGET}
    assert not any("uid" in entity["metadata"] or "relations" in entity for entity in entities)


def test_every_error_of_every_file_is_told() -> None:
    gone = Problem(code="NOT_FOUND", message="Unable to read url, no matching files found for a")
    found = answer(reading(BAD, GOOD), reading("[", url="https://a/b.yaml"), failures=(gone,))
    assert [error.split(" ")[0] for error in found.errors] == [
        "NotFoundError:",
        "InputError:",
        "Error:",
    ]
    assert "the entity component:default/two; caused by TypeError" in found.errors[1]
    assert "YAML error at url:https://a/b.yaml, " in found.errors[2]


def test_a_kind_that_is_not_allowed_is_told_with_the_registered_location() -> None:
    group = GOOD.replace("Component", "Group").replace(
        "{type: service, lifecycle: production, owner: team}", "{type: team, children: []}"
    )
    [error] = answer(reading(group, url="https://a/b.yaml")).errors
    assert error == (
        "NotAllowedError: Entity group:default/one at url:https://a/b.yaml, originated at "
        f"url:{TARGET}, is not of an allowed kind for that location"
    )


def test_an_entity_that_comes_twice_is_refused() -> None:
    twice = "Error: Duplicate nested entity: component:default/one"
    assert answer(reading(GOOD, GOOD)).errors == (twice,)
    assert answer(reading(GOOD), reading(GOOD, url="https://a/b.yaml")).errors == (twice,)


def test_what_backstage_takes_for_an_error_is_one() -> None:
    missing = Problem(
        code="LOCATION_TARGET_MISSING",
        severity=Severity.WARNING,
        message="The target names no file.",
        found="./b.yaml",
    )
    odd = Problem(code="FIELD_NEAR_MISS", severity=Severity.WARNING, message="Odd.")
    found = answer(reading(GOOD, problems=(missing, odd)))
    assert found.errors == (
        "NotFoundError: Unable to read url, no matching files found for ./b.yaml",
    )


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("some notes\n", "Error: Expected object at root, got string"),
        ("- a\n", "Error: Expected object at root, got object"),
        (
            "{a: b}\n",
            "TypeError: <root> must have required property 'apiVersion' - "
            "missingProperty: apiVersion",
        ),
    ],
)
def test_a_file_that_holds_something_else_is_told(text: str, error: str) -> None:
    outcomes, _ = read_descriptor(text.encode(), file="notes.txt", location="url:a", origin="url:a")
    notes = FileReading(path="notes.txt", token="1", url="url:a", outcomes=outcomes, problems=())
    assert answer(notes).errors == (error,)


def test_a_location_that_leads_to_nothing_is_its_entity_alone() -> None:
    found = answer()
    assert (len(found.entities), found.errors) == (1, ())
