"""Packs: on or off, what feeds them, and what becomes of facts that nothing feeds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from flask.testing import FlaskClient

from portal.app import create_app
from portal.config import ConfiguredSource
from portal.db.work import marks
from portal.wiring import Portal, open_portal, prepare
from scorecards.collection.feeding import SwitchedOn
from scorecards.collection.packs import names
from scorecards.collection.pushed import Declared
from scorecards.facts import FactSchema, FactType
from tests.portal.at_once import work
from tests.portal.configs import load

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: basket}
spec: {type: service, lifecycle: production, owner: team-a}
"""

STARVED = SwitchedOn(name="security")
PUSHED = SwitchedOn(name="security", pushed=True)


@pytest.fixture
def opened(make_portal: Callable[..., Portal], tmp_path: Path) -> Callable[..., Portal]:
    """Opens a portal that has read and assessed one service, with these packs on."""
    folder = tmp_path / "source" / "basket"
    folder.mkdir(parents=True)
    (folder / "catalog-info.yaml").write_text(DESCRIPTOR)

    def make(*packs: SwitchedOn, **settings: Any) -> Portal:
        source = ConfiguredSource("file", str(folder.parent), "command")
        portal = make_portal(packs=packs, sources=(source,), **settings)
        prepare(portal)
        work(portal, read=True)
        return portal

    return make


def client_of(portal: Portal) -> FlaskClient:
    return create_app(portal).test_client()


def packs(portal: Portal) -> dict[str, Any]:
    items = client_of(portal).get("/api/v1/packs").json["items"]
    return {item["name"]: item for item in items}


def check_of(portal: Portal, check: str) -> dict[str, Any]:
    cards = client_of(portal).get("/api/v1/entities/component/default/basket/scorecards").json
    [found] = [c for card in cards for c in card["checks"] if c["check"] == check]
    return dict(found)


def push(portal: Portal, run: str, **facts: Any) -> Any:
    given = {name.replace("__", "."): value for name, value in facts.items()}
    item = {"entity": "basket", "run": f"https://ci.example.com/{run}", "facts": given}
    return client_of(portal).post("/api/v1/facts", json={"items": [item]}).json["items"][0]


def test_every_pack_is_listed_with_the_lines_that_switch_it_on(
    make_portal: Callable[..., Portal], tmp_path: Path
) -> None:
    found = packs(make_portal())
    assert tuple(found) == names()
    for name, pack in found.items():
        assert (pack["on"], pack["source"], pack["words"]) == (False, None, "off")
        assert {space["fedBy"] for space in pack["namespaces"]} == {"nothing"}
        assert pack["facts"]
        assert pack["scorecards"]
        [switch] = load(tmp_path, pack["config"]).packs
        assert switch == SwitchedOn(name=name, pushed=True)
    assert yaml.safe_load(found["ci"]["config"]) == {
        "plumbline": {"packs": [{"name": "ci", "source": "push"}]}
    }


def test_a_pack_says_of_each_namespace_what_feeds_it(make_portal: Callable[..., Portal]) -> None:
    schema = FactSchema(
        name="vuln.critical_overdue", type=FactType.INT, description="d", when_absent=0
    )
    portal = make_portal(packs=(STARVED,), pushed_facts=(Declared(schema=schema),))
    found = packs(portal)["security"]
    spaces = {space["namespace"]: space for space in found["namespaces"]}
    assert (found["on"], found["source"]) == (True, None)
    assert spaces["vuln"]["fedBy"] == "push"
    assert spaces["vuln"]["unfed"] == ["vuln.high_overdue", "vuln.overdue"]
    assert spaces["sast"]["fedBy"] == "nothing"
    assert spaces["sast"]["source"].endswith("the job that runs CodeQL, Semgrep or the like.")
    assert found["words"].startswith("on: `vuln.*` by pushes; nothing feeds `secrets.*`, ")
    fed = packs(make_portal(packs=(PUSHED,)))["security"]
    assert (fed["source"], {space["fedBy"] for space in fed["namespaces"]}) == ("push", {"push"})


def test_a_check_whose_facts_nothing_feeds_is_unknown_since_its_source_is_not_configured(
    opened: Callable[..., Portal],
) -> None:
    portal = opened(STARVED)
    assert portal.problems == ()
    found = check_of(portal, "sec.critical_vulns")
    assert found["outcome"] == "unknown"
    assert found["reason"] == (
        "`vuln.critical_overdue` is not known: its source is not configured "
        "(the pack `security` is on, and nothing feeds `vuln.*`)"
    )
    records = client_of(portal).get("/api/v1/entities/component/default/basket/facts").json
    [record] = [record for record in records if record["collector"] == "vuln"]
    assert {fact["reason"] for fact in record["facts"]} == {"not_configured"}


