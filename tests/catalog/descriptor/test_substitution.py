"""Placeholders: what is taken in, what stays, and what an author is told."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.descriptor.substitution import MOST_BYTES, substitute
from catalog.problems import Problem, Severity

FILES = {
    "text": "hello: ü\n".encode(),
    "json": b'{"a": [1, {"$text": "text"}]}',
    "yaml": b"a: yes\n",
    "two.yaml": b"a: 1\n---\nb: 2\n",
    "latin1": b"\xff",
    "nul": b"a\0b",
    "api/main.yaml": b"openapi: 3.0.0\na: {$ref: parts/pet.json}\n",
    "api/parts/pet.json": b'{"type": "object"}',
    "api/broken.yaml": b"a: {$ref: missing.yaml}\n",
    "nul.json": b'{"a": "\\u0000"}',
    "deep.json": b"[" * 500 + b"]" * 500,
}


def resolve(target: str) -> bytes | Problem:
    return FILES.get(target) or Problem(code="PLACEHOLDER_UNREADABLE", message="No such file.")


def taken_in(value: Any, **options: Any) -> tuple[Any, list[Problem]]:
    data, problems = substitute({"spec": {"x": value}}, options.get("resolve", resolve))
    spec = data["spec"]
    assert isinstance(spec, dict)
    return spec["x"], problems


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$text": "text"}, "hello: ü\n"),
        ({"$openapi": "text"}, "hello: ü\n"),
        ({"$yaml": "yaml"}, {"a": "yes"}),
        ([{"b": {"$text": "text"}}], [{"b": "hello: ü\n"}]),
    ],
)
def test_placeholder_is_replaced(value: object, expected: object) -> None:
    assert taken_in(value) == (expected, [])


def test_what_was_taken_in_is_not_scanned_again() -> None:
    assert taken_in({"$json": "json"})[0] == {"a": [1, {"$text": "text"}]}


@pytest.mark.parametrize(
    "value", [{"$ref": "text"}, {"$text": "text", "b": 1}, {"$id": {"c": {"$text": "text"}}}]
)
def test_other_dollar_keys_are_left_alone(value: object) -> None:
    assert taken_in(value) == (value, [])


@pytest.mark.parametrize(
    "value",
    [
        {"$text": "missing"},
        {"$text": "latin1"},
        {"$text": "nul"},
        {"$json": "text"},
        {"$json": "nul.json"},
        {"$json": "deep.json"},
        {"$yaml": "two.yaml"},
        {"$yaml": "latin1"},
    ],
)
def test_unreadable_target_costs_the_document(value: dict[str, str]) -> None:
    kept, problems = taken_in(value)
    assert kept == value
    assert [(p.code, p.severity) for p in problems] == [("PLACEHOLDER_UNREADABLE", Severity.ERROR)]
    assert problems[0].pointer == f"/spec/x/{next(iter(value))}"


@pytest.mark.parametrize("key", ["$openapi", "$asyncapi"])
def test_definition_is_taken_in_with_what_it_refers_to(key: str) -> None:
    value, problems = taken_in({key: "api/main.yaml"})
    assert value == "openapi: 3.0.0\na:\n  type: object\n"
    assert problems == []


def test_definition_that_cannot_be_bundled_is_taken_in_as_it_stands() -> None:
    value, problems = taken_in({"$openapi": "api/broken.yaml"})
    assert value == "a: {$ref: missing.yaml}\n"
    assert [(p.code, p.severity, p.pointer) for p in problems] == [
        ("DEFINITION_NOT_BUNDLED", Severity.WARNING, "/spec/x/$openapi")
    ]
    assert "`api/missing.yaml`" in problems[0].message


def test_what_definitions_take_in_counts_as_well() -> None:
    files = {"a": b"x: {$ref: b}", "b": b"'" + b"x" * (MOST_BYTES // 2) + b"'"}
    _, problems = taken_in([{"$openapi": "a"}, {"$text": "b"}], resolve=files.__getitem__)
    assert [(p.code, p.pointer) for p in problems] == [("PLACEHOLDER_TOO_LARGE", "/spec/x/1/$text")]


def test_without_a_resolver_placeholders_stay() -> None:
    assert taken_in({"$text": "missing"}, resolve=None) == ({"$text": "missing"}, [])


@pytest.mark.parametrize("target", ["openapi: 3.0.0\ninfo: {}\n", '{\n "a": 1\n}'])
def test_inline_content_is_an_error_with_and_without_a_resolver(target: str) -> None:
    for one in (resolve, None):
        _, problems = taken_in({"$text": target}, resolve=one)
        assert [(p.code, p.severity) for p in problems] == [("PLACEHOLDER_INLINE", Severity.ERROR)]
        assert "`x: |`" in problems[0].hint


@pytest.mark.parametrize("target", [3, None, "", "  ", ["a"]])
def test_target_that_is_no_text_is_an_error(target: object) -> None:
    assert [p.code for p in taken_in({"$text": target})[1]] == ["PLACEHOLDER_TARGET"]


def test_identity_is_never_taken_in() -> None:
    data = {"kind": {"$text": "text"}, "metadata": {"name": {"$text": "text"}}}
    assert substitute(data, resolve) == (data, [])


def test_description_may_be_taken_in() -> None:
    data, _ = substitute({"metadata": {"name": "x", "description": {"$text": "text"}}}, resolve)
    assert data == {"metadata": {"name": "x", "description": "hello: ü\n"}}


def test_one_document_takes_in_only_so_much() -> None:
    half = b"x" * (MOST_BYTES // 2)
    kept, problems = taken_in([{"$text": "half"}] * 3, resolve=lambda _: half)
    assert kept[2] == {"$text": "half"}
    assert [p.code for p in problems] == ["PLACEHOLDER_TOO_LARGE"]
