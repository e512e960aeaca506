"""What the server's Gitea tells of repositories besides files."""

from __future__ import annotations

from typing import Any

from tests.forge.replies import Reply, Request, paged, said
from tests.forge.world import Repo


def branch(repo: Repo) -> dict[str, Any]:
    """More fields of the default branch, which everybody sees."""
    rule = repo.knows.get("protection")
    return {
        "protected": rule is not None,
        "required_approvals": (rule or {}).get("required_approvals", 0),
        "enable_status_check": bool((rule or {}).get("status_check_contexts")),
        "status_check_contexts": (rule or {}).get("status_check_contexts", []),
        "effective_branch_protection_name": "main" if rule else "",
    }


def rest(request: Request, repo: Repo, route: str) -> Reply | None:
    """The reply to a route below a repository; None: it is none of these."""
    knows, words = repo.knows, route.split("/")
    if words[0] in knows.get("denied", ()):
        return said(
            {"message": "token does not have at least one of required scope(s)"}, status=403
        )
    match words:
        case ["actions", "tasks"]:
            page, _, _, _ = paged(
                request, knows.get("tasks", []), size="limit", most=50, default=30
            )
            return said({"total_count": len(knows.get("tasks", [])), "workflow_runs": page})
        case ["commits", _, "status"]:
            statuses = knows.get("statuses", [])
            state = next((o["status"] for o in statuses if o["status"] != "success"), "success")
            return said({"state": state if statuses else "", "statuses": statuses or None})
        case ["branch_protections", _]:
            return said({"rule_name": "main", **knows.get("protection", {})})
        case ["pulls", number, "reviews"]:
            pending = {"state": "REQUEST_REVIEW", "user": {"login": "bob"}}
            found = [{**pending, "submitted_at": knows["changes"][int(number)]["at"]}]
            for login, at in knows["changes"][int(number)].get("reviews", ()):
                found.append({"state": "COMMENT", "user": {"login": login}, "submitted_at": at})
            return said(found)
        case ["pulls"]:
            state = request.asked("state")
            items = [
                {
                    "number": number,
                    "created_at": one["at"],
                    "user": {"login": one.get("by", "annabel")},
                    "head": {"ref": one.get("branch", "feature")},
                }
                for number, one in enumerate(knows.get("changes", []))
                if state == "all" or one.get("open")
            ]
            page, _, _, links = paged(request, items, size="limit", most=50, default=30)
            return said(page, headers=links)
        case ["releases"]:
            assets = [{"name": name} for name in knows.get("release") or ()]
            return said([{"assets": assets}] if "release" in knows else [])
    return None
