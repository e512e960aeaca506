"""Projects: what a forge says of its repositories, and a listing of them that says how far it goes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Protocol

from plugins.contract import ForgeProvider, Problem

MOST_PAGES = 1000
"""Of one listing: 100,000 repositories."""

_PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)+", re.ASCII)
_BRANCH = re.compile(r"[^\s~^:?*\[\\\x00-\x20\x7f-]{1}[^\s~^:?*\[\\\x00-\x20\x7f]{0,254}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """A repository, as its forge describes it."""

    path: str
    """`owner/name`; on a GitLab any number of groups stand before the name."""
    branch: str = ""
    """That is to be read; '': it has none."""
    commit: str = ""
    """At its end; '': the forge has not said."""
    updated: str = ""
    """When something of it changed last, in the forge's words, where every push changes that; '': it
    does not say so."""
    mark: str = ""
    """What a listing says in place of the commit: as long as it is the same, the commit is. '': nothing."""
    archived: bool = False
    fork: bool = False
    visibility: str = ""
    topics: frozenset[str] = frozenset()


@dataclass(kw_only=True, slots=True)
class Found:
    """A listing as far as it came; filled page by page."""

    projects: list[Project] = field(default_factory=list)
    pages: int = 0
    problem: Problem | None = None
    """Why others may exist, or why there is nothing at all."""


class Hosting(Protocol):
    """What is special about one forge."""

    def projects(self, provider: ForgeProvider) -> Found:
        """Every repository that a provider may want, before its filters."""
        ...

    def wants(self, provider: ForgeProvider, project: Project) -> bool:
        """Whether a repository passes the filters of a provider."""
        ...

    def covers(self, provider: ForgeProvider, path: str) -> bool:
        """Whether the path of a repository is one that a provider may want."""
        ...

    def head(self, path: str, provider: ForgeProvider | None, branch: str) -> Project | Problem:
        """A repository as it is now, with branch and commit.

        `branch` is the one that a listing has told; '': none has.
        """
        ...

    def files(self, path: str, ref: str) -> tuple[str, ...] | Problem:
        """The paths of all files at a branch, tag or commit."""
        ...

    def raw(self, path: str, ref: str, file: str) -> tuple[str, str]:
        """URL of a file's content, and the media type to ask for."""
        ...

    def shown(self, path: str, branch: str) -> str:
        """URL below which files of a branch are shown, with a slash at its end."""
        ...

    def git_user(self, path: str, provider: ForgeProvider | None) -> tuple[str, str] | Problem:
        """Who signs in to git for a repository of a provider, and with what."""
        ...


def is_path(text: object) -> bool:
    """Whether a forge's word for a repository may become part of a URL."""
    return (
        isinstance(text, str)
        and _PATH.fullmatch(text) is not None
        and not any(part.strip(".") == "" or part.startswith("-") for part in text.split("/"))
    )


def is_branch(text: object) -> bool:
    """Whether a forge's word for a branch may be given to git."""
    return (
        isinstance(text, str)
        and _BRANCH.fullmatch(text) is not None
        and not {"", ".", ".."} & set(text.split("/"))
        and ".." not in text
        and "@{" not in text
        and not text.endswith((".", ".lock"))
    )


def add_all(
    found: Found, items: Iterable[object], read: Callable[[object], Project | None]
) -> bool:
    """Add the projects of a page; False where one of them cannot be read."""
    is_whole = True
    known = {project.path for project in found.projects}
    for item in items:
        project = read(item)
        if project is None:
            is_whole = False
        elif project.path not in known:  # what is made meanwhile moves the others to later pages
            found.projects.append(project)
            known.add(project.path)
    return is_whole
