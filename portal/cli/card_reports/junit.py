"""A card for test reports, as JUnit XML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO
from xml.etree import ElementTree as ET

from catalog.problems import Severity
from portal.cli.card import Comparison
from portal.cli.card_reports.words import fix
from scorecards.insights.introduced import CardChange, CheckChange, Verdict
from scorecards.results import Outcome

_CONTROLS = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(found: Comparison, out: TextIO) -> None:
    """JUnit XML: a suite for each card, a case for each check.

    With a base only what the change introduces is a failure; what failed before it is skipped.
    """
    root = ET.Element("testsuites", name="Plumbline")
    if found.card.problems:
        _suite(root, "descriptors", list(_problem_cases(found)))
    for change in found.changes:
        cases = [_case(found, change, one) for one in change.checks]
        _suite(root, f"{change.ref} {change.scorecard.title}", cases)
    out.write(ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n")


def _suite(root: ET.Element, name: str, cases: list[ET.Element]) -> None:
    suite = ET.SubElement(root, "testsuite", name=_xml(name), tests=str(len(cases)))
    for key, tag in (("failures", "failure"), ("skipped", "skipped"), ("errors", "error")):
        suite.set(key, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)


def _case(found: Comparison, change: CardChange, one: CheckChange) -> ET.Element:
    name = f"{change.ref}.{change.scorecard.name}"
    case = ET.Element("testcase", classname=_xml(name), name=_xml(one.check.title), time="0")
    outcome, reason = one.after.outcome, _xml(one.after.reason)
    introduced = one.verdict is Verdict.INTRODUCED or not found.base
    if outcome is Outcome.FAIL and introduced:
        failure = ET.SubElement(case, "failure", message=reason, type=_xml(one.check.id))
        failure.text = _xml(fix(found, change, one))
    elif outcome is Outcome.FAIL:
        ET.SubElement(case, "skipped", message=f"{_xml(_before(found, one))}: {reason}")
    elif outcome is not Outcome.PASS:
        ET.SubElement(case, "skipped", message=f"{outcome.value}: {reason}")
    return case


def _before(found: Comparison, one: CheckChange) -> str:
    """Why a failure is not held against the change."""
    match one.verdict:
        case Verdict.NEW:
            return "the entity is new"
        case Verdict.ASKED:
            return f"it did not apply at {found.base}"
    return f"it failed at {found.base}"


def _problem_cases(found: Comparison) -> Iterator[ET.Element]:
    for problem in found.card.problems:
        place = ":".join(str(part) for part in (problem.file, problem.line) if part)
        name = f"{place} {problem.code}".strip()
        case = ET.Element("testcase", classname="descriptors", name=_xml(name), time="0")
        bad = problem.severity is Severity.ERROR and problem in found.problems
        tag = ET.SubElement(case, "failure" if bad else "skipped", message=_xml(problem.message))
        if bad:
            tag.text = _xml(problem.hint)
        yield case


def _xml(value: str) -> str:
    """The text without the characters that XML 1.0 cannot hold."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", value)
