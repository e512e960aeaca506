"""What changed between two JSON values."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.diffing import Added, Change, Changed, Removed, diff

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "b", "/", "~"])
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text("ab/~", max_size=2), inner),
    max_leaves=20,
)


def steps(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def parent(data: Any, path: list[str]) -> tuple[Any, Any]:
    for step in path[:-1]:
        data = data[int(step)] if isinstance(data, list) else data[step]
    return data, int(path[-1]) if isinstance(data, list) else path[-1]


def applied(before: Any, changes: tuple[Change, ...]) -> Any:
    """Replace, then take out from the end, then put in from the start: as the pointers are meant."""
    box = [deepcopy(before)]
    for change in changes:
        if isinstance(change, Changed):
            holder, key = parent(box, ["0", *steps(change.pointer)])
            assert holder[key] == change.before
            holder[key] = change.after
    for change in reversed(changes):
        if isinstance(change, Removed):
            holder, key = parent(box, ["0", *steps(change.pointer)])
            assert holder.pop(key) == change.before
    for change in changes:
        if isinstance(change, Added):
            holder, key = parent(box, ["0", *steps(change.pointer)])
            if isinstance(holder, list):
                holder.insert(key, change.after)
            else:
                assert key not in holder
                holder[key] = change.after
    return box[0]


def typed(value: Any) -> Any:
    """The value such that true and 1 are not equal."""
    match value:
        case dict():
            return {key: typed(inner) for key, inner in value.items()}
        case list():
            return [typed(inner) for inner in value]
        case _:
            return type(value), value


@given(VALUES, VALUES)
def test_a_diff_leads_from_the_one_value_to_the_other(before: Any, after: Any) -> None:
    changes = diff(before, after, most=10_000).changes
    assert typed(applied(before, changes)) == typed(after)


@given(VALUES)
def test_nothing_changed_between_equal_values(value: Any) -> None:
    assert diff(value, deepcopy(value)).changes == ()


@given(st.lists(SCALARS, max_size=8), st.integers(0, 8), SCALARS)
def test_one_more_element_of_a_list_is_one_change(items: list[Any], place: int, new: Any) -> None:
    place = min(place, len(items))
    [change] = diff(items, [*items[:place], new, *items[place:]]).changes
    assert isinstance(change, Added)
    assert typed(change.after) == typed(new)


def test_fields_are_told_in_their_order_with_both_values() -> None:
    before = {"spec": {"owner": "team-a", "lifecycle": "production"}, "metadata": {"name": "x"}}
    after = {"spec": {"owner": "team-b", "type": "service"}, "metadata": {"name": "x"}}
    assert diff(before, after).changes == (
        Removed(pointer="/spec/lifecycle", before="production"),
        Changed(pointer="/spec/owner", before="team-a", after="team-b"),
        Added(pointer="/spec/type", after="service"),
    )


def test_tags_that_come_and_go_leave_the_others_alone() -> None:
    found = diff({"tags": ["a", "b", "c"]}, {"tags": ["b", "c", "d"]})
    assert found.changes == (
        Removed(pointer="/tags/0", before="a"),
        Added(pointer="/tags/2", after="d"),
    )


def test_links_are_compared_one_by_one() -> None:
    before = [{"url": "https://a", "title": "A"}, {"url": "https://b"}]
    after = [{"url": "https://a", "title": "Docs"}, {"url": "https://b"}, {"url": "https://c"}]
    assert diff(before, after).changes == (
        Changed(pointer="/0/title", before="A", after="Docs"),
        Added(pointer="/2", after={"url": "https://c"}),
    )


def test_a_key_with_a_slash_is_one_step() -> None:
    [change] = diff({}, {"a/b~c": 1}).changes
    assert change.pointer == "/a~1b~0c"


@pytest.mark.parametrize(("before", "after"), [(1, True), (1, 1.0), (None, False), ([], {})])
def test_values_of_other_types_are_other_values(before: Any, after: Any) -> None:
    assert diff(before, after).changes == (Changed(pointer="", before=before, after=after),)


def test_a_diff_is_bounded_and_says_so() -> None:
    found = diff({}, {f"k{n:04}": n for n in range(300)}, most=10)
    assert len(found.changes) == 10
    assert found.truncated
    assert not diff({}, {"a": 1}, most=1).truncated


def test_long_lists_that_share_little_change_as_a_whole_and_quickly() -> None:
    before, after = [f"a{n % 7}" for n in range(5_000)], [f"a{n % 5}" for n in range(5_000)]
    changes = diff(before, after, most=20_000).changes
    assert applied(before, changes) == after