def test_coverage_has_one_cause_for_each_namespace_that_nothing_feeds(
    opened: Callable[..., Portal],
) -> None:
    client = client_of(opened(STARVED))
    causes = client.get("/api/v1/coverage?scorecard=security-findings").json["causes"]
    fed = {cause["subject"]: cause for cause in causes if cause["change"] == "feed"}
    assert {"secrets", "vuln", "sast", "release"} <= fed.keys()
    assert fed["vuln"]["words"] == "Feed `vuln.*`: a pack that is on needs it, and nothing does"
    assert fed["vuln"]["resolves"] == 2
    [detail] = fed["vuln"]["details"]
    assert detail["detail"] == "the pack `security` is on, and nothing feeds `vuln.*`"


def test_facts_of_a_pack_with_a_push_are_pushed_as_declared_ones_are(
    opened: Callable[..., Portal],
) -> None:
    portal = opened(PUSHED)
    assert check_of(portal, "sec.critical_vulns")["reason"].endswith("it was not collected")
    assert push(portal, "1", vuln__critical_overdue=0)["outcome"] == "stored"
    assert push(portal, "2", vuln__critical_overdue="none")["problems"][0]["code"] == "FACT_TYPE"
    assert work(portal) == 1
    assert check_of(portal, "sec.critical_vulns")["outcome"] == "pass"
    high = check_of(portal, "sec.high_vulns")
    assert (high["outcome"], high["reason"].endswith("it was not collected")) == ("unknown", True)


def test_without_its_source_a_pack_takes_no_push(opened: Callable[..., Portal]) -> None:
    refused = push(opened(STARVED), "1", vuln__critical_overdue=0)
    assert (refused["outcome"], refused["problems"][0]["code"]) == ("refused", "FACT_UNDECLARED")


def test_whoever_takes_the_source_away_has_all_entities_assessed_again(
    opened: Callable[..., Portal],
) -> None:
    portal = opened(PUSHED)
    push(portal, "1", vuln__critical_overdue=0)
    work(portal)
    later = open_portal(replace(portal.settings, packs=(STARVED,)))
    try:
        prepare(later)
        with later.database.read() as connection:
            assert marks.count_marks(connection) == 1
        work(later)
        found = check_of(later, "sec.critical_vulns")
        assert found["outcome"] == "unknown", "what was pushed before counts no more"
        assert "nothing feeds `vuln.*`" in found["reason"]
        prepare(later)
        with later.database.read() as connection:
            assert marks.count_marks(connection) == 0, "nothing is different from before"
    finally:
        later.database.close()


def test_a_simulation_says_what_is_unknown_since_nothing_feeds_it(
    opened: Callable[..., Portal],
) -> None:
    portal = opened(STARVED)
    definition = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: clean, title: Clean}
spec:
  checks:
    - {id: clean, title: C, level: Managed, rule: vuln.critical_overdue == 0, why: W., fix: F.}
"""
    asked = {"definition": definition}
    found = client_of(portal).post("/api/v1/scorecards/simulate", json=asked).json
    [missing] = found["missing"]
    assert (missing["fact"], missing["reason"]) == ("vuln.critical_overdue", "not_configured")
    fed = opened(PUSHED)
    push(fed, "1", vuln__critical_overdue=0)
    assert client_of(fed).post("/api/v1/scorecards/simulate", json=asked).json["missing"] == []


def test_tech_insights_knows_the_checks_and_facts_of_packs(opened: Callable[..., Portal]) -> None:
    client = client_of(opened(STARVED))
    ids = {check["id"] for check in client.get("/api/tech-insights/checks").json}
    assert "security-findings.sec.no_secrets" in ids
    schemas = {schema["id"] for schema in client.get("/api/tech-insights/fact-schemas").json}
    assert {"secrets", "vuln", "repo"} <= schemas


def test_a_scorecard_of_ones_own_keeps_its_name(
    make_portal: Callable[..., Portal], tmp_path: Path
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "apiVersion: plumbline.dev/v1\nkind: Scorecard\n"
        "metadata: {name: security-findings, title: Ours}\nspec:\n  checks:\n"
        "    - {id: a, title: A, level: Managed, rule: repo.ci.runs_tests, why: W., fix: F.}\n"
    )
    portal = make_portal(packs=(STARVED,), scorecards=(own,))
    [card] = [card for card in portal.scorecards if card.name == "security-findings"]
    assert card.file == str(own)
    [problem] = portal.scorecard_problems
    assert (problem.code, problem.file) == ("SCORECARD_NAME_TAKEN", "packs/security.yaml")


def test_a_scorecard_may_extend_one_of_a_pack_that_is_on(
    make_portal: Callable[..., Portal], tmp_path: Path
) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(
        "apiVersion: plumbline.dev/v1\nkind: Scorecard\n"
        "metadata: {name: ours, title: Ours}\nspec:\n  extends: security-findings\n"
        "  remove: [sec.sast]\n"
    )
    portal = make_portal(packs=(STARVED,), scorecards=(own,))
    assert portal.scorecard_problems == ()
    assert "ours" in {card.name for card in portal.scorecards}
