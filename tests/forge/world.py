"""What a forge holds: owners, repositories that are real git, and who may see them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.forge.packs import Written, answer_of
from tests.plugins.pluginworld import run_plain_git, write_files


@dataclass
class Repo:
    """A repository; `folder` is its working tree, with the git directory in it."""

    id: int
    owner: str
    name: str
    folder: Path
    branch: str = "main"
    archived: bool = False
    fork: bool = False
    visibility: str = "public"
    topics: list[str] = field(default_factory=list)
    mirror: bool = False
    knows: dict[str, Any] = field(default_factory=dict)
    """What the forge knows besides files, each as `tests/forge/*_facts.py` read it."""

    @property
    def path(self) -> str:
        return f"{self.owner}/{self.name}"

    def git(self, *arguments: str) -> str:
        return run_plain_git(self.folder, *arguments)

    def head(self, ref: str = "") -> str:
        """The commit of a branch, tag or commit; '': there is none."""
        wanted = self.branch if ref in ("", "HEAD") else ref
        loose = self.folder / ".git" / "refs" / "heads" / wanted.removeprefix("refs/heads/")
        if loose.is_file():  # a listing asks for many
            return loose.read_text().strip()
        if not (self.folder / ".git" / "refs" / "heads" / self.branch).exists():
            return ""
        try:
            return self.git("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}")
        except AssertionError:
            return ""

    def updated(self) -> str:
        """When something was pushed last, in whole seconds as a Gitea says it."""
        pushed = max(
            (file.stat().st_mtime for file in (self.folder / ".git/refs/heads").glob("*")),
            default=0.0,
        )
        return f"{datetime.fromtimestamp(int(pushed), UTC):%Y-%m-%dT%H:%M:%SZ}"

    def tree(self, ref: str) -> list[dict[str, Any]]:
        """Its files, as the APIs call them."""
        rows = self.git("ls-tree", "-r", "-l", "--full-tree", self.head(ref)).splitlines()
        tree = []
        for row in rows:
            about, path = row.split("\t")
            mode, kind, sha, size = about.split()
            tree.append({"path": path, "mode": mode, "type": kind, "sha": sha, "size": int(size)})
        return tree

    def blob(self, ref: str, path: str) -> tuple[str, bytes] | None:
        """Id and content of a file."""
        commit = self.head(ref)
        sha = next((row["sha"] for row in self.tree(ref) if row["path"] == path), None)
        if not commit or sha is None:
            return None
        done = subprocess.run(
            ["git", "cat-file", "blob", sha], cwd=self.folder, capture_output=True, check=True
        )
        return sha, done.stdout


@dataclass
class Organization:
    """People, each with `login` and what else is known of them; teams, each with `slug`, `members`,
    and perhaps `name`, `about` and `parent`."""

    name: str
    people: list[dict[str, Any]] = field(default_factory=list)
    teams: list[dict[str, Any]] = field(default_factory=list)

    @cached_property
    def by_login(self) -> dict[str, dict[str, Any]]:
        return {one["login"]: one for one in self.people}

    def person(self, login: str) -> dict[str, Any]:
        return self.by_login[login]


@dataclass
class World:
    """All of it. Tokens say what they let see: `all`, `public` or nothing."""

    root: Path
    repos: dict[int, Repo] = field(default_factory=dict)
    moved: dict[str, int] = field(default_factory=dict)
    """Former paths, as forges remember them."""
    by_path: dict[str, int] = field(default_factory=dict)
    """Present paths, in lower case."""
    packed: dict[str, bytes] = field(default_factory=dict)
    """By commit, what git over HTTP answers to who asks for it alone and has nothing: of repositories
    that are made by the thousand, so that a benchmark does not measure the processes of the forge."""
    tokens: dict[str, str] = field(default_factory=lambda: {"good": "all"})
    apps: dict[str, str] = field(default_factory=dict)
    """Public keys of GitHub Apps, by id."""
    installed: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    """By owner and App, the installation of an App there."""
    installations: int = 0
    """How many there have been."""
    organizations: dict[str, Organization] = field(default_factory=dict)
    """By name; who is in which team."""
    lasts: int = 3600
    """Seconds that a token of an installation is good for."""

    remaining: int = 4987
    """Requests of 5,000 that are left."""

    complexity: int = 250
    """The most that a query to GitLab may count as."""

    is_metered: bool = False
    """Whether requests of the API count, and are refused when none is left."""

    def spend(self, remaining: int) -> None:
        self.remaining = remaining

    def allow(self, complexity: int) -> None:
        self.complexity = complexity

    def meter(self, remaining: int) -> None:
        """Let so many more requests pass, conditional ones without a change left out."""
        self.remaining, self.is_metered = remaining, True

    def sees(self, token: str) -> str | None:
        """What a token lets see; None: it is not valid."""
        return "public" if not token else self.tokens.get(token)

    def visible(self, sight: str) -> list[Repo]:
        found = sorted(self.repos.values(), key=lambda repo: repo.id)
        return [repo for repo in found if sight == "all" or repo.visibility == "public"]

    def find(self, path: str, sight: str) -> Repo | None:
        """By path, also a former one."""
        number = self.by_path.get(path.lower(), self.moved.get(path, 0))
        repo = self.repos.get(number)
        return repo if repo and (sight == "all" or repo.visibility == "public") else None

    def create(self, path: str, files: Mapping[str, str], **about: Any) -> None:
        owner, _, name = path.rpartition("/")
        number = len(self.repos) + len(self.moved) + 1
        while number in self.repos:
            number += 1
        folder = self.root / f"{number}"
        folder.mkdir(parents=True)
        repo = Repo(id=number, owner=owner, name=name, folder=folder, **about)
        repo.git("init", "--quiet", f"--initial-branch={repo.branch}")
        self._add(repo)
        if files:
            self.commit(path, files)

    def fill(self, owner: str, count: int, files: Mapping[str, str]) -> None:
        """Create thousands of repositories in a moment: `NAME` in the files is the name of each."""
        for _ in range(count):
            number = len(self.repos) + len(self.moved) + 1
            folder, name = self.root / f"{number}", f"r-{number}"
            folder.mkdir(parents=True)
            texts = {path: text.replace("NAME", name) for path, text in files.items()}
            write_files(folder, texts)
            git = folder / ".git"
            written = _plain_commit(git, {path: text.encode() for path, text in texts.items()})
            commit = written.commit
            self.packed[commit] = answer_of(written)
            (git / "refs" / "heads").mkdir(parents=True)
            (git / "refs" / "heads" / "main").write_text(f"{commit}\n")
            (git / "HEAD").write_text("ref: refs/heads/main\n")
            self._add(Repo(id=number, owner=owner, name=name, folder=folder))

    def refill(self, owner: str, count: int, files: Mapping[str, str]) -> None:
        """Give the first repositories of an owner another commit, with these files and no others."""
        theirs = [repo for repo in self.repos.values() if repo.owner == owner]
        for repo in theirs[:count]:
            texts = {path: text.replace("NAME", repo.name) for path, text in files.items()}
            write_files(repo.folder, texts)
            git = repo.folder / ".git"
            contents = {path: text.encode() for path, text in texts.items()}
            commit = _plain_commit(git, contents, parent=repo.head()).commit
            (git / "refs" / "heads" / repo.branch).write_text(f"{commit}\n")

    def install(
        self, app: str, key: str, owner: str, suspended: str = "", beside: bool = False
    ) -> None:
        """Give an owner a GitHub App, in place of what is installed there or beside it."""
        self.apps[app] = key
        for one in list(self.installed):
            if one[0] == owner and not beside:
                del self.installed[one]
        self.installations += 1
        about = {"id": self.installations, "app_id": app, "suspended_at": suspended or None}
        self.installed[owner, app] = about

    def organize(
        self, name: str, people: list[dict[str, Any]], teams: list[dict[str, Any]]
    ) -> None:
        """Let an organization have these people and teams, and no others."""
        self.organizations[name] = Organization(name=name, people=people, teams=teams)

    def last(self, seconds: int) -> None:
        self.lasts = seconds

    def commit(self, path: str, files: Mapping[str, str | None], branch: str = "") -> str:
        """Change files, each to a content or to nothing."""
        repo = self._at(path)
        if branch:
            repo.git("checkout", "--quiet", "-B", branch)
        write_files(repo.folder, {name: text for name, text in files.items() if text is not None})
        for name, text in files.items():
            if text is None:
                os.unlink(repo.folder / name)
        repo.git("add", "--all", "--force")
        repo.git("commit", "--quiet", "--allow-empty", "-m", "Change something")
        if branch:
            repo.git("checkout", "--quiet", repo.branch)
        return repo.head(branch)

    def places(self, path: str) -> list[str]:
        """The files that hold its branches."""
        return [str(file) for file in (self._at(path).folder / ".git/refs/heads").glob("*")]

    def change(self, path: str, **about: Any) -> None:
        """Archive it, show it to others, give it topics."""
        for name, value in about.items():
            setattr(self._at(path), name, value)

    def know(self, path: str, **about: Any) -> None:
        """Let the forge know more of it, or other things."""
        self._at(path).knows |= about

    def rename(self, path: str, to: str) -> None:
        repo = self._at(path)
        self.moved[path] = repo.id
        del self.by_path[path.lower()]
        repo.owner, _, repo.name = to.rpartition("/")
        self.by_path[to.lower()] = repo.id

    def delete(self, path: str) -> None:
        del self.repos[self.by_path.pop(path.lower())]

    def _add(self, repo: Repo) -> None:
        self.repos[repo.id] = repo
        self.by_path[repo.path.lower()] = repo.id

    def _at(self, path: str) -> Repo:
        return self.repos[self.by_path[path.lower()]]


def _plain_commit(git: Path, files: Mapping[str, bytes], *, parent: str = "") -> Written:
    """Write a commit of files in the root as loose objects, as git does."""
    made: list[tuple[str, bytes]] = []

    def write(kind: str, content: bytes) -> str:
        made.append((kind, content))
        return _object(git, kind, content)

    tree = b"".join(
        b"100644 " + path.encode() + b"\0" + bytes.fromhex(write("blob", content))
        for path, content in sorted(files.items())
    )
    author = "A <a@example.org> 1700000000 +0000"
    lines = [f"tree {write('tree', tree)}", *([f"parent {parent}"] if parent else [])]
    lines += [f"author {author}", f"committer {author}", "", "Change something", ""]
    commit = write("commit", "\n".join(lines).encode())
    return Written(commit=commit, objects=tuple(reversed(made)))


def _object(git: Path, kind: str, content: bytes) -> str:
    whole = f"{kind} {len(content)}\0".encode() + content
    digest = hashlib.sha1(whole).hexdigest()
    path = git / "objects" / digest[:2] / digest[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(zlib.compress(whole, 1))
    return digest
