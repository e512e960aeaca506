"""A base to compare with: another revision of the repository that a checkout is of."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from portal.config import environment

_OF_A_HOOK = ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX")


class NoBase(click.ClickException):
    """The base cannot be had; 2, because 1 says that the change makes something worse."""

    exit_code = 2


@contextmanager
def checked_out(path: Path, base: str) -> Iterator[Path | None]:
    """The folder `path` as it was at the revision `base`; None where there was no such folder.

    A repository of its own that borrows the objects: the checkout, its index and its worktrees are
    left alone, and no hook runs. Raises `NoBase` where git cannot tell.
    """
    folder = path if path.is_dir() else path.parent
    top = _git(folder, "rev-parse", "--show-toplevel")
    commit = _commit(folder, base)
    origin = _git(folder, "config", "--default", "", "--get", "remote.origin.url")
    with tempfile.TemporaryDirectory(prefix="plumbline-base-") as scratch:
        clone = Path(scratch) / Path(top).name
        _git(folder, "init", "--quiet", "--template=", str(clone))
        _borrow(folder, clone)
        if origin:  # some facts are about where a repository is
            _git(clone, "remote", "add", "origin", origin)
        _git(clone, "-c", "core.hooksPath=/dev/null", "checkout", "--quiet", "--detach", commit)
        found = clone / path.resolve().relative_to(Path(top).resolve())
        yield found if found.exists() else None


def _borrow(folder: Path, clone: Path) -> None:
    """Let the clone find the objects of the repository, which may be a shallow one, as CI has it.

    `git clone --shared` refuses those.
    """
    objects, shallow = (
        folder / _git(folder, "rev-parse", "--git-path", name) for name in ("objects", "shallow")
    )
    info = clone / ".git" / "objects" / "info"
    info.mkdir(exist_ok=True)
    (info / "alternates").write_text(f"{objects.resolve()}\n")
    if shallow.is_file():
        (clone / ".git" / "shallow").write_bytes(shallow.read_bytes())


def _commit(folder: Path, base: str) -> str:
    try:
        return _git(
            folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{base}^{{commit}}"
        )
    except NoBase:
        raise NoBase(
            f"{base} is no commit of this repository. In CI, fetch it first: "
            "`git fetch --depth=1 origin <branch>` and `--diff FETCH_HEAD`"
        ) from None


def _git(folder: Path, *arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            check=True,
            # Inside a hook these name the repository that is committed to, also for a clone of it.
            env={k: v for k, v in environment().items() if not k.startswith(_OF_A_HOOK)},
        )
    except FileNotFoundError:
        raise NoBase("--diff needs git, which is not installed") from None
    except subprocess.CalledProcessError as error:
        said = error.stderr.strip() or f"git {arguments[0]} failed"
        raise NoBase(said.removeprefix("fatal: ")) from None
    return done.stdout.strip()
