"""Proven and possible level."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from scorecards.insights.advice import Action, plan
from scorecards.insights.lifts import lifts
from scorecards.levels import gates, next_level, reached, reached_by
from scorecards.results import LETTERS, Outcome
from tests.scorecards.scorecard_samples import NOW, assess, check, scorecard, subject

P, F, U = Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN
N, X, E = Outcome.NOT_APPLICABLE, Outcome.EXEMPT, Outcome.ERROR

some_checks = st.lists(st.tuples(st.integers(1, 3), st.sampled_from(list(Outcome))), max_size=8)


def _reached(pairs: list[tuple[int, Outcome]]) -> tuple[int, int]:
    return reached(4, [level for level, _ in pairs], [outcome for _, outcome in pairs])


@given(some_checks)
def test_proven_is_never_above_possible(pairs: list[tuple[int, Outcome]]) -> None:
    proven, possible = _reached(pairs)
    assert 0 <= proven <= possible <= 3


@given(some_checks, st.randoms(use_true_random=False))
def test_news_only_narrow_the_interval(pairs: list[tuple[int, Outcome]], random: object) -> None:
    settled = [
        (level, random.choice([P, F, N]) if outcome in (U, E) else outcome)  # type: ignore[attr-defined]
        for level, outcome in pairs
    ]
    before, after = _reached(pairs), _reached(settled)
    assert before[0] <= after[0] == after[1] <= before[1]


@given(some_checks, st.integers(0, 7))
def test_a_check_that_turns_to_pass_never_lowers_a_level(
    pairs: list[tuple[int, Outcome]], index: int
) -> None:
    if index >= len(pairs) or pairs[index][1] in (N, X):
        return
    better = [*pairs[:index], (pairs[index][0], P), *pairs[index + 1 :]]
    before, after = _reached(pairs), _reached(better)
    assert before[0] <= after[0]
    assert before[1] <= after[1]


@given(st.lists(st.tuples(st.integers(1, 3), st.sampled_from(list(Outcome))), max_size=5))
def test_the_interval_is_as_narrow_as_what_is_known(pairs: list[tuple[int, Outcome]]) -> None:
    pairs.sort(key=lambda pair: pair[0])
    ways = product(*([P, F, N] if outcome in (U, E) else [outcome] for _, outcome in pairs))
    levels = [level for level, _ in pairs]
    ends = [reached(4, levels, way) for way in ways]
    found = (min(end.proven for end in ends), max(end.possible for end in ends))
    assert _reached(pairs) == found
    assert reached_by(4, levels, "".join(LETTERS[outcome] for _, outcome in pairs)) == found


def test_nothing_is_proven_where_the_only_check_may_turn_out_not_to_apply() -> None:
    assert _reached([(1, N), (3, U)]) == (0, 3)
    card = scorecard(
        check("repo.readme.bytes > 0", id="high", level="Optimizing"),
        check("repo.readme.bytes > 0", id="higher", level="Optimizing", effort="days"),
    )
    result = assess(card, subject({}))
    assert result is not None
    assert (result.proven, result.possible, next_level(card, result)) == (0, 3, 3)
    assert [c.id for c, _ in gates(card, result)] == ["high", "higher"]
    way = plan(card, result)
    assert way is not None
    assert [change.action for change in way.changes] == [Action.FIND_OUT]
    bring = lifts(card, {"uu": 1}, now=NOW)
    assert [(fix.check, fix.blocks, fix.lifts) for fix in bring.fixes] == [(0, 1, 1), (1, 1, 1)]
    assert [(bundle.checks, bundle.levels) for bundle in bring.bundles] == [((0, 1), 3)]


def test_a_level_needs_every_check_below_it() -> None:
    assert _reached([(1, F), (2, P), (3, P)]) == (0, 0)


def test_an_unknown_check_blocks_only_the_proven_level() -> None:
    assert _reached([(1, P), (2, U), (3, P)]) == (1, 3)
    assert _reached([(1, P), (2, E), (3, F)]) == (1, 2)


def test_not_applicable_and_exempt_checks_do_not_block() -> None:
    assert _reached([(1, P), (2, N), (3, X)]) == (3, 3)


def test_nothing_examined_is_nothing_reached() -> None:
    assert _reached([(1, N), (2, N)]) == (0, 0)
    assert _reached([]) == (0, 0)


def test_the_gates_are_the_open_checks_of_the_next_level() -> None:
    card = scorecard(
        check("repo.readme.bytes > 0", id="first"),
        check("repo.readme.bytes > 100", id="second", level="Defined"),
        check("repo.ci.runs_tests", id="third", level="Defined"),
        check("repo.readme.bytes > 200", id="fourth", level="Optimizing"),
    )
    result = assess(card, subject({"repo.readme.bytes": 50}))
    assert result is not None
    assert (result.proven, result.possible) == (1, 1)
    assert [(c.id, outcome) for c, outcome in gates(card, result)] == [("second", F), ("third", U)]
    assert next_level(card, result) == 2


def test_there_is_no_gate_at_the_top() -> None:
    card = scorecard(check("repo.readme.bytes > 0"))
    result = assess(card, subject({"repo.readme.bytes": 50}))
    assert result is not None
    assert next_level(card, result) is None
    assert gates(card, result) == ()
