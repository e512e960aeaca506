"""Explanations: the tree rebuilt from stored evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scorecards.collection.serialization import evidence_from_json, evidence_to_json
from scorecards.evaluation.decisions import Decisions, Grant, decided
from scorecards.evaluation.explaining import (
    BranchNode,
    Explanation,
    LeafNode,
    explain,
    fact_in_words,
    in_words,
)
from scorecards.expressions.cel import Language, Program
from scorecards.facts import FailedFact, Known, Missing, Unknown
from scorecards.results import Outcome
from scorecards.rules import leaves
from scorecards.scorecard import Scorecard
from tests.scorecards.scorecard_samples import (
    NOW,
    SCHEMAS,
    assess,
    check,
    record,
    scorecard,
    subject,
)

LANGUAGE = Language(SCHEMAS)


def facts_of(card: Scorecard) -> dict[str, tuple[str, ...]]:
    texts = [leaf.expression for c in card.checks for leaf in leaves(c.rule)]
    texts += [c.applies_to.expression for c in card.checks if c.applies_to]
    programs = {text: LANGUAGE.compile(text) for text in texts}
    return {text: p.facts for text, p in programs.items() if isinstance(p, Program)}


def explained(rule: Any, facts: dict[str, Any], *, later: Any = None, **more: Any) -> Explanation:
    card = scorecard(check(rule, **more))
    result = assess(card, subject(facts))
    assert result is not None
    (said,) = evidence_from_json(evidence_to_json(result))
    return explain(
        card,
        card.checks[0],
        said,
        version=result.version,
        records=[record(facts if later is None else later)],
        facts_of=facts_of(card),
        now=NOW + timedelta(hours=3),
    )


RULE = {
    "any": [
        {"all": ["repo.readme.bytes > 100", "repo.ci.runs_tests"]},
        {"not": "repo.readme.path == 'R'"},
        {"at_least": {"count": 2, "of": ["repo.readme.bytes > 1", "repo.ci.runs_tests"]}},
    ]
}


def test_the_tree_says_of_every_node_what_it_said() -> None:
    found = explained(
        RULE, {"repo.readme.bytes": 50, "repo.ci.runs_tests": False, "repo.readme.path": "R"}
    )
    assert found.tree is not None
    assert list(in_words(found.tree)) == [
        "false: one of 3 must hold; 0 do",
        "  false: all 2 must hold; 0 do",
        "    false: repo.readme.bytes > 100  <- decides",
        "    false: repo.ci.runs_tests  <- decides",
        "  false: this must not hold",
        "    true: repo.readme.path == 'R'  <- decides",
        "  false: at least 2 of 2 must hold; 1 do",
        "    true: repo.readme.bytes > 1",
        "    false: repo.ci.runs_tests  <- decides",
    ]
    assert found.current


STATES = st.sampled_from(
    [Missing(), FailedFact(reason=Unknown.SOURCE_FAILED, detail="d"), Known(value=True)]
)


@given(st.fixed_dictionaries({}, optional={"repo.ci.runs_tests": STATES}), st.integers(0, 200))
def test_the_root_of_the_tree_is_the_outcome(facts: dict[str, Any], size: int) -> None:
    found = explained(RULE, {**facts, "repo.readme.bytes": size})
    assert isinstance(found.tree, BranchNode)
    assert found.tree.outcome is found.said.outcome
    assert {fact.name for fact in found.facts} == {
        "repo.readme.bytes",
        "repo.ci.runs_tests",
        "repo.readme.path",
    }
    assert not any(fact.changed for fact in found.facts)


def test_facts_say_where_they_come_from_and_how_old_they_are() -> None:
    found = explained(
        {"all": ["repo.readme.bytes > 100", "repo.ci.runs_tests", "repo.readme.path != ''"]},
        {
            "repo.readme.bytes": Known(value=50, path="README.md", line=1),
            "repo.readme.path": Missing(looked_for="README.md"),
        },
    )
    assert [fact_in_words(fact) for fact in found.facts] == [
        "repo.readme.bytes is 50 in README.md:1; repo 1 at 0a1b2c, found so 3 hours ago",
        "repo.ci.runs_tests was not collected",
        "repo.readme.path is not there (looked for README.md); repo 1 at 0a1b2c, found so 3 hours ago",
    ]


def test_a_fact_that_is_another_one_by_now_is_said_to_be() -> None:
    found = explained(
        "repo.readme.bytes > 100", {"repo.readme.bytes": 50}, later={"repo.readme.bytes": 500}
    )
    (fact,) = found.facts
    assert (fact.observed, fact.changed) == (50, True)
    gone = explained("repo.readme.bytes > 100", {"repo.readme.bytes": 50}, later={})
    assert [fact.changed for fact in gone.facts] == [True]


def test_a_fact_that_was_too_old_and_still_is_has_not_changed() -> None:
    card = scorecard(check("repo.readme.bytes > 10", max_age="1h"))
    late = NOW + timedelta(hours=3)
    result = assess(card, subject({"repo.readme.bytes": 50}), now=late)
    assert result is not None
    (said,) = result.results
    assert said.unknown == {"repo.readme.bytes": Unknown.STALE}
    for stored in ({"repo.readme.bytes": 50}, {}):
        (fact,) = explain(
            card,
            card.checks[0],
            said,
            version=result.version,
            records=[record(stored)],
            facts_of=facts_of(card),
            now=late,
        ).facts
        assert not fact.changed


def test_what_does_not_apply_is_explained_by_its_condition() -> None:
    found = explained(
        "repo.readme.bytes > 1", {"repo.ci.runs_tests": False}, applies_to="repo.ci.runs_tests"
    )
    assert found.tree is None
    assert found.condition == LeafNode(
        expression="repo.ci.runs_tests",
        outcome=Outcome.FAIL,
        decides=True,
        facts=("repo.ci.runs_tests",),
    )
    assert [fact.name for fact in found.facts] == ["repo.ci.runs_tests"]


def test_a_tree_is_not_made_up_for_a_rule_that_has_changed() -> None:
    old, new = scorecard(check("repo.ci.runs_tests")), scorecard(check("repo.readme.bytes > 1"))
    result = assess(old, subject({"repo.ci.runs_tests": True}))
    assert result is not None
    found = explain(
        new,
        new.checks[0],
        result.results[0],
        version=result.version,
        records=[],
        facts_of=facts_of(new),
        now=NOW,
    )
    assert found.tree is None
    assert found.condition is None
    assert not found.current


def test_an_exemption_is_explained_by_what_it_is_from() -> None:
    card = scorecard(check("repo.readme.bytes > 1", applies_to="repo.ci.runs_tests"))
    result = assess(card, subject({"repo.readme.bytes": 0}))
    assert result is not None
    grant = Grant(exemption=7, scorecard=card.name, check=None, until=NOW + timedelta(days=1))
    (said,) = decided(card, result, Decisions(grants=(grant,))).results
    assert said.outcome is Outcome.EXEMPT
    found = explain(
        card,
        card.checks[0],
        said,
        version=result.version,
        records=[],
        facts_of=facts_of(card),
        now=NOW,
    )
    assert found.condition is not None
    assert found.condition.outcome is Outcome.UNKNOWN
