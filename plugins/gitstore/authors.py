"""Authors: who wrote a file as it stands, where git knows."""

from __future__ import annotations

import hashlib
from pathlib import Path

from plugins.gitstore.commands import GitError, run_git
from plugins.gitstore.folders import find_git_dir


def last_author(file: Path) -> str:
    """`Name <address>` of the last commit that changed the file.

    '' where it is in no repository, is not committed as it stands, or git cannot tell.
    """
    try:
        file = file.resolve(strict=True)
        found = next(
            ((d, g) for d in file.parents if (g := find_git_dir(d)) is not None), (None, None)
        )
        folder, git_dir = found
        if folder is None or git_dir is None:
            return ""
        return _author(git_dir, file.relative_to(folder).as_posix(), file.read_bytes())
    except (GitError, OSError, ValueError):
        return ""


def _author(git_dir: Path, path: str, content: bytes) -> str:
    at = f"--git-dir={git_dir}"
    blob = run_git([at, "rev-parse", "--verify", "--end-of-options", f"HEAD:{path}"])
    algorithm = hashlib.sha256 if len(blob.strip()) == 64 else hashlib.sha1
    here = algorithm(b"blob %d\0%s" % (len(content), content)).hexdigest()
    if blob.decode().strip() != here:
        return ""
    said = run_git(
        [at, "rev-list", "-1", "--format=%an <%ae>", "--end-of-options", "HEAD", "--", path]
    )
    return said.decode("utf-8", "replace").partition("\n")[2].strip()
