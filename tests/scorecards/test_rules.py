"""The laws of strong Kleene logic, on generated trees."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scorecards.results import Outcome
from scorecards.rules import All, Any, AtLeast, Leaf, Not, Rule, decide, deciding, leaves

NAMES = [f"leaf{i}" for i in range(5)]
P, F, U, E = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR

some_leaf = st.sampled_from(NAMES).map(lambda name: Leaf(expression=name))


def _nodes(children: st.SearchStrategy[Rule]) -> st.SearchStrategy[Rule]:
    parts = st.lists(children, min_size=1, max_size=4).map(tuple)
    return st.one_of(
        parts.map(lambda p: All(parts=p)),
        parts.map(lambda p: Any(parts=p)),
        children.map(lambda p: Not(part=p)),
        parts.flatmap(lambda p: st.integers(1, len(p)).map(lambda n: AtLeast(count=n, parts=p))),
    )


some_rule = st.recursive(some_leaf, _nodes, max_leaves=12)
some_outcomes = st.fixed_dictionaries({name: st.sampled_from([P, F, U, E]) for name in NAMES})
settled = st.fixed_dictionaries({name: st.sampled_from([P, F]) for name in NAMES})


@given(some_rule, some_outcomes, settled)
def test_more_information_never_changes_what_was_decided(
    rule: Rule, before: dict[str, Outcome], news: dict[str, Outcome]
) -> None:
    outcome = decide(rule, before)
    after = {name: said if said in (P, F) else news[name] for name, said in before.items()}
    if outcome in (P, F):
        assert decide(rule, after) == outcome


@given(some_rule, settled)
def test_where_everything_is_known_the_logic_is_the_ordinary_one(
    rule: Rule, outcomes: dict[str, Outcome]
) -> None:
    def holds(node: Rule) -> bool:
        match node:
            case Leaf(expression=name):
                return outcomes[name] is P
            case All(parts=parts):
                return all(holds(p) for p in parts)
            case Any(parts=parts):
                return any(holds(p) for p in parts)
            case Not(part=part):
                return not holds(part)
            case AtLeast(count=count, parts=parts):
                return sum(holds(p) for p in parts) >= count

    assert decide(rule, outcomes) is (P if holds(rule) else F)


@given(st.lists(some_rule, min_size=1, max_size=4).map(tuple), some_outcomes)
def test_de_morgan_holds(parts: tuple[Rule, ...], outcomes: dict[str, Outcome]) -> None:
    nots = tuple(Not(part=p) for p in parts)
    assert decide(Not(part=All(parts=parts)), outcomes) == decide(Any(parts=nots), outcomes)
    assert decide(Not(part=Any(parts=parts)), outcomes) == decide(All(parts=nots), outcomes)


@given(st.lists(some_rule, min_size=1, max_size=5).map(tuple), some_outcomes)
def test_at_least_lies_between_any_and_all(
    parts: tuple[Rule, ...], outcomes: dict[str, Outcome]
) -> None:
    said = [decide(AtLeast(count=n, parts=parts), outcomes) for n in range(1, len(parts) + 1)]
    assert said[0] == decide(Any(parts=parts), outcomes)
    assert said[-1] == decide(All(parts=parts), outcomes)
    # Asking for more can only go from pass over open to fail.
    ranks = [{P: 0, U: 1, E: 1, F: 2}[outcome] for outcome in said]
    assert ranks == sorted(ranks)


@given(some_rule, some_outcomes)
def test_not_twice_is_nothing(rule: Rule, outcomes: dict[str, Outcome]) -> None:
    assert decide(Not(part=Not(part=rule)), outcomes) == decide(rule, outcomes)


@given(some_rule, some_outcomes)
def test_the_leaves_that_decide_suffice_to_explain(
    rule: Rule, outcomes: dict[str, Outcome]
) -> None:
    outcome, names = decide(rule, outcomes), deciding(rule, outcomes)
    assert set(names) <= {leaf.expression for leaf in leaves(rule)}
    assert names
    if outcome in (P, F):
        only = {name: said if name in names else U for name, said in outcomes.items()}
        assert decide(rule, only) == outcome


def test_an_error_is_reported_where_it_decides() -> None:
    parts = (Leaf(expression="leaf0"), Leaf(expression="leaf1"))
    assert decide(All(parts=parts), {"leaf0": P, "leaf1": E}) is E
    assert decide(All(parts=parts), {"leaf0": U, "leaf1": E}) is E


def test_an_error_is_absorbed_where_something_else_decides() -> None:
    parts = (Leaf(expression="leaf0"), Leaf(expression="leaf1"))
    assert decide(All(parts=parts), {"leaf0": F, "leaf1": E}) is F
    assert decide(Any(parts=parts), {"leaf0": P, "leaf1": E}) is P
