"""Journeys of facts that forges know: from their answers to checks, and what a refusal leaves known."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from plugins.contract import ForgeFacts
from portal.app import create_app
from portal.config.settings import ConfiguredSource, Settings
from portal.db.catalog import entities
from portal.db.collection import facts, fetched
from portal.db.collection.inquiries import Said
from portal.db.ingest import registrations
from portal.pool import Pool
from portal.wiring import open_portal, prepare, tools_of
from portal.worker import fetching, inquiring
from portal.worker.assessment import assessing
from scorecards.collection.feeding import SwitchedOn
from scorecards.facts import FactState, FailedFact, Known, Missing, Unknown
from tests.forge.running import RunningForge, running_forge
from tests.portal.worker.forgesweeps import START, Sweeps, component, integration, provider

PACKS = ("ci", "delivery", "security")


def ago(**time: float) -> str:
    """That long before the first sweep."""
    return (START - timedelta(**time)).isoformat().replace("+00:00", "Z")


@pytest.fixture
def forge(forge_process: RunningForge) -> RunningForge:
    forge_process.reset()
    for name in ("shop", "cart"):
        files = {"catalog-info.yaml": component(name), "README.md": f"# {name}\n"}
        forge_process.create(f"acme/{name}", files, visibility="private", topics=["web"])
    return forge_process


@dataclass
class Facts(Sweeps):
    """Sweeps, after which facts are fetched."""

    def tools(self) -> Any:
        return replace(tools_of(self.portal, self.pool), now=lambda: self.now)

    def fetch(self, *, hours: float = 6) -> list[str]:
        """Fetch what is due that many hours later, and assess; returns what was due."""
        self.now += timedelta(hours=hours)
        keys = fetching.due(self.tools())
        for key in keys:
            fetching.fetch(self.tools(), key.removeprefix("fetch:"))
        while assessing.assess_round(self.tools()):
            pass
        return keys

    def state(self, fact: str, name: str = "shop") -> FactState:
        with self.portal.database.read() as connection:
            row = entities.by_ref(connection, f"component:default/{name}")
            assert row is not None
            (record,) = [one for one in facts.for_entity(connection, row.id) if fact in one.facts]
        return record.facts[fact]

    def value(self, fact: str, name: str = "shop") -> Any:
        state = self.state(fact, name)
        assert isinstance(state, Known), state
        return state.value

    def why(self, fact: str, name: str = "shop") -> Unknown:
        state = self.state(fact, name)
        assert isinstance(state, FailedFact), state
        return state.reason

    def outcomes(self, card: str, name: str = "shop") -> dict[str, str]:
        client = create_app(replace(self.portal, now=lambda: self.now)).test_client()
        cards: Any = client.get(f"/api/v1/entities/component/default/{name}/scorecards").json
        (found,) = [one for one in cards if one["scorecard"] == card]
        return {check["check"]: check["outcome"] for check in found["checks"]}

    def runs(self) -> dict[str, fetched.Fetch]:
        with self.portal.database.read() as connection:
            return fetched.listed(connection)


Make = Callable[..., Facts]


@pytest.fixture
def make(forge: RunningForge, migrated_file: Path, tmp_path: Path, pool: Pool) -> Iterator[Make]:
    opened = []

    def made(kind: str, *, packs: tuple[str, ...] = PACKS, **more: Any) -> Facts:
        """A portal that has read the whole forge once."""
        file = tmp_path / "portal.db"
        file.write_bytes(migrated_file.read_bytes())
        finder = provider(kind, forge.host)
        finder = replace(finder, catalog_path="/**/catalog-info.yaml")
        portal = open_portal(
            Settings(
                database=f"sqlite:///{file}",
                data_dir=tmp_path / "data",
                integrations=(integration(forge.forge(kind)), *more.pop("integrations", ())),
                providers=(finder,),
                sources=(ConfiguredSource("url", finder.target, "config"),),
                packs=tuple(SwitchedOn(name=name) for name in packs),
                **more,
            )
        )
        opened.append(portal)
        prepare(portal)
        facts_of = Facts(portal, pool)
        assert facts_of.run(hours=0) == {}
        return facts_of

    yield made
    for portal in opened:
        portal.database.close()


GREEN: dict[str, Any] = {
    "builds": [
        {"at": ago(hours=1), "state": "pending", "checks": ["test"]},
        {"at": ago(hours=2), "state": "success", "checks": ["test", "status/lint"]},
        {"at": ago(hours=50), "state": "failure", "checks": ["test"]},
    ],
    "rules": [
        {"type": "non_fast_forward"},
        {"type": "pull_request", "parameters": {"required_approving_review_count": 1}},
        {
            "type": "required_status_checks",
            "parameters": {"required_status_checks": [{"context": "test"}]},
        },
    ],
    "runs": [
        {"id": n, "commit": f"c{n}", "began": ago(hours=n + 1), "ended": ago(hours=n + 0.9)}
        for n in range(60)
    ],
    "license": "MIT",
}


def test_a_service_of_a_repository_that_was_found_passes_the_checks_of_ci(
    forge: RunningForge, make: Make
) -> None:
    forge.know("acme/shop", **GREEN)
    journey = make("github")
    assert f"fetch:forge@{forge.host}" in journey.fetch(hours=0)
    assert journey.outcomes("ci-health") == {
        "ci.default_green": "pass",
        "ci.branch_protected": "pass",
        "ci.required_checks": "pass",
        "ci.duration": "pass",
        "ci.flaky": "pass",
    }
    assert journey.value("ci.duration_p50_minutes") == 6.0
    assert journey.value("forge.topics") == ("web",)
    assert journey.value("forge.license") == "MIT"
    assert journey.value("forge.visibility") == "private"
    # Of the other one nothing has ever run, and nothing protects it.
    assert journey.outcomes("ci-health", "cart")["ci.branch_protected"] == "fail"
    assert journey.outcomes("ci-health", "cart")["ci.default_green"] == "unknown"
    assert journey.why("ci.duration_p50_minutes", "cart") is Unknown.NOT_CONFIGURED


def test_a_branch_that_stays_red_and_is_open_to_force_fails_them(
    forge: RunningForge, make: Make
) -> None:
    forge.know(
        "acme/shop",
        builds=[
            {"at": ago(hours=2), "state": "failure", "checks": ["status/deploy"]},
            {"at": ago(hours=30), "state": "failure", "checks": ["test"]},
            {"at": ago(hours=40), "state": "success", "checks": ["test"]},
        ],
        protection={
            "required_status_checks": {"contexts": ["test", "gone"]},
            "required_pull_request_reviews": {"required_approving_review_count": 2},
            "allow_force_pushes": {"enabled": True},
        },
        runs=[
            {"id": n, "commit": f"c{n}", "began": ago(hours=9), "ended": ago(hours=8)}
            | ({"before": "failure"} if n < 6 else {"before": "cancelled"} if n < 9 else {})
            for n in range(60)
        ],
    )
    journey = make("github")
    journey.fetch(hours=0)
    outcomes = journey.outcomes("ci-health")
    assert set(outcomes.values()) == {"fail"}
    assert journey.value("ci.default_branch_red_since") == START - timedelta(hours=30)
    assert journey.value("ci.failed_job") == "https://ci.example.com/status/deploy"
    assert journey.value("protection.approvals") == 2
    assert journey.value("protection.idle_checks") == ("gone",)
    assert journey.value("ci.rerun_success_pct") == 10.0


def test_reviews_updates_deployments_and_releases_are_numbers_without_names(
    forge: RunningForge, make: Make
) -> None:
    reviewed = [
        {
            "at": ago(days=n + 1),
            "reviews": [["annabel", ago(days=n + 1)], ["bob", ago(days=n, hours=18)]],
        }
        for n in range(12)
    ]
    forge.know(
        "acme/shop",
        changes=[
            *reviewed,
            {"at": ago(days=2), "open": True, "by": "zoe"},
            {"at": ago(days=6), "open": True, "by": "zoe"},
            {"at": ago(days=300), "open": True, "by": "renovate[bot]", "branch": "renovate/x"},
            {"at": ago(days=3), "by": "app[bot]", "branch": "dependabot/npm/x"},
        ],
        deployments=[
            *(
                {
                    "environment": "production",
                    "at": ago(days=n),
                    "commit": f"c{n}",
                    "committed": ago(days=n, hours=5),
                    "state": "failure" if n == 3 else "inactive",
                }
                for n in range(1, 25)
            ),
            *(
                {
                    "environment": f"review-{n}",
                    "at": ago(minutes=n),
                    "commit": f"r{n}",
                    "committed": ago(hours=1),
                }
                for n in range(250)
            ),
        ],
        release=["shop-1.0.tgz", "shop-1.0.spdx.json", "shop-1.0.intoto.jsonl"],
    )
    journey = make("github")
    journey.fetch(hours=0)
    assert journey.value("reviews.open_age_p50_d") == 4.0
    assert journey.value("reviews.first_median_h") == 6.0
    assert journey.value("updates.last_change_at") == START - timedelta(days=3)
    assert journey.value("deploy.count_90d") == 23
    assert journey.value("deploy.per_week_median_12w") == 0.0
    assert journey.value("deploy.lead_time_median_h") == 5.0
    assert journey.value("deploy.failed_pct") == 4.17
    assert journey.value("deploy.failed_upper_pct") > 10
    assert [journey.value(f"release.{w}") for w in ("sbom", "signed", "provenance")] == [True] * 3
    assert journey.outcomes("delivery-performance")["dora.deploys_seen"] == "pass"
    assert journey.why("release.sbom", "cart") is Unknown.NOT_CONFIGURED
    assert journey.why("deploy.count_90d", "cart") is Unknown.NOT_CONFIGURED
    assert journey.value("reviews.open_age_p50_d", "cart") == 0.0
    with journey.portal.database.read() as connection:
        row = entities.by_ref(connection, "component:default/shop")
        assert row is not None
        told = repr([one.facts for one in facts.for_entity(connection, row.id)])
    assert not any(name in told for name in ("annabel", "bob", "zoe"))


VULNERABLE: dict[str, Any] = {
    "secrets": 150,
    "analyzed": ago(days=2),
    "vulnerabilities": [
        {
            "package": "lodash",
            "versions": "< 4.17.21",
            "severity": "high",
            "since": ago(days=31),
            "fixed": "4.17.21",
        },
        {
            "package": "left",
            "versions": "< 2",
            "severity": "high",
            "since": ago(days=29),
            "fixed": "2",
        },
        {"package": "pad", "versions": "< 2", "severity": "critical", "since": ago(days=90)},
    ],
}


def test_findings_of_scanners_are_counted_where_they_have_a_fix(
    forge: RunningForge, make: Make
) -> None:
    forge.know("acme/shop", **VULNERABLE)
    forge.know("acme/cart", off=["secret-scanning", "dependabot", "code-scanning"])
    journey = make("github")
    journey.fetch(hours=0)
    assert journey.value("secrets.open") == 150
    assert journey.value("vuln.high_overdue") == 1
    assert journey.value("vuln.critical_overdue") == 0
    assert journey.value("vuln.overdue") == ("lodash < 4.17.21: fixed in 4.17.21",)
    assert journey.value("sast.last_run_at") == START - timedelta(days=2)
    for fact in ("secrets.open", "vuln.high_overdue", "sast.last_run_at"):
        # What is switched off is no zero, and no fault of the credentials either.
        assert journey.why(fact, "cart") is Unknown.NOT_CONFIGURED
    assert journey.runs()[f"forge@{forge.host}"].problem is None
    forge.know("acme/cart", off=[])
    journey.fetch()
    assert journey.value("secrets.open", "cart") == 0
    assert journey.state("sast.last_run_at", "cart") == Missing(
        looked_for="an analysis of the default branch"
    )


def test_what_the_token_may_not_see_is_not_permitted_and_the_rest_is_known(
    forge: RunningForge, make: Make
) -> None:
    forge.know(
        "acme/shop",
        **GREEN | VULNERABLE,
        protection={},
        denied=["protection", "secret-scanning", "deployments"],
    )
    journey = make("github")
    journey.fetch(hours=0)
    for fact in ("protection.approvals", "secrets.open", "deploy.count_90d"):
        assert journey.why(fact) is Unknown.NOT_PERMITTED
    assert journey.value("protection.enabled") is True
    # A ruleset forbids it, whatever the older protection allows.
    assert journey.value("protection.force_push") is False
    assert journey.value("vuln.high_overdue") == 1
    assert journey.value("ci.default_branch_green") is True
    assert journey.value("reviews.open_age_p50_d") == 0.0
    run = journey.runs()[f"forge@{forge.host}"]
    assert run.problem is not None
    assert (run.failed, run.problem.code) == (0, "NOT_PERMITTED")
    assert journey.outcomes("security-findings")["sec.no_secrets"] == "unknown"


@pytest.mark.parametrize("denied", ["checks", "changes"])
def test_checks_and_changes_may_be_refused_as_well(
    forge: RunningForge, make: Make, denied: str
) -> None:
    forge.know("acme/shop", **GREEN, denied=[denied], changes=[{"at": ago(days=1)}])
    journey = make("github")
    journey.fetch(hours=0)
    refused, known = "ci.default_branch_green", "reviews.open_age_p50_d"
    if denied == "changes":
        refused, known = known, "protection.enabled"
    assert journey.why(refused) is Unknown.NOT_PERMITTED
    assert isinstance(journey.state(known), Known)
    assert journey.value("ci.duration_p50_minutes") == 6.0


def test_a_repository_that_has_not_changed_costs_one_query_and_conditional_requests(
    forge: RunningForge, make: Make
) -> None:
    forge.know("acme/shop", **GREEN | VULNERABLE)
    journey = make("github")
    journey.fetch(hours=0)
    forge.asked()
    journey.fetch()
    lines = [one for one in forge.asked() if "acme/cart" not in one["line"]]
    assert sum(one["kind"] == "graphql" for one in lines) == 2
    rest = [one for one in lines if one["kind"] != "graphql"]
    assert len(rest) == 7
    # An answer of 404 has no validator; everything here has one.
    assert {one["status"] for one in rest} == {304}


def test_a_monorepo_is_asked_about_once(forge: RunningForge, make: Make) -> None:
    files = {f"part{n}/catalog-info.yaml": component(f"part{n}") for n in range(12)}
    forge.create("acme/mono", files)
    forge.know("acme/mono", **GREEN)
    journey = make("github")
    forge.asked()
    journey.fetch(hours=0)
    asked = [one["line"] for one in forge.asked()]
    assert sum("/mono/actions/runs" in line for line in asked) == 1
    assert {journey.value("protection.approvals", f"part{n}") for n in range(12)} == {1}


def test_a_limit_in_the_middle_of_a_run_is_waited_for_and_gone_on_from(
    forge: RunningForge, make: Make
) -> None:
    for n in range(8):
        forge.create(f"acme/more{n}", {"catalog-info.yaml": component(f"more{n}")})
    journey = make("github")
    forge.fail("/more5/actions", "429", times=1, seconds=2)
    journey.fetch(hours=0)
    run = journey.runs()[f"forge@{forge.host}"]
    assert run.problem is not None
    assert run.problem.code == "RATE_LIMITED"
    assert run.place is not None
    assert run.until is not None
    assert run.until - journey.now <= timedelta(seconds=2)
    done = run.entities
    assert 0 < done < 10
    forge.asked()
    pause_is_over()
    assert journey.fetch(hours=0.1) == [f"fetch:forge@{forge.host}"]
    run = journey.runs()[f"forge@{forge.host}"]
    assert (run.entities, run.place, run.problem) == (10, None, None)
    assert sum("/actions/runs" in one["line"] for one in forge.asked()) == 10 - done
    assert isinstance(journey.state("forge.archived", "more7"), Known)


def test_who_has_just_protected_a_branch_sees_it_at_once_though_little_is_left_of_the_limit(
    forge: RunningForge, make: Make
) -> None:
    journey = make("github")
    journey.fetch(hours=0)
    assert journey.outcomes("ci-health")["ci.branch_protected"] == "fail"
    forge.order("meter", remaining=600)  # of 5,000: less than is kept for people
    journey.fetch()
    forge.know("acme/shop", **GREEN)
    forge.asked()
    journey.fetch()
    assert not [one for one in forge.asked() if "acme" in one["line"]], "the rest is for people"
    asked = inquiring.inquire(journey.tools(), f"component:default/shop:forge@{forge.host}")
    assert asked is Said.LEARNED
    while assessing.assess_round(journey.tools()):
        pass
    assert journey.outcomes("ci-health")["ci.branch_protected"] == "pass"
    assert not [one for one in forge.asked() if "cart" in one["line"]]


def pause_is_over() -> None:
    """The limits of a forge go by the real clock."""
    time.sleep(2.1)


def test_an_annotation_of_a_foreign_repository_is_refused_and_nothing_is_asked_about_it(
    forge: RunningForge, make: Make
) -> None:
    forge.create("victim/vault", {"README.md": "secret"}, visibility="private")
    annotations = {
        "slug": "github.com/project-slug: victim/vault",
        "source": f"backstage.io/source-location: 'url:{forge.url}/victim/vault'",
        "elsewhere": "backstage.io/source-location: 'url:https://example.com/x/y'",
        "own": "github.com/project-slug: acme/OWN",
    }
    for name, line in annotations.items():
        text = component(name, f", annotations: {{{line}}}")
        forge.create(f"acme/{name}", {"catalog-info.yaml": text})
    journey = make("github")
    forge.asked()
    journey.fetch(hours=0)
    for name in ("slug", "source", "elsewhere"):
        assert journey.why("secrets.open", name) is Unknown.NOT_CONFIGURED
    assert journey.value("secrets.open", "own") == 0
    assert not any("victim" in one["line"] for one in forge.asked())


def test_a_forge_that_is_dead_leaves_the_facts_of_another_fresh(
    forge: RunningForge, make: Make, tmp_path: Path
) -> None:
    with running_forge(tmp_path / "other") as other:
        other.create("acme/far", {"catalog-info.yaml": component("far")})
        journey = make(
            "github",
            integrations=(integration(other.forge("github")),),
        )
        with journey.portal.database.write() as connection:
            target = f"{other.url}/acme/far"
            registrations.register(
                connection, type="url", target=target, origin="config", now=journey.now
            )
        assert journey.run(hours=0) == {}
        assert len(journey.fetch(hours=0)) == 2
        assert journey.value("secrets.open", "far") == 0
    forge.know("acme/shop", secrets=3)
    journey.fetch()
    assert journey.value("secrets.open") == 3
    far = journey.runs()[f"forge@{other.host}"]
    assert far.problem is not None
    assert (far.entities, far.failed) == (1, 1)
    # What was known of the other one is believed for a while.
    assert journey.value("secrets.open", "far") == 0
    journey.fetch(hours=25)
    assert journey.why("secrets.open", "far") is Unknown.SOURCE_FAILED


def test_namespaces_that_are_disabled_are_not_asked_for_and_may_be_pushed(
    forge: RunningForge, make: Make
) -> None:
    journey = make(
        "github", forge_facts=ForgeFacts(disabled=("secrets", "vuln", "deploy", "ci", "protection"))
    )
    forge.asked()
    journey.fetch(hours=0)
    lines = [one["line"] for one in forge.asked()]
    assert not any(word in line for line in lines for word in ("secret-", "dependabot", "/rules/"))
    assert "secrets.open" not in {
        schema.name
        for p in journey.portal.plugins
        for c in p.remote_collectors
        for schema in c.schemas
    }
    assert journey.outcomes("security-findings")["sec.no_secrets"] == "unknown"


def test_what_is_nearly_used_up_is_left_for_reading_the_catalog(
    forge: RunningForge, make: Make
) -> None:
    journey = make("github")
    forge.order("spend", remaining=900)
    journey.fetch(hours=0)
    forge.asked()
    journey.fetch()
    assert [one["line"] for one in forge.asked() if one["kind"] != "git"] == []
    run = journey.runs()[f"forge@{forge.host}"]
    assert run.problem is not None
    assert run.until is not None
    assert "rest is for the catalog" in run.problem.message
    assert run.until - journey.now > timedelta(minutes=40)


def pipeline(number: int, status: str, *, ref: str = "main", **time: float) -> dict[str, Any]:
    """A pipeline of 12 minutes that ended that long ago."""
    return {
        "id": number,
        "ref": ref,
        "sha": f"c{number}",
        "status": status,
        "source": "push",
        "created_at": ago(**time | {"minutes": 12}),
        "updated_at": ago(**time),
        "web_url": f"https://gitlab.example.com/pipelines/{number}",
    }


GITLAB: dict[str, Any] = {
    "pipelines": [
        pipeline(1, "running", hours=1),
        pipeline(2, "failed", hours=2),
        pipeline(3, "failed", hours=30),
        pipeline(4, "success", hours=40),
        *(pipeline(n, "success", ref="feature", hours=n) for n in range(5, 40)),
    ],
    "protected": [
        {"name": "release/*", "allow_force_push": True},
        {"name": "ma*", "allow_force_push": False},
    ],
    "approvals": [
        {"approvals_required": 1, "protected_branches": []},
        {"approvals_required": 5, "protected_branches": [{"name": "release/*"}]},
    ],
    "needs_pipeline": True,
    "changes": [
        {"at": ago(days=2), "open": True},
        {"at": ago(days=9), "open": True, "by": "project_7_bot_0ab1"},
        {"at": ago(days=5), "branch": "renovate/x", "by": "project_7_bot_0ab1"},
    ],
    "deployments": [
        {
            "environment": "production",
            "at": ago(days=n),
            "commit": f"c{n}",
            "committed": ago(days=n, hours=3),
        }
        for n in range(1, 20)
    ],
    "jobs": [
        {"ref": "feature", "finished_at": ago(days=1), "artifacts": [{"file_type": "sast"}]},
        {"ref": "main", "finished_at": ago(days=3), "artifacts": [{"file_type": "sast"}]},
        {"ref": "main", "finished_at": ago(days=2), "artifacts": [{"file_type": "trace"}]},
    ],
    "release": ["app.cdx.json"],
    "license": "MIT",
    "findings": {
        "enabled": ["SECRET_DETECTION", "DEPENDENCY_SCANNING"],
        "secrets": 2,
        "vulnerabilities": [
            {
                "severity": "CRITICAL",
                "detectedAt": ago(days=8),
                "title": f"Hole {n} in lodash",
                "solution": "Upgrade to 4.17.21." if n else None,
            }
            for n in range(120)
        ],
    },
}


def test_a_gitlab_tells_of_its_projects(forge: RunningForge, make: Make) -> None:
    forge.know("acme/shop", **GITLAB)
    journey = make("gitlab")
    journey.fetch(hours=0)
    expected = {
        "forge.visibility": "private",
        "forge.license": "MIT",
        "ci.default_branch_green": False,
        "ci.default_branch_red_since": START - timedelta(hours=30),
        "ci.failed_job": "https://gitlab.example.com/jobs/20",
        "ci.duration_p50_minutes": 12.0,
        "protection.enabled": True,
        "protection.approvals": 1,
        "protection.force_push": False,
        "protection.required_checks": ("pipeline",),
        "protection.idle_checks": (),
        "reviews.open_age_p50_d": 2.0,
        "updates.last_change_at": START - timedelta(days=5),
        "deploy.count_90d": 19,
        "deploy.lead_time_median_h": 3.0,
        "secrets.open": 2,
        "vuln.critical_overdue": 119,
        "sast.last_run_at": START - timedelta(days=3),
        "release.sbom": True,
        "release.signed": False,
    }
    assert {fact: journey.value(fact) for fact in expected} == expected
    assert journey.value("vuln.overdue")[0] == "Hole 1 in lodash: Upgrade to 4.17.21"
    assert journey.why("ci.rerun_success_pct") is Unknown.NOT_CONFIGURED
    assert journey.why("reviews.first_median_h") is Unknown.NOT_COLLECTED
    assert journey.outcomes("ci-health")["ci.branch_protected"] == "pass"
    forge.asked()
    journey.fetch()
    lines = [one for one in forge.asked() if "cart" not in one["line"]]
    rest = [one for one in lines if one["kind"] != "graphql"]
    assert (len(rest), {one["status"] for one in rest}) == (11, {304})


def test_a_gitlab_without_a_licence_tells_no_zeros(forge: RunningForge, make: Make) -> None:
    forge.know("acme/shop", protected=[{"name": "main", "allow_force_push": False}])
    forge.know("acme/cart", findings={"enabled": ["SAST"]})
    journey = make("gitlab")
    journey.fetch(hours=0)
    for name, fact in (
        ("shop", "protection.approvals"),
        ("shop", "secrets.open"),
        ("shop", "vuln.critical_overdue"),
        ("cart", "secrets.open"),
        ("cart", "vuln.high_overdue"),
    ):
        assert journey.why(fact, name) is Unknown.NOT_CONFIGURED
    assert journey.value("protection.enabled") is True
    assert journey.value("protection.approvals", "cart") == 0
    assert journey.runs()[f"forge@{forge.host}"].problem is None


def test_a_gitlab_may_refuse_some_and_tell_the_rest(forge: RunningForge, make: Make) -> None:
    denied = ["protected_branches", "jobs"]
    forge.know("acme/shop", **GITLAB | {"denied": denied, "findings": {"denied": True}})
    journey = make("gitlab")
    journey.fetch(hours=0)
    for fact in ("protection.enabled", "sast.last_run_at", "secrets.open", "vuln.high_overdue"):
        assert journey.why(fact) is Unknown.NOT_PERMITTED
    assert journey.value("deploy.count_90d") == 19
    run = journey.runs()[f"forge@{forge.host}"]
    assert run.problem is not None
    assert run.problem.code == "NOT_PERMITTED"


def task(number: int, run: int, status: str, *, branch: str = "main", **time: float) -> Any:
    """A task of Actions, of 10 minutes."""
    return {
        "id": number,
        "run_number": run,
        "head_branch": branch,
        "head_sha": f"c{run}",
        "event": "push",
        "status": status,
        "run_started_at": ago(**time | {"minutes": 10 + number % 2}),
        "updated_at": ago(**time),
        "url": f"https://gitea.example.com/tasks/{number}",
    }


GITEA: dict[str, Any] = {
    "tasks": [
        *(
            task(n, n // 2, "success" if n % 4 else "failure", hours=n // 2 + 1)
            for n in range(2, 6)
        ),
        *(task(n, n // 2, "success", branch="x", hours=n // 2 + 1) for n in range(6, 120)),
    ],
    "protection": {
        "required_approvals": 2,
        "status_check_contexts": ["test"],
        "enable_force_push": True,
    },
    "changes": [
        {"at": ago(days=4), "open": True},
        {"at": ago(days=6), "branch": "renovate/x"},
    ],
    "release": ["app.tgz", "app.tgz.minisig"],
}


def test_a_gitea_tells_what_it_knows_of_its_repositories(forge: RunningForge, make: Make) -> None:
    forge.know("acme/shop", **GITEA)
    journey = make("gitea")
    journey.fetch(hours=0)
    expected = {
        "forge.default_branch": "main",
        "ci.default_branch_green": True,
        "ci.duration_p50_minutes": 11.0,
        "protection.enabled": True,
        "protection.approvals": 2,
        "protection.force_push": True,
        "protection.required_checks": ("test",),
        "reviews.open_age_p50_d": 4.0,
        "updates.last_change_at": START - timedelta(days=6),
        "release.signed": True,
    }
    assert {fact: journey.value(fact) for fact in expected} == expected
    for fact in ("deploy.count_90d", "secrets.open", "vuln.overdue", "protection.idle_checks"):
        assert journey.why(fact) is Unknown.NOT_CONFIGURED
    assert journey.value("protection.enabled", "cart") is False
    assert journey.runs()[f"forge@{forge.host}"].problem is None


def test_a_gitea_without_actions_tells_what_others_said_of_the_last_commit(
    forge: RunningForge, make: Make
) -> None:
    at, url = ago(hours=30), "https://ci.example.com/9"
    red = {"context": "drone", "status": "failure", "updated_at": at, "target_url": url}
    forge.know("acme/shop", **GITEA | {"tasks": [], "statuses": [red]})
    forge.know("acme/cart", protection={}, denied=["branch_protections", "actions"])
    journey = make("gitea")
    journey.fetch(hours=0)
    assert journey.value("ci.default_branch_red_since") == START - timedelta(hours=30)
    assert journey.value("ci.failed_job") == url
    assert journey.why("ci.duration_p50_minutes") is Unknown.NOT_CONFIGURED
    assert journey.outcomes("ci-health")["ci.default_green"] == "fail"
    assert journey.why("protection.force_push", "cart") is Unknown.NOT_PERMITTED
    assert journey.why("ci.default_branch_green", "cart") is Unknown.NOT_PERMITTED
    assert journey.value("protection.approvals", "cart") == 0


@pytest.mark.parametrize("kind", ["gitlab", "gitea"])
def test_changes_are_asked_for_their_reviews_where_there_are_enough_of_them(
    forge: RunningForge, make: Make, kind: str
) -> None:
    reviewed = [
        {
            "at": ago(days=n + 1),
            "reviews": [
                ["annabel", ago(days=n + 1)],
                ["ci-bot", ago(days=n + 1)],
                ["bob", ago(days=n, hours=15)],
            ],
        }
        for n in range(12)
    ]
    forge.know("acme/shop", changes=[*reviewed, *({"at": ago(days=40)} for _ in range(9))])
    forge.know("acme/cart", changes=reviewed[:9])
    journey = make(kind)
    forge.asked()
    journey.fetch(hours=0)
    assert journey.value("reviews.first_median_h") == 9.0
    assert journey.why("reviews.first_median_h", "cart") is Unknown.NOT_COLLECTED
    asked = [
        one["line"] for one in forge.asked() if "/notes" in one["line"] or "/reviews" in one["line"]
    ]
    assert len(asked) == 12


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
def test_a_repository_that_is_hidden_or_has_another_name_tells_nothing(
    forge: RunningForge, make: Make, kind: str
) -> None:
    journey = make(kind)
    forge.order("delete", path="acme/shop")
    forge.order("rename", path="acme/cart", to="acme/basket")
    journey.fetch(hours=0)
    for name in ("shop", "cart"):
        for fact in ("forge.archived", "ci.default_branch_green", "release.signed"):
            assert journey.why(fact, name) is Unknown.NOT_PERMITTED
    run = journey.runs()[f"forge@{forge.host}"]
    assert (run.entities, run.failed) == (2, 2)


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
@pytest.mark.parametrize("how", ["500", "truncated", "garbage", "null"])
def test_nonsense_is_the_failure_of_the_forge_and_ends_nothing(
    forge: RunningForge, make: Make, kind: str, how: str
) -> None:
    forge.know("acme/shop", **{"github": GREEN, "gitlab": GITLAB, "gitea": GITEA}[kind])
    journey = make(kind)
    # Of the repository itself something is told, and nothing that can be used of what it knows.
    known = {"github": "graphql", "gitlab": "license=true", "gitea": "repos/acme/shop$"}[kind]
    # Where half of the answers are no use, the forge itself is taken to be in trouble.
    for _ in range(15):
        assert journey.run(hours=0) == {}
    runs = {"github": "actions/runs", "gitlab": "pipelines", "gitea": "actions/tasks"}[kind]
    forge.fail(f"shop.*{runs}" if how == "500" else f"^(?!.*({known})).*shop", how)
    journey.fetch(hours=0)
    assert isinstance(journey.state("forge.archived"), Known)
    fact = "ci.duration_p50_minutes"
    assert journey.why(fact) is Unknown.SOURCE_FAILED
    run = journey.runs()[f"forge@{forge.host}"]
    assert (run.entities, run.place) == (2, None)
    assert run.problem is not None
    forge.order("mend")
    forge.fail("graphql|license=true|repos/acme/shop$", how)
    journey.fetch(hours=30)
    assert journey.why("forge.archived") in (Unknown.SOURCE_FAILED, Unknown.NOT_PERMITTED)
