"""How a GitHub protects a branch: by rulesets, and by the older branch protection; and which checks ran.

Sources: GitHub's REST reference (2022-11-28), "Get rules for a branch", "Get a branch" and "Get branch
protection"; the checks are those of the query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from plugins.contract import FailedFact
from plugins.forges.api import Denied
from plugins.forges.facts import runs
from plugins.forges.facts.asking import Asking, moment, segment
from plugins.forges.facts.github_query import Overview
from plugins.forges.facts.protection import Protection, together
from plugins.forges.facts.states import too_few


def protection_of(asking: Asking, branch: str) -> Protection | FailedFact:
    """All that protects a branch: two requests, and one more where it is protected the older way."""
    rules = _rulesets(asking, branch)
    if isinstance(rules, FailedFact):
        return rules
    classic = _classic(asking, branch)
    return classic if isinstance(classic, FailedFact) else together(rules, classic)


def ran(overview: Overview, *, now: datetime) -> set[str] | FailedFact:
    """The checks that ran of late, on the default branch and on the changes that were last touched."""
    history = overview.part("defaultBranchRef", "target", "history")
    checked = overview.part("checked")
    if isinstance(history, FailedFact):
        return history
    if isinstance(checked, FailedFact):
        return checked
    rollups = [node.get("statusCheckRollup") for node in (history or {}).get("nodes") or ()]
    times = [node.get("committedDate") for node in (history or {}).get("nodes") or ()]
    for change in (checked or {}).get("nodes") or ():
        times.append(change.get("updatedAt"))
        rollups += [one["commit"].get("statusCheckRollup") for one in change["commits"]["nodes"]]
    if not any((at := moment(time)) and now - at <= runs.WINDOW for time in times):
        return too_few(0, 1, "changes of 30 days")
    return {
        str(check.get("name") or check.get("context"))
        for rollup in rollups
        if rollup
        for check in checks_of(rollup)
        if (at := ended_at(check)) is not None and now - at <= runs.WINDOW
    }


def checks_of(rollup: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The checks of a commit."""
    yield from (one for one in (rollup.get("contexts") or {}).get("nodes") or () if one)


def ended_at(check: Mapping[str, Any]) -> datetime | None:
    """When a check ended, or said what it did; None: it has not."""
    return moment(check.get("completedAt") or check.get("createdAt"))


def _rulesets(asking: Asking, branch: str) -> Protection | FailedFact:
    """Of the rulesets that are in force, which everybody may see who sees the repository."""
    route = f"repos/{asking.path}/rules/branches/{segment(branch)}?per_page=100"
    rules = asking.each(route, what="rules for the default branch")
    if isinstance(rules, Denied):
        # Who sees the repository sees its rules: a server that has no such route is older than these.
        return Protection() if rules.status == 404 else asking.failed(rules)
    approvals, checks, forced = 0, set[str](), True
    for rule in rules:
        match rule:
            case {
                "type": "pull_request",
                "parameters": {"required_approving_review_count": int(count)},
            }:
                approvals = max(approvals, count)
            case {
                "type": "required_status_checks",
                "parameters": {"required_status_checks": list(required)},
            }:
                checks |= {str(one.get("context")) for one in required}
            case {"type": "non_fast_forward"}:
                forced = False
    return Protection(
        enabled=bool(rules), approvals=approvals, force_push=forced, checks=tuple(sorted(checks))
    )


def _classic(asking: Asking, branch: str) -> Protection | FailedFact:
    """Of a protected branch; what it needs is shown to administrators, that it is to everybody."""
    route = f"repos/{asking.path}/branches/{segment(branch)}"
    shown = asking.get(route, what="the default branch")
    if isinstance(shown, Denied):
        return asking.failed(shown)
    classic = shown.get("protection") or {}
    if not classic.get("enabled"):
        return Protection()
    rule = asking.get(f"{route}/protection", what="branch protection")
    if isinstance(rule, Denied):
        if rule.status == 404 and "branch not protected" in rule.said.lower():
            return Protection()
        why = asking.failed(rule)
        contexts = (classic.get("required_status_checks") or {}).get("contexts") or ()
        return Protection(
            enabled=True, approvals=why, force_push=why, checks=tuple(map(str, contexts))
        )
    reviews = rule.get("required_pull_request_reviews") or {}
    contexts = (rule.get("required_status_checks") or {}).get("contexts") or ()
    return Protection(
        enabled=True,
        approvals=int(reviews.get("required_approving_review_count") or 0),
        force_push=bool((rule.get("allow_force_pushes") or {}).get("enabled")),
        checks=tuple(map(str, contexts)),
    )
