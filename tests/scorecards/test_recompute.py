"""Recomputing: the same facts, entity and rules give the same result, also after being stored."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from scorecard_samples import NOW, SCHEMAS, assess, check, record, scorecard, subject

from scorecards.facts import FailedFact, Missing, Unknown
from scorecards.recompute import Basis, Mismatch, mismatches, recompute
from scorecards.results import LETTERS, Outcome, ScorecardResult
from scorecards.serialization import records_from_json, records_to_json
from scorecards.transitions import Stand

FAILED = FailedFact(reason=Unknown.SOURCE_FAILED, detail="away")
CARD = scorecard(
    check("repo.readme.bytes > 500", observe=["repo.ci.systems"]),
    check({"not": "repo.ci.runs_tests"}, level="Defined", applies_to="repo.readme.bytes > 10"),
    check("now - repo.commit.at < duration('48h')"),
    check("entity.spec.type == 'service'"),
    applies_to="size(repo.ci.systems) < 2",
)
times = st.integers(0, 9).map(lambda days: NOW - timedelta(days=days))
some_facts = st.fixed_dictionaries(
    {},
    optional={
        "repo.readme.bytes": st.integers(0, 1000) | st.just(FAILED) | st.just(Missing()),
        "repo.ci.runs_tests": st.booleans() | st.just(FAILED),
        "repo.ci.systems": st.sampled_from([("jenkins",), (), ("a", "b"), FAILED]),
        "repo.commit.at": times,
    },
)


def stand(result: ScorecardResult) -> Stand:
    return Stand(
        version=result.version,
        seq=1,
        proven=result.proven,
        possible=result.possible,
        outcomes={said.check: LETTERS[said.outcome] for said in result.results},
    )


@given(some_facts, st.none() | times, st.sampled_from(["service", "website"]))
def test_stored_evidence_gives_the_same_result_again(
    facts: dict[str, object], valid_until: object, kind: str
) -> None:
    records = (record(facts, valid_until=valid_until),)  # type: ignore[arg-type]
    looked_at = subject(records=records, entity={"spec": {"type": kind}})
    result = assess(CARD, looked_at)
    kept = records_from_json(records_to_json(records), looked_at.ref)
    assert kept == records
    basis = Basis(ref=looked_at.ref, body=looked_at.body, records=kept, at=NOW)
    again = recompute(basis, CARD, SCHEMAS)
    assert again == result
    if result is not None:
        assert mismatches(stand(result), again) == ()


def test_what_does_not_come_out_again_is_named() -> None:
    card = scorecard(check("repo.readme.bytes > 500"))
    result = assess(card, subject({"repo.readme.bytes": 900}))
    assert result is not None
    other = assess(card, subject({"repo.readme.bytes": 9}))
    assert mismatches(stand(result), other) == (Mismatch(check="check-0", kept="p", again="f"),)
    assert mismatches(stand(result), other, held=["check-0"]) == ()
    assert mismatches(stand(result), None) == (Mismatch(check="check-0", kept="p", again=""),)


def test_an_exemption_is_not_recomputed() -> None:
    card = scorecard(check("repo.readme.bytes > 500"))
    result = assess(card, subject({"repo.readme.bytes": 9}))
    assert result is not None
    exempt = Stand(
        version=card.version,
        seq=1,
        proven=0,
        possible=0,
        outcomes={"check-0": LETTERS[Outcome.EXEMPT]},
    )
    assert mismatches(exempt, result) == ()
