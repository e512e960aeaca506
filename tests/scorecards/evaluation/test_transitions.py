"""Transitions: what counts as one, which checks it is about, and why it came about."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorecards.evaluation.transitions import (
    OUTCOMES,
    Reason,
    Stand,
    changed,
    is_transition,
    why_begun,
    why_changed,
    why_ended,
)
from scorecards.results import LETTERS, CheckResult, Outcome
from tests.scorecards.scorecard_samples import NOW

BEFORE, AFTER = NOW - timedelta(days=1), NOW + timedelta(days=1)


def stand(letters: str, *, version: str = "1", seq: int = 1, checks: str = "abcdef") -> Stand:
    outcomes = dict(zip(checks, letters, strict=False))
    return Stand(version=version, seq=seq, proven=0, possible=0, outcomes=outcomes)


def said(letter: str, *, seen: object = 1, unknown: str = "", fact: str = "repo.x") -> CheckResult:
    return CheckResult(
        check="a",
        outcome=OUTCOMES[letter],
        reason="",
        observed={} if unknown else {fact: seen},  # type: ignore[dict-item]
        unknown={fact: unknown} if unknown else {},
        leaves=(),
    )


stands = st.none() | st.builds(
    lambda letters, version, seq: stand(letters, version=version, seq=seq),
    st.text("pfunxe", max_size=4),
    st.sampled_from("12"),
    st.integers(1, 2),
)


@given(stands, stands)
def test_only_outcomes_and_levels_make_a_transition(one: Stand | None, other: Stand | None) -> None:
    if one is not None and other is not None:
        assert is_transition(one, other) == bool(changed(one, other))
    else:
        assert is_transition(one, other) == (one is not other)


@given(stands, stands)
def test_applying_what_changed_to_the_former_result_gives_the_later_one(
    one: Stand | None, other: Stand | None
) -> None:
    outcomes = dict(one.outcomes) if one else {}
    for move in changed(one, other):
        assert (LETTERS[move.before] if move.before else None) == outcomes.get(move.check)
        if move.after is None:
            del outcomes[move.check]
        else:
            outcomes[move.check] = LETTERS[move.after]
    assert outcomes == (other.outcomes if other else {})


def test_a_check_that_was_renamed_makes_a_transition() -> None:
    assert is_transition(stand("pp", checks="ab"), stand("pp", checks="ax"))
    assert not is_transition(stand("pp", version="1", seq=1), stand("pp", version="2", seq=2))


@pytest.mark.parametrize(
    ("before", "after", "was", "now", "reason"),
    [
        (stand("f"), stand("p", version="2", seq=2), said("f"), said("p", seen=2), Reason.RULES),
        (stand("f"), stand("x", seq=2), said("f"), said("x", seen=2), Reason.EXEMPTION),
        (stand("x"), stand("f"), said("x"), said("f"), Reason.EXEMPTION),
        (stand("f"), stand("p"), said("f"), said("p", seen=2), Reason.FACTS),
        (stand("f"), stand("p", seq=2), said("f"), said("p", seen=2), Reason.FACTS),
        (
            stand("f"),
            stand("p", seq=2),
            said("f", fact="catalog.title"),
            said("p", seen=2, fact="catalog.title"),
            Reason.ENTITY,
        ),
        (stand("f"), stand("p", seq=2), said("f"), said("p"), Reason.ENTITY),
        (stand("p"), stand("f"), said("p"), said("f"), Reason.TIME),
        (stand("p"), stand("u"), said("p"), said("u", unknown="stale"), Reason.TIME),
        (stand("p"), stand("u"), said("p"), said("u", unknown="source_failed"), Reason.FACTS),
        (stand("u"), stand("p"), said("u", unknown="stale"), said("p"), Reason.FACTS),
        (
            stand("p"),
            stand("f"),
            said("p", fact="Age in days"),
            said("f", seen=2, fact="Age in days"),
            Reason.TIME,
        ),
    ],
)
def test_a_change_has_the_first_reason_that_holds(
    before: Stand, after: Stand, was: CheckResult, now: CheckResult, reason: Reason
) -> None:
    assert why_changed(before, after, [was], [now]) is reason


def test_a_result_begins_with_the_entity_with_the_rules_or_with_other_facts() -> None:
    assert why_begun(came=NOW, others=[], rules=BEFORE) is Reason.ENTITY
    assert why_begun(came=NOW, others=[BEFORE], rules=AFTER) is Reason.ENTITY
    assert why_begun(came=BEFORE, others=[NOW], rules=AFTER) is Reason.RULES
    assert why_begun(came=BEFORE, others=[NOW], rules=BEFORE) is Reason.FACTS


def test_a_result_ends_with_the_rules_with_the_entity_or_with_other_facts() -> None:
    assert why_ended(stand("p"), version="2", seq=1) is Reason.RULES
    assert why_ended(stand("p"), version=None, seq=1) is Reason.RULES
    assert why_ended(stand("p"), version="1", seq=2) is Reason.ENTITY
    assert why_ended(stand("p"), version="1", seq=1) is Reason.FACTS


def test_every_letter_is_an_outcome() -> None:
    assert set(OUTCOMES.values()) == set(Outcome)
