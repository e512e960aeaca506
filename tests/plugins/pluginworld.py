"""Builders for the tests of plugins: git repositories, repositories in memory, subjects."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plugins.contract import (
    Blob,
    Collector,
    FactState,
    Known,
    Problem,
    Repository,
    Snapshot,
    Subject,
    TreeFile,
    Unreadable,
)

NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
COMMITTED_AT = datetime(2026, 4, 1, 8, 30, tzinfo=UTC)


def run_plain_git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    """Runs git as a user would, with fixed names and times; returns its output."""
    date = COMMITTED_AT.strftime("%Y-%m-%dT%H:%M:%S+0000")
    environment = {
        "PATH": os.path.dirname(shutil.which("git") or "") + ":/usr/bin:/bin",
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_AUTHOR_NAME": "Alice", "GIT_AUTHOR_EMAIL": "alice@example.org",
        "GIT_COMMITTER_NAME": "Alice", "GIT_COMMITTER_EMAIL": "alice@example.org",
        "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date,
    }  # fmt: skip
    done = subprocess.run(
        ["git", *arguments],
        cwd=folder,
        env=environment,
        input=stdin,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode().strip()


def write_files(folder: Path, files: Mapping[str, str | bytes]) -> None:
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode())


def make_git(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """A git repository with one commit of `files`."""
    folder.mkdir(parents=True, exist_ok=True)
    run_plain_git(folder, "init", "--quiet", "--initial-branch=main")
    write_files(folder, files)
    commit(folder)
    return folder


def commit(folder: Path, message: str = "Change something") -> str:
    """Commits everything that lies in the folder; returns the commit's id."""
    run_plain_git(folder, "add", "--all", "--force")
    run_plain_git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return run_plain_git(folder, "rev-parse", "HEAD")


@dataclass
class MemoryView:
    """A `RepositoryView` of files in memory, that counts what is read."""

    files: dict[str, bytes]
    url: str = "https://git.example.org/shop/payments"
    is_git: bool = True
    unreadable: frozenset[str] = frozenset()
    whole: bool = True
    reads: list[str] = field(default_factory=list)

    @property
    def snapshot(self) -> Snapshot:
        return Snapshot(
            repository=Repository(url=self.url, name="shop/payments"),
            revision="c0ffee" + "0" * 34,
            is_git=self.is_git,
            committed_at=COMMITTED_AT if self.is_git else None,
            files=tuple(
                TreeFile(path=path, token=str(len(content)), size=len(content))
                for path, content in sorted(self.files.items())
            ),
            whole=self.whole,
        )

    def read(self, path: str) -> Blob | Unreadable:
        self.reads.append(path)
        if path in self.unreadable:
            problem = Problem(code="FILE_TOO_LARGE", message="The file is too large.", file=path)
            return Unreadable(path=path, problem=problem)
        return Blob(path=path, content=self.files[path])


def view(files: Mapping[str, str | bytes], **more: Any) -> MemoryView:
    """A repository in memory."""
    return MemoryView(
        files={p: c if isinstance(c, bytes) else c.encode() for p, c in files.items()}, **more
    )


def make_subject(directory: str = "", **more: Any) -> Subject:
    """A component whose descriptor lies in `directory`."""
    values: dict[str, Any] = {
        "ref": f"component:default/{directory.replace('/', '-') or 'payments'}",
        "entity": {"metadata": {"name": "payments"}, "kind": "Component"},
        "file": f"{directory}/catalog-info.yaml".lstrip("/"),
        "directory": directory,
        "neighbors": {},
        "members": {},
    }
    return Subject(**(values | more))


def collect_one(
    collector: Collector, repository: MemoryView | None, subject: Subject | None = None
) -> Mapping[str, FactState]:
    """The facts of one subject; checks that they are those that the schemas promise."""
    (record,) = collector.collect([subject or make_subject()], repository, now=NOW)
    assert set(record.facts) == {schema.name for schema in collector.schemas}
    return record.facts


def value_of(state: FactState) -> object:
    """The value of a known fact; the state itself otherwise."""
    return state.value if isinstance(state, Known) else state
