"""The reports of `portal check --diff`: the same change, in every form."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema_rs
import pytest

from portal.cli.bases import checked_out
from portal.cli.card import Comparison, compare, read_card
from portal.cli.card_reports import REPORTS
from scorecards.insights.introduced import Verdict
from tests.portal.cli.changed_checkout import DESCRIPTOR, repository, worsen

README_CHECK = "doc.readme"

# What SARIF 2.1.0 (OASIS, section 3) asks of the objects that are written here.
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "rules": {
                                        "type": "array",
                                        "uniqueItems": True,
                                        "items": {"$ref": "#/$defs/rule"},
                                    }
                                },
                            }
                        },
                    },
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                },
            },
        },
    },
    "$defs": {
        "message": {
            "type": "object",
            "required": ["text"],
            "additionalProperties": False,
            "properties": {"text": {"type": "string"}, "markdown": {"type": "string"}},
        },
        "rule": {
            "type": "object",
            "required": ["id"],
            "additionalProperties": False,
            "properties": {
                "id": {"type": "string"},
                "shortDescription": {"$ref": "#/$defs/message"},
                "fullDescription": {"$ref": "#/$defs/message"},
                "help": {"$ref": "#/$defs/message"},
                "properties": {"type": "object"},
            },
        },
        "result": {
            "type": "object",
            "required": ["message", "ruleId", "ruleIndex", "level", "locations"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"type": "string"},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "kind": {
                    "enum": ["notApplicable", "pass", "fail", "review", "open", "informational"]
                },
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {"$ref": "#/$defs/message"},
                "partialFingerprints": {"additionalProperties": {"type": "string"}},
                "locations": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["physicalLocation"],
                        "properties": {
                            "physicalLocation": {
                                "type": "object",
                                "required": ["artifactLocation"],
                                "properties": {
                                    "artifactLocation": {"required": ["uri"]},
                                    "region": {
                                        "properties": {
                                            "startLine": {"type": "integer", "minimum": 1},
                                            "startColumn": {"type": "integer", "minimum": 1},
                                        }
                                    },
                                },
                            }
                        },
                    },
                },
            },
            # Section 3.27.10: a level other than none is for failures only.
            "if": {"properties": {"kind": {"not": {"const": "fail"}}}, "required": ["kind"]},
            "then": {"properties": {"level": {"const": "none"}}},
        },
    },
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """A change that empties the README, adds a changelog, a new entity, and a broken document."""
    folder = repository(tmp_path_factory.mktemp("change") / "basket")
    worsen(folder)
    new = DESCRIPTOR.replace("basket", "new|one")
    other = DESCRIPTOR.replace("basket", "shelf")
    (folder / "catalog-info.yaml").write_text("---\n".join([DESCRIPTOR, other, new]))
    with checked_out(folder, "main") as earlier:
        assert earlier is not None
        before = read_card(earlier)
    return compare("main", before, read_card(folder))


def written(found: Comparison, form: str) -> str:
    out = io.StringIO()
    REPORTS[form](found, out)
    return out.getvalue()


def test_the_change_is_answered_for_what_it_makes_worse_and_nothing_else(found: Comparison) -> None:
    basket = [change for change in found.changes if change.ref == "component:default/basket"]
    introduced = {one.check.id for change in basket for one in change.of(Verdict.INTRODUCED)}
    fixed = {one.check.id for change in basket for one in change.of(Verdict.FIXED)}
    assert introduced == {README_CHECK}
    assert "doc.changelog" in fixed
    shelf = [change for change in found.changes if change.ref == "component:default/shelf"]
    assert {one.verdict for change in shelf for one in change.checks} == {Verdict.NEW}
    assert found.introduced
    assert [problem.file for problem in found.problems] == ["catalog-info.yaml"]


def test_a_dependency_on_another_repository_is_not_known_and_not_held_against_a_change(
    tmp_path: Path,
) -> None:
    folder = repository(tmp_path / "basket")
    more = DESCRIPTOR + "  dependsOn: [component:default/payments]\n"
    (folder / "catalog-info.yaml").write_text(more)
    with checked_out(folder, "main") as earlier:
        assert earlier is not None
        found = compare("main", read_card(earlier), read_card(folder))
    assert not found.introduced
    text = written(found, "text")
    assert "0 newly failing" in text
    whole = written(compare("", None, found.card), "text")
    assert "group:default/garden-team" in whole
    assert "A team answers for it: no data\n" in whole


def test_text_shows_what_changes(found: Comparison) -> None:
    text = written(found, "text")
    assert "Newly failing".lower() in text
    assert "✓ pass" in text
    assert "✗ fail" in text


def test_text_says_how_to_fix_what_newly_fails_and_nothing_else(found: Comparison) -> None:
    text = written(found, "text")
    assert text.count("How to fix: ") == 2, "the README counts on two ladders"
    after = text.split("How to fix: The README explains the service\n")[1]
    assert "README.md" in after.split("\n\n")[0]


def test_text_of_a_card_ends_with_what_leads_to_the_next_level(found: Comparison) -> None:
    text = written(compare("", None, found.card), "text")
    shelf = text.split("component:default/shelf: Documentation")[1]
    steps = shelf.split(" to reach ")[1].split("\n\n")[0].splitlines()
    assert steps[0] == "Explained:", (
        "who owns it only the catalog knows, and what is behind it is told"
    )
    assert steps[1].startswith("  1. ")
    assert "(takes " in steps[1]
    assert steps[2].startswith("     "), "how it is done"
    assert "How to fix" not in text


def test_json_says_of_every_check_what_it_was(found: Comparison) -> None:
    answer = json.loads(written(found, "json"))
    assert (answer["base"], answer["introduced"]) == ("main", True)
    cards = {entity["ref"]: entity["scorecards"] for entity in answer["entities"]}
    checks = {c["id"]: c for card in cards["component:default/basket"] for c in card["checks"]}
    readme = checks[README_CHECK]
    assert (readme["before"], readme["outcome"], readme["change"]) == ("pass", "fail", "introduced")
    assert len(answer["newProblems"]) == 1


def test_sarif_has_an_error_for_what_is_introduced_and_notes_for_the_rest(
    found: Comparison,
) -> None:
    log = json.loads(written(found, "sarif"))
    jsonschema_rs.Draft202012Validator(SARIF).validate(log)
    (run,) = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    errors = [result for result in run["results"] if result["level"] == "error"]
    checks = {result["ruleId"] for result in errors if "/" in result["ruleId"]}
    assert checks == {f"service-maturity/{README_CHECK}", f"documentation/{README_CHECK}"}
    (problem,) = [result for result in errors if "/" not in result["ruleId"]]
    place = problem["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "catalog-info.yaml"
    shelf = next(r for r in run["results"] if "component:default/shelf" in r["message"]["text"])
    assert shelf["locations"][0]["physicalLocation"]["region"]["startLine"] == 11
    prints = [tuple(result["partialFingerprints"].values()) for result in run["results"]]
    assert len(set(prints)) == len(prints)


def test_junit_fails_for_what_is_introduced_and_skips_what_failed_before(
    found: Comparison,
) -> None:
    root = ET.fromstring(written(found, "junit"))
    assert root.tag == "testsuites"
    for suite in root:
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        assert int(suite.get("failures", "")) == len(suite.findall("testcase/failure"))
        assert int(suite.get("skipped", "")) == len(suite.findall("testcase/skipped"))
    failures = [f.get("type") for f in root.iter("failure") if f.get("type")]
    assert failures == [README_CHECK, README_CHECK]
    assert any("it failed at main" in (s.get("message") or "") for s in root.iter("skipped"))
    assert any("the entity is new" in (s.get("message") or "") for s in root.iter("skipped"))


def test_markdown_shows_the_ladder_before_and_after(found: Comparison) -> None:
    text = written(found, "markdown")
    assert text.startswith("<!-- plumbline -->\n## Scorecards: this change makes something worse")
    ladders = [line for line in text.splitlines() if line.startswith(("Before: ", "Now: "))]
    assert "Before: nothing  " in ladders
    assert all(line.count("**") == 2 for line in ladders if line != "Before: nothing  ")
    assert any("Undocumented ▸ Described" in line.replace("*", "") for line in ladders)
    assert "<summary>How to fix:" in text
    rows = [line for line in text.splitlines() if line.startswith("| ✓ → ✗")]
    assert rows
    # A name with a pipe must not break the table.
    assert "new|one" not in text.replace("new\\|one", "")
    for line in text.splitlines():
        if line.startswith("| "):
            assert line.replace("\\|", "").count("|") == 5


def test_without_a_base_every_failure_counts(found: Comparison) -> None:
    alone = compare("", None, found.card)
    root = ET.fromstring(written(alone, "junit"))
    failing = sum(
        one.after.outcome.value == "fail" for change in alone.changes for one in change.checks
    )
    assert len([f for f in root.iter("failure") if f.get("type")]) == failing
    assert "Before" not in written(alone, "markdown")
    assert "base" not in json.loads(written(alone, "json"))
