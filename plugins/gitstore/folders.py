"""Tells whether a folder is a git repository, and where its object store is.

A `.git` that is a file (a linked worktree) is followed only where the other side points back at
it: a repository's content cannot make us read another repository. Symlinks are never followed.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from catalog.problems import Problem, quote
from plugins.gitstore.commands import GitError

_LONGEST_POINTER = 4096


def find_git_dir(folder: Path) -> Path | None:
    """The git directory of `folder`; None where it is no repository.

    Raises `GitError` where there is a `.git` that is not followed, and `OSError` where it cannot be
    looked at.
    """
    dot_git = folder / ".git"
    try:
        mode = dot_git.lstat().st_mode
    except FileNotFoundError:
        return folder if is_bare(folder) else None
    if stat.S_ISDIR(mode):
        return dot_git
    if stat.S_ISREG(mode):
        return _linked_worktree(dot_git)
    raise _elsewhere("it is a symlink or a special file")


def is_bare(folder: Path) -> bool:
    """Whether the folder itself is a git directory, without a working tree."""
    return (folder / "HEAD").is_file() and all((folder / d).is_dir() for d in ("objects", "refs"))


def _linked_worktree(dot_git: Path) -> Path:
    target = _pointer(dot_git)
    if not target.startswith("gitdir: "):
        raise _elsewhere("it is a file that names no folder")
    git_dir = dot_git.parent / target.removeprefix("gitdir: ")
    try:
        back = Path(_pointer(git_dir / "gitdir"))
        is_ours = back.is_absolute() and back.samefile(dot_git)
    except (OSError, ValueError):  # `ValueError`: a NUL byte in a path
        is_ours = False
    if not is_ours:
        raise _elsewhere(f"it leads to {quote(git_dir)}, which does not point back")
    return git_dir


def _pointer(file: Path) -> str:
    # Not blocking: what the other side points at may be a pipe.
    with open(os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as opened:
        return opened.read(_LONGEST_POINTER).decode("utf-8", "replace").strip()


def _elsewhere(why: str) -> GitError:
    return GitError(
        Problem(
            code="GIT_DIR_ELSEWHERE",
            message=f"The repository's `.git` is not followed: {why}.",
            hint="Use a clone of its own, or a worktree made by `git worktree add`.",
        )
    )
