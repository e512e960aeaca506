"""A git repository with a base and a change, for tests of what the change does."""

from __future__ import annotations

import subprocess
from pathlib import Path

from portal.config import environment

DESCRIPTOR = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: basket
  description: Keeps what customers want to buy until they have bought it.
spec:
  type: service
  lifecycle: production
  owner: garden-team
"""
README = "# Basket\n\n## Use\n\n## Operate\n\n" + "It keeps what customers want to buy.\n" * 20


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(folder), *identity, *arguments],
        check=True,
        capture_output=True,
        text=True,
        env={k: v for k, v in environment().items() if not k.startswith("GIT_")},
    )
    return done.stdout.strip()


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", message)


def repository(folder: Path) -> Path:
    """A repository whose branch `main` has a good README, and is checked out."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "catalog-info.yaml").write_text(DESCRIPTOR)
    (folder / "README.md").write_text(README)
    commit(folder, "Begin")
    return folder


def worsen(folder: Path) -> None:
    """Empty the README and name a changelog: one check fails newly, one passes newly."""
    (folder / "README.md").write_text("# Basket\n")
    (folder / "CHANGELOG.md").write_text("# Changes\n\n## 1.0.0\n\n- Begin\n")
