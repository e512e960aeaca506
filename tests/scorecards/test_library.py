"""The built-in scorecards: each loads without a word, and each check is tried both ways."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from scorecard_samples import NOW, record, subject

from plugins.contract import Context
from plugins.descriptor.schemas import SCHEMAS as CATALOG_FACTS
from plugins.library import plugin
from plugins.repofiles.schemas import SCHEMAS as REPOSITORY_FACTS
from scorecards.advice import EFFORTS
from scorecards.assessment import Assessor
from scorecards.facts import FactState, Known, Missing
from scorecards.loading import load_scorecards
from scorecards.results import CheckResult, Outcome
from scorecards.texts import render_fix

SCHEMAS = {s.name: s for s in (*CATALOG_FACTS, *REPOSITORY_FACTS)}
CASES = Path(__file__).parent / "library"
LOADED = {
    name: load_scorecards(text, file=name, schemas=SCHEMAS)
    for name, text in plugin(Context(cache=Path("unused"))).scorecards
}
SCORECARDS = {card.name: card for cards, _ in LOADED.values() for card in cards}
ASSESSOR = Assessor(SCORECARDS.values(), SCHEMAS)
CHECKS = [(name, check.id) for name, card in SCORECARDS.items() for check in card.checks]


def cases(scorecard: str) -> dict[str, dict[str, list[dict[str, Any]]]]:
    found: dict[str, Any] = yaml.safe_load((CASES / f"{scorecard}.yaml").read_text())
    return found


def said(scorecard: str, check: str, case: dict[str, Any]) -> CheckResult:
    spec = {"type": "service", "lifecycle": "production"}
    entity = {"kind": "Component", "metadata": {"name": "pay"}, "spec": spec} | case.get(
        "entity", {}
    )
    facts: dict[str, FactState] = {}
    for name, value in case.items():
        if name == "entity":
            continue
        assert name in SCHEMAS, f"{name} is no fact"
        value = tuple(value) if isinstance(value, list) else value
        facts[name] = Missing() if value == "missing" else Known(value=value)
    what = subject(entity=entity, records=(record(facts),))
    (result,) = [r for r in ASSESSOR.assess(what, now=NOW) if r.scorecard == scorecard]
    (found,) = [r for r in result.results if r.check == check]
    return found


def test_the_library_loads_without_a_problem() -> None:
    assert {name: problems for name, (_, problems) in LOADED.items() if problems} == {}
    assert sorted(SCORECARDS) == ["documentation", "production-readiness", "service-maturity"]


def test_every_check_has_cases_and_every_case_has_a_check() -> None:
    for name, card in SCORECARDS.items():
        assert sorted(cases(name)) == sorted(check.id for check in card.checks)


@pytest.mark.parametrize(("scorecard", "check"), CHECKS)
def test_the_check_answers_its_cases(scorecard: str, check: str) -> None:
    tried = cases(scorecard)[check]
    assert tried["pass"]
    assert tried["fail"]
    for outcome, sets in tried.items():
        for case in sets:
            result = said(scorecard, check, case)
            assert result.outcome == Outcome(outcome), f"{case} {result.reason}"


@pytest.mark.parametrize(("scorecard", "check"), CHECKS)
def test_the_check_is_unknown_while_nothing_is_collected(scorecard: str, check: str) -> None:
    tried = cases(scorecard)[check]["pass"][0]
    entity = {"entity": tried["entity"]} if "entity" in tried else {}
    assert said(scorecard, check, entity).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(("scorecard", "check"), CHECKS)
def test_the_check_has_what_its_reader_needs(scorecard: str, check: str) -> None:
    (found,) = [c for c in SCORECARDS[scorecard].checks if c.id == check]
    assert found.expected
    assert found.why
    assert "```" in found.fix, "a fix has something to copy"
    assert found.effort in EFFORTS
    assert found.applies_to is None or found.applies_because
    assert not found.title.endswith("?")


@pytest.mark.parametrize(("scorecard", "check"), CHECKS)
def test_the_fix_is_filled_in_from_what_the_check_observed(scorecard: str, check: str) -> None:
    (found,) = [c for c in SCORECARDS[scorecard].checks if c.id == check]
    case = cases(scorecard)[check]["fail"][0]
    entity = {"kind": "Component", "metadata": {"name": "pay"}, "spec": {"owner": "group:a/b"}}
    everything = dict.fromkeys(SCHEMAS, None) | said(scorecard, check, case).observed
    text = render_fix(found, entity, everything)
    left = [name for name in SCHEMAS if f"{{{name}}}" in text]
    assert left == []
    assert "{name}" not in text
    assert "{owner}" not in text


def test_levels_above_the_floor_all_have_checks() -> None:
    for card in SCORECARDS.values():
        assert {check.level for check in card.checks} == set(range(1, len(card.levels)))
