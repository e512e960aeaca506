"""The built-in scorecards: each loads without a word, and each check is tried both ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plugins.contract import Context
from plugins.descriptor.schemas import SCHEMAS as CATALOG_FACTS
from plugins.library import plugin
from plugins.repofiles.schemas import SCHEMAS as REPOSITORY_FACTS
from scorecards.definitions.loading import load_files
from scorecards.evaluation.cases import trials
from scorecards.evaluation.texts import render_fix
from scorecards.insights.advice import EFFORTS
from scorecards.results import Outcome
from scorecards.scorecard import Check

SCHEMAS = {s.name: s for s in (*CATALOG_FACTS, *REPOSITORY_FACTS)}
LOADED = load_files(plugin(Context(cache=Path("unused"))).scorecards, schemas=SCHEMAS)
SCORECARDS = {card.name: card for card in LOADED.scorecards}
CHECKS = [(name, check.id) for name, card in SCORECARDS.items() for check in card.checks]


def the(scorecard: str, check: str) -> Check:
    (found,) = [c for c in SCORECARDS[scorecard].checks if c.id == check]
    return found


def test_the_library_loads_without_a_problem() -> None:
    assert LOADED.problems == ()
    assert sorted(SCORECARDS) == ["documentation", "production-readiness", "service-maturity"]


@pytest.mark.parametrize("scorecard", sorted(SCORECARDS))
def test_every_case_of_every_check_holds(scorecard: str) -> None:
    failed = [
        f"{trial.check.id}, line {trial.case.line}: {trial.got.outcome} {trial.got.reason}"
        for trial in trials(SCORECARDS[scorecard], SCHEMAS)
        if not trial.holds
    ]
    assert failed == []


@pytest.mark.parametrize(("scorecard", "check"), CHECKS)
def test_the_check_is_tried_both_ways(scorecard: str, check: str) -> None:
    expected = {case.expect for case in the(scorecard, check).tests}
    assert {Outcome.PASS, Outcome.FAIL} <= expected
    if the(scorecard, check).applies_to is not None:
        assert Outcome.NOT_APPLICABLE in expected


@pytest.mark.parametrize(("scorecard", "check"), CHECKS)
def test_the_check_is_unknown_while_nothing_is_collected(scorecard: str, check: str) -> None:
    passing = next(case for case in the(scorecard, check).tests if case.expect is Outcome.PASS)
    silent = replace(passing, facts=(), expect=Outcome.UNKNOWN)
    alone = replace(the(scorecard, check), tests=(silent,))
    (trial,) = trials(replace(SCORECARDS[scorecard], checks=(alone,)), SCHEMAS)
    assert trial.got.outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("scorecard", "check"), CHECKS)
def test_the_check_has_what_its_reader_needs(scorecard: str, check: str) -> None:
    found = the(scorecard, check)
    assert found.expected
    assert found.why
    assert "```" in found.fix, "a fix has something to copy"
    assert found.effort in EFFORTS
    assert found.applies_to is None or found.applies_because
    assert not found.title.endswith("?")


@pytest.mark.parametrize(("scorecard", "check"), CHECKS)
def test_the_fix_is_filled_in_from_what_the_check_observed(scorecard: str, check: str) -> None:
    observed = next(
        trial.got.observed
        for trial in trials(SCORECARDS[scorecard], SCHEMAS)
        if trial.check.id == check and trial.case.expect is Outcome.FAIL
    )
    entity = {"kind": "Component", "metadata": {"name": "pay"}, "spec": {"owner": "group:a/b"}}
    everything = dict.fromkeys(SCHEMAS, None) | dict(observed)
    text = render_fix(the(scorecard, check), entity, everything)
    left = [name for name in SCHEMAS if f"{{{name}}}" in text]
    assert left == []
    assert "{name}" not in text
    assert "{owner}" not in text


def test_levels_above_the_floor_all_have_checks() -> None:
    for card in SCORECARDS.values():
        assert {check.level for check in card.checks} == set(range(1, len(card.levels)))
