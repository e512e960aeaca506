"""Facts and evidence survive the way into the store and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scorecards.collection.serialization import (
    evidence_from_json,
    evidence_to_json,
    facts_from_json,
    facts_to_json,
)
from scorecards.facts import FailedFact, Known, Missing, Unknown
from scorecards.results import CheckResult, Outcome, ScorecardResult
from tests.scorecards.scorecard_samples import NOW, ask, assess, check, record, scorecard, subject

some_text = st.text(st.characters(codec="utf-8"), max_size=20)
some_value = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | some_text
    | st.datetimes(timezones=st.just(UTC))
    | st.lists(some_text, max_size=3).map(tuple)
)
some_state = (
    st.builds(Known, value=some_value, path=some_text, line=st.none() | st.integers(1, 9))
    | st.builds(Missing, looked_for=some_text)
    | st.builds(FailedFact, reason=st.sampled_from(Unknown), detail=some_text)
)


@given(st.dictionaries(some_text, some_state, max_size=4))
def test_facts_come_back_as_they_were(facts: dict[str, object]) -> None:
    written = facts_to_json(record(facts))  # type: ignore[arg-type]
    read = facts_from_json(written)
    assert read == facts
    for name, state in facts.items():
        if isinstance(state, Known):
            again = read[name]
            assert isinstance(again, Known)
            assert type(again.value) is type(state.value)


def test_facts_are_written_shortly() -> None:
    states = {"a.b": Known(value=("x",)), "a.c": Missing(looked_for="X"), "a.d": Known(value=NOW)}
    assert facts_to_json(record(states)) == (
        b'{"a.b":{"v":["x"]},"a.c":{"m":"X"},"a.d":{"t":"2026-03-01T12:00:00Z"}}'
    )


def test_times_are_written_in_utc() -> None:
    there = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert b"12:00:00Z" in facts_to_json(record({"a.b": Known(value=there)}))


some_result = st.builds(
    CheckResult,
    check=some_text,
    outcome=st.sampled_from(Outcome),
    reason=some_text,
    observed=st.dictionaries(some_text, st.none() | st.integers(0, 9) | some_text, max_size=2),
    unknown=st.dictionaries(some_text, st.sampled_from([u.value for u in Unknown]), max_size=2),
    leaves=st.lists(st.tuples(some_text, st.sampled_from(Outcome)), max_size=2).map(tuple),
)


@given(st.lists(some_result, max_size=3).map(tuple))
def test_evidence_comes_back_as_it_was(results: tuple[CheckResult, ...]) -> None:
    result = ScorecardResult(
        ref="component:default/payments",
        scorecard="s",
        version="0",
        proven=0,
        possible=0,
        results=results,
        evaluated_at=NOW,
    )
    assert evidence_from_json(evidence_to_json(result)) == results


def test_what_an_assessment_says_can_be_stored() -> None:
    card = scorecard(check("repo.readme.bytes > 1"), check("repo.ci.runs_tests", observe=["now"]))
    result = assess(card, subject({"repo.readme.bytes": Missing()}))
    assert result is not None
    written = evidence_to_json(result)
    assert evidence_from_json(written) == result.results
    assert orjson.loads(written)[0]["o"] == "f"


def test_a_pass_takes_little_room() -> None:
    result = ask("repo.readme.bytes > 1", {"repo.readme.bytes": 5})
    assert result.reason == ""


@pytest.mark.parametrize("data", [b"{", b"[{}]"])
def test_other_bytes_are_refused(data: bytes) -> None:
    with pytest.raises((ValueError, KeyError)):
        evidence_from_json(data)
