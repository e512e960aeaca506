"""A card for code review, as SARIF 2.1.0 (OASIS)."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import Any, TextIO

from catalog.problems import Problem
from portal.cli.card import Comparison
from portal.cli.reports import LEVELS, SCHEMA, uri
from scorecards.insights.introduced import CardChange, CheckChange, Verdict
from scorecards.results import Outcome


def sarif(found: Comparison, out: TextIO) -> None:
    """SARIF 2.1.0: a result for each failing or unknown check, and for each problem.

    What the change introduces is an error; what failed before it is a note, and says so.
    """
    rules: dict[str, dict[str, Any]] = {}
    results = [_sarif_problem(problem, found, rules) for problem in found.card.problems]
    for change in found.changes:
        for one in change.checks:
            if one.after.outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR):
                results.append(_sarif_check(found, change, one, rules))
    driver = {"name": "Plumbline", "version": version("plumbline"), "rules": list(rules.values())}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    out.write(json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n")


def _sarif_check(
    found: Comparison, change: CardChange, one: CheckChange, rules: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    check, place = one.check, found.card.places[change.ref]
    name = f"{change.scorecard.name}/{check.id}"
    rules.setdefault(
        name,
        {
            "id": name,
            "shortDescription": {"text": check.title},
            "fullDescription": {"text": check.why},
            "help": {"text": check.why, "markdown": check.fix},
            "properties": {"level": change.scorecard.levels[check.level].name},
        },
    )
    fails = one.after.outcome is Outcome.FAIL
    bad = one.verdict is Verdict.INTRODUCED or (fails and not found.base)
    said = f"{change.ref}: {check.title}. {one.after.outcome.value}: {one.after.reason}"
    if fails and one.verdict is Verdict.STANDING and found.base:
        said += f" (as at {found.base})"
    if one.verdict is Verdict.ASKED:
        said += f" (did not apply at {found.base})"
    return {
        "ruleId": name,
        "ruleIndex": list(rules).index(name),
        "kind": "fail" if fails else "open",
        "level": ("error" if bad else "note") if fails else "none",
        "message": {"text": said},
        "locations": [_location(place.file, place.line, 1)],
        "partialFingerprints": {"check/v1": _digest(change.ref, name)},
    }


def _sarif_problem(
    problem: Problem, found: Comparison, rules: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    rules.setdefault(problem.code, {"id": problem.code})
    level = LEVELS[problem.severity] if problem in found.problems else "note"
    return {
        "ruleId": problem.code,
        "ruleIndex": list(rules).index(problem.code),
        "level": level,
        "message": {"text": " ".join(filter(None, (problem.message, problem.hint)))},
        "locations": [_location(problem.file, problem.line or 1, problem.column or 1)],
        "partialFingerprints": {
            "problem/v1": _digest(problem.code, problem.file, problem.pointer, problem.found)
        },
    }


def _location(file: str, line: int, column: int) -> dict[str, Any]:
    region = {"startLine": line, "startColumn": column}
    place = {"artifactLocation": {"uri": uri(file or "catalog-info.yaml")}, "region": region}
    return {"physicalLocation": place}


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
