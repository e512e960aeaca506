"""The packs that Plumbline brings: each loads without a word, and each check is tried both ways.

With the default scorecards they have the whole catalog of checks, on its levels.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from plugins.contract import Context
from plugins.descriptor.schemas import SCHEMAS as CATALOG_FACTS
from plugins.library import plugin
from plugins.repofiles.schemas import SCHEMAS as REPOSITORY_FACTS
from scorecards.collection.packs import built_in, folder, names, read_pack
from scorecards.definitions.loading import Loaded, load_files
from scorecards.evaluation.cases import trials
from scorecards.evaluation.texts import render_fix
from scorecards.facts import FactSchema, Missing
from scorecards.insights.advice import EFFORTS
from scorecards.results import Outcome
from scorecards.rules import Manual
from scorecards.scorecard import Check, Scorecard

CATALOG = """
    B doc.description doc.readme own.owner_group own.team_alive own.contact own.lifecycle_type
    B ci.exists ci.default_green test.run_in_ci sec.no_secrets sec.critical_vulns ops.oncall
    B api.spec api.owner_version dora.deploys_seen
    S doc.techdocs doc.runbook own.codeowners own.system ci.branch_protected ci.required_checks
    S test.coverage_reported test.new_code quality.gate quality.linter sec.high_vulns
    S sec.updates_bot sec.policy sec.pinned sec.token_permissions ops.oncall_depth
    S ops.health_endpoint ops.dashboard ops.alerts ops.runtime_supported api.lint dora.frequency
    S delivery.pr_age delivery.review_time
    G doc.fresh doc.adr own.codeowners_match ci.duration ci.flaky test.coverage_floor sec.sast
    G sec.sbom_provenance ops.slo ops.restore_tested api.no_breaking api.consumers_known
    G dora.lead_time dora.change_fail dora.restore
"""
"""The reference's checks, each line with its level: Bronze, Silver or Gold."""

LEVEL_OF = {
    check: "-BSG".index(line.split()[0])
    for line in CATALOG.strip().splitlines()
    for check in line.split()[1:]
}

STRONGER = {
    "test.run_in_ci": "testing",
    "doc.techdocs": "docs",
    "doc.runbook": "operations",
    "ops.dashboard": "operations",
    "ops.slo": "operations",
    "sec.updates_bot": "security",
}
"""Checks of which a default scorecard has what the repository shows, and a pack the whole."""

OBSERVED = {s.name: s for s in (*CATALOG_FACTS, *REPOSITORY_FACTS)}
PACKS = built_in()
SCHEMAS: dict[str, FactSchema] = {
    **OBSERVED,
    **{fact.schema.name: fact.schema for pack in PACKS.values() for fact in pack.facts},
}
LIBRARY = load_files(plugin(Context(cache=Path("unused"))).scorecards, schemas=OBSERVED)
LOADED: dict[str, Loaded] = {
    name: load_files([(pack.file, pack.scorecards)], schemas=SCHEMAS)
    for name, pack in PACKS.items()
}
CHECKS = [
    pytest.param(name, card, check, id=check.id)
    for name, loaded in LOADED.items()
    for card in loaded.scorecards
    for check in card.checks
]
DECIDED_BY_RULES = [
    param
    for param in CHECKS
    if isinstance(check := param.values[2], Check) and not isinstance(check.rule, Manual)
]


def test_every_pack_is_read_without_a_problem_and_is_called_as_its_file() -> None:
    assert tuple(PACKS) == names()
    for name in names():
        text = (folder() / f"{name}.yaml").read_text()
        pack, problems = read_pack(text, file=name)
        assert problems == ()
        assert pack is not None
        assert pack.name == name


@pytest.mark.parametrize("name", PACKS)
def test_the_scorecards_of_the_pack_load_without_a_problem(name: str) -> None:
    assert LOADED[name].problems == ()
    assert LOADED[name].scorecards


def test_no_two_scorecards_have_the_same_name() -> None:
    cards = [*LIBRARY.scorecards, *(c for loaded in LOADED.values() for c in loaded.scorecards)]
    assert len({card.name for card in cards}) == len(cards)


def test_no_fact_is_declared_twice_or_has_a_namespace_that_collectors_observe() -> None:
    declared = [fact for pack in PACKS.values() for fact in pack.facts]
    assert len({fact.schema.name for fact in declared}) == len(declared)
    taken = {name.partition(".")[0] for name in OBSERVED}
    assert taken.isdisjoint(fact.namespace for fact in declared)


def test_a_namespace_belongs_to_one_pack_so_that_one_run_can_push_it_whole() -> None:
    spaces = [space for pack in PACKS.values() for space in pack.sources]
    assert len(set(spaces)) == len(spaces)


def test_every_check_of_the_catalog_is_in_a_default_scorecard_or_in_a_pack() -> None:
    assert len(LEVEL_OF) == 54
    default = {check.id for card in LIBRARY.scorecards for check in card.checks}
    packed = {
        check.id for loaded in LOADED.values() for c in loaded.scorecards for check in c.checks
    }
    assert LEVEL_OF.keys() - default - packed == set()
    assert LEVEL_OF.keys() & default & packed == STRONGER.keys()
    for check, pack in STRONGER.items():
        assert check in {c.id for card in LOADED[pack].scorecards for c in card.checks}


