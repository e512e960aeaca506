"""What the server's GitHub tells of repositories besides files: GraphQL types, and REST routes.

The types have GitHub's nullability: what a token may not see makes null all above it that may not be.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

from graphql import GraphQLError

from tests.forge.replies import Reply, Request, paged, said, validated
from tests.forge.world import Repo

SCHEMA = """
interface Actor { login: String! }
type User implements Actor { login: String! }
type Bot implements Actor { login: String! }
type License { spdxId: String }
enum PullRequestState { OPEN CLOSED MERGED }
enum IssueOrderField { CREATED_AT UPDATED_AT COMMENTS }
input IssueOrder { field: IssueOrderField!, direction: OrderDirection! }
enum DeploymentOrderField { CREATED_AT }
input DeploymentOrder { field: DeploymentOrderField!, direction: OrderDirection! }
enum StatusState { EXPECTED ERROR FAILURE PENDING SUCCESS }
enum DeploymentState {
  ABANDONED ACTIVE DESTROYED ERROR FAILURE INACTIVE IN_PROGRESS PENDING QUEUED SUCCESS WAITING }
enum CheckConclusionState {
  ACTION_REQUIRED CANCELLED FAILURE NEUTRAL SKIPPED STALE STARTUP_FAILURE SUCCESS TIMED_OUT }
type CheckRun {
  name: String!, conclusion: CheckConclusionState, completedAt: String, detailsUrl: String }
type StatusContext { context: String!, state: StatusState!, createdAt: String!, targetUrl: String }
union StatusCheckRollupContext = CheckRun | StatusContext
type StatusCheckRollupContextConnection { nodes: [StatusCheckRollupContext] }
type StatusCheckRollup {
  state: StatusState!, contexts(first: Int): StatusCheckRollupContextConnection! }
type Commit implements GitObject {
  oid: String!, committedDate: String!, statusCheckRollup: StatusCheckRollup
  history(first: Int): CommitHistoryConnection! }
type CommitHistoryConnection { nodes: [Commit] }
type PullRequestCommit { commit: Commit! }
type PullRequestCommitConnection { nodes: [PullRequestCommit] }
type PullRequestReview { submittedAt: String, author: Actor }
type PullRequestReviewConnection { nodes: [PullRequestReview] }
type PullRequest {
  createdAt: String!, updatedAt: String!, headRefName: String!, author: Actor
  commits(last: Int): PullRequestCommitConnection!
  reviews(first: Int): PullRequestReviewConnection }
type PullRequestConnection { totalCount: Int!, pageInfo: PageInfo!, nodes: [PullRequest] }
type DeploymentStatus { state: String!, createdAt: String! }
type Deployment {
  environment: String, createdAt: String!, latestStatus: DeploymentStatus, commit: Commit }
type DeploymentConnection { pageInfo: PageInfo!, nodes: [Deployment] }
type ReleaseAsset { name: String! }
type ReleaseAssetConnection { nodes: [ReleaseAsset] }
type Release { releaseAssets(first: Int!): ReleaseAssetConnection! }
"""

FIELDS = """
  licenseInfo: License
  pullRequests(states: [PullRequestState!], first: Int, after: String, orderBy: IssueOrder):
    PullRequestConnection!
  deployments(first: Int, after: String, orderBy: DeploymentOrder): DeploymentConnection!
  latestRelease: Release
"""


def node(repo: Repo) -> dict[str, Any]:
    """The fields of a repository."""

    def pulls(_info: object, states: list[str] | None = None, **page: Any) -> dict[str, Any]:
        _check(repo, "changes")
        found = [one for one in repo.knows.get("changes", []) if not states or one.get("open")]
        newest = (page.get("orderBy") or {}).get("direction") == "DESC"
        found.sort(key=lambda one: str(one["at"]), reverse=newest)
        return _connection([_change(repo, one) for one in found], page)

    def deployments(_info: object, **page: Any) -> dict[str, Any]:
        _check(repo, "deployments")
        found = sorted(repo.knows.get("deployments", []), key=lambda o: str(o["at"]), reverse=True)
        return _connection([_deployment(one) for one in found], page)

    def release(_info: object) -> dict[str, Any] | None:
        files = repo.knows.get("release")
        assets = {"nodes": [{"name": name} for name in files or ()]}
        return None if files is None else {"releaseAssets": lambda _info, first: assets}

    spdx = repo.knows.get("license")
    return {
        "licenseInfo": {"spdxId": spdx} if spdx else None,
        "pullRequests": pulls,
        "deployments": deployments,
        "latestRelease": release,
    }


def commit(repo: Repo, oid: str) -> dict[str, Any]:
    """The commit at the end of the default branch, with what CI said of those before."""

    def history(_info: object, first: int) -> dict[str, Any]:
        return {"nodes": [_built(repo, one) for one in repo.knows.get("builds", [])[:first]]}

    return {"__typename": "Commit", "oid": oid, "history": history}


def _check(repo: Repo, what: str) -> None:
    if what in repo.knows.get("denied", ()):
        raise GraphQLError(
            "Resource not accessible by personal access token", extensions={"type": "FORBIDDEN"}
        )


def _connection(nodes: list[Any], page: dict[str, Any]) -> dict[str, Any]:
    start, first = int(page.get("after") or 0), page["first"]
    assert 1 <= first <= 100
    return {
        "totalCount": len(nodes),
        "pageInfo": {"hasNextPage": start + first < len(nodes), "endCursor": str(start + first)},
        "nodes": nodes[start : start + first],
    }


def _built(repo: Repo, build: dict[str, Any]) -> dict[str, Any]:
    """A commit, as CI's checks of it stand. `build`: at, state, and checks by name."""

    def rollup(_info: object) -> dict[str, Any] | None:
        _check(repo, "checks")
        if not build.get("checks"):
            return None
        contexts = [_context(name, build) for name in build["checks"]]
        return {
            "state": build["state"].upper(),
            "contexts": lambda _info, first: {"nodes": contexts[:first]},
        }

    return {"committedDate": build["at"], "oid": "0" * 40, "statusCheckRollup": rollup}


