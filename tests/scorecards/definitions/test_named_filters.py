"""Named filters, `max_age` and `grace` of checks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from scorecards.definitions.loading import load_scorecards
from scorecards.facts import FactType
from scorecards.results import Outcome
from tests.scorecards.scorecard_samples import (
    NOW,
    SCHEMAS,
    assess,
    check,
    document,
    record,
    schema,
    scorecard,
    subject,
)

FILTERS = {
    "services": "entity.spec.type == 'service'",
    "tested": {"rule": "repo.ci.runs_tests", "because": "Applies to what is tested"},
}


def refused(**more: Any) -> list[tuple[str, str]]:
    spec = more.pop("spec", {})
    text = document(check("repo.ci.runs_tests", **more), **spec)
    return [(p.code, p.pointer) for p in load_scorecards(text, file="s", schemas=SCHEMAS)[1]]


def test_a_filter_is_used_by_its_name() -> None:
    card = scorecard(
        check("repo.readme.bytes > 0", applies_to="tested"),
        check("repo.readme.bytes > 0", applies_to={"rule": "tested", "because": "Only these"}),
        applies_to="services",
        filters=FILTERS,
    )
    assert card.applies_to is not None
    assert card.applies_to.expression == FILTERS["services"]
    assert [c.applies_because for c in card.checks] == ["Applies to what is tested", "Only these"]
    found = assess(card, subject({"repo.ci.runs_tests": False, "repo.readme.bytes": 3}))
    assert found is not None
    assert {r.outcome for r in found.results} == {Outcome.NOT_APPLICABLE}


def test_an_unknown_filter_is_told_with_the_nearest() -> None:
    text = document(check("repo.ci.runs_tests", applies_to="servces"), filters=FILTERS)
    (problem,) = load_scorecards(text, file="s", schemas=SCHEMAS)[1]
    assert (problem.code, problem.pointer) == ("UNKNOWN_FILTER", "/spec/checks/0/applies_to")
    assert problem.hint == "Did you mean `services`?"


@pytest.mark.parametrize(
    ("filters", "code", "where"),
    [
        ({"services": "entity.spec.type"}, "EXPRESSION_TYPE", "/services"),
        ({"services": {"rule": "repo.no > 1"}}, "UNKNOWN_FACT", "/services/rule"),
        ({"Not A Name": "repo.ci.runs_tests"}, "FIELD_VALUE", ""),
        ({"services": 4}, "FIELD_TYPE", "/services"),
        ([], "FIELD_TYPE", ""),
    ],
)
def test_a_filter_that_cannot_work_is_refused(filters: Any, code: str, where: str) -> None:
    assert refused(spec={"filters": filters}) == [(code, f"/spec/filters{where}")]


def test_facts_older_than_max_age_are_stale_for_that_check_alone() -> None:
    card = scorecard(
        check("repo.ci.runs_tests", id="young", max_age="30d"),
        check("repo.ci.runs_tests", id="any"),
    )
    facts = {"repo.ci.runs_tests": True}
    old = record(facts, observed_at=NOW - timedelta(days=30, seconds=1))
    found = assess(card, subject(records=(old,)))
    assert found is not None
    assert [r.outcome for r in found.results] == [Outcome.UNKNOWN, Outcome.PASS]
    assert found.results[0].unknown == {"repo.ci.runs_tests": "stale"}
    fresh = record(facts, observed_at=NOW - timedelta(days=30))
    found = assess(card, subject(records=(fresh,)))
    assert found is not None
    assert [r.outcome for r in found.results] == [Outcome.PASS, Outcome.PASS]


def test_max_age_never_makes_stale_facts_fresh() -> None:
    card = scorecard(check("repo.ci.runs_tests", max_age="52w"))
    stale = record(
        {"repo.ci.runs_tests": True},
        observed_at=NOW - timedelta(days=400),
        valid_until=NOW - timedelta(hours=1),
    )
    found = assess(card, subject(records=(stale,)))
    assert found is not None
    assert found.results[0].outcome is Outcome.UNKNOWN
    assert "2025-01-25" not in found.results[0].reason


CATALOG = {
    name: schema(name, FactType.BOOL)
    for name in ("catalog.owner_exists", "owner.is_group", "cov.known")
}


def told_of_age(*checks: dict[str, Any], **spec: Any) -> list[tuple[str, str, str]]:
    text = document(*checks, **spec)
    _, problems = load_scorecards(text, file="s", schemas={**SCHEMAS, **CATALOG})
    return [(p.severity.value, p.pointer, p.hint) for p in problems if p.code == NEVER_OLD]


NEVER_OLD = "MAX_AGE_UNTIMED"
TAKE_OUT = ("warning", "/spec/checks/0/max_age", "Take `max_age` out")


@pytest.mark.parametrize(
    "rule", ["catalog.owner_exists", "owner.is_group", "levels.sample >= 1", "repo.ci.runs_tests"]
)
def test_facts_that_follow_every_change_are_never_too_old(rule: str) -> None:
    assert told_of_age(check(rule, max_age="30d")) == [TAKE_OUT]
    assert told_of_age(check(rule)) == []


def test_facts_of_the_catalog_beside_others_belong_in_a_check_of_their_own() -> None:
    own_check = "Ask for the facts that can be too old in a check of their own"
    mixed = {"all": ["cov.known", {"not": "catalog.owner_exists"}]}
    assert told_of_age(check(mixed, max_age="30d")) == [(*TAKE_OUT[:2], own_check)]
    narrowed = check("cov.known", applies_to="catalog.owner_exists", max_age="30d")
    assert told_of_age(narrowed) == [(*TAKE_OUT[:2], own_check)]


def test_the_condition_of_a_scorecard_does_not_age_with_its_checks() -> None:
    aged = check("cov.known", max_age="30d")
    assert told_of_age(aged, applies_to="catalog.owner_exists") == []


def test_an_age_that_is_inherited_is_told_where_the_rule_stands() -> None:
    aged = document(check("cov.known", id="c", max_age="30d"))
    (base,), _ = load_scorecards(aged, file="s", schemas={**SCHEMAS, **CATALOG})
    text = document({"id": "c", "rule": "catalog.owner_exists"}, extends=base.name)
    text = text.replace(f'"name":"{base.name}"', '"name":"other"')
    _, problems = load_scorecards(text, file="s", schemas={**SCHEMAS, **CATALOG}, known=[base])
    assert [(p.code, p.pointer) for p in problems] == [(NEVER_OLD, "/spec/checks/0")]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("90m", timedelta(minutes=90)),
        ("48h", timedelta(hours=48)),
        ("30d", timedelta(days=30)),
        ("2w", timedelta(weeks=2)),
    ],
)
def test_durations(written: str, meant: timedelta) -> None:
    aged = document(check("cov.known", grace=written, max_age=written))
    (card,), _ = load_scorecards(aged, file="s", schemas={**SCHEMAS, **CATALOG})
    assert card.checks[0].grace == card.checks[0].max_age == meant


@pytest.mark.parametrize("written", ["", "0d", "1y", "30", "1.5h", "-1d", 30, "99999d"])
def test_what_is_no_duration_is_refused(written: Any) -> None:
    for key in ("max_age", "grace"):
        assert [where for _, where in refused(**{key: written})] == [f"/spec/checks/0/{key}"]
