"""The files of one snapshot, indexed once so that thousands of entities can be looked up in them.

It answers where files are and what they hold. What they mean is said by the modules of each theme.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable
from functools import cached_property

from plugins.contract import Blob, FailedFact, RepositoryView, Unknown

_NOT_OURS = re.compile(
    r"(?:^|/)(?:node_modules|bower_components|vendor|third_party|\.venv|site-packages)/"
)
"""Folders that hold the work of others; what lies there says nothing about a service."""

_DESCRIPTOR = re.compile(r"(?:^|/)catalog-info\.ya?ml$")


class Tree:
    """A snapshot's files by folder and by what was asked for before."""

    def __init__(self, view: RepositoryView) -> None:
        self.snapshot = view.snapshot
        self.sizes = {
            file.path: file.size for file in view.snapshot.files if not _NOT_OURS.search(file.path)
        }
        self.paths = tuple(self.sizes)
        self.view = view
        self._folders: dict[str, tuple[str, ...]] = {}
        """What is directly in those that were asked for: a repository may have any number of others."""
        self._firsts: dict[tuple[str, re.Pattern[str]], str | None] = {}
        self._shared_matches: dict[Callable[[str], bool], tuple[str, ...]] = {}
        self._contents: dict[str, bytes | FailedFact] = {}

    def first(self, folders: tuple[str, ...], name: re.Pattern[str]) -> str | None:
        """The first file directly in one of `folders` whose name matches wholly; shortest wins."""
        for folder in folders:
            key = (folder, name)
            if key not in self._firsts:
                found = self.in_folder(folder, name)
                self._firsts[key] = min(found, key=lambda path: (len(path), path), default=None)
            if (path := self._firsts[key]) is not None:
                return path
        return None

    def in_folder(self, folder: str, name: re.Pattern[str]) -> tuple[str, ...]:
        """The files directly in `folder` whose name matches wholly, sorted."""
        if folder not in self._folders:
            start = len(folder) + 1 if folder else 0
            paths = self._beneath(folder) if folder else self.paths
            self._folders[folder] = tuple(path for path in paths if path.find("/", start) < 0)
        return tuple(path for path in self._folders[folder] if name.fullmatch(name_of(path)))

    def matching(self, directory: str, is_wanted: Callable[[str], bool]) -> tuple[str, ...]:
        """The wanted paths below `directory`; without any, the wanted ones that services share.

        `is_wanted` gets the path relative to the repository, and is a function of a module.
        """
        if found := tuple(path for path in self.below(directory) if is_wanted(path)):
            return found
        if not directory:
            return ()
        if is_wanted not in self._shared_matches:
            self._shared_matches[is_wanted] = tuple(p for p in self._shared if is_wanted(p))
        return self._shared_matches[is_wanted]

    def read(self, path: str) -> bytes | FailedFact:
        """The content of a file, read at most once, or why it cannot be looked into."""
        if path not in self._contents:
            found = self.view.read(path)
            self._contents[path] = (
                found.content
                if isinstance(found, Blob)
                else FailedFact(
                    reason=Unknown.SOURCE_FAILED, detail=f"{path}: {found.problem.message}"
                )
            )
        return self._contents[path]

    def text(self, path: str) -> str | FailedFact:
        """The content as text with `\\n` at line ends; bytes that are not UTF-8 are replaced."""
        content = self.read(path)
        if isinstance(content, FailedFact):
            return content
        text = content.decode("utf-8-sig", "replace")
        return text.replace("\r\n", "\n").replace("\r", "\n")

    def below(self, directory: str) -> tuple[str, ...]:
        """Every path below a folder, sorted; '' and '.' are the root."""
        if directory in ("", "."):
            return self.paths
        return self._beneath(directory)

    def _beneath(self, folder: str) -> tuple[str, ...]:
        start = bisect_left(self.paths, folder + "/")
        return self.paths[start : bisect_left(self.paths, folder + "0")]  # "0" follows "/"

    @cached_property
    def _shared(self) -> tuple[str, ...]:
        """Files outside of every folder, the root apart, that has a descriptor of its own."""
        services = {
            service_folder(path.rpartition("/")[0])
            for path in self.paths
            if _DESCRIPTOR.search(path)
        } - {""}
        return tuple(
            path for path in self.paths if not any(above in services for above in _above(path))
        )


_latest: list[Tree] = []


def tree_of(view: RepositoryView) -> Tree:
    """The tree of a view; the same one while it is asked for the same view, as all parts ask."""
    for tree in _latest:
        if tree.view is view:
            return tree
    tree = Tree(view)
    _latest[:] = [tree]
    return tree


def _above(path: str) -> list[str]:
    """Every folder that `path` lies in, the root apart."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[: n + 1]) for n in range(len(parts))]


def service_folder(directory: str) -> str:
    """The folder of the service: a descriptor in `.backstage` speaks for the folder around it."""
    above, _, last = directory.rpartition("/")
    return above if last == ".backstage" else directory


def name_of(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def folders(directory: str, *more: str) -> tuple[str, ...]:
    """Where to look: the service's folder, the root, then `more`."""
    return (directory, "", *more) if directory else ("", *more)
