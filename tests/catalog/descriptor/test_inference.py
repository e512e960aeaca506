"""Owners that nobody declared: who they are, for which kinds, and that they are said to be inferred."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from catalog.descriptor.descriptors import read_descriptor
from catalog.descriptor.inference import (
    INFERRED_FROM,
    LARGEST,
    Inferred,
    infer,
    looked_at,
    owner_ref,
)
from catalog.entity import Outcome, Verdict

SPECS = {
    "API": "type: openapi, lifecycle: production, definition: x",
    "Component": "type: service, lifecycle: production",
    "Domain": "",
    "Resource": "type: database",
    "System": "",
}
FOUND = Inferred(owner="group:team", source="CODEOWNERS: *")


def outcome(text: str, found: Inferred | None = FOUND, *, on: bool = True) -> Outcome:
    (only,), _ = read_descriptor(
        text.encode(),
        file="a/catalog-info.yaml",
        location="url:https://f.example/o/r/blob/main/a/catalog-info.yaml",
        origin="url:https://f.example/o",
        infer=(lambda: found) if on else None,
    )
    return only


def descriptor(kind: str, spec: str, more: str = "") -> str:
    return (
        f"apiVersion: backstage.io/v1alpha1\nkind: {kind}\n"
        f"metadata: {{name: a{more}}}\nspec: {{{spec}}}\n"
    )


def body(one: Outcome) -> dict[str, Any]:
    assert one.entity is not None, one.problems
    found: dict[str, Any] = orjson.loads(one.entity.body)
    return found


@pytest.mark.parametrize(("kind", "spec"), SPECS.items())
def test_an_entity_that_names_no_owner_has_the_inferred_one_and_says_so(
    kind: str, spec: str
) -> None:
    read = outcome(descriptor(kind, spec))
    assert body(read)["spec"]["owner"] == "group:team"
    assert body(read)["metadata"]["annotations"][INFERRED_FROM] == "CODEOWNERS: *"
    assert read.entity is not None
    assert (f"{kind.lower()}:default/a", "ownedBy", "group:default/team") in read.entity.relations
    assert read.problems == ()


@pytest.mark.parametrize(
    ("found", "on"), [(None, True), (FOUND, False)], ids=["nobody is found", "it is off"]
)
def test_without_an_owner_it_is_as_it_always_was(found: Inferred | None, on: bool) -> None:
    read = outcome(descriptor("Component", SPECS["Component"]), found, on=on)
    assert read.verdict is Verdict.REJECT
    assert [problem.pointer for problem in read.problems] == ["/spec/owner"]


def test_a_declared_owner_always_wins_and_blank_ones_are_none() -> None:
    read = outcome(descriptor("Component", f"{SPECS['Component']}, owner: us"))
    assert body(read)["spec"]["owner"] == "us"
    assert INFERRED_FROM not in body(read)["metadata"]["annotations"]
    for blank in ("''", "null"):
        read = outcome(descriptor("Component", f"{SPECS['Component']}, owner: {blank}"))
        assert body(read)["spec"]["owner"] == "group:team"
    assert outcome(descriptor("Component", f"{SPECS['Component']}, owner: [us]")).entity is None


def test_other_kinds_get_no_owner() -> None:
    read = outcome(descriptor("Group", "type: team, children: []"))
    assert "owner" not in body(read)["spec"]


def test_no_file_can_claim_that_its_owner_was_inferred() -> None:
    forged = f", annotations: {{{INFERRED_FROM}: me, other: x}}"
    for on in (True, False):
        read = outcome(descriptor("Component", f"{SPECS['Component']}, owner: us", forged), on=on)
        annotations = body(read)["metadata"]["annotations"]
        assert (INFERRED_FROM in annotations, annotations["other"]) == (False, "x")
        assert [problem.code for problem in read.problems] == ["ANNOTATION_RESERVED"]


@pytest.mark.parametrize(
    ("named", "ref"),
    [
        ("@acme/team", "group:team"),
        ("@acme/sub/team", "group:team"),
        ("@bob", "user:bob"),
        ("ada@example.org", "ada"),
        ("verbatim", "verbatim"),
    ],
)
def test_an_owner_is_the_entity_that_backstage_takes_it_for(named: str, ref: str) -> None:
    assert owner_ref(named) == ref


def test_the_first_owner_of_the_last_rule_that_fits_is_taken() -> None:
    rules = b"* @acme/all\r\n/a/ @@developer @acme/team @bob\r\n/b/\r\n"
    found = {path: infer(rules, place="CODEOWNERS", path=path) for path in ("x", "a/x", "b/x")}
    assert found == {
        "x": Inferred(owner="group:all", source="CODEOWNERS: *"),
        "a/x": Inferred(owner="group:team", source="CODEOWNERS: /a/"),
        "b/x": None,
    }
    assert infer(b"/c/ @bob", place="CODEOWNERS", path="x") is None
    assert infer(b"* @bob\n" + b"#" * LARGEST, place="CODEOWNERS", path="x") is None


def test_what_is_looked_at_ends_with_the_file_that_counts() -> None:
    assert looked_at(["docs/CODEOWNERS", "CODEOWNERS"]) == (".github/CODEOWNERS", "CODEOWNERS")
    assert len(looked_at([])) == 5
