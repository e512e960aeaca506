"""Every recipe that feeds a pack, run against answers of the documented form: its checks come to pass."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import unquote

import pytest

from plugins.contract import ReadingRule
from portal.app import create_app
from portal.config import Settings
from portal.worker.assessment import assessing
from scorecards.collection.packs import built_in, declarations
from scorecards.facts import FactState, FailedFact, Known, Missing, Unknown
from tests.docs.test_fetching_samples import fetched, local, states
from tests.docs.test_samples import ROOT, samples
from tests.plugins.webserver import WebServer, answer, serve_web

PAGE = ROOT / "docs" / "how-to" / "feed-a-pack.md"

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: shop
  labels: {runtime: python, runtime-version: "3.13"}
  annotations:
    pagerduty.com/service-id: PSERVICE
    pagerduty.com/integration-key: abc123
    opsgenie.com/team: Shop
    backstage.io/kubernetes-id: shop-k8s
    sonarqube.org/project-key: acme:shop
    example.com/purl: pkg:pypi/shop@1.2.0
  links: [{url: "https://wiki.example.com", title: Wiki}]
spec: {type: service, lifecycle: production, owner: "group:default/shop-team"}
---
apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: orders}
spec: {type: openapi, lifecycle: production, owner: shop-team, definition: "openapi: 3.1.0"}
"""

OPEN = "backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}\n"

SCHEDULE = {"id": "PS", "type": "schedule_reference", "summary": "Primary"}
PERSON = {"id": "PU", "type": "user_reference", "summary": "Somebody"}
POLICY = {
    "id": "PE",
    "type": "escalation_policy",
    "escalation_rules": [
        {"id": "R1", "escalation_delay_in_minutes": 10, "targets": [SCHEDULE]},
        {"id": "R2", "escalation_delay_in_minutes": 20, "targets": [PERSON]},
    ],
}
SERVICE = {"id": "PSERVICE", "type": "service", "name": "Shop", "escalation_policy": POLICY}
PS = {"schedule": {"id": "PS", "type": "schedule", "users": [PERSON] * 4}}

ONCALL = {"oncall.has_schedule": True, "oncall.participants": 4, "oncall.levels": 2}


def alert(name: str, **labels: str) -> dict[str, object]:
    return {"type": "alerting", "name": name, "labels": labels, "state": "inactive", "alerts": []}


def container(ready: str, alive: str) -> dict[str, object]:
    return {
        "name": "shop",
        "readinessProbe": {"httpGet": {"path": ready, "port": 8080}, "periodSeconds": 5},
        "livenessProbe": {"httpGet": {"path": alive, "port": 8080}, "failureThreshold": 6},
    }


def deployment(*containers: dict[str, object]) -> dict[str, object]:
    return {
        "metadata": {"name": "shop", "labels": {"backstage.io/kubernetes-id": "shop-k8s"}},
        "spec": {"template": {"spec": {"containers": list(containers)}}},
    }


def incident(minutes: int) -> dict[str, str]:
    return {
        "id": "Q",
        "status": "resolved",
        "created_at": "2026-02-01T10:00:00Z",
        "resolved_at": f"2026-02-01T{10 + minutes // 60:02d}:{minutes % 60:02d}:00Z",
    }


def vulnerability(id_: str, severity: str, *, fixed: bool, published: str) -> dict[str, object]:
    events: list[dict[str, str]] = [{"introduced": "0"}, *([{"fixed": "1.3.0"}] if fixed else [])]
    return {
        "id": id_,
        "published": published,
        "database_specific": {"severity": severity},
        "affected": [
            {
                "package": {"name": "shop", "ecosystem": "PyPI"},
                "ranges": [{"type": "ECOSYSTEM", "events": events}],
            }
        ],
    }


VULNERABILITIES = [
    vulnerability("GHSA-old", "CRITICAL", fixed=True, published="2020-01-01T00:00:00Z"),
    vulnerability("GHSA-unfixed", "CRITICAL", fixed=False, published="2020-01-01T00:00:00Z"),
    vulnerability("GHSA-new", "HIGH", fixed=True, published="2099-01-01T00:00:00Z"),
    {"id": "PYSEC-1", "published": "2020-01-01T00:00:00Z", "affected": [{"versions": ["1.2.0"]}]},
]


