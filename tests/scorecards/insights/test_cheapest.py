"""The exact search for the cheapest changes, against trying everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from scorecards.insights import cheapest
from scorecards.insights.cheapest import cheapest_changes
from scorecards.results import Outcome
from scorecards.rules import All, Any, AtLeast, Leaf, Not, Rule, decide, leaves

NAMES = "abcdef"


def leaf(name: str) -> Leaf:
    return Leaf(expression=name)


def _several(parts: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    some = st.lists(parts, min_size=1, max_size=4).map(tuple)
    return st.one_of(
        some.map(lambda p: All(parts=p)),
        some.map(lambda p: Any(parts=p)),
        parts.map(lambda p: Not(part=p)),
        st.tuples(st.integers(1, 5), some).map(lambda c: AtLeast(count=c[0], parts=c[1])),
    )


RULES = st.recursive(st.sampled_from(NAMES).map(leaf), _several, max_leaves=8)
OUTCOMES = st.sampled_from([Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR])


def tried(
    rules: Sequence[Rule], outcomes: Mapping[str, Outcome], prices: Mapping[str, int]
) -> int | None:
    """The price of the cheapest of all possible changes; None: there is none."""
    names = sorted({one.expression for rule in rules for one in leaves(rule)})
    best = None
    for values in product((None, True, False), repeat=len(names)):
        chosen = dict(zip(names, values, strict=True))
        after = {**outcomes, **_as_outcomes(chosen)}
        if all(decide(rule, after) is Outcome.PASS for rule in rules):
            changed = [name for name in names if after[name] is not outcomes[name]]
            price = sum(prices[name] for name in changed)
            best = price if best is None else min(best, price)
    return best


def _as_outcomes(values: Mapping[str, bool | None]) -> dict[str, Outcome]:
    return {
        name: Outcome.PASS if value else Outcome.FAIL
        for name, value in values.items()
        if value is not None
    }


@given(
    st.lists(RULES, min_size=1, max_size=3),
    st.fixed_dictionaries(dict.fromkeys(NAMES, OUTCOMES)),
    st.fixed_dictionaries(dict.fromkeys(NAMES, st.integers(1, 9))),
)
def test_nothing_is_cheaper_than_what_the_search_finds(
    rules: list[Rule], outcomes: dict[str, Outcome], prices: dict[str, int]
) -> None:
    found = cheapest_changes(rules, outcomes, prices)
    expected = tried(rules, outcomes, prices)
    assert found.exact
    if expected is None:
        assert found.changes is None
        return
    assert found.changes is not None
    assert found.price == expected == sum(prices[name] for name in found.changes)
    after = {**outcomes, **_as_outcomes(found.changes)}
    assert all(decide(rule, after) is Outcome.PASS for rule in rules)
    assert all(after[name] is not outcomes[name] for name in found.changes)


def test_of_alternatives_the_cheapest_is_enough() -> None:
    rule = Any(parts=(leaf("a"), All(parts=(leaf("b"), leaf("c")))))
    outcomes = dict.fromkeys("abc", Outcome.FAIL)
    found = cheapest_changes([rule], outcomes, {"a": 9, "b": 2, "c": 3})
    assert found.changes == {"b": True, "c": True}


def test_a_leaf_that_two_rules_ask_for_is_paid_once() -> None:
    # Alone, each would take its own cheaper leaf; together the shared one costs less.
    rules = [Any(parts=(leaf("a"), leaf("s"))), Any(parts=(leaf("b"), leaf("s")))]
    outcomes = dict.fromkeys("abs", Outcome.FAIL)
    found = cheapest_changes(rules, outcomes, {"a": 4, "b": 4, "s": 6})
    assert (found.changes, found.price) == ({"s": True}, 6)


def test_what_contradicts_itself_cannot_be_reached() -> None:
    rule = All(parts=(leaf("a"), Not(part=leaf("a"))))
    assert cheapest_changes([rule], {"a": Outcome.UNKNOWN}, {"a": 1}).changes is None


def test_a_search_that_was_cut_short_says_so() -> None:
    # Choosing a cover of many overlapping sets: what no bound of this search makes short.
    names = [f"s{n}" for n in range(60)]
    rules = [
        Any(parts=tuple(leaf(names[(start + step) % 60]) for step in (0, 7, 19, 31)))
        for start in range(60)
    ]
    outcomes = dict.fromkeys(names, Outcome.FAIL)
    prices = {name: 10 + n % 7 for n, name in enumerate(names)}
    found = cheapest_changes(rules, outcomes, prices)
    assert not found.exact
    assert found.changes is not None
    after = {**outcomes, **_as_outcomes(found.changes)}
    assert all(decide(rule, after) is Outcome.PASS for rule in rules)
    assert cheapest.MOST_BRANCHES < 10_000
