"""Rollups: every entity once in each of its groups, and fair comparison."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from scorecards.insights.rollup import (
    Columns,
    Group,
    compare,
    roll_up,
    tally_up,
    whole,
    with_ancestors,
)

letters = st.sampled_from([2, 3, 3, 3]).flatmap(
    lambda checks: st.text("pfunxe", min_size=checks, max_size=checks)
)
results = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), letters), max_size=12)
members = st.dictionaries(st.integers(0, 11), st.lists(st.sampled_from("xyz"), max_size=3))
ways = st.dictionaries(st.integers(0, 6), st.lists(st.integers(0, 6), max_size=3), max_size=6)


def group(*letters: dict[str, int]) -> Group[str]:
    return Group(key="g", total=0, proven=(), possible=(), checks=letters)


def columns(found: Sequence[tuple[int, int, str]]) -> Columns:
    proven, possible, outcomes = zip(*found, strict=True) if found else ((), (), ())
    return Columns(entities=range(len(found)), proven=proven, possible=possible, outcomes=outcomes)


def naive(found: Sequence[tuple[int, int, str]], key: str | None) -> Group[str | None]:
    """What `roll_up` says of these entities, counted one by one."""
    mine = [row for row in found if len(row[2]) == 3]
    return Group(
        key=key,
        total=len(mine),
        proven=tuple(sum(min(row[0], 3) == level for row in mine) for level in range(4)),
        possible=tuple(sum(min(row[1], 3) == level for row in mine) for level in range(4)),
        checks=tuple(dict(Counter(row[2][check] for row in mine)) for check in range(3)),
    )


@given(results, members)
def test_a_group_counts_each_of_its_entities_once(
    found: list[tuple[int, int, str]], groups: dict[int, list[str]]
) -> None:
    rolled = roll_up(columns(found), groups, levels=4, checks=3)
    of = {key: [row for n, row in enumerate(found) if key in groups.get(n, ())] for key in "xyz"}
    expected = [one for key, mine in of.items() if (one := naive(mine, key)).total]
    assert rolled == sorted(expected, key=lambda one: (-one.total, one.key))
    tallied, rest = tally_up(columns(found), groups, checks=3)
    assert {key: (one.total, +Counter(one.letters)) for key, one in tallied.items()} == {
        one.key: (one.total, one.letters) for one in rolled
    }
    alone = naive([row for n, row in enumerate(found) if not groups.get(n)], None)
    assert (rest.total, +Counter(rest.letters)) == (alone.total, alone.letters)


@given(results)
def test_the_whole_has_everything_on_a_level_and_the_checks_that_there_are(
    found: list[tuple[int, int, str]],
) -> None:
    all_of_it = whole(columns(found), levels=4, checks=3)
    assert all_of_it.total == len(found) == sum(all_of_it.proven) == sum(all_of_it.possible)
    assert all_of_it.proven[3] == sum(row[0] >= 3 for row in found)
    assert all_of_it.checks == naive(found, None).checks


def test_results_of_another_number_of_checks_wait_for_the_next_assessment() -> None:
    found = columns([(0, 0, "pp"), (0, 0, "p")])
    rolled = roll_up(found, {0: "x", 1: "x"}, levels=1, checks=1)
    assert [one.total for one in rolled] == [1]


@given(ways, ways)
def test_ancestors_are_whatever_can_be_reached(
    owners: dict[int, list[int]], parents: dict[int, list[int]]
) -> None:
    for entity, found in with_ancestors(owners, parents).items():
        expected = set(owners[entity])
        for _ in range(8):
            expected |= {above for one in expected for above in parents.get(one, ())}
        assert found == expected


def test_groups_are_compared_on_what_both_are_judged_by_with_equal_weights() -> None:
    one = group({"p": 9, "f": 1}, {"p": 1, "f": 1}, {"u": 3})
    other = group({"p": 1}, {"f": 100}, {"p": 5})
    found = compare(one, other)
    assert (found.checks, found.rate, found.other) == (2, Fraction(7, 10), Fraction(1, 2))
    nothing = compare(group({"n": 1}), group({"p": 1}))
    assert (nothing.checks, nothing.rate, nothing.other) == (0, None, None)
