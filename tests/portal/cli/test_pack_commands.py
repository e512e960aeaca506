"""Packs on the command line: `portal packs`, the doctor, and the commands that work offline."""

import json
from pathlib import Path

import pytest

from scorecards.collection.packs import folder, names
from tests.portal.cli.commands import run
from tests.portal.cli.test_commands import DESCRIPTOR

CONFIG = """\
backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}
plumbline:
  packs: [security, {name: delivery, source: push}]
"""

OURS = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: ours, title: Ours}
spec:
  extends: security-findings
  checks:
    - id: ours.clean
      title: Nothing is overdue
      level: Managed
      rule: vuln.critical_overdue + vuln.high_overdue == 0
      why: Because.
      fix: Update.
      tests:
        - {given: {vuln.critical_overdue: 0, vuln.high_overdue: 0}, expect: pass}
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "app-config.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    file = tmp_path / "ours.yaml"
    file.write_text(OURS)
    return file


def test_packs_are_listed_with_what_feeds_them(config: Path, tmp_path: Path) -> None:
    place = ("--config", config, "--data-dir", tmp_path / "data")
    lines = run("packs", *place).splitlines()
    assert [line.split()[0] for line in lines] == list(names())
    assert lines[0] == "api  API governance: off"
    assert "Delivery: on: `deploy.*`, `incident.*` and `reviews.*` by pushes" in lines[2]
    assert "supply chain: on: nothing feeds `secrets.*`, `vuln.*`, " in lines[5]
    listed = json.loads(run("packs", "--json", *place))
    assert {pack["name"]: pack["on"] for pack in listed} == {
        name: name in ("security", "delivery") for name in names()
    }


def test_a_pack_that_is_named_is_told_whole(tmp_path: Path) -> None:
    said = run("packs", "security", "--data-dir", tmp_path)
    assert (
        "  vuln.*, fed by nothing. A forge with credentials; a recipe for OSV; or the job" in said
    )
    assert "    vuln.critical_overdue (int): Number of critical vulnerabilities" in said
    assert said.endswith(
        "  to switch it on:\n"
        "    plumbline:\n      packs:\n        - name: security\n          source: push\n"
    )
    run("packs", "secruity", "--data-dir", tmp_path, status=1)


def test_a_forge_with_credentials_feeds_packs_but_for_what_is_disabled(tmp_path: Path) -> None:
    file = tmp_path / "app-config.yaml"
    file.write_text(
        CONFIG.replace("packs: [security, ", "packs: [security, ci, ")
        + "  facts: {forges: {disabled: [sast, deploy]}}\n"
        + "integrations: {github: [{host: github.com, token: a-secret}]}\n"
    )
    place = ("--config", file, "--data-dir", tmp_path / "data")
    assert "  vuln.*, observed by forge. A forge with credentials" in run(
        "packs", "security", *place
    )
    lines = run("packs", *place).splitlines()
    assert "on: `ci.*` and `protection.*` by a collector" in lines[1]
    assert "`reviews.*` by a collector; `deploy.*` and `incident.*` by pushes" in lines[2]
    assert "by a collector; nothing feeds `sast.*`" in lines[5]


def test_a_recipe_and_the_links_that_may_be_asked_are_told_as_what_feeds_a_pack(
    tmp_path: Path,
) -> None:
    file = tmp_path / "app-config.yaml"
    file.write_text("""\
plumbline:
  packs: [operations]
  facts:
    links: {allow: [{host: wiki.example.com}]}
    http:
      - name: slo
        url: https://slo.example.com/{entity.metadata.name}
        every: 1h
        facts: [{name: slo.with_data, value: answer.number}]
""")
    place = ("--config", file, "--data-dir", tmp_path / "data")
    line = run("packs", *place).splitlines()[4]
    assert "on: `links.*` by a collector; `slo.*` by a recipe; nothing feeds `oncall.*`" in line
    said = run("packs", "operations", *place)
    assert "  links.*, observed by links. plumbline.facts.links" in said
    assert "  slo.*, fetched by a recipe. A recipe for Prometheus" in said


def test_the_doctor_has_a_line_for_each_pack_that_is_on(config: Path, tmp_path: Path) -> None:
    place = ("--config", config, "--data-dir", tmp_path / "data")
    found = {one["name"]: one for one in json.loads(run("doctor", "--json", *place, status=1))}
    assert found["pack delivery"]["ok"]
    assert not found["pack security"]["ok"]
    assert "`vuln.*`" in found["pack security"]["detail"]
    assert "pack ci" not in found


def test_the_files_of_packs_are_linted_and_tested_as_they_are() -> None:
    packs = str(folder())
    assert "0 errors, 0 warnings" in run("scorecard", "lint", packs)
    assert " 0 failed; 0 checks have no test" in run("scorecard", "test", packs)
    tested = json.loads(run("scorecard", "test", "--builtin", "--json"))
    assert {"service-maturity", "security-findings"} <= {one["scorecard"] for one in tested}


def test_what_is_wrong_with_a_pack_is_shown_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "security.yaml"
    text = (folder() / "security.yaml").read_text()
    file.write_text(text.replace("rule: secrets.open == 0", "rule: secrets.opne == 0"))
    line = text[: text.index("rule: secrets.open == 0")].count("\n") + 1
    said = run("scorecard", "lint", file, status=1)
    assert f"{file}:{line}:13: error: there is no fact 'secrets.opne'" in said
    file.write_text(text.replace("type: int", "type: integer", 1))
    assert "must be bool or int or double" in run("scorecard", "lint", file, status=1)


def test_a_config_makes_its_packs_known_to_lint_and_test(config: Path, ours: Path) -> None:
    assert "security-findings" in run("scorecard", "lint", ours, status=1)
    assert "0 errors, 0 warnings" in run("scorecard", "lint", ours, "--config", config)
    assert " 0 failed" in run("scorecard", "test", ours, "--config", config)


def test_a_config_makes_its_packs_known_to_a_check_of_a_checkout(
    config: Path, ours: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "basket"
    folder.mkdir()
    (folder / "catalog-info.yaml").write_text(DESCRIPTOR)
    known = ("--config", config, "--scorecards", ours)
    [entity] = json.loads(run("check", "--json", folder, *known))["entities"]
    cards = {card["name"]: card for card in entity["scorecards"]}
    assert {"security-findings", "delivery-performance", "ours"} <= cards.keys()
    outcomes = {check["id"]: check["outcome"] for check in cards["ours"]["checks"]}
    assert outcomes["ours.clean"] == "unknown"
    explained = ("explain", "basket", "security-findings", "sec.no_secrets")
    said = run("scorecard", *explained, "--source", folder, "--config", config)
    assert "the pack `security` is on, and nothing feeds `secrets.*`" in said
