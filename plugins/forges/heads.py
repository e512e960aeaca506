"""Heads: what listings said of repositories, so that nobody has to be asked twice for the same.

A head travels with its repository as one word: a commit, the branch that it is at the end of, and the
provider that found it there. Any worker can go on from it.
"""

from __future__ import annotations

from threading import Lock

from plugins.contract import ForgeProvider
from plugins.forges.projects import Project


def head_of(project: Project, provider: ForgeProvider | None) -> str:
    """The head of a repository in one word; '': its forge has not said at which commit it is."""
    if not project.commit:
        return ""
    # Which files are descriptors changes with the path that the provider is told to look at.
    named = (provider.target, provider.catalog_path) if provider else ("", "")
    return "\n".join((project.commit, project.branch, *named))


def project_at(head: str, path: str) -> tuple[Project, str]:
    """The repository of a head, and the target of the provider that found it; '': none did."""
    commit, branch, target, _ = head.split("\n", 3)
    return Project(path=path, commit=commit, branch=branch), target


class Heads:
    """The branch and the provider of what was listed, by URL. Several threads may use it at once."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._known: dict[str, tuple[str, ForgeProvider | None]] = {}

    def keep(self, url: str, branch: str, provider: ForgeProvider | None) -> None:
        """Note what a listing of `provider`, or of the one repository, says."""
        with self._guard:
            self._known[url] = (branch, provider)

    def known(self, url: str) -> tuple[str, ForgeProvider | None] | None:
        """The branch and the provider of a repository that was listed."""
        with self._guard:
            return self._known.get(url)
