"""What a Gitea or Forgejo says of a repository.

Source: Gitea's API v1: repositories, branches, branch protections, tasks of Actions, commit statuses,
pull requests and releases. It knows no deployments and keeps no findings of scanners.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from plugins.contract import FactState, FailedFact, Known, Missing
from plugins.forges.api import Denied
from plugins.forges.facts import changes, protection, releases, runs
from plugins.forges.facts.areas import Areas, all_alike, learned
from plugins.forges.facts.asking import Asking, moment, segment
from plugins.forges.facts.changes import Change, Review, is_bot, is_update
from plugins.forges.facts.protection import Protection
from plugins.forges.facts.reviewing import reviews_of
from plugins.forges.facts.runs import Build, Run
from plugins.forges.facts.states import alike, not_told

PER_PAGE = 50
"""The most that a Gitea gives as it is installed."""

TASK_PAGES = 4
"""Of the newest tasks."""

_ENDED = {"success": True, "failure": False, "error": False}

Repository = Mapping[str, Any]


def observe(asking: Asking, namespaces: Collection[str], now: datetime) -> dict[str, FactState]:
    """The facts of these namespaces; of others it tells nothing."""
    repository = asking.get(f"repos/{asking.path}", what="repository")
    if isinstance(repository, Denied) or not isinstance(repository, dict):
        denied = isinstance(repository, Denied)
        return all_alike(namespaces, asking.failed(repository) if denied else asking.elsewhere())
    if str(repository.get("full_name")).lower() != asking.path.lower():
        return all_alike(namespaces, asking.elsewhere())
    return learned(_AREAS, namespaces, asking, repository, now=now)


def _about(_: Asking, repository: Repository, __: datetime) -> dict[str, FactState]:
    hidden = "internal" if repository.get("internal") else "private"
    licenses = repository.get("licenses") or ()
    return {
        "forge.archived": Known(value=bool(repository.get("archived"))),
        "forge.default_branch": Known(value=str(repository.get("default_branch"))),
        "forge.license": Known(value=str(licenses[0]))
        if licenses
        else Missing(looked_for="a license that the forge knows"),
        "forge.topics": Known(value=tuple(sorted(map(str, repository.get("topics") or ())))),
        "forge.visibility": Known(
            value=hidden if repository.get("private") or repository.get("internal") else "public"
        ),
    }


def _ci(asking: Asking, repository: Repository, now: datetime) -> dict[str, FactState]:
    branch = str(repository.get("default_branch"))
    untold = not_told("A Gitea does not say of a run whether it was run again.")
    found: dict[str, FactState] = {"ci.rerun_success_pct": untold}
    tasks = _tasks(asking)
    if isinstance(tasks, FailedFact):
        return {**found, **alike(("ci.duration_p50_minutes", *runs.BRANCH_NAMES), tasks)}
    if tasks:
        found["ci.duration_p50_minutes"] = runs.duration([*_runs(tasks)], now=now)
        mine = (task for task in tasks if task.get("head_branch") == branch)
        return {**found, **runs.branch_states([*_builds(mine)])}
    found["ci.duration_p50_minutes"] = not_told("Actions has not run here.")
    builds = _status(asking, branch)
    if isinstance(builds, FailedFact):
        return {**found, **alike(runs.BRANCH_NAMES, builds)}
    return {**found, **runs.branch_states(builds)}


def _tasks(asking: Asking) -> list[Mapping[str, Any]] | FailedFact:
    """The newest tasks of Actions, newest first; none where Actions is not there."""
    found: list[Mapping[str, Any]] = []
    for page in range(1, TASK_PAGES + 1):
        route = f"repos/{asking.path}/actions/tasks?limit={PER_PAGE}&page={page}"
        answer = asking.get(route, what="tasks of Actions")
        if isinstance(answer, Denied):
            return found if answer.status == 404 else asking.failed(answer)
        tasks = answer["workflow_runs"] or ()
        found += tasks
        if len(tasks) < PER_PAGE:
            break
    return found


def _grouped(
    tasks: Iterable[Mapping[str, Any]], key: str
) -> Iterator[tuple[list[Mapping[str, Any]], bool | None]]:
    """Tasks with one value of a key, and how they ended together; None: not yet."""
    groups: dict[object, list[Mapping[str, Any]]] = defaultdict(list)
    for task in tasks:
        groups[task.get(key)].append(task)
    for group in groups.values():
        states = {task.get("status") for task in group} - {"skipped", "cancelled"}
        ended = {_ENDED.get(str(state)) for state in states}
        yield group, False if False in ended else None if None in ended or not ended else True


def _runs(tasks: Iterable[Mapping[str, Any]]) -> Iterator[Run]:
    for group, succeeded in _grouped(tasks, "run_number"):
        began = [at for task in group if (at := moment(task.get("run_started_at"))) is not None]
        ended = [at for task in group if (at := moment(task.get("updated_at"))) is not None]
        if succeeded is not None and began and ended:
            yield Run(
                task=str(group[0].get("event")),
                commit=str(group[0].get("head_sha")),
                began_at=min(began),
                ended_at=max(ended),
                succeeded=succeeded,
            )


def _builds(tasks: Iterable[Mapping[str, Any]]) -> Iterator[Build]:
    for group, succeeded in _grouped(tasks, "head_sha"):
        red = [task for task in group if _ENDED.get(str(task.get("status"))) is False]
        times = [at for task in red or group if (at := moment(task.get("updated_at"))) is not None]
        if times:
            job = str(red[0].get("url") or "") if red else ""
            yield Build(succeeded=succeeded, at=max(times), failed_job=job)


def _status(asking: Asking, branch: str) -> list[Build] | FailedFact:
    """What other systems said of the last commit; of former ones nobody is asked."""
    route = f"repos/{asking.path}/commits/{segment(branch)}/status"
    answer = asking.get(route, what="status of the default branch")
    if isinstance(answer, Denied):
        return asking.failed(answer)
    statuses = answer["statuses"] or ()
    red = [one for one in statuses if _ENDED.get(str(one.get("status"))) is False]
    times = [at for one in red or statuses if (at := moment(one.get("updated_at"))) is not None]
    if not times:
        return []
    job = str(red[0].get("target_url") or "") if red else ""
    return [Build(succeeded=_ENDED.get(str(answer["state"])), at=max(times), failed_job=job)]


def _protection(asking: Asking, repository: Repository, _: datetime) -> dict[str, FactState]:
    route = f"repos/{asking.path}/branches/{segment(str(repository.get('default_branch')))}"
    branch = asking.get(route, what="the default branch")
    if isinstance(branch, Denied):
        return alike(protection.NAMES, asking.failed(branch))
    untold = not_told("A Gitea does not say when a status check last ran.")
    if not branch.get("protected"):
        return protection.states(Protection(), untold)
    contexts = branch.get("status_check_contexts") if branch.get("enable_status_check") else None
    found = Protection(
        enabled=True,
        approvals=int(branch.get("required_approvals") or 0),
        force_push=_force_push(asking, str(branch.get("effective_branch_protection_name"))),
        checks=tuple(map(str, contexts or ())),
    )
    return protection.states(found, untold)


def _force_push(asking: Asking, rule: str) -> bool | FailedFact:
    """What only administrators see; before Gitea 1.23 nobody may, where a branch is protected."""
    route = f"repos/{asking.path}/branch_protections/{segment(rule)}"
    found = asking.get(route, what="branch protection")
    return (
        asking.failed(found) if isinstance(found, Denied) else bool(found.get("enable_force_push"))
    )


def _reviews(asking: Asking, _: Repository, now: datetime) -> dict[str, FactState]:
    route = f"repos/{asking.path}/pulls?state=open&sort=oldest&limit={PER_PAGE}"
    opened = asking.each(route, what="pull requests")
    return reviews_of(asking, opened, _newest(asking), read=_changes, ask=_reviewed, now=now)


def _newest(asking: Asking) -> Any | Denied:
    route = f"repos/{asking.path}/pulls?state=all&limit={PER_PAGE}"
    return asking.get(route, what="pull requests")


def _reviewed(asking: Asking, change: Change) -> list[Review] | FailedFact:
    route = f"repos/{asking.path}/pulls/{change.number}/reviews?limit={PER_PAGE}"
    reviews = asking.get(route, what="reviews of a pull request")
    if isinstance(reviews, Denied):
        return asking.failed(reviews)
    return [
        Review(by=str((review.get("user") or {}).get("login") or ""), at=at)
        for review in reviews
        if review.get("state") in ("APPROVED", "REQUEST_CHANGES", "COMMENT")
        if (at := moment(review.get("submitted_at"))) is not None
    ]


def _updates(asking: Asking, _: Repository, __: datetime) -> dict[str, FactState]:
    found = _newest(asking)
    if isinstance(found, Denied):
        return {"updates.last_change_at": asking.failed(found)}
    return {"updates.last_change_at": changes.last_update([*_changes(found)], looked_at=PER_PAGE)}


def _changes(items: Iterable[Mapping[str, Any]]) -> Iterator[Change]:
    for item in items:
        opened = moment(item.get("created_at"))
        login = str((item.get("user") or {}).get("login") or "")
        if opened is not None:
            updates = is_update(login, str((item.get("head") or {}).get("ref")))
            yield Change(
                opened_at=opened,
                number=int(item["number"]),
                by=login,
                by_bot=is_bot(login),
                updates=updates,
            )


def _release(asking: Asking, _: Repository, __: datetime) -> dict[str, FactState]:
    route = f"repos/{asking.path}/releases?draft=false&pre-release=false&limit=1"
    found = asking.get(route, what="releases")
    if isinstance(found, Denied):
        return alike(releases.NAMES, asking.failed(found))
    if len(found) == 0:
        return releases.states(None)
    return releases.states([str(one.get("name")) for one in found[0].get("assets") or ()])


_AREAS: Areas[Repository] = {
    "forge": _about,
    "ci": _ci,
    "protection": _protection,
    "reviews": _reviews,
    "updates": _updates,
    "release": _release,
}
