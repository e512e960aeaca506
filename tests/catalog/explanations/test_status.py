"""Status: what an entity says of its problems to Backstage's clients."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import orjson

from catalog.explanations.status import status_of
from catalog.problems import Problem, Severity

REF = "component:default/x"
FILE = "url:https://example.com/catalog-info.yaml"
MISSING = Problem(
    code="FIELD_REQUIRED",
    message="`spec.owner` is missing; a Component needs it.",
    hint="Add `owner`.",
    file="catalog-info.yaml",
    document=0,
    line=5,
    column=1,
    pointer="/spec/owner",
    found="nothing",
    expected="owner",
)
ODD = replace(MISSING, code="FIELD_NEAR_MISS", severity=Severity.WARNING, message="Odd.", line=2)
REMARK = replace(ODD, code="TEMPLATE_SKELETON", severity=Severity.INFO)


def items(*problems: Problem) -> list[dict[str, Any]]:
    status = status_of(problems, ref=REF, location=FILE)
    assert status is not None
    shown = orjson.loads(status)
    assert shown.keys() == {"items"}
    found: list[dict[str, Any]] = shown["items"]
    return found


def test_an_error_is_an_item_as_backstage_writes_it() -> None:
    [item] = items(MISSING)
    cause = {
        "name": "TypeError",
        "message": "/spec must have required property 'owner' - missingProperty: owner",
    }
    message = (
        "Processor BuiltinKindsEntityProcessor threw an error while validating the entity "
        f"component:default/x; caused by TypeError: {cause['message']}"
    )
    assert item.pop("plumbline") == MISSING.as_dict()
    assert item == {
        "type": "backstage.io/catalog-processing",
        "level": "error",
        "message": f"InputError: {message}",
        "error": {"name": "InputError", "message": message, "cause": cause},
    }


def test_a_warning_has_a_type_that_does_not_make_the_entity_look_broken() -> None:
    [item] = items(ODD)
    assert item == {
        "type": "plumbline.dev/catalog-problem",
        "level": "warning",
        "message": "Odd.",
        "plumbline": ODD.as_dict(),
    }


def test_there_is_no_status_where_there_is_nothing_to_tell() -> None:
    assert status_of([], ref=REF, location=FILE) is None
    assert status_of([REMARK], ref=REF, location=FILE) is None
    assert len(items(REMARK, ODD)) == 1


def test_errors_come_first_and_each_problem_once() -> None:
    assert [item["level"] for item in items(ODD, MISSING, ODD)] == ["error", "warning"]


def test_the_same_problems_found_in_another_order_are_the_same_bytes() -> None:
    found = [replace(MISSING, line=line, code=code) for line in (None, 1, 12, 2) for code in "AB"]
    found += [replace(MISSING, document=None, file=file) for file in ("a", "b")]
    expected = status_of(found, ref=REF, location=FILE)
    for seed in range(20):
        shuffled = random.Random(seed).sample(found, len(found))
        assert status_of(shuffled, ref=REF, location=FILE) == expected
