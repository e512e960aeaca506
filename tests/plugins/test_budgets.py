from hypothesis import given
from hypothesis import strategies as st

from plugins.budgets import Budget, Left

lefts = st.builds(
    Left,
    share=st.sampled_from([0.0, 0.1, 0.5, 1.0]),
    reset=st.sampled_from([100.0, 200.0, 300.0]),
)
budgets = st.builds(
    Budget,
    until=st.sampled_from([0.0, 150.0, 250.0]),
    left=st.dictionaries(st.sampled_from(["core", "graphql"]), lefts),
)


@given(budgets, budgets, budgets)
def test_it_does_not_matter_who_tells_first_or_how_often(a: Budget, b: Budget, c: Budget) -> None:
    assert a.joined(b) == b.joined(a)
    assert a.joined(b).joined(c) == a.joined(b.joined(c))
    assert a.joined(a) == a
    assert a.joined(b).joined(b) == a.joined(b)


@given(budgets, budgets, st.integers(0, 400))
def test_what_both_know_is_never_more_than_one_of_them_knows(
    a: Budget, b: Budget, now: int
) -> None:
    both = a.joined(b).at(now)
    for one in (a.at(now), b.at(now)):
        assert both.until >= one.until
        for name, left in one.left.items():
            known = both.left[name]
            assert known.reset > left.reset or known.share <= left.share