@dataclass(frozen=True)
class Case:
    """Answers to a sample, and what comes of them."""

    name: str
    """Of its first recipe."""
    answers: dict[str, object]
    facts: dict[str, object]
    """Values of those that become known; None: missing."""
    passes: tuple[str, ...] = ()
    fails: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    """Facts of which there is too little."""
    number: int = 0
    """Of the sample, among those whose first recipe is called so."""
    ref: str = "component:default/shop"
    asked: str = ""
    """A part of a request, unescaped."""
    posted: list[object] = field(default_factory=list)


CASES = {
    "pagerduty": Case(
        name="oncall",
        answers={"/services/PSERVICE": {"service": SERVICE}, "/schedules/PS": PS},
        facts=ONCALL,
        passes=("ops.oncall", "ops.oncall_depth"),
        asked="include[]=escalation_policies",
    ),
    "pagerduty without a schedule": Case(
        name="oncall",
        answers={
            "/services/PSERVICE": {
                "service": {
                    "escalation_policy": {"escalation_rules": [{"targets": [PERSON]}]},
                }
            }
        },
        facts={"oncall.has_schedule": False, "oncall.participants": None, "oncall.levels": 1},
        fails=("ops.oncall", "ops.oncall_depth"),
    ),
    "pagerduty by key": Case(
        name="oncall",
        number=1,
        answers={"/services": {"services": [SERVICE], "more": False}, "/schedules/PS": PS},
        facts=ONCALL,
        passes=("ops.oncall", "ops.oncall_depth"),
        asked="query=abc123",
    ),
    "opsgenie": Case(
        name="oncall",
        number=2,
        answers={
            "/v2/teams/Shop/routing-rules": {
                "data": [
                    {"id": "1", "isDefault": False, "notify": {"type": "schedule", "id": "x"}},
                    {"id": "2", "isDefault": True, "notify": {"type": "escalation", "id": "e1"}},
                ]
            },
            "/v2/escalations/e1": {
                "data": {
                    "id": "e1",
                    "rules": [
                        {"delay": {"timeAmount": 0}, "recipient": {"type": "schedule", "id": "s1"}},
                        {"delay": {"timeAmount": 9}, "recipient": {"type": "team", "id": "t1"}},
                    ],
                }
            },
            "/v2/schedules/s1": {
                "data": {"id": "s1", "rotations": [{"participants": [{"type": "user"}] * 4}]}
            },
        },
        facts=ONCALL,
        passes=("ops.oncall", "ops.oncall_depth"),
    ),
    "prometheus": Case(
        name="alerting",
        answers={
            "/api/v1/rules": {
                "status": "success",
                "data": {
                    "groups": [
                        {"name": "a", "rules": [alert("Errors", service="shop", team="shop-team")]},
                        {
                            "name": "b",
                            "rules": [
                                alert("Disk", service="shop"),
                                alert("Slow", service="shop", team="other"),
                                alert("Else", service="cart", team="shop-team"),
                                alert("Nobody's"),
                            ],
                        },
                    ]
                },
            },
            "/api/v1/query": {
                "status": "success",
                "data": {
                    "resultType": "vector",
                    "result": [{"metric": {"sloth_service": "shop"}, "value": [1.7e9, "2"]}],
                },
            },
        },
        facts={
            "alerting.rules_routed": 1,
            "alerting.rules_unrouted": ("Disk",),
            "slo.with_data": 2,
        },
        passes=("ops.alerts", "ops.slo"),
        asked="count+by+(sloth_service)(group+by+(sloth_service,sloth_slo)",
    ),
    "kubernetes": Case(
        name="probes",
        answers={
            "/apis/apps/v1/deployments": {"items": [deployment(container("/readyz", "/livez"))]}
        },
        facts={
            "probes.readiness": True,
            "probes.distinct": True,
            "probes.health_status": None,
        },
        passes=("ops.health_endpoint",),
    ),
    "kubernetes with one endpoint for both": Case(
        name="probes",
        answers={
            "/apis/apps/v1/deployments": {
                "items": [deployment(container("/readyz", "/livez"), container("/", "/"))]
            }
        },
        facts={"probes.readiness": True, "probes.distinct": False, "probes.health_status": None},
        fails=("ops.health_endpoint",),
    ),
    "end of life": Case(
        name="runtime",
        answers={
            "/api/v1/products/python/releases/3.13": {
                "result": {"name": "3.13", "isEol": False, "eolFrom": "2099-10-31"}
            }
        },
        facts={
            "runtime.version": "python 3.13",
            "runtime.supported_until": datetime(2099, 10, 31, tzinfo=UTC),
        },
        passes=("ops.runtime_supported",),
    ),
    "incidents": Case(
        name="incident",
        answers={"/incidents": {"incidents": [incident(m) for m in (30, 600, 90)], "more": False}},
        facts={"incident.restore_median_h": 1.5},
        passes=("dora.restore",),
        asked="service_ids[]=PSERVICE",
    ),
    "many incidents": Case(
        name="incident",
        answers={"/incidents": {"incidents": [incident(m) for m in range(6, 306, 6)]}},
        facts={"incident.restore_median_h": 2.5},
        passes=("dora.restore",),
    ),
    "few incidents": Case(
        name="incident",
        answers={"/incidents": {"incidents": [incident(30), incident(600)]}},
        facts={},
        unknown=("incident.restore_median_h",),
    ),
    "sonarqube": Case(
        name="coverage",
        answers={
            "/api/measures/component": {
                "component": {
                    "key": "acme:shop",
                    "measures": [
                        {"metric": "new_line_coverage", "period": {"index": 1, "value": "71.0"}},
                        {"metric": "line_coverage", "value": "81.5"},
                    ],
                }
            },
            "/api/measures/component_tree": {
                "components": [
                    {
                        "path": "src/a.py",
                        "measures": [{"metric": "uncovered_lines", "value": "9"}],
                    },
                    {
                        "path": "src/b.py",
                        "measures": [{"metric": "uncovered_lines", "value": "0"}],
                    },
                ]
            },
            "/api/qualitygates/project_status": {
                "projectStatus": {
                    "status": "OK",
                    "conditions": [
                        {
                            "status": "ERROR",
                            "metricKey": "new_bugs",
                            "comparator": "GT",
                            "errorThreshold": "0",
                            "actualValue": "2",
                        },
                        {"status": "OK", "metricKey": "x", "comparator": "LT"},
                    ],
                }
            },
        },
        facts={
            "coverage.line_pct": 81.5,
            "coverage.new_pct": 71.0,
            "coverage.lowest_files": ("src/a.py",),
            "quality.gate_passed": True,
            "quality.failed_conditions": ("new_bugs 2 > 0",),
        },
        passes=(
            "test.coverage_reported",
            "test.new_code",
            "quality.gate",
            "test.coverage_floor",
            "test.coverage_high",
        ),
    ),
    "osv": Case(
        name="vuln",
        answers={"/v1/query": {"vulns": VULNERABILITIES}},
        facts={
            "vuln.critical_overdue": 1,
            "vuln.high_overdue": 0,
            "vuln.overdue": ("shop: GHSA-old",),
        },
        fails=("sec.critical_vulns",),
        passes=("sec.high_vulns",),
        posted=[{"package": {"purl": "pkg:pypi/shop@1.2.0"}}],
    ),
    "osv knows nothing": Case(
        name="vuln",
        answers={"/v1/query": {}},
        facts={"vuln.critical_overdue": 0, "vuln.high_overdue": 0, "vuln.overdue": ()},
        passes=("sec.critical_vulns", "sec.high_vulns"),
        posted=[{"package": {"purl": "pkg:pypi/shop@1.2.0"}}],
    ),
    "consumers": Case(
        name="api_use",
        ref="api:default/orders",
        answers={
            "/api/catalog/entities/by-name/api/default/orders": {
                "kind": "API",
                "relations": [
                    {"type": "apiConsumedBy", "targetRef": "component:default/shop"},
                    {"type": "ownedBy", "targetRef": "group:default/shop-team"},
                ],
            }
        },
        facts={"api_use.consumers": 1},
        passes=("api.consumers_known",),
    ),
}


