"""Who last committed a file."""

from __future__ import annotations

import subprocess
from pathlib import Path

from plugins.gitstore.authors import last_author


def commit(folder: Path, name: str) -> None:
    who = ["-c", f"user.name={name}", "-c", "user.email=x@example.com"]
    for arguments in (["add", "-A"], [*who, "commit", "-qm", "Change it"]):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)


def test_the_author_of_the_last_commit_that_changed_the_file(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    file = tmp_path / "rules" / "s.yaml"
    file.parent.mkdir()
    file.write_text("a: 1\n")
    commit(tmp_path, "Ann Árbor")
    (tmp_path / "other").write_text("x")
    commit(tmp_path, "Bob")
    assert last_author(file) == "Ann Árbor <x@example.com>"
    file.write_text("a: 2\n")
    assert last_author(file) == "", "what was not committed has no author yet"
    commit(tmp_path, "Bob")
    assert last_author(file) == "Bob <x@example.com>"


def test_nobody_where_git_does_not_know(tmp_path: Path) -> None:
    file = tmp_path / "s.yaml"
    assert last_author(file) == ""
    file.write_text("a: 1\n")
    assert last_author(file) == ""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    assert last_author(file) == ""
