"""What the server's GitLab tells of projects besides files: REST routes, and findings by GraphQL."""

from __future__ import annotations

from typing import Any

import orjson
from graphql import build_schema, graphql_sync

from tests.forge.replies import Reply, Request, paged, said
from tests.forge.world import Repo, World

SCHEMA = build_schema("""
type Query { project(fullPath: ID!): Project }
enum VulnerabilityReportType { SAST DEPENDENCY_SCANNING CONTAINER_SCANNING SECRET_DETECTION }
enum VulnerabilityState { DETECTED CONFIRMED DISMISSED RESOLVED }
enum VulnerabilitySeverity { CRITICAL HIGH MEDIUM LOW INFO UNKNOWN }
enum SecurityScannerType { SAST DEPENDENCY_SCANNING CONTAINER_SCANNING SECRET_DETECTION }
type SecurityScanners { available: [SecurityScannerType!], enabled: [SecurityScannerType!] }
type VulnerabilitySeveritiesCount {
  critical: Int, high: Int, medium: Int, low: Int, info: Int, unknown: Int }
type PageInfo { hasNextPage: Boolean!, endCursor: String }
type Vulnerability { severity: VulnerabilitySeverity, detectedAt: String!, title: String
  solution: String }
type VulnerabilityConnection { pageInfo: PageInfo!, nodes: [Vulnerability] }
type Project {
  securityScanners: SecurityScanners
  vulnerabilitySeveritiesCount(reportType: [VulnerabilityReportType!],
    state: [VulnerabilityState!]): VulnerabilitySeveritiesCount
  vulnerabilities(reportType: [VulnerabilityReportType!], state: [VulnerabilityState!],
    severity: [VulnerabilitySeverity!], first: Int, after: String): VulnerabilityConnection
}
""")

FREE = [
    {"message": f"Field '{field}' doesn't exist on type 'Project'", "path": ["query", "project"]}
    for field in ("securityScanners", "vulnerabilitySeveritiesCount", "vulnerabilities")
]
"""The errors of a GitLab that keeps no findings, in the words of its engine."""

_DENIED = {"message": "403 Forbidden"}


def about(repo: Repo) -> dict[str, Any]:
    """More fields of a project."""
    return {
        "only_allow_merge_if_pipeline_succeeds": repo.knows.get("needs_pipeline", False),
        "last_activity_at": repo.knows.get("active"),
        "license": {"key": repo.knows["license"].lower()} if "license" in repo.knows else None,
    }


def rest(request: Request, repo: Repo, route: str) -> Reply | None:
    """The reply to a route below a project; None: it is none of these."""
    knows, words = repo.knows, route.split("/")
    match words:
        case ["protected_branches"]:
            found = knows.get("protected", [])
        case ["approval_rules"]:
            if "approvals" not in knows:
                return said({"error": "404 Not Found"}, status=404)
            found = knows["approvals"]
        case ["pipelines"]:
            ref = request.asked("ref")
            found = [one for one in knows.get("pipelines", []) if ref in ("", one["ref"])]
        case ["pipelines", number, "jobs"]:
            found = [{"web_url": f"https://gitlab.example.com/jobs/{number}0"}]
        case ["jobs"]:
            found = knows.get("jobs", [])
        case ["merge_requests", iid, "notes"]:
            reviews = knows["changes"][int(iid)].get("reviews", ())
            made = {
                "system": True,
                "body": "requested review from @bob",
                "author": {"username": "bob"},
            }
            found = [{**made, "created_at": knows["changes"][int(iid)]["at"]}]
            found += [
                {"system": False, "body": "?", "author": {"username": login}, "created_at": at}
                for login, at in reviews
            ]
        case ["merge_requests"]:
            assert request.asked("scope") == "all"
            state = request.asked("state")
            found = [
                _change(iid, one)
                for iid, one in enumerate(knows.get("changes", []))
                if state == "all" or one.get("open")
            ]
        case ["deployments"]:
            deployed = sorted(knows.get("deployments", []), key=lambda one: one["at"], reverse=True)
            found = [_deployment(one) for one in deployed]
        case ["releases"]:
            links = [{"name": name} for name in knows.get("release") or ()]
            found = [{"assets": {"links": links}}] if "release" in knows else []
        case _:
            return None
    if words[0] in knows.get("denied", ()):
        return said(_DENIED, status=403)
    page, _, _, links_ = paged(request, found, size="per_page", most=100, default=20)
    return said(page, headers=links_)


def _change(iid: int, one: dict[str, Any]) -> dict[str, Any]:
    return {
        "iid": iid,
        "created_at": one["at"],
        "state": "opened" if one.get("open") else "merged",
        "source_branch": one.get("branch", "feature"),
        "author": {"username": one.get("by", "annabel")},
    }


def _deployment(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "created_at": one["at"],
        "updated_at": one["at"],
        "status": one.get("state", "success"),
        "sha": one["commit"],
        "environment": {"name": one["environment"]},
        "deployable": {"finished_at": one["at"], "commit": {"created_at": one["committed"]}},
    }


def graphql(world: World, request: Request) -> Reply | None:
    """The answer to a query about a project; None: it is none of GitLab's."""
    asked = orjson.loads(request.body)
    if "fullPath" not in asked["query"]:
        return None
    sight = world.sees(request.token)
    if sight is None:
        return said({"errors": [{"message": "Invalid token"}]}, status=401)
    repo = world.find(asked["variables"]["path"], sight)
    scanned = None if repo is None else repo.knows.get("findings")
    if repo is None:
        return said({"data": {"project": None}})
    if scanned is None:
        return said({"errors": FREE})
    root = {"project": lambda _info, fullPath: _project(scanned)}  # noqa: N803
    done = graphql_sync(SCHEMA, asked["query"], root_value=root, variable_values=asked["variables"])
    if done.errors:
        return said({"errors": [{"message": error.message} for error in done.errors]})
    return said({"data": done.data})


def _project(scanned: dict[str, Any]) -> dict[str, Any]:
    """`scanned`: the scanners that are enabled, how many secrets, and vulnerabilities."""

    def found(_info: object, first: int, after: str | None = None, **_: Any) -> dict[str, Any]:
        nodes, start = scanned.get("vulnerabilities", []), int(after or 0)
        more = start + first < len(nodes)
        page = {"hasNextPage": more, "endCursor": str(start + first)}
        return {"pageInfo": page, "nodes": nodes[start : start + first]}

    zeros = dict.fromkeys(("critical", "high", "medium", "low", "info", "unknown"), 0)
    return {
        "securityScanners": {"enabled": scanned.get("enabled", [])},
        "vulnerabilitySeveritiesCount": {**zeros, "critical": scanned.get("secrets", 0)},
        "vulnerabilities": None if scanned.get("denied") else found,
    }
