"""Bare copies of remote repositories, one commit deep, in a folder that may be deleted any time.

A mirror is found by the digest of its URL and holds one ref: the remote's HEAD, or the branch that is
wanted of it, as last fetched. No URL and no secret is written into it.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from plugins.contract import Problem
from plugins.git.addresses import Address
from plugins.gitstore.commands import GitError, run_git
from plugins.gitstore.objects import find_commit

HEAD = "refs/plumbline/head"

ASK_SECONDS = 30.0
FETCH_SECONDS = 300.0

_LARGEST_ANSWER = 1024 * 1024


def mirror_of(cache: Path, url: str) -> Path:
    """Where the mirror of `url` lies, whether or not it is there."""
    return cache / f"{hashlib.sha256(url.encode()).hexdigest()[:32]}.git"


def ask_head(address: Address) -> str:
    """The commit id at the remote's HEAD: one request. Raises `GitError`."""
    answer = run_git(
        ["ls-remote", "--quiet", "--", address.url, "HEAD"],
        protocol=address.protocol,
        config=_secrets(address),
        seconds=ASK_SECONDS,
        max_output=_LARGEST_ANSWER,
    )
    for line in answer.decode("utf-8", "replace").splitlines():
        commit, _, ref = line.partition("\t")
        if ref == "HEAD":
            return commit
    raise GitError(
        Problem(
            code="REPOSITORY_EMPTY",
            message="The remote repository answers, and has no commit on its default branch.",
            hint="Push the first commit, or set the default branch.",
        )
    )


def bring_up_to_date(mirror: Path, address: Address, commit: str, *, ref: str = "HEAD") -> None:
    """Fetch `ref` of the remote unless the mirror has `commit` there already. Raises `GitError`."""
    mirror.parent.mkdir(parents=True, exist_ok=True)
    with _locked(mirror):
        if _has(mirror, commit):
            return
        # Left by a fetch that was killed; nobody else is fetching, because we hold the lock.
        for stale in (*mirror.glob("*.lock"), *mirror.glob("refs/**/*.lock")):
            stale.unlink(missing_ok=True)
        run_git(["init", "--quiet", "--bare", "--template=", "--", os.fspath(mirror)])
        run_git(
            [
                f"--git-dir={mirror}", "fetch", "--quiet", "--depth=1", "--no-tags",
                "--no-recurse-submodules", "--no-write-fetch-head",
                "--", address.url, f"+{ref}:{HEAD}",
            ],
            protocol=address.protocol,
            config=_secrets(address),
            seconds=FETCH_SECONDS,
        )  # fmt: skip


def _has(mirror: Path, commit: str) -> bool:
    try:
        return find_commit(mirror, HEAD).id == commit
    except GitError:
        return False


@contextmanager
def _locked(mirror: Path) -> Iterator[None]:
    """Only one process fetches into a mirror; reading needs no lock."""
    with mirror.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _secrets(address: Address) -> Sequence[tuple[str, str]]:
    """The credentials as configuration of one command, seen by no other user of the machine."""
    if not address.user and not address.password:
        return ()
    pair = base64.b64encode(f"{address.user}:{address.password}".encode()).decode("ascii")
    return (("http.extraHeader", f"Authorization: Basic {pair}"),)
