"""Builds the sample organization: plain folders of package data become git repositories.

The dates are fixed, so that the same commits come out everywhere and every page can be shown in
documentation. They lie in a folder called `skeleton`, which no discovery of descriptors looks into,
so that a catalog that reads this repository does not take them for its own. `label-printer` stays
a plain folder on purpose: it shows what cannot be known. `gift-cards` has no commit: it shows what
cannot be read.
"""

from __future__ import annotations

import shutil
import subprocess
from importlib.resources import as_file, files
from pathlib import Path

PLAIN_FOLDERS = ("label-printer",)
NEVER_COMMITTED = ("gift-cards",)

COMMITTED_AT = "2026-06-01T09:00:00+00:00"

EDITION = "2"
"""Raised with every change of the sample, so that an older copy is built anew."""


def build(target: Path) -> Path:
    """Put the sample's repositories below `target`, unless they are there; returns the folder."""
    edition = target / ".edition"
    if edition.is_file() and edition.read_text() == EDITION:
        return target
    shutil.rmtree(target, ignore_errors=True)
    with as_file(files("portal.sample") / "skeleton") as source:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in sorted(target.iterdir()):
        if folder.name not in PLAIN_FOLDERS:
            _commit(folder)
    edition.write_text(EDITION)
    return target


def _commit(folder: Path) -> None:
    """One commit with everything, by nobody's configuration but this one."""
    environment = {
        "PATH": "/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin",
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_DATE": COMMITTED_AT,
        "GIT_COMMITTER_DATE": COMMITTED_AT,
    }
    identity = ["-c", "user.name=Fernway", "-c", "user.email=hello@fernway.example"]
    commands = [["init", "--quiet", "--initial-branch=main"]]
    if folder.name not in NEVER_COMMITTED:
        message = "--message=Sample repository"
        commands.append(["add", "--all", "--force"])
        commands.append([*identity, "commit", "--quiet", "--no-verify", message])
    for arguments in commands:
        subprocess.run(["git", *arguments], cwd=folder, env=environment, check=True)