PHASES = ("Initial", "Managed", "Defined", "Optimizing")


def test_checks_of_packs_are_on_the_level_that_the_catalog_gives_them() -> None:
    for loaded in LOADED.values():
        for card in loaded.scorecards:
            asked = {
                0,
                *(check.level for check in card.checks),
            }  # what nothing leads to is left out
            ladder = [level.name for level in card.levels]
            assert ladder == [phase for phase in PHASES if phase in ladder]
            assert asked == set(range(len(ladder)))
            levels = {c.id: PHASES.index(ladder[c.level]) for c in card.checks if c.id in LEVEL_OF}
            assert levels == {check: LEVEL_OF[check] for check in levels}


@pytest.mark.parametrize("name", PACKS)
def test_every_case_of_every_check_of_the_pack_holds(name: str) -> None:
    failed = [
        f"{trial.check.id}, line {trial.case.line}: {trial.got.outcome} {trial.got.reason}"
        for card in LOADED[name].scorecards
        for trial in trials(card, SCHEMAS)
        if not trial.holds
    ]
    assert failed == []


@pytest.mark.parametrize(("pack", "card", "check"), DECIDED_BY_RULES)
def test_the_check_is_tried_both_ways_and_without_an_answer(
    pack: str, card: Scorecard, check: Check
) -> None:
    expected = {case.expect for case in check.tests}
    assert {Outcome.PASS, Outcome.FAIL} <= expected
    assert expected & {Outcome.UNKNOWN, Outcome.NOT_APPLICABLE}
    if check.applies_to is not None:
        assert Outcome.NOT_APPLICABLE in expected


@pytest.mark.parametrize(("pack", "card", "check"), DECIDED_BY_RULES)
def test_the_check_is_unknown_while_nothing_feeds_it(
    pack: str, card: Scorecard, check: Check
) -> None:
    passing = next(case for case in check.tests if case.expect is Outcome.PASS)
    silent = replace(passing, facts=(), expect=Outcome.UNKNOWN)
    (trial,) = trials(replace(card, checks=(replace(check, tests=(silent,)),)), SCHEMAS)
    assert trial.holds, trial.got


@pytest.mark.parametrize(("pack", "card", "check"), CHECKS)
def test_the_check_of_a_pack_has_what_its_reader_needs(
    pack: str, card: Scorecard, check: Check
) -> None:
    assert check.expected
    assert check.why
    assert "```" in check.fix, "a fix has something to copy"
    assert check.effort in EFFORTS
    assert check.category != "General"
    assert check.applies_to is None or check.applies_because
    assert not check.title.endswith("?")


@pytest.mark.parametrize(("pack", "card", "check"), DECIDED_BY_RULES)
def test_the_fix_of_a_pack_is_filled_in_from_what_its_check_observed(
    pack: str, card: Scorecard, check: Check
) -> None:
    observed = next(
        trial.got.observed
        for trial in trials(card, SCHEMAS)
        if trial.check.id == check.id and trial.case.expect is Outcome.FAIL
    )
    looked_at = {fact for fact in SCHEMAS if f"{{{fact}}}" in check.fix}
    assert looked_at <= observed.keys()
    entity = {"kind": "Component", "metadata": {"name": "pay"}, "spec": {"owner": "group:a/b"}}
    text = render_fix(check, entity, dict.fromkeys(SCHEMAS, None) | dict(observed))
    assert [name for name in SCHEMAS if f"{{{name}}}" in text] == []
    assert "{name}" not in text
    assert "{owner}" not in text


def test_what_few_events_say_is_declared_to_be_left_out() -> None:
    described = {f.schema.name: f.schema.description for p in PACKS.values() for f in p.facts}
    for name, few in {
        "ci.duration_p50_minutes": "left out below 20 runs",
        "ci.rerun_success_pct": "left out below 50 runs",
        "deploy.lead_time_median_h": "left out below 10 deployments",
        "deploy.failed_upper_pct": "left out below 20 deployments",
        "incident.restore_median_h": "left out below 3 incidents",
        "reviews.first_median_h": "left out below 10 changes",
    }.items():
        assert few in described[name]


def test_a_fact_that_is_looked_for_in_vain_never_passes_as_a_small_number() -> None:
    """Zero findings and no finding at all are two things."""
    for loaded in LOADED.values():
        for card in loaded.scorecards:
            for check in card.checks:
                if isinstance(check.rule, Manual):
                    continue
                passing = next(case for case in check.tests if case.expect is Outcome.PASS)
                numbers = [
                    n for n, _ in passing.facts if SCHEMAS[n].type.value in ("int", "double")
                ]
                if not numbers or any(n in OBSERVED for n, _ in passing.facts):
                    continue
                none = tuple((name, Missing()) for name, _ in passing.facts)
                tried = replace(passing, facts=none, expect=Outcome.FAIL)
                alone = replace(card, checks=(replace(check, tests=(tried,)),))
                (trial,) = trials(alone, SCHEMAS)
                assert trial.holds, check.id
