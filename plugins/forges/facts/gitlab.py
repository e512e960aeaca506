"""What a GitLab says of a project.

Sources: GitLab's REST API v4 for projects, protected branches, approval rules, pipelines, jobs, merge
requests, deployments and releases, all conditional; what scanners found comes by GraphQL
(`plugins.forges.facts.gitlab_findings`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from plugins.contract import FactState, FailedFact, Known, Missing
from plugins.forges.api import Denied
from plugins.forges.facts import changes, deployments, gitlab_findings, protection, releases, runs
from plugins.forges.facts.areas import Areas, all_alike, learned
from plugins.forges.facts.asking import MOST_PAGES, Asking, moment, segment
from plugins.forges.facts.changes import Change, Review, is_bot, is_update
from plugins.forges.facts.deployments import Deployment, is_production
from plugins.forges.facts.protection import Protection
from plugins.forges.facts.reviewing import reviews_of
from plugins.forges.facts.runs import WINDOW, Build, Run
from plugins.forges.facts.states import alike, not_told, too_few

PIPELINE = "pipeline"
"""What the one check is called that a merge request of a GitLab may need."""

DURATION = "ci.duration_p50_minutes"

_ENDED = {"success": True, "failed": False}

Project = Mapping[str, Any]


def observe(asking: Asking, namespaces: Collection[str], now: datetime) -> dict[str, FactState]:
    """The facts of these namespaces."""
    project = asking.get(f"{_of(asking)}?license=true", what="project")
    if isinstance(project, Denied) or not isinstance(project, dict):
        why = asking.failed(project) if isinstance(project, Denied) else asking.elsewhere()
        return all_alike(namespaces, why)
    if str(project.get("path_with_namespace")).lower() != asking.path.lower():
        return all_alike(namespaces, asking.elsewhere())
    return learned(_AREAS, namespaces, asking, project, now=now)


def _of(asking: Asking) -> str:
    return f"projects/{segment(asking.path)}"


def _about(_: Asking, project: Project, __: datetime) -> dict[str, FactState]:
    branch = project.get("default_branch")
    key = (project.get("license") or {}).get("key")
    return {
        "forge.archived": Known(value=bool(project.get("archived"))),
        "forge.default_branch": Known(value=str(branch))
        if branch
        else Missing(looked_for="a branch"),
        "forge.license": Known(value=_spdx(str(key)))
        if key and key != "other"
        else Missing(looked_for="a license that the forge knows"),
        "forge.topics": Known(value=tuple(sorted(map(str, project.get("topics") or ())))),
        "forge.visibility": Known(value=str(project.get("visibility"))),
    }


def _spdx(key: str) -> str:
    """GitLab writes SPDX ids in lower case; these are the ones that are not in upper case."""
    return {"apache-2.0": "Apache-2.0", "unlicense": "Unlicense"}.get(key, key.upper())


def _ci(asking: Asking, project: Project, now: datetime) -> dict[str, FactState]:
    branch = segment(str(project.get("default_branch")))
    latest = asking.get(f"{_of(asking)}/pipelines?ref={branch}&per_page=50", what="pipelines")
    every = asking.get(f"{_of(asking)}/pipelines?per_page=100", what="pipelines")
    untold = not_told("A GitLab does not say of a pipeline whether its jobs were run again.")
    found: dict[str, FactState] = {"ci.rerun_success_pct": untold}
    if isinstance(latest, Denied) or isinstance(every, Denied):
        why = asking.failed(latest if isinstance(latest, Denied) else every)
        return {**found, **alike((DURATION, *runs.BRANCH_NAMES), why)}
    known = [run for item in every if (run := _run(item)) is not None]
    found[DURATION] = (
        runs.duration(known, now=now) if every else not_told("No pipeline has run here.")
    )
    return {**found, **runs.branch_states([*_builds(asking, latest)])}


def _builds(asking: Asking, pipelines: Iterable[Mapping[str, Any]]) -> Iterator[Build]:
    """The pipelines of the default branch, newest first; of the one that is red, a job."""
    is_newest = True
    for one in pipelines:
        at, succeeded = moment(one.get("updated_at")), _ENDED.get(str(one.get("status")))
        if at is None:
            continue
        job = _failed_job(asking, one) if is_newest and succeeded is False else ""
        is_newest = is_newest and succeeded is None
        yield Build(succeeded=succeeded, at=at, failed_job=job)


def _failed_job(asking: Asking, pipeline: Mapping[str, Any]) -> str:
    route = f"{_of(asking)}/pipelines/{int(pipeline['id'])}/jobs?scope[]=failed&per_page=1"
    jobs = asking.get(route, what="jobs of a pipeline")
    job = jobs[0] if isinstance(jobs, list) and jobs else pipeline
    return str(job.get("web_url") or "")


def _run(item: Mapping[str, Any]) -> Run | None:
    began, ended = moment(item.get("created_at")), moment(item.get("updated_at"))
    succeeded = _ENDED.get(str(item.get("status")))
    if began is None or ended is None or succeeded is None:
        return None
    return Run(
        task=str(item.get("source")),
        commit=str(item.get("sha")),
        began_at=began,
        ended_at=ended,
        succeeded=succeeded,
    )


def _protection(asking: Asking, project: Project, now: datetime) -> dict[str, FactState]:
    branch = project.get("default_branch")
    if not branch:
        return alike(protection.NAMES, not_told("There is no branch yet."))
    rules = asking.each(f"{_of(asking)}/protected_branches?per_page=100", what="protected branches")
    if isinstance(rules, Denied):
        return alike(protection.NAMES, asking.failed(rules))
    mine = [one for one in rules if _matches(str(one.get("name")), str(branch))]
    needed = bool(project.get("only_allow_merge_if_pipeline_succeeds"))
    found = Protection(
        enabled=bool(mine),
        approvals=_approvals(asking, str(branch)) if mine else 0,
        force_push=not mine or any(bool(one.get("allow_force_push")) for one in mine),
        checks=(PIPELINE,) if needed else (),
    )
    return protection.states(found, _ran(asking, project, now) if needed else set())


def _matches(pattern: str, branch: str) -> bool:
    """Whether a protected branch, which may be a pattern with `*`, is this one."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), branch) is not None