def _context(name: str, build: dict[str, Any]) -> dict[str, Any]:
    state, url = build["state"].upper(), f"https://ci.example.com/{name}"
    if name.startswith("status/"):
        about = {"context": name, "state": state, "createdAt": build["at"], "targetUrl": url}
        return {"__typename": "StatusContext", **about}
    done = state != "PENDING"
    return {
        "__typename": "CheckRun",
        "name": name,
        "conclusion": state if done else None,
        "completedAt": build["at"] if done else None,
        "detailsUrl": url,
    }


def _change(repo: Repo, one: dict[str, Any]) -> dict[str, Any]:
    reviews = [{"submittedAt": at, "author": _actor(login)} for login, at in one.get("reviews", ())]
    checked = _built(repo, {"at": one["at"], "state": "success", "checks": one.get("checks", [])})
    return {
        "createdAt": one["at"],
        "updatedAt": one["at"],
        "headRefName": one.get("branch", "feature"),
        "author": _actor(one.get("by", "annabel")),
        "commits": lambda _info, last: {"nodes": [{"commit": checked}]},
        "reviews": lambda _info, first: {"nodes": reviews[:first]},
    }


def _actor(login: str) -> dict[str, str] | None:
    """GitHub leaves `[bot]` out in GraphQL, and tells the type; an account that went is null."""
    if not login:
        return None
    is_bot = login.endswith("[bot]")
    kind = "Bot" if is_bot else "User"
    return {"__typename": kind, "login": login.removesuffix("[bot]")}


def _deployment(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "environment": one["environment"],
        "createdAt": one["at"],
        "latestStatus": {"state": one.get("state", "success").upper(), "createdAt": one["at"]},
        "commit": {"oid": one["commit"], "committedDate": one["committed"]},
    }


def rest(request: Request, repo: Repo, route: str) -> Reply | None:
    """The reply to a route below a repository; None: it is none of these."""
    knows, words = repo.knows, route.split("/")
    match words:
        case ["actions", "runs"]:
            runs = [_run(one) for one in knows.get("runs", [])]
            found = said({"total_count": len(runs), "workflow_runs": runs[:100]})
        case ["actions", "runs", number, "attempts", _]:
            before = next(one for one in knows["runs"] if one["id"] == int(number))["before"]
            found = said({"id": int(number), "conclusion": before})
        case ["rules", "branches", _]:
            found = _list(request, knows.get("rules", []))
        case ["branches", branch]:
            found = _branch(repo, unquote(branch))
        case ["branches", _, "protection"]:
            rule = knows.get("protection")
            found = _refusal(404, "Branch not protected") if rule is None else said(rule)
        case ["secret-scanning", "alerts"]:
            found = _list(request, [{"number": n} for n in range(knows.get("secrets", 0))])
        case ["dependabot", "alerts"]:
            found = _list(request, [_alert(one) for one in knows.get("vulnerabilities", [])])
        case ["code-scanning", "analyses"]:
            at = knows.get("analyzed")
            found = said([{"created_at": at}]) if at else _refusal(404, "no analysis found")
        case _:
            return None
    area = "protection" if words[-1] == "protection" else words[0]
    if area in knows.get("off", ()):
        return _refusal(*_OFF[area])
    if area in knows.get("denied", ()):
        return _refusal(403, "Resource not accessible by personal access token")
    return validated(request, found)


_OFF = {
    "secret-scanning": (404, "Secret scanning is disabled on this repository."),
    "dependabot": (403, "Dependabot alerts are disabled for this repository."),
    "code-scanning": (
        403,
        "Code Security must be enabled for this repository to use code scanning.",
    ),
}


def _list(request: Request, items: list[Any]) -> Reply:
    page, _, _, links = paged(request, items, size="per_page", most=100, default=30)
    return said(page, headers=links)


def _refusal(status: int, text: str) -> Reply:
    return said({"message": text, "status": str(status)}, status=status)


def _branch(repo: Repo, name: str) -> Reply:
    """The older protection is shown to everybody, as far as it names checks."""
    rule = repo.knows.get("protection")
    checks = (rule or {}).get("required_status_checks") or {"contexts": []}
    shown = {"enabled": rule is not None, "required_status_checks": checks}
    return said({"name": name, "protected": rule is not None, "protection": shown})


def _run(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": one["id"],
        "workflow_id": 1,
        "event": "push",
        "head_sha": one["commit"],
        "status": "completed",
        "conclusion": one.get("conclusion", "success"),
        "run_attempt": 2 if "before" in one else 1,
        "run_started_at": one["began"],
        "updated_at": one["ended"],
    }


def _alert(one: dict[str, Any]) -> dict[str, Any]:
    fix = {"identifier": one["fixed"]} if one.get("fixed") else None
    return {
        "state": "open",
        "created_at": one["since"],
        "security_vulnerability": {
            "package": {"ecosystem": "npm", "name": one["package"]},
            "severity": one["severity"],
            "vulnerable_version_range": one["versions"],
            "first_patched_version": fix,
        },
    }
