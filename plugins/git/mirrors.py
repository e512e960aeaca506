"""Bare copies of remote repositories, one commit deep, in a folder that may be deleted any time.

A mirror is found by the digest of its URL and holds one ref: the remote's HEAD, or the branch that is
wanted of it, as last fetched. No URL and no secret is written into it.

A process costs more than what it does for a repository of usual size. So none is started to make a
mirror or to look at its ref, and one to take in what comes in one request (`plugins.git.packs`).
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from plugins.contract import Failed, Problem, Repository, Snapshot
from plugins.git import packs
from plugins.git.addresses import Address
from plugins.gitstore.commands import GitError, run_git
from plugins.gitstore.objects import Commit, commit_of, snapshot_at
from plugins.web.answers import Fetched
from plugins.web.client import CheckedClient

HEAD = "refs/plumbline/head"

ASK_SECONDS = 30.0
FETCH_SECONDS = 300.0

_LARGEST_ANSWER = 1024 * 1024

MOST_PACKS = 50
"""Files of packs, above which git brings them together. As many as without its `gc.autoPackLimit`."""

_BROKEN = ("REPOSITORY_EMPTY", "GIT_FAILED", "GIT_NOT_FOUND", "GIT_OBJECT_MISSING")
"""Codes of what is said of a mirror that is not whole."""


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


def snapshot_of(
    mirror: Path,
    address: Address,
    repository: Repository,
    commit: str,
    *,
    ref: str = "HEAD",
    client: CheckedClient | None = None,
) -> Snapshot | Failed:
    """The files of `ref` of the remote, which is fetched unless the mirror has `commit` there already.

    With a `client` the commit itself is asked for first, in one request. A mirror that turns out to be
    damaged is thrown away, and made anew by the next call. Raises `GitError` and `OSError`.
    """
    mirror.parent.mkdir(parents=True, exist_ok=True)
    with _locked(mirror):
        known = None
        if _head_of(mirror) != commit:
            known = _taken(mirror, address, commit, client) if client is not None else None
            if known is None:
                _fetch(mirror, address, ref)
    found = snapshot_at(mirror, repository, ref=HEAD, commit=known)
    if isinstance(found, Failed) and found.problem.code in _BROKEN:
        with _locked(mirror):
            shutil.rmtree(mirror, ignore_errors=True)
    return found


def _fetch(mirror: Path, address: Address, ref: str) -> None:
    """Have git fetch `ref`, which may lead to another commit by now."""
    # Left by a fetch that was killed; nobody else is fetching, because we hold the lock.
    for stale in (*mirror.glob("*.lock"), *mirror.glob("refs/**/*.lock")):
        stale.unlink(missing_ok=True)
    _make(mirror)
    run_git(
        [
            f"--git-dir={mirror}", "fetch", "--quiet", "--depth=1", "--no-tags",
            "--no-recurse-submodules", "--no-write-fetch-head",
            "--", address.url, f"+{ref}:{HEAD}",
        ],
        protocol=address.protocol,
        config=(*_secrets(address), *_tidying(mirror)),
        seconds=FETCH_SECONDS,
    )  # fmt: skip


def _taken(mirror: Path, address: Address, commit: str, client: CheckedClient) -> Commit | None:
    """Take the commit from the remote in one request; None: it is for git itself to fetch it."""
    if not packs.is_id(commit) or address.protocol not in ("http", "https") or _is_untidy(mirror):
        return None
    pair = dict(value.split(": ", 1) for _, value in _secrets(address))
    answer = client.post(
        f"{address.url}/git-upload-pack",
        body=packs.request(commit, have=_head_of(mirror)),
        headers={**packs.HEADERS, **pair},
        max_bytes=packs.LARGEST,
    )
    if not isinstance(answer, Fetched) or answer.headers.get("content-type") != packs.TYPE:
        return None
    pack = packs.pack_of(answer.content)
    if pack is None:
        return None
    content = pack.commit()
    found = commit_of(commit, content) if content is not None else None
    return found if found is not None and _keep(mirror, commit, pack) else None


def _keep(mirror: Path, commit: str, pack: packs.Pack) -> bool:
    """Put a pack into the mirror, where it is whole, and let the ref name its commit."""
    _make(mirror)
    before = _text(mirror / "shallow")
    _write(mirror / "shallow", "".join(f"{one}\n" for one in pack.shallow))
    try:
        # It reckons the id of every object anew, and refuses what refers to one that is not there.
        run_git(
            [f"--git-dir={mirror}", "index-pack", "--stdin", "--fix-thin", "--strict",
             "--threads=1"],
            stdin=pack.content,
        )  # fmt: skip
    except GitError:
        _write(mirror / "shallow", before)
        return False
    _write(mirror / HEAD, f"{commit}\n")
    return True


def _make(mirror: Path) -> None:
    """An empty bare repository, as `git init --bare` makes it, where there is none."""
    for folder in ("objects/info", "objects/pack", "refs/heads", "refs/tags", "refs/plumbline"):
        (mirror / folder).mkdir(parents=True, exist_ok=True)
    if not (mirror / "HEAD").exists():
        _write(mirror / "config", "[core]\n\trepositoryformatversion = 0\n\tbare = true\n")
        _write(mirror / "HEAD", "ref: refs/heads/main\n")


def _head_of(mirror: Path) -> str:
    """The commit that the mirror's ref names; '': it has none."""
    if found := _text(mirror / HEAD).strip():
        return found
    for line in _text(mirror / "packed-refs").splitlines():  # where git has tidied up
        if line.endswith(f" {HEAD}"):
            return line.partition(" ")[0]
    return ""


def _is_untidy(mirror: Path) -> bool:
    return sum(1 for _ in (mirror / "objects/pack").glob("*.pack")) > MOST_PACKS


def _tidying(mirror: Path) -> Sequence[tuple[str, str]]:
    """What lets git tidy up after a fetch. To look whether it has to takes two processes."""
    if not _is_untidy(mirror):
        return (("maintenance.auto", "false"),)
    return (("gc.autoPackLimit", str(MOST_PACKS)),)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii", errors="replace")
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _write(file: Path, text: str) -> None:
    """Whole or not at all; an empty text removes the file."""
    if not text:
        file.unlink(missing_ok=True)
        return
    beside = file.with_name(f"{file.name}.lock")  # what git takes for no ref
    beside.write_text(text, encoding="ascii")
    beside.replace(file)


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
