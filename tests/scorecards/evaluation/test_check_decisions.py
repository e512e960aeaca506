"""What an exemption does to a result."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorecards.collection.serialization import evidence_from_json, evidence_to_json
from scorecards.collection.stored_facts import stored
from scorecards.evaluation.assessment import Assessor
from scorecards.evaluation.decisions import Decisions, Grant, decided, decided_packed
from scorecards.evaluation.packing import unpack
from scorecards.results import CheckResult, Outcome, ScorecardResult, outcome_letters
from tests.scorecards.scorecard_samples import NOW, SCHEMAS, assess, check, scorecard, subject

CARD = scorecard(
    check("repo.readme.bytes > 0", level="Managed"),
    check("repo.ci.runs_tests", level="Defined"),
    check("entity.spec.type == 'website'", level="Optimizing", applies_to="test.coverage > 2.0"),
)


def said(bytes_: int = 0, tests: bool = True) -> ScorecardResult:
    result = assess(
        CARD,
        subject({"repo.readme.bytes": bytes_, "repo.ci.runs_tests": tests, "test.coverage": 1.0}),
    )
    assert result is not None
    return result


def grant(check_id: str | None, *, days: int = 1, number: int = 5, card: str = "sample") -> Grant:
    return Grant(exemption=number, scorecard=card, check=check_id, until=NOW + timedelta(days=days))


def outcomes(result: ScorecardResult) -> list[Outcome]:
    return [one.outcome for one in result.results]


def test_an_exempt_check_blocks_no_level_and_keeps_what_it_would_have_said() -> None:
    before = said()
    assert (before.proven, outcomes(before)[0]) == (0, Outcome.FAIL)
    after = decided(CARD, before, Decisions(grants=(grant("check-0"),)))
    assert outcomes(after) == [Outcome.EXEMPT, Outcome.PASS, Outcome.NOT_APPLICABLE]
    assert after.proven == after.possible == 3
    excuse = after.results[0].excuse
    assert excuse is not None
    assert (excuse.exemption, excuse.outcome) == (5, Outcome.FAIL)
    assert excuse.reason == before.results[0].reason
    assert after.results[0].observed == before.results[0].observed
    assert after.results[0].leaves == before.results[0].leaves


def test_a_whole_scorecard_can_be_exempt_and_then_nothing_is_reached() -> None:
    after = decided(CARD, said(bytes_=9), Decisions(grants=(grant(None),)))
    assert outcomes(after) == [Outcome.EXEMPT, Outcome.EXEMPT, Outcome.NOT_APPLICABLE]
    assert (after.proven, after.possible) == (0, 0)
    assert Outcome.PASS not in outcomes(after)


@pytest.mark.parametrize(
    "grants",
    [(), (grant("check-0", days=0),), (grant("check-0", days=-1),), (grant(None, card="other"),)],
    ids=["none", "ends now", "has ended", "of another scorecard"],
)
def test_what_does_not_hold_changes_nothing(grants: tuple[Grant, ...]) -> None:
    before = said()
    assert decided(CARD, before, Decisions(grants=grants)) is before
    assert decided(CARD, before, Decisions()) is before


def test_of_several_the_one_that_lasts_longest_is_told() -> None:
    grants = (grant("check-0", days=1, number=1), grant(None, days=9, number=2))
    after = decided(CARD, said(), Decisions(grants=grants))
    excuses = [one.excuse.exemption for one in after.results if one.excuse]
    assert excuses == [2, 2]


@given(
    st.lists(st.sampled_from(["check-0", "check-1", None]), max_size=2),
    st.integers(0, 2),
    st.booleans(),
)
def test_a_packed_result_is_decided_as_any_other(
    exempt: list[str | None], bytes_: int, tests: bool
) -> None:
    decisions = Decisions(grants=tuple(grant(name) for name in exempt))
    facts = {"repo.readme.bytes": bytes_, "repo.ci.runs_tests": tests, "test.coverage": 1.0}
    assessor, one = Assessor([CARD], SCHEMAS), subject(facts)
    (packed,) = assessor.pack(one.body, [stored(r) for r in one.records], now=NOW)
    found = decided_packed(CARD, packed, decisions, assessor.layouts, now=NOW)
    read = unpack(found, assessor.layouts, ref=one.ref, evaluated_at=NOW)
    assert read == decided(CARD, said(bytes_, tests), decisions)
    assert found.letters == outcome_letters(read)
    if not exempt:
        assert found is packed


def test_the_evidence_of_an_exempt_check_comes_back_as_it_was() -> None:
    after = decided(CARD, said(), Decisions(grants=(grant("check-0"),)))
    assert evidence_from_json(evidence_to_json(after)) == after.results


@given(
    st.lists(
        st.sampled_from([Outcome.PASS, Outcome.FAIL, Outcome.UNKNOWN]), min_size=3, max_size=3
    ),
    st.sets(st.sampled_from(["check-0", "check-1", "check-2"]), max_size=2),
)
def test_an_exemption_never_makes_a_level_lower_nor_a_pass(
    says: list[Outcome], exempt: set[str]
) -> None:
    before = said()
    results: tuple[CheckResult, ...] = tuple(
        replace(one, outcome=outcome) for one, outcome in zip(before.results, says, strict=True)
    )
    before = replace(before, results=results)
    plain = decided(CARD, before, Decisions(grants=(grant("none"),)))
    after = decided(CARD, before, Decisions(grants=tuple(grant(name) for name in exempt)))
    if exempt:
        # Nothing is proven while nothing is known but what is exempt.
        assert after.proven >= plain.proven or not {Outcome.PASS, Outcome.FAIL} & {*outcomes(after)}
        assert after.possible >= plain.possible
    assert outcomes(after).count(Outcome.PASS) <= outcomes(before).count(Outcome.PASS)
    assert outcomes(after).count(Outcome.EXEMPT) == len(exempt)
