"""Cycles in a graph."""

from hypothesis import given
from hypothesis import strategies as st

from catalog.cycles import Edge, cycles

EDGES = st.lists(st.tuples(st.sampled_from("abcdefg"), st.sampled_from("abcdefg")), max_size=20)


def reachable(edges: list[Edge], start: str) -> set[str]:
    """What one or more steps lead to."""
    found: set[str] = set()
    fresh = {start}
    while fresh:
        fresh = {target for source, target in edges if source in fresh} - found
        found |= fresh
    return found


@given(EDGES)
def test_a_group_holds_exactly_what_leads_to_each_other(edges: list[Edge]) -> None:
    after = {node: reachable(edges, node) for node in "abcdefg"}
    wanted = {
        tuple(sorted({other for other in after[node] if node in after[other]}))
        for node in "abcdefg"
        if node in after[node]
    }
    assert cycles(edges) == tuple(sorted(wanted))


def test_a_chain_has_none_and_a_node_that_leads_to_itself_is_one() -> None:
    assert cycles([("a", "b"), ("b", "c")]) == ()
    assert cycles([("a", "a"), ("a", "b")]) == (("a",),)


def test_a_very_long_cycle_is_found_without_recursion() -> None:
    nodes = [f"n{n:05}" for n in range(20_000)]
    found = cycles(zip(nodes, [*nodes[1:], nodes[0]], strict=True))
    assert found == (tuple(nodes),)