@pytest.fixture
def systems() -> Iterator[WebServer]:
    with serve_web() as server:
        yield server


def configs() -> list[str]:
    """The samples with recipes."""
    found = [sample.text for sample in samples(PAGE) if sample.language == "yaml"]
    return [text for text in found if "http:" in text]


def config_of(case: Case) -> str:
    named = [text for text in configs() if first_recipe(text) == case.name]
    return named[case.number]


def first_recipe(config: str) -> str:
    return config.partition("- name: ")[2].partition("\n")[0]


def is_too_little(state: object) -> bool:
    return isinstance(state, FailedFact) and state.reason is Unknown.NOT_COLLECTED


def value_of(state: FactState) -> object:
    if isinstance(state, Missing):
        return None
    return state.value if isinstance(state, Known) else state


def came_to(
    settings: Settings, descriptor: str, tmp_path: Path, ref: str
) -> tuple[dict[str, object], dict[str, str]]:
    """What became known of the facts of packs, and the outcomes of their checks."""
    database = f"sqlite:///{tmp_path}/portal.db"
    with fetched(settings, descriptor, tmp_path, database) as (portal, tools):
        assert portal.fact_problems == ()
        while assessing.assess_round(tools):
            pass
        learned = states(portal, ref)
        client = create_app(portal).test_client()
        cards = client.get(f"/api/v1/entities/{ref.replace(':', '/')}/scorecards").json
    known = {n: value_of(state) for n, state in learned.items() if n in declarations()}
    of_packs = {name for pack in built_in().values() for name in pack.contains}
    mine = [card for card in cards if card["scorecard"] in of_packs]
    return known, {check["check"]: check["outcome"] for card in mine for check in card["checks"]}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_recipe_feeds_its_checks(case: Case, tmp_path: Path, systems: WebServer) -> None:
    for path, said in case.answers.items():
        systems.replies[path] = answer(json.dumps(said).encode())
    settings = local(OPEN + config_of(case), tmp_path, systems)
    known, outcomes = came_to(settings, DESCRIPTOR, tmp_path, case.ref)
    too_little = {n for n, state in known.items() if is_too_little(state)}
    assert too_little == set(case.unknown)
    assert {n: v for n, v in known.items() if n not in too_little} == case.facts
    assert {id_: outcomes[id_] for id_ in case.passes} == dict.fromkeys(case.passes, "pass")
    assert {id_: outcomes[id_] for id_ in case.fails} == dict.fromkeys(case.fails, "fail")
    asked = [unquote(path) for path, _ in systems.asked]
    assert {path.partition("?")[0] for path in asked} == set(case.answers)
    assert any(case.asked in path for path in asked)
    assert [json.loads(body) for body in systems.posted] == case.posted


