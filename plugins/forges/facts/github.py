"""What a GitHub says of a repository.

Sources: GitHub's GraphQL reference, and its REST reference (2022-11-28) for rules and branches,
workflow runs, secret scanning, Dependabot and code scanning, which are asked conditionally.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from plugins.contract import FactState, FailedFact, Known, Missing
from plugins.forges.api import Denied
from plugins.forges.facts import changes, deployments, findings, protection, releases, runs
from plugins.forges.facts.areas import Areas, all_alike, learned
from plugins.forges.facts.asking import Asking, moment, segment
from plugins.forges.facts.changes import Change, is_bot, is_update
from plugins.forges.facts.deployments import Deployment, is_production
from plugins.forges.facts.findings import Vulnerability
from plugins.forges.facts.github_protection import checks_of, ended_at, protection_of, ran
from plugins.forges.facts.github_query import MOST_CHANGES, Overview, overview_of, whole_list
from plugins.forges.facts.runs import Build, Run
from plugins.forges.facts.states import alike, not_told

_RED = ("FAILURE", "ERROR", "TIMED_OUT", "STARTUP_FAILURE", "ACTION_REQUIRED", "CANCELLED")
_CONCLUDED = {"success": True, "failure": False, "timed_out": False}
_ENDED = {"SUCCESS": True, "INACTIVE": True, "FAILURE": False, "ERROR": False}
"""States of deployments that have ended: one that another has replaced is inactive."""


def observe(asking: Asking, namespaces: Collection[str], now: datetime) -> dict[str, FactState]:
    """The facts of these namespaces."""
    overview = overview_of(asking, namespaces)
    if isinstance(overview, FailedFact):
        return all_alike(namespaces, overview)
    return learned(_AREAS, namespaces, asking, overview, now=now)


def _about(_: Asking, overview: Overview, __: datetime) -> dict[str, FactState]:
    one = overview.repository or {}
    spdx = (one.get("licenseInfo") or {}).get("spdxId")
    topics = (one.get("repositoryTopics") or {}).get("nodes") or ()
    return {
        "forge.archived": Known(value=bool(one.get("isArchived"))),
        "forge.default_branch": Known(value=overview.branch)
        if overview.branch
        else Missing(looked_for="a branch"),
        "forge.license": Known(value=str(spdx))
        if spdx and spdx != "NOASSERTION"
        else Missing(looked_for="a license that the forge knows"),
        "forge.topics": Known(value=tuple(sorted(str(node["topic"]["name"]) for node in topics))),
        "forge.visibility": Known(value=str(one.get("visibility")).lower()),
    }


def _ci(asking: Asking, overview: Overview, now: datetime) -> dict[str, FactState]:
    history = overview.part("defaultBranchRef", "target", "history")
    branch = (
        alike(runs.BRANCH_NAMES, history)
        if isinstance(history, FailedFact)
        else runs.branch_states([*_builds((history or {}).get("nodes") or ())])
    )
    return {**branch, **_workflow_runs(asking, now)}


def _builds(commits: Iterable[Mapping[str, Any]]) -> Iterator[Build]:
    """What is said of commits, newest first; those without any check are passed over."""
    for commit in commits:
        rollup = commit.get("statusCheckRollup")
        committed = moment(commit.get("committedDate"))
        if not rollup or committed is None:
            continue
        checks = list(checks_of(rollup))
        red = [check for check in checks if check.get("conclusion", check.get("state")) in _RED]
        times = [at for check in red or checks if (at := ended_at(check)) is not None]
        yield Build(
            succeeded={"SUCCESS": True, "FAILURE": False, "ERROR": False}.get(rollup.get("state")),
            at=max(times, default=committed),
            failed_job=str(red[0].get("detailsUrl") or red[0].get("targetUrl") or "")
            if red
            else "",
        )


def _workflow_runs(asking: Asking, now: datetime) -> dict[str, FactState]:
    """From the newest hundred runs of GitHub Actions, of all branches."""
    names = runs.RUN_NAMES
    route = f"repos/{asking.path}/actions/runs?per_page=100"
    answer = asking.get(route, what="runs of GitHub Actions")
    if isinstance(answer, Denied):
        return alike(names, asking.failed(answer))
    items = answer["workflow_runs"]
    if not items:
        return alike(names, not_told("GitHub Actions has not run here."))
    found = [run for item in items if (run := _run(asking, item)) is not None]
    states = (runs.duration(found, now=now), runs.rerun_success(found, now=now))
    return dict(zip(names, states, strict=True))


def _run(asking: Asking, item: Mapping[str, Any]) -> Run | None:
    began, ended = moment(item.get("run_started_at")), moment(item.get("updated_at"))
    succeeded = _CONCLUDED.get(str(item.get("conclusion")))
    if began is None or ended is None or succeeded is None:
        return None
    attempt, had_failed = item.get("run_attempt"), False
    if succeeded and isinstance(attempt, int) and attempt > 1:
        route = f"repos/{asking.path}/actions/runs/{int(item['id'])}/attempts/{attempt - 1}"
        before = asking.get(route, what="a former attempt of a run")
        had_failed = (
            isinstance(before, dict) and _CONCLUDED.get(str(before.get("conclusion"))) is False
        )
    return Run(
        task=f"{item.get('workflow_id')} {item.get('event')}",
        commit=str(item.get("head_sha")),
        began_at=began,
        ended_at=ended,
        succeeded=succeeded,
        had_failed=had_failed,
    )


def _protection(asking: Asking, overview: Overview, now: datetime) -> dict[str, FactState]:
    if not overview.branch:
        return alike(protection.NAMES, not_told("There is no branch yet."))
    found = protection_of(asking, overview.branch)
    if isinstance(found, FailedFact):
        return alike(protection.NAMES, found)
    return protection.states(found, ran(overview, now=now))


def _reviews(asking: Asking, overview: Overview, now: datetime) -> dict[str, FactState]:
    names = changes.REVIEW_NAMES
    still, newest = whole_list(asking, overview, "open"), overview.part("newest")
    if isinstance(still, FailedFact):
        return alike(names, still)
    if isinstance(newest, FailedFact):
        return alike(names, newest)
    states = (
        changes.open_age([*_changes(still)], now=now),
        changes.first_review([*_changes(newest["nodes"])], now=now),
    )
    return dict(zip(names, states, strict=True))


def _updates(_: Asking, overview: Overview, __: datetime) -> dict[str, FactState]:
    newest = overview.part("newest")
    if isinstance(newest, FailedFact):
        return {"updates.last_change_at": newest}
    found = [*_changes(newest["nodes"])]
    return {"updates.last_change_at": changes.last_update(found, looked_at=MOST_CHANGES)}


def _changes(nodes: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    for node in nodes:
        opened = moment(node.get("createdAt"))
        login, bot = _author(node)
        if opened is None:
            continue
        reviews = (node.get("reviews") or {}).get("nodes") or ()
        times = [
            at
            for review in reviews
            if not _author(review)[1] and _author(review)[0] not in ("", login)
            if (at := moment(review.get("submittedAt"))) is not None
        ]
        yield Change(
            opened_at=opened,
            by_bot=bot,
            updates=is_update(login, str(node.get("headRefName"))),
            reviewed_at=min(times, default=None),
        )


def _author(node: Mapping[str, Any]) -> tuple[str, bool]:
    """Who did it, and whether that is a program; of an account that went nothing is told."""
    author = node.get("author") or {}
    login = str(author.get("login") or "")
    return login, author.get("__typename") == "Bot" or is_bot(login)


def _deployments(asking: Asking, overview: Overview, now: datetime) -> dict[str, FactState]:
    found = whole_list(
        asking, overview, "deployments", enough=lambda node: _is_old(node.get("createdAt"), now)
    )
    if isinstance(found, FailedFact):
        return alike(deployments.NAMES, found)
    known = [
        Deployment(
            at=at,
            succeeded=_ENDED[status["state"]],
            commit=str((node.get("commit") or {}).get("oid")),
            committed_at=moment((node.get("commit") or {}).get("committedDate")),
        )
        for node in found
        if is_production(str(node.get("environment")))
        and (status := node.get("latestStatus") or {}).get("state") in _ENDED
        and (at := moment(_deployed_at(node, status))) is not None
    ]
    return deployments.states(known, now=now)


def _is_old(time: object, now: datetime) -> bool:
    at = moment(time)
    return at is not None and now - at > deployments.WINDOW


def _deployed_at(node: Mapping[str, Any], status: Mapping[str, Any]) -> object:
    """When it ended; of one that was replaced the status says when that was."""
    return node.get("createdAt") if status.get("state") == "INACTIVE" else status.get("createdAt")


def _secrets(asking: Asking, _: Overview, __: datetime) -> dict[str, FactState]:
    route = f"repos/{asking.path}/secret-scanning/alerts?state=open&per_page=100"
    found = asking.each(route, what="alerts of secret scanning")
    state = asking.failed(found) if isinstance(found, Denied) else Known(value=len(found))
    return {"secrets.open": state}


def _vulnerabilities(asking: Asking, _: Overview, now: datetime) -> dict[str, FactState]:
    route = f"repos/{asking.path}/dependabot/alerts?state=open&severity=critical,high&per_page=100"
    found = asking.each(route, what="alerts of Dependabot")
    if isinstance(found, Denied):
        return alike(findings.NAMES, asking.failed(found))
    return findings.states([*_alerts(found)], now=now)


def _alerts(items: Iterable[Any]) -> Iterator[Vulnerability]:
    for item in items:
        match item:
            case {
                "created_at": str(created),
                "security_vulnerability": {
                    "package": {"name": str(name)},
                    "severity": str(severity),
                } as one,
            } if (at := moment(created)) is not None:
                fix = (one.get("first_patched_version") or {}).get("identifier")
                yield Vulnerability(
                    severity=severity,
                    found_at=at,
                    what=f"{name} {one.get('vulnerable_version_range') or ''}".strip(),
                    fix=f"fixed in {fix}" if fix else "",
                )


def _analyses(asking: Asking, overview: Overview, _: datetime) -> dict[str, FactState]:
    ref = segment(f"refs/heads/{overview.branch}")
    route = f"repos/{asking.path}/code-scanning/analyses?ref={ref}&per_page=1"
    found = asking.get(route, what="analyses of code scanning")
    none = Missing(looked_for="an analysis of the default branch")
    state: FactState = none
    if isinstance(found, Denied):
        nothing = found.status == 404 and "no analysis found" in found.said.lower()
        state = none if nothing else asking.failed(found)
    elif len(found) and (at := moment(found[0].get("created_at"))) is not None:
        state = Known(value=at)
    return {"sast.last_run_at": state}


def _release(_: Asking, overview: Overview, __: datetime) -> dict[str, FactState]:
    last = overview.part("latestRelease")
    if isinstance(last, FailedFact):
        return alike(releases.NAMES, last)
    if last is None:
        return releases.states(None)
    return releases.states([str(node["name"]) for node in last["releaseAssets"]["nodes"]])


_AREAS: Areas[Overview] = {
    "forge": _about,
    "ci": _ci,
    "protection": _protection,
    "reviews": _reviews,
    "updates": _updates,
    "deploy": _deployments,
    "secrets": _secrets,
    "vuln": _vulnerabilities,
    "sast": _analyses,
    "release": _release,
}
