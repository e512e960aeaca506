"""What a GitLab's scanners found, which is part of GitLab Ultimate.

Source: GitLab's GraphQL reference, `Project.vulnerabilities` and `Project.securityScanners`. A list of
findings is empty where the licence has none, so that only a scanner that is enabled is believed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from plugins.contract import FactState, FailedFact, Known, Problem
from plugins.forges import problems
from plugins.forges.api import graphql_url
from plugins.forges.facts import findings
from plugins.forges.facts.asking import MOST_PAGES, Asking, moment
from plugins.forges.facts.findings import Vulnerability
from plugins.forges.facts.states import alike, not_read, not_told

SECRETS = "secrets.open"

QUERY = """
query Findings($path: ID!, $after: String) {
  project(fullPath: $path) {
    securityScanners { enabled }
    secrets: vulnerabilitySeveritiesCount(
      reportType: [SECRET_DETECTION], state: [DETECTED, CONFIRMED]
    ) { critical high medium low info unknown }
    vulnerabilities(
      reportType: [DEPENDENCY_SCANNING, CONTAINER_SCANNING], state: [DETECTED, CONFIRMED],
      severity: [CRITICAL, HIGH], first: 100, after: $after
    ) {
      pageInfo { hasNextPage endCursor }
      nodes { severity detectedAt title solution }
    }
  }
}
"""


def states(asking: Asking, *, now: datetime) -> dict[str, FactState]:
    """Secrets and vulnerabilities."""
    project = _ask(asking, None)
    nodes: list[Any] = []
    for _ in range(MOST_PAGES):
        if isinstance(project, FailedFact):
            break
        page = project["vulnerabilities"]
        nodes += page["nodes"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        project = _ask(asking, page["pageInfo"]["endCursor"])
    if isinstance(project, FailedFact):
        return alike((SECRETS, *findings.NAMES), project)
    counts: dict[str, int] = project.get("secrets") or {}
    enabled = (project.get("securityScanners") or {}).get("enabled") or ()
    found: dict[str, FactState] = {SECRETS: Known(value=sum(counts.values()))}
    found |= findings.states([*_vulnerabilities(nodes)], now=now)
    if "SECRET_DETECTION" not in enabled:
        found[SECRETS] = not_told("Secret detection is not enabled for the project.")
    if not {"DEPENDENCY_SCANNING", "CONTAINER_SCANNING"} & set(enabled):
        untold = not_told("No scanner of dependencies or images is enabled for the project.")
        found |= alike(findings.NAMES, untold)
    return found


def _ask(asking: Asking, after: str | None) -> dict[str, Any] | FailedFact:
    asked = {"query": QUERY, "variables": {"path": asking.path, "after": after}}
    reply = asking.post(graphql_url(asking.forge), asked, what=f"findings of {asking.path}")
    if isinstance(reply, Problem):
        return not_read(reply)
    match reply.data:
        case {"errors": [{"message": str(said)}, *_]} if "doesn't exist on type" in said:
            return not_told("This GitLab keeps no findings, which are part of Ultimate.")
        case {"data": {"project": {"vulnerabilities": dict()} as project}}:
            return dict(project)
        case {"data": dict()}:
            problem = problems.not_permitted(asking.forge, f"findings of {asking.path}")
            asking.note(problem)
            return not_read(problem)
    problem = problems.bad_answer(asking.forge, "it is no answer to a query")
    asking.note(problem)
    return not_read(problem)


def _vulnerabilities(nodes: Iterable[Any]) -> Iterator[Vulnerability]:
    for node in nodes:
        at = moment(node.get("detectedAt"))
        if at is not None:
            yield Vulnerability(
                severity=str(node.get("severity")).lower(),
                found_at=at,
                what=str(node.get("title")),
                fix=str(node.get("solution") or "").strip().rstrip("."),
            )