def test_every_recipe_of_the_page_is_run() -> None:
    run = {config_of(case) for case in CASES.values()}
    assert run == set(configs())


def test_links_feed_their_checks(tmp_path: Path, systems: WebServer) -> None:
    (sample,) = (s.text for s in samples(PAGE) if s.language == "yaml" and "links:" in s.text)
    settings = local(OPEN + sample, tmp_path, systems)
    assert [rule.host for rule in settings.link_facts.allow] == [
        "wiki.example.com",
        "*.grafana.net",
    ]
    here = replace(settings.link_facts, allow=(ReadingRule(host=systems.authority),))
    links = "".join(
        f"    - {{url: {systems.url}/{name}, title: {name}}}\n" for name in ("runbook", "dashboard")
    )
    old = '  links: [{url: "https://wiki.example.com", title: Wiki}]\n'
    assert old in DESCRIPTOR
    for name in ("runbook", "dashboard"):
        systems.replies[f"/{name}"] = answer()
    known, outcomes = came_to(
        replace(settings, link_facts=here),
        DESCRIPTOR.replace(old, f"  links:\n{links}"),
        tmp_path,
        "component:default/shop",
    )
    assert known == {"links.runbook_status": 200, "links.dashboard_status": 200}
    assert (outcomes["doc.runbook"], outcomes["ops.dashboard"]) == ("pass", "pass")
