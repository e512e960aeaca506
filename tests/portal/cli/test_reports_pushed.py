"""`portal facts push --junit --coverage`: from files of CI to the results of the pack `testing`."""

from __future__ import annotations

import json
from pathlib import Path

from tests.plugins.reports.test_coverage_reports import COBERTURA
from tests.plugins.reports.test_junit import BOMB, PYTEST
from tests.portal.cli.commands import invoke, run
from tests.portal.cli.test_commands import DESCRIPTOR

CONFIG = """\
backend: {auth: {dangerouslyDisableDefaultAuthPolicy: true}}
plumbline: {packs: [{name: testing, source: push}]}
"""

GROUP = """\
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-a}
spec: {type: team, children: []}
"""


def test_reports_become_facts_and_the_checks_say_so(tmp_path: Path) -> None:
    source = tmp_path / "source" / "basket"
    source.mkdir(parents=True)
    descriptor = source / "catalog-info.yaml"
    descriptor.write_text(DESCRIPTOR.rstrip("\n") + "\n" + GROUP)
    for name, content in {"junit.xml": PYTEST, "coverage.xml": COBERTURA}.items():
        (tmp_path / name).write_bytes(content)
    config = tmp_path / "config.yaml"
    config.write_text(CONFIG)
    place = ("--data-dir", tmp_path / "data", "--source", tmp_path / "source", "--config", config)
    reports = ("--junit", f"{tmp_path}/j*.xml", "--coverage", tmp_path / "coverage.xml")
    whose = (
        "--descriptor",
        descriptor,
        "--run",
        "https://ci.example.com/1",
        "--revision",
        "5f0c9d1",
    )
    run("ingest", *place)
    would = json.loads(run("facts", "push", *reports, *whose, "--dry-run", *place))
    assert would == [
        {
            "entity": "component:default/basket",
            "run": "https://ci.example.com/1",
            "revision": "5f0c9d1",
            "facts": {
                "tests.run": 2,
                "coverage.line_pct": 75.0,
                "coverage.lowest_files": ["shop/cart.py"],
            },
        }
    ]
    stored = (*place[:2], *place[4:])  # a source here would be a checkout
    explained = ("scorecard", "explain", "--json", "component:default/basket", "test-quality")
    assert outcome(run(*explained, "test.run_in_ci", *stored)) == "unknown"
    assert run("facts", "push", *reports, *whose, *place) == "1 stored\n"
    assert (
        run("facts", "push", *reports, "--entity", "basket", *whose[2:], *place) == "1 unchanged\n"
    )
    run("assess", *place)
    assert outcome(run(*explained, "test.run_in_ci", *stored)) == "pass"
    assert outcome(run(*explained, "test.coverage_floor", *stored)) == "pass"
    assert outcome(run(*explained, "test.coverage_high", *stored)) == "fail"


def outcome(explained: str) -> str:
    (check,) = json.loads(explained)
    found: str = check["outcome"]
    return found


def test_what_is_wrong_with_reports_is_told_and_nothing_is_sent(tmp_path: Path) -> None:
    file, descriptor = tmp_path / "bomb.xml", tmp_path / "catalog-info.yaml"
    file.write_bytes(BOMB)
    descriptor.write_text(GROUP)
    # Nothing listens there: were it asked, the command would end with another code.
    there = ("--url", "http://127.0.0.1:1")
    said = invoke("facts", "push", "--junit", file, "--entity", "x", *there, status=2)
    assert f"{file}:1: The report declares an entity" in said.stderr
    said = invoke("facts", "push", "--coverage", "no/*.info", "--entity", "x", *there, status=2)
    assert "There is no such report. (found no/*.info; expected a path" in said.stderr
    file.write_bytes(PYTEST)
    said = invoke("facts", "push", "--junit", file, *there, status=2)
    assert "--entity or by --descriptor" in said.stderr
    said = invoke("facts", "push", "--junit", file, "--descriptor", descriptor, *there, status=2)
    assert "has to hold one component, and there are: none" in said.stderr
    said = invoke("facts", "push", *there, status=2)
    assert "there is nothing to push" in said.stderr