def _approvals(asking: Asking, branch: str) -> int | FailedFact:
    """The most that one rule needs; rules for approvals are part of GitLab Premium."""
    route = f"{_of(asking)}/approval_rules?per_page=100"
    rules = asking.each(route, what="rules for approvals")
    if isinstance(rules, Denied):
        if rules.status == 404:
            return not_told("This GitLab has no rules for approvals, which are part of Premium.")
        return asking.failed(rules)
    counts = [0]
    for rule in rules:
        named = [str(one.get("name")) for one in rule.get("protected_branches") or ()]
        if not named or any(_matches(name, branch) for name in named):
            counts.append(int(rule.get("approvals_required") or 0))
    return max(counts)


def _ran(asking: Asking, project: Project, now: datetime) -> set[str] | FailedFact:
    newest = asking.get(f"{_of(asking)}/pipelines?per_page=100", what="pipelines")
    if isinstance(newest, Denied):
        return asking.failed(newest)
    if any((at := moment(one.get("updated_at"))) and now - at <= WINDOW for one in newest):
        return {PIPELINE}
    active = moment(project.get("last_activity_at"))
    if active is None or now - active > WINDOW:
        return too_few(0, 1, "changes of 30 days")
    return set()


def _reviews(asking: Asking, _: Project, now: datetime) -> dict[str, FactState]:
    route = f"{_of(asking)}/merge_requests?state=opened&scope=all&per_page=100"
    opened = asking.each(route, what="merge requests")
    return reviews_of(asking, opened, _newest(asking), read=_changes, ask=_notes, now=now)


def _newest(asking: Asking) -> Any | Denied:
    route = f"{_of(asking)}/merge_requests?state=all&scope=all&order_by=created_at&per_page=100"
    return asking.get(route, what="merge requests")


def _notes(asking: Asking, change: Change) -> list[Review] | FailedFact:
    """What people wrote about a merge request, and that they approved it."""
    route = f"{_of(asking)}/merge_requests/{change.number}/notes?sort=asc&order_by=created_at"
    notes = asking.get(f"{route}&per_page=50", what="notes of a merge request")
    if isinstance(notes, Denied):
        return asking.failed(notes)
    return [
        Review(by=str((note.get("author") or {}).get("username") or ""), at=at)
        for note in notes
        if not note.get("system") or str(note.get("body")).startswith("approved this")
        if (at := moment(note.get("created_at"))) is not None
    ]


