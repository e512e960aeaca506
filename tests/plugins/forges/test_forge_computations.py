"""Numbers from what forges tell: medians, shares and dates, at their edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.contract import FactState, FailedFact, Known, Missing, Unknown
from plugins.forges.facts import changes, deployments, findings, protection, releases, runs
from plugins.forges.facts.changes import Change, is_bot, is_update
from plugins.forges.facts.deployments import Deployment, is_production, wilson_upper
from plugins.forges.facts.findings import Vulnerability
from plugins.forges.facts.protection import Protection, together
from plugins.forges.facts.runs import Build, Run
from plugins.forges.facts.schemas import SCHEMAS
from scorecards.collection.packs import built_in

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
NO = FailedFact(reason=Unknown.NOT_PERMITTED, detail="No.")


def ago(**time: float) -> datetime:
    return NOW - timedelta(**time)


def value(state: FactState) -> object:
    assert isinstance(state, Known), state
    return state.value


def few(state: FactState) -> bool:
    return isinstance(state, FailedFact) and state.reason is Unknown.NOT_COLLECTED


def test_the_facts_of_packs_are_what_the_packs_say() -> None:
    declared = {fact.schema.name: fact.schema for p in built_in().values() for fact in p.facts}
    ours = {schema.name: schema for schema in SCHEMAS if not schema.name.startswith("forge.")}
    assert ours == {name: declared[name] for name in ours}


def build(hours: float, succeeded: bool | None) -> Build:
    return Build(succeeded=succeeded, at=ago(hours=hours), failed_job=f"https://ci/{hours}")


@pytest.mark.parametrize(
    ("builds", "green", "since"),
    [
        ([build(1, True), build(2, False)], True, None),
        ([build(1, None), build(2, True)], True, None),
        ([build(1, False), build(2, False), build(3, True), build(4, False)], False, 2),
        ([build(1, False), build(2, None), build(3, False)], False, 3),
        ([build(1, None), build(2, False)], False, 2),
    ],
)
def test_red_lasts_since_the_first_failure_that_no_success_has_followed(
    builds: list[Build], green: bool, since: float | None
) -> None:
    states = runs.branch_states(builds)
    assert value(states["ci.default_branch_green"]) is green
    red_since = states["ci.default_branch_red_since"]
    if since is None:
        assert isinstance(red_since, Missing)
        assert isinstance(states["ci.failed_job"], Missing)
    else:
        assert value(red_since) == ago(hours=since)
        finished = next(one for one in builds if one.succeeded is not None)
        assert value(states["ci.failed_job"]) == finished.failed_job


@pytest.mark.parametrize("builds", [[], [build(1, None)]])
def test_where_nothing_has_finished_green_and_red_are_not_known(builds: list[Build]) -> None:
    states = runs.branch_states(builds)
    assert all(isinstance(state, FailedFact) for state in states.values())


def run(number: int, *, succeeded: bool = True, hours: float = 1, **more: bool) -> Run:
    return Run(
        task="ci",
        commit=f"c{number}",
        began_at=ago(hours=hours, minutes=number),
        ended_at=ago(hours=hours),
        succeeded=succeeded,
        **more,
    )


def test_durations_say_nothing_below_twenty_runs_of_thirty_days() -> None:
    old = [run(n, hours=24 * 31) for n in range(40)]
    assert few(runs.duration([*old, *(run(n) for n in range(19))], now=NOW))
    assert value(runs.duration([*old, *(run(n) for n in range(20))], now=NOW)) == 9.5


def test_a_run_that_failed_and_then_passed_on_the_same_commit_was_mended_by_nothing() -> None:
    quiet = [run(n) for n in range(48)]
    assert few(runs.rerun_success(quiet, now=NOW))
    again = [run(100, succeeded=False, hours=3), run(100, hours=2)]
    worse = [run(101, hours=3), run(101, succeeded=False, hours=2)]
    assert value(runs.rerun_success([*quiet, *again, *worse], now=NOW)) == 2.0
    attempted = [run(100, had_failed=True), run(101, succeeded=False, had_failed=True)]
    assert value(runs.rerun_success([*quiet, *attempted], now=NOW)) == 2.0


def test_the_age_of_open_changes_leaves_bots_out_and_is_zero_without_any() -> None:
    bot = Change(opened_at=ago(days=300), by_bot=True)
    assert value(changes.open_age([], now=NOW)) == 0.0
    assert value(changes.open_age([bot], now=NOW)) == 0.0
    ours = [Change(opened_at=ago(days=n)) for n in (1, 2, 9, 10)]
    assert value(changes.open_age([*ours, bot], now=NOW)) == 5.5


def test_first_reviews_say_nothing_below_ten_changes() -> None:
    reviewed = [Change(opened_at=ago(days=2), reviewed_at=ago(days=1)) for _ in range(9)]
    waiting = [Change(opened_at=ago(days=2)) for _ in range(9)]
    old = [Change(opened_at=ago(days=31), reviewed_at=ago(days=1)) for _ in range(9)]
    assert few(changes.first_review([*reviewed, *waiting, *old], now=NOW))
    assert value(changes.first_review([*reviewed, reviewed[0], *waiting], now=NOW)) == 24.0


@pytest.mark.parametrize(
    ("login", "expected"),
    [
        ("renovate[bot]", True),
        ("renovate", True),
        ("acme-bot", True),
        ("project_7_bot_0ab1", True),
        ("abbot", False),
        ("botho", False),
        ("annabel", False),
    ],
)
def test_bots_are_known_by_their_names(login: str, expected: bool) -> None:
    assert is_bot(login) is expected


def test_updates_are_known_by_the_account_or_the_branch() -> None:
    assert is_update("self-hosted-renovate", "x")
    assert is_update("ann", "renovate/lodash-4.x")
    assert is_update("ann", "dependabot/npm/lodash")
    assert not is_update("ann", "fix-renovate/x")
    newest = [Change(opened_at=ago(days=n), updates=n > 2) for n in range(9)]
    assert value(changes.last_update(newest, looked_at=100)) == ago(days=3)
    assert isinstance(changes.last_update(newest[:2], looked_at=100), Missing)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("production", True),
        ("Production / eu", True),
        ("prod-eu-1", True),
        ("shop_prod", True),
        ("live", True),
        ("staging", False),
        ("pre-production", False),
        ("nonprod", False),
        ("product-catalog", False),
        ("delivery", False),
    ],
)
def test_production_is_known_by_its_name(name: str, expected: bool) -> None:
    assert is_production(name) is expected


def deployed(days: float, commit: str, *, succeeded: bool = True, hours: float = 4) -> Deployment:
    return Deployment(
        at=ago(days=days),
        succeeded=succeeded,
        commit=commit,
        committed_at=ago(days=days, hours=hours),
    )


def test_without_a_deployment_to_production_nothing_is_known_and_not_zero() -> None:
    states = deployments.states([], now=NOW)
    assert all(isinstance(state, FailedFact) for state in states.values())
    stopped = deployments.states([deployed(200, "c")], now=NOW)
    assert value(stopped["deploy.count_90d"]) == 0
    assert value(stopped["deploy.per_week_median_12w"]) == 0.0
    assert few(stopped["deploy.lead_time_median_h"])


def test_deployments_are_counted_by_week_and_say_little_below_their_numbers() -> None:
    weekly = [deployed(7 * n + 1, f"c{n}") for n in range(9)]
    states = deployments.states(weekly, now=NOW)
    assert value(states["deploy.per_week_median_12w"]) == 1.0
    assert few(states["deploy.lead_time_median_h"])
    assert few(states["deploy.failed_pct"])
    more = [*weekly, *(deployed(n, f"d{n}", hours=10) for n in range(2, 13))]
    states = deployments.states(more, now=NOW)
    assert value(states["deploy.count_90d"]) == 20
    assert value(states["deploy.lead_time_median_h"]) == 10.0
    assert value(states["deploy.failed_pct"]) == 0.0


def test_a_rollback_marks_the_deployment_that_it_takes_back_and_is_no_lead_time() -> None:
    steady = [deployed(50 - n, f"c{n}") for n in range(17)]
    rolled = [deployed(3, "v1"), deployed(2, "v2"), deployed(1, "v3"), deployed(0.5, "v1")]
    states = deployments.states([*steady, *rolled], now=NOW)
    # V2 alone was taken back: it is the first after the one that came again.
    assert value(states["deploy.failed_pct"]) == round(100 / 21, 2)
    assert value(states["deploy.lead_time_median_h"]) == 4.0
    again = deployments.states([*steady, *rolled[:3], deployed(0.9, "v3")], now=NOW)
    assert value(again["deploy.failed_pct"]) == 0.0


@given(st.integers(1, 10_000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_upper_end_is_above_the_share_and_nearer_to_it_the_more_there_are(
    pair: tuple[int, int],
) -> None:
    failed, total = pair
    upper = wilson_upper(failed, total)
    assert failed / total <= upper + 1e-12
    assert upper <= 1
    assert wilson_upper(failed * 10, total * 10) <= upper + 1e-12


def test_the_upper_end_of_two_in_twenty() -> None:
    # By its definition: the upper root of (p - 0.1)^2 = z^2 p (1 - p) / 20, with z = 1.2815516.
    upper = wilson_upper(2, 20)
    assert upper == pytest.approx(0.2184, abs=1e-4)
    assert (upper - 0.1) ** 2 == pytest.approx(1.2815516**2 * upper * (1 - upper) / 20)


def finding(severity: str, *, fix: str = "fixed in 2", **age: float) -> Vulnerability:
    return Vulnerability(severity=severity, found_at=ago(**age), what="left 1", fix=fix)


def test_what_is_overdue_has_a_fix_and_has_been_open_for_longer_than_allowed() -> None:
    states = findings.states(
        [
            finding("critical", days=7),
            finding("critical", days=7, seconds=1),
            finding("critical", days=99, fix=""),
            finding("high", days=30),
            finding("high", days=31),
            finding("medium", days=999),
        ],
        now=NOW,
    )
    assert value(states["vuln.critical_overdue"]) == 1
    assert value(states["vuln.high_overdue"]) == 1
    assert value(states["vuln.overdue"]) == ("left 1: fixed in 2",)


@pytest.mark.parametrize(
    ("files", "shown"),
    [
        (["a.tgz", "README.md"], (False, False, False)),
        (["a.tgz", "a.tgz.asc"], (False, True, False)),
        (["a.spdx.json", "a.sigstore.json"], (True, True, False)),
        (["bom.xml", "multiple.intoto.jsonl"], (True, True, True)),
        (["sbom.json", "provenance.json"], (True, False, True)),
        (["bomb.json", "a.signal"], (False, False, False)),
    ],
)
def test_the_files_of_a_release_show_what_it_comes_with(
    files: list[str], shown: tuple[bool, bool, bool]
) -> None:
    assert tuple(value(state) for state in releases.states(files).values()) == shown


@pytest.mark.parametrize("files", [None, []])
def test_a_release_that_is_kept_elsewhere_is_not_known(files: list[str] | None) -> None:
    assert all(isinstance(state, FailedFact) for state in releases.states(files).values())


def test_of_two_rules_the_stricter_word_holds() -> None:
    ruleset = Protection(enabled=True, approvals=1, force_push=False, checks=("a",))
    hidden = Protection(enabled=True, approvals=NO, force_push=NO, checks=("b",))
    both = together(ruleset, hidden)
    assert (both.force_push, both.approvals, both.checks) == (False, NO, ("a", "b"))
    assert together(Protection(), hidden).force_push is NO
    assert together(Protection(), Protection()) == Protection()
    assert together(ruleset, Protection(enabled=True, approvals=2)).approvals == 2


def test_idle_are_the_required_checks_that_did_not_run() -> None:
    rule = Protection(enabled=True, checks=("a", "b"))
    assert value(protection.states(rule, {"b", "c"})["protection.idle_checks"]) == ("a",)
    assert protection.states(rule, NO)["protection.idle_checks"] is NO
    assert value(protection.states(Protection(), NO)["protection.idle_checks"]) == ()
