"""Heads: what listings said of repositories, so that nobody has to be asked twice for the same.

A head travels with its repository as one word: a commit, the branch that it is at the end of, and the
provider that found it there. Any worker can go on from it. A forge whose listings tell no commits may tell
what changes with them; then that stands in front, and the commit behind it once it has been asked for.
"""

from __future__ import annotations

import re
from threading import Lock

from plugins.contract import ForgeProvider
from plugins.forges.projects import Project

_MARK = "@"
"""Begins a word of which the commit is not the first part."""

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


def head_of(project: Project, provider: ForgeProvider | None) -> str:
    """The head of a repository in one word; '': its forge has said nothing of it.

    What begins with the word of a listing, as a line or more, is the head that it stands for.
    """
    # Which files are descriptors changes with the path that the provider is told to look at.
    named = (provider.target, provider.catalog_path) if provider else ("", "")
    if not project.mark:
        return "\n".join((project.commit, project.branch, *named)) if project.commit else ""
    told = (project.commit,) if project.commit else ()
    return "\n".join((f"{_MARK}{project.mark}", project.branch, *named, *told))


def project_at(head: str, path: str) -> tuple[Project, str]:
    """The repository of a head, and the target of the provider that found it; '': none did.

    It has no commit where the head is the word of a listing that tells none.
    """
    first, branch, target, rest = head.split("\n", 3)
    if not first.startswith(_MARK):
        return Project(path=path, commit=first, branch=branch), target
    last = rest.rpartition("\n")[2] if "\n" in rest else ""
    commit = last if _COMMIT.fullmatch(last) else ""
    mark = first.removeprefix(_MARK)
    return Project(path=path, commit=commit, branch=branch, mark=mark), target


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
