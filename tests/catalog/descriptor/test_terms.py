"""Terms: the search rows of an entity (reference 4.4)."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalog.descriptor.terms import terms


def rows(data: dict[str, Any]) -> list[tuple[str, str | None]]:
    found, problems = terms(data)
    assert not problems
    return [*found]


def test_paths_are_lower_case_and_values_keep_theirs() -> None:
    assert rows({"spec": {"lifeCycle": "Production"}}) == [("spec.lifecycle", "Production")]


def test_list_item_is_found_by_path_and_by_its_own_key() -> None:
    assert rows({"metadata": {"tags": ["java", "web"]}}) == [
        ("metadata.tags", "java"),
        ("metadata.tags", "web"),
        ("metadata.tags.java", "true"),
        ("metadata.tags.web", "true"),
    ]


def test_mappings_in_lists_share_their_path() -> None:
    data = {"metadata": {"links": [{"url": "a:b"}, {"url": "c:d"}]}}
    assert rows(data) == [("metadata.links.url", "a:b"), ("metadata.links.url", "c:d")]


def test_columns_and_edges_are_left_out() -> None:
    metadata = {"name": "x", "namespace": "y", "uid": "u", "etag": "e", "title": "T"}
    data = {"kind": "Component", "apiVersion": "v1", "metadata": metadata, "relations": [{"a": 1}]}
    assert rows(data) == [("apiversion", "v1"), ("metadata.title", "T")]


def test_scalars_read_as_in_javascript() -> None:
    spec = {"a": True, "b": 1000.0, "c": 1.5, "d": None, "e": 3, "f": 1e21, "g": 1e-7}
    assert rows({"spec": spec}) == [
        ("spec.a", "true"),
        ("spec.b", "1000"),
        ("spec.c", "1.5"),
        ("spec.d", None),
        ("spec.e", "3"),
        ("spec.f", "1e+21"),
        ("spec.g", "1e-7"),
    ]


def test_long_values_are_null_and_long_keys_are_dropped() -> None:
    spec = {"a": "x" * 200, "b": "x" * 201, "c": "😀" * 101, "k" * 196: "x", "k" * 195: "x"}
    found = dict(rows({"spec": spec}))
    assert found["spec.a"] == "x" * 200
    assert found["spec.b"] is None
    assert found["spec.c"] is None
    assert "spec." + "k" * 195 in found
    assert "spec." + "k" * 196 not in found


def test_values_that_differ_in_case_are_one_term() -> None:
    assert rows({"spec": {"a": [{"x": "Go"}, {"x": "go"}]}}) == [("spec.a.x", "Go")]


def test_keys_that_differ_only_in_case_are_a_problem() -> None:
    _, problems = terms({"spec": {"owner": "a", "Owner": "b"}})
    assert [problem.code for problem in problems] == ["KEYS_DIFFER_IN_CASE"]
    assert "`spec.Owner` and `spec.owner`" in problems[0].message


def test_list_items_that_differ_only_in_case_are_one_key() -> None:
    found, problems = terms({"spec": {"list": ["Go", "go"]}})
    assert problems == []
    assert ("spec.list.go", "true") in found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_terms_are_sorted_and_unique_whatever_the_value(value: Any) -> None:
    found, _ = terms({"spec": value})
    assert len(set(found)) == len(found)
    assert [key for key, _ in found] == sorted(key for key, _ in found)
