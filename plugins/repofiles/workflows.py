"""GitHub workflows: actions that are not pinned to a commit, and tokens that may write.

Sources: GitHub's documentation on hardening. An action of GitHub itself (`actions/`, `github/`) or
of the repository's own owner is no third party. Nothing is said of composite actions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from plugins.contract import FactState, FailedFact, JsonValue, Known, Missing, Problem
from plugins.repofiles.ci import MOST_READ
from plugins.repofiles.documents import read_yaml
from plugins.repofiles.states import Facts, list_or_missing, not_looked
from plugins.repofiles.tree import Tree

_FOLDER = ".github/workflows"
_NAME = re.compile(r".+\.ya?ml")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}$")
_GITHUB = frozenset({"actions", "github"})
_NAMES = ("repo.actions.unpinned", "repo.actions.used", "repo.workflows.unrestricted")


def repository_facts(tree: Tree) -> Facts:
    """`repo.actions.*` and `repo.workflows.unrestricted`."""
    paths = tree.in_folder(_FOLDER, _NAME)
    if not paths:
        return dict.fromkeys(_NAMES, Missing(looked_for=f"{_FOLDER}/*.yml"))
    if len(paths) > MOST_READ:
        why = not_looked(f"there are {len(paths)} workflows; {MOST_READ} at most are read")
        return dict.fromkeys(_NAMES, why)
    workflows: list[tuple[str, JsonValue]] = []
    for path in paths:
        documents = read_yaml(tree, path)
        if isinstance(documents, FailedFact):
            return dict.fromkeys(_NAMES, documents)
        if isinstance(documents, Problem):
            why = not_looked(f"{path} cannot be parsed: {documents.message}")
            return dict.fromkeys(_NAMES, why)
        workflows += ((path, document) for document in documents)
    return _judge(workflows, owner=_owner(tree.snapshot.repository.url))


def _judge(workflows: list[tuple[str, JsonValue]], *, owner: str) -> Facts:
    used = [(path, uses) for path, data in workflows for uses in _uses(data)]
    unpinned = [f"{path}: {uses}" for path, uses in used if _is_unpinned(uses, owner)]
    unrestricted = [path for path, data in workflows if not _is_read_only(data)]
    return {
        "repo.actions.used": Known(value=len(used), path=_FOLDER),
        "repo.actions.unpinned": _known_list(list(dict.fromkeys(unpinned))),
        "repo.workflows.unrestricted": _known_list(unrestricted),
    }


def _known_list(items: list[str]) -> FactState:
    """An empty list is an observation here, not an absence: the workflows were read."""
    return list_or_missing(items, "", path=_FOLDER) if items else Known(value=(), path=_FOLDER)


def _uses(workflow: JsonValue) -> Iterator[str]:
    """What jobs and steps use, local actions apart."""
    jobs = workflow.get("jobs") if isinstance(workflow, dict) else None
    for job in jobs.values() if isinstance(jobs, dict) else ():
        if not isinstance(job, dict):
            continue
        steps = job.get("steps")
        for step in (job, *(steps if isinstance(steps, list) else ())):
            uses = step.get("uses") if isinstance(step, dict) else None
            if isinstance(uses, str) and not uses.startswith("./"):
                yield uses.strip()


def _is_unpinned(uses: str, owner: str) -> bool:
    if uses.startswith("docker://"):
        return not _DIGEST.search(uses)
    action, _, ref = uses.partition("@")
    publisher = action.partition("/")[0].lower()
    is_third_party = publisher not in _GITHUB and publisher != owner
    return is_third_party and not _COMMIT.fullmatch(ref)


def _owner(url: str) -> str:
    """The repository's owner on GitHub, lower case; '' elsewhere."""
    if url.startswith("git@github.com:"):
        return url.removeprefix("git@github.com:").partition("/")[0].lower()
    parts = urlsplit(url)
    return parts.path.strip("/").partition("/")[0].lower() if parts.hostname == "github.com" else ""


def _is_read_only(workflow: JsonValue) -> bool:
    """Whether the token's permissions are restricted at the top level."""
    permissions = workflow.get("permissions") if isinstance(workflow, dict) else None
    if isinstance(permissions, dict):
        return all(value in ("read", "none") for value in permissions.values())
    return permissions == "read-all"
