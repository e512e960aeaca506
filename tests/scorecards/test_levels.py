"""Proven and possible level."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from scorecard_samples import assess, check, scorecard, subject

from scorecards.levels import gates, next_level, reached
from scorecards.results import Outcome

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
        (level, random.choice([P, F]) if outcome in (U, E) else outcome)  # type: ignore[attr-defined]
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