def _updates(asking: Asking, _: Project, __: datetime) -> dict[str, FactState]:
    found = _newest(asking)
    if isinstance(found, Denied):
        return {"updates.last_change_at": asking.failed(found)}
    return {"updates.last_change_at": changes.last_update([*_changes(found)], looked_at=100)}


def _changes(items: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    for item in items:
        opened = moment(item.get("created_at"))
        login = str((item.get("author") or {}).get("username") or "")
        if opened is not None:
            updates = is_update(login, str(item.get("source_branch")))
            yield Change(
                opened_at=opened,
                number=int(item["iid"]),
                by=login,
                by_bot=is_bot(login),
                updates=updates,
            )


def _deployments(asking: Asking, _: Project, now: datetime) -> dict[str, FactState]:
    route = f"{_of(asking)}/deployments?order_by=created_at&sort=desc&per_page=100"
    found = asking.each(
        route,
        what="deployments",
        enough=lambda one: (
            (at := moment(one.get("created_at"))) is not None and now - at > deployments.WINDOW
        ),
    )
    if isinstance(found, Denied):
        return alike(deployments.NAMES, asking.failed(found))
    if len(found) >= 100 * MOST_PAGES:
        return alike(deployments.NAMES, not_told("There are too many deployments to look at."))
    return deployments.states([*_deployed(found)], now=now)


def _deployed(items: Iterable[Mapping[str, Any]]) -> Iterator[Deployment]:
    for item in items:
        succeeded = _ENDED.get(str(item.get("status")))
        job = item.get("deployable") or {}
        at = moment(job.get("finished_at") or item.get("updated_at"))
        environment = str((item.get("environment") or {}).get("name"))
        if succeeded is not None and at is not None and is_production(environment):
            committed = moment((job.get("commit") or {}).get("created_at"))
            yield Deployment(
                at=at, succeeded=succeeded, commit=str(item.get("sha")), committed_at=committed
            )


def _findings(asking: Asking, _: Project, now: datetime) -> dict[str, FactState]:
    """Of both namespaces: one query has them."""
    return gitlab_findings.states(asking, now=now)


def _analyses(asking: Asking, project: Project, now: datetime) -> dict[str, FactState]:
    """From the reports that jobs left: of the hundred that last succeeded."""
    jobs = asking.get(f"{_of(asking)}/jobs?scope[]=success&per_page=100", what="jobs")
    if isinstance(jobs, Denied):
        return {"sast.last_run_at": asking.failed(jobs)}
    times = [moment(job.get("finished_at")) for job in jobs]
    analyzed = [
        at
        for job, at in zip(jobs, times, strict=True)
        if at is not None
        and job.get("ref") == project.get("default_branch")
        and any(one.get("file_type") == "sast" for one in job.get("artifacts") or ())
    ]
    if analyzed:
        return {"sast.last_run_at": Known(value=max(analyzed))}
    oldest = min((at for at in times if at is not None), default=None)
    if len(jobs) >= 100 and oldest is not None and now - oldest <= WINDOW:
        return {"sast.last_run_at": too_few(100, 101, "jobs, which are less than 30 days,")}
    return {"sast.last_run_at": Missing(looked_for="a job with a report of SAST")}


def _release(asking: Asking, _: Project, __: datetime) -> dict[str, FactState]:
    found = asking.get(f"{_of(asking)}/releases?per_page=1", what="releases")
    if isinstance(found, Denied):
        return alike(releases.NAMES, asking.failed(found))
    if len(found) == 0:
        return releases.states(None)
    links = (found[0].get("assets") or {}).get("links") or ()
    return releases.states([str(link.get("name")) for link in links])


_AREAS: Areas[Project] = {
    "forge": _about,
    "ci": _ci,
    "protection": _protection,
    "reviews": _reviews,
    "updates": _updates,
    "deploy": _deployments,
    "secrets": _findings,
    "vuln": _findings,
    "sast": _analyses,
    "release": _release,
}
