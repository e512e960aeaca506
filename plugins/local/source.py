"""The local source: repositories from the disk, by their object store or by their files.

A git repository is read at HEAD, so that what is half written never enters the catalog; a plain
folder, and everything where the context asks for working trees, is read as it lies there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from catalog.tree_files import find_file
from plugins.contract import (
    Blob,
    Context,
    Failed,
    Listing,
    Plugin,
    Problem,
    Repository,
    Snapshot,
    TreeFile,
    Unreadable,
)
from plugins.gitstore.commands import GitError
from plugins.gitstore.folders import find_git_dir, is_bare
from plugins.gitstore.objects import Commit, find_commit, read_blobs, snapshot_at
from plugins.local.alone import files_alone
from plugins.local.places import Place, cannot_read, list_target, place_of
from plugins.local.tree import digest, read_files, walk

VERSION = "1"

_REMOTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[\w.-]+@[\w.-]+:")


def plugin(context: Context) -> Plugin:
    """The plugin's manifest."""
    return Plugin(
        name="local",
        version=VERSION,
        summary="Reads folders, git repositories and descriptor files on this machine.",
        sources=(LocalSource(working_tree=context.working_tree),),
    )


class LocalSource:
    """Folders and files of this machine, by path or by `file://` URL."""

    name = "local"
    checked = False

    def __init__(self, *, working_tree: bool) -> None:
        self._working_tree = working_tree

    def accepts(self, target: str) -> bool:
        """Whether `target` is a path or `file:///path`, and not `user@host:path` or another URL."""
        if not target or "\0" in target:
            return False
        return target.startswith("file:///") or not _REMOTE.match(target)

    def list(self, target: str) -> Listing:
        """The repositories at `target` (design 2a.9)."""
        return list_target(target)

    def snapshot(self, repository: Repository) -> Snapshot | Failed:
        """HEAD of a git repository, the files of a plain folder."""
        place = Place(folder=Path(repository.url))
        try:
            place = place_of(repository.url)
            git_dir = find_git_dir(place.folder)
            if git_dir is not None and self._reads_objects(place.folder):
                taken = snapshot_at(git_dir, repository)
            elif git_dir is None and (files := files_alone(place)) is not None:
                taken = replace(_snapshot(repository, files, None), whole=False)
            else:
                taken = _files_of(place, repository, _commit_of(git_dir) if git_dir else None)
        except (OSError, ValueError) as error:
            return Failed(problem=cannot_read(place.folder, error))
        except GitError as error:
            return Failed(problem=error.problem)
        return _with_named(taken, place) if isinstance(taken, Snapshot) else taken

    def read(
        self, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
    ) -> Iterator[Blob | Unreadable]:
        """The files' contents: blobs of the commit, or what the files hold now."""
        folder = place_of(snapshot.repository.url).folder
        if not (snapshot.is_git and self._reads_objects(folder)):
            return read_files(folder, paths, max_bytes=max_bytes)
        try:
            git_dir = find_git_dir(folder) or folder
        except OSError as error:
            problem = cannot_read(folder, error)
        except GitError as error:
            problem = error.problem
        else:
            return read_blobs(git_dir, snapshot, paths, max_bytes=max_bytes)
        return (Unreadable(path=path, problem=problem) for path in paths)

    def _reads_objects(self, folder: Path) -> bool:
        return not self._working_tree or is_bare(folder)


def _commit_of(git_dir: Path) -> Commit | None:
    """The commit at HEAD; None in a repository that has no commit yet."""
    try:
        return find_commit(git_dir)
    except GitError as error:
        if error.problem.code == "REPOSITORY_EMPTY":
            return None
        raise


def _files_of(place: Place, repository: Repository, commit: Commit | None) -> Snapshot | Failed:
    files = walk(place.folder)
    if isinstance(files, Problem):
        return Failed(problem=files)
    return _snapshot(repository, files, commit)


def _snapshot(
    repository: Repository, files: tuple[TreeFile, ...], commit: Commit | None
) -> Snapshot:
    return Snapshot(
        repository=repository,
        revision=commit.id if commit else digest(files),
        is_git=commit is not None,
        committed_at=commit.committed_at if commit else None,
        files=files,
    )


def _with_named(snapshot: Snapshot, place: Place) -> Snapshot | Failed:
    """The snapshot, with the descriptor that the target names."""
    if not place.named:
        return snapshot
    if find_file(snapshot.files, place.named) is None:
        return Failed(
            problem=Problem(
                code="FILE_NOT_FOUND",
                message="The descriptor is not in the folder's current revision.",
                hint="Commit the file; symlinks are not followed.",
                file=os.fspath(place.folder / place.named),
            )
        )
    return replace(snapshot, named=(place.named,))
