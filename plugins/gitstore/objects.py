"""Reads commits, trees and blobs from an object store; knows nothing of working trees.

`log` and `show` are not used, because they may run the signature program that a repository's
configuration names: commits are parsed here instead.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from catalog.problems import Problem, quote
from catalog.tree_files import find_file
from plugins.contract import Blob, Failed, Repository, Snapshot, TreeFile, Unreadable
from plugins.gitstore.commands import GitError, run_git

MOST_FILES = 1_000_000
"""Files of one repository; above, its snapshot is refused instead of cut."""

_BATCH_BYTES = 16 * 1024 * 1024
_BATCH_FILES = 1000
_LARGEST_COMMIT = 1024 * 1024
_COMMITTER = re.compile(rb"^committer .*> (\d{1,15}) [+-]\d{4}$", re.MULTILINE)
_LATEST = 253_402_300_799  # the last second of the year 9999


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit that was found."""

    id: str
    committed_at: datetime | None
    """UTC; None where the commit holds no time that a calendar has."""


def snapshot_at(
    git_dir: Path, repository: Repository, *, ref: str = "HEAD", commit: Commit | None = None
) -> Snapshot | Failed:
    """The files of the commit that `ref` names; of `commit`, where that is known to be it."""
    try:
        commit = commit or find_commit(git_dir, ref)
        files = _tree(git_dir, commit.id)
    except GitError as error:
        return Failed(problem=error.problem)
    return Snapshot(
        repository=repository,
        revision=commit.id,
        is_git=True,
        committed_at=commit.committed_at,
        files=files,
    )


def find_commit(git_dir: Path, ref: str = "HEAD") -> Commit:
    """The commit that `ref` names; `GitError` with code REPOSITORY_EMPTY where there is none."""
    answer = run_git(
        [f"--git-dir={git_dir}", "cat-file", "--batch"],
        stdin=f"{ref}^{{commit}}\n".encode(),
        max_output=_LARGEST_COMMIT,
    )
    header, _, content = answer.partition(b"\n")
    words = header.split()
    if len(words) != 3 or words[1] != b"commit":
        raise GitError(
            Problem(
                code="REPOSITORY_EMPTY",
                message="The repository has no commit that its HEAD names.",
                hint="Make the first commit, or point HEAD at a branch that exists.",
            )
        )
    return _read_commit(words[0].decode("ascii"), content)


def commit_of(id: str, content: bytes) -> Commit | None:  # noqa: A002 - as in the record
    """The commit with this id (SHA-1), where this is its content."""
    reckoned = hashlib.sha1(b"commit %d\0%s" % (len(content), content), usedforsecurity=False)
    return _read_commit(id, content) if reckoned.hexdigest() == id else None


def _read_commit(id: str, content: bytes) -> Commit:  # noqa: A002 - as in the record
    head = content.partition(b"\n\n")[0]
    found = _COMMITTER.search(head)
    seconds = int(found[1]) if found else _LATEST + 1
    committed_at = datetime.fromtimestamp(seconds, UTC) if seconds <= _LATEST else None
    return Commit(id=id, committed_at=committed_at)


def _tree(git_dir: Path, commit: str) -> tuple[TreeFile, ...]:
    """Every regular file of the commit, sorted by path; symlinks and submodules are left out."""
    listed = run_git([f"--git-dir={git_dir}", "ls-tree", "-r", "-z", "-l", "--full-tree", commit])
    if listed.count(b"\0") > MOST_FILES:
        raise GitError(
            Problem(
                code="SOURCE_TOO_LARGE",
                message=f"The repository has more than {MOST_FILES:,} files.",
                hint="Split the repository.",
            )
        )
    files = []
    for row in listed.split(b"\0")[:-1]:
        about, _, path = row.partition(b"\t")
        mode, _, blob, size = about.split()
        if mode not in (b"100644", b"100755", b"100664"):
            continue
        # A name that is not UTF-8 is shown escaped (row G08); the file is read by its id.
        shown = path.decode("utf-8", "backslashreplace")
        if not size.isdigit():
            # Leaving it out would be evidence that the file is gone.
            raise GitError(_missing_object(shown))
        files.append(TreeFile(path=shown, token=blob.decode("ascii"), size=int(size)))
    files.sort(key=lambda file: file.path)
    return tuple(files)


def read_blobs(
    git_dir: Path, snapshot: Snapshot, paths: Sequence[str], *, max_bytes: int
) -> Iterator[Blob | Unreadable]:
    """The files in the order asked for; one git process for many of them."""
    batch: list[tuple[str, TreeFile | None]] = []
    size = 0
    for path in paths:
        file = find_file(snapshot.files, path)
        if file is not None and file.size <= max_bytes:
            size += file.size
        batch.append((path, file))
        if size >= _BATCH_BYTES or len(batch) >= _BATCH_FILES:
            yield from _read_batch(git_dir, batch, max_bytes)
            batch, size = [], 0
    yield from _read_batch(git_dir, batch, max_bytes)


def _read_batch(
    git_dir: Path, batch: Sequence[tuple[str, TreeFile | None]], max_bytes: int
) -> Iterator[Blob | Unreadable]:
    ids = [file.token for _, file in batch if file is not None and file.size <= max_bytes]
    contents: dict[str, bytes] = {}
    failure: Problem | None = None
    try:
        contents = _contents(git_dir, ids) if ids else {}
    except GitError as error:
        failure = error.problem
    for path, file in batch:
        if file is None:
            yield Unreadable(path=path, problem=no_such_file(path))
        elif file.size > max_bytes:
            yield Unreadable(path=path, problem=too_large(path, file.size, max_bytes))
        elif file.token in contents:
            yield Blob(path=path, content=contents[file.token])
        else:
            yield Unreadable(path=path, problem=failure or _missing_object(path))


def _contents(git_dir: Path, ids: Sequence[str]) -> dict[str, bytes]:
    answer = run_git(
        [f"--git-dir={git_dir}", "cat-file", "--batch"],
        stdin="".join(f"{blob}\n" for blob in dict.fromkeys(ids)).encode("ascii"),
    )
    contents = {}
    place = 0
    while place < len(answer):
        end = answer.index(b"\n", place)
        words = answer[place:end].split()
        place = end + 1
        if len(words) == 3 and words[1] == b"blob":
            size = int(words[2])
            contents[words[0].decode("ascii")] = answer[place : place + size]
            place += size + 1
    return contents


def no_such_file(path: str) -> Problem:
    """The problem of a path that the snapshot does not have."""
    return Problem(
        code="FILE_NOT_FOUND",
        message=f"There is no file {quote(path)} in this revision.",
        hint="Check the path, and that the file is committed.",
        file=path,
    )


def too_large(path: str, size: int, max_bytes: int) -> Problem:
    """The problem of a file over the limit."""
    return Problem(
        code="FILE_TOO_LARGE",
        message=f"The file has {size:,} bytes; the limit is {max_bytes:,}.",
        hint="Split the file.",
        file=path,
        found=f"{size} bytes",
        expected=f"at most {max_bytes} bytes",
    )


def _missing_object(path: str) -> Problem:
    return Problem(
        code="GIT_OBJECT_MISSING",
        message="The repository names the file's content and does not hold it.",
        hint="It may be a partial clone: fetch its objects, or run `git fsck`.",
        file=path,
    )
