"""Nothing that a repository brings along is run, and no other repository is read through it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pluginworld import make_git, run_plain_git, write_files

from plugins.contract import Blob, Context, Failed, Repository, Snapshot, Unreadable
from plugins.gitstore.commands import GitError, run_git
from plugins.local import plugin

Make = Callable[..., Path]


def read_everything(folder: Path) -> list[Snapshot | Failed | Blob | Unreadable]:
    """Everything that the local source does with a repository, both ways."""
    done: list[Snapshot | Failed | Blob | Unreadable] = []
    for working_tree in (False, True):
        context = Context(cache=folder, working_tree=working_tree)
        source = plugin(context).sources[0]
        source.list(str(folder))
        snapshot = source.snapshot(Repository(url=folder.as_uri(), name="x"))
        done.append(snapshot)
        if isinstance(snapshot, Snapshot):
            done += source.read(snapshot, [f.path for f in snapshot.files], max_bytes=1000)
    return done


@pytest.fixture
def trap(tmp_path: Path) -> tuple[str, Path]:
    """A program, and the file that shows that it was run."""
    sprung = tmp_path / "sprung"
    program = tmp_path / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch '{sprung}'\nexit 1\n")
    program.chmod(0o755)
    return str(program), sprung


CONFIGURATION = """
[core]
	repositoryformatversion = 1
	fsmonitor = {trap}
	sshCommand = {trap}
	pager = {trap}
	editor = {trap}
	askPass = {trap}
	gitProxy = {trap}
	hooksPath = {hooks}
	attributesFile = {attributes}
	alternateRefsCommand = {trap}
[log]
	showSignature = true
[gpg]
	program = {trap}
[gpg "ssh"]
	program = {trap}
[diff]
	external = {trap}
[diff "x"]
	textconv = {trap}
	command = {trap}
[filter "x"]
	clean = {trap}
	smudge = {trap}
	process = {trap}
	required = true
[credential]
	helper = {trap}
[alias]
	ls-tree = !{trap}
	cat-file = !{trap}
[pager]
	cat-file = {trap}
	ls-tree = {trap}
[uploadpack]
	packObjectsHook = {trap}
[protocol]
	allow = always
[protocol "ext"]
	allow = always
[trace2]
	eventTarget = {sprung}
"""


def test_configuration_and_hooks_run_nothing(
    git_repository: Make, trap: tuple[str, Path], tmp_path: Path
) -> None:
    program, sprung = trap
    folder = git_repository("shop", {"a.txt": "x", ".gitattributes": "* filter=x diff=x\n"})
    commit = run_plain_git(folder, "cat-file", "commit", "HEAD")
    head, _, message = commit.partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n -----END PGP SIGNATURE-----"
    signed = f"{head}\n{signature}\n\n{message}\n"
    identity = run_plain_git(
        folder, "hash-object", "-t", "commit", "-w", "--stdin", stdin=signed.encode()
    )
    run_plain_git(folder, "update-ref", "HEAD", identity)
    hooks = folder / ".git/hooks"
    hooks.mkdir(exist_ok=True)
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        (hooks / name).write_text(f"#!/bin/sh\nexec {program}\n")
        (hooks / name).chmod(0o755)
    write_files(folder, {"attributes": "* filter=x diff=x\n"})
    (folder / ".git/config").write_text(
        CONFIGURATION.format(
            trap=program, hooks=hooks, attributes=folder / "attributes", sprung=sprung
        )
    )
    done = read_everything(folder)
    assert isinstance(done[0], Snapshot)
    assert done[0].revision == identity
    assert {b.content for b in done if isinstance(b, Blob)} >= {b"x"}
    assert not sprung.exists()


def lazy_repository(folder: Path, program: str) -> Path:
    """A partial clone with an absent blob, whose remote is a program."""
    blob = run_plain_git(folder, "rev-parse", "HEAD:a.txt")
    (folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    (folder / ".git/config").write_text(
        "[core]\n\trepositoryformatversion = 1\n"
        "[extensions]\n\tpartialClone = origin\n"
        f'[remote "origin"]\n\turl = ext::{program}\n\tpromisor = true\n'
        '[protocol "ext"]\n\tallow = always\n[protocol]\n\tallow = always\n'
    )
    return folder


def test_absent_object_of_a_partial_clone_is_not_fetched(
    git_repository: Make, trap: tuple[str, Path]
) -> None:
    program, sprung = trap
    folder = lazy_repository(git_repository("shop", {"a.txt": "x", "b.txt": "y"}), program)
    done = read_everything(folder)
    assert not sprung.exists()
    assert isinstance(done[0], Failed), "a file left out would look as if it were gone"
    assert done[0].problem.code == "GIT_OBJECT_MISSING"


def test_the_trap_of_the_partial_clone_springs_for_plain_git(
    git_repository: Make, trap: tuple[str, Path]
) -> None:
    program, sprung = trap
    folder = lazy_repository(git_repository("shop", {"a.txt": "x"}), program)
    subprocess.run(
        ["git", "-c", "safe.directory=*", "cat-file", "-p", "HEAD:a.txt"],
        cwd=folder,
        capture_output=True,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin"},
    )
    assert sprung.exists(), "otherwise the test above proves nothing"


def test_transport_that_was_not_asked_for_is_refused_whatever_the_configuration_says(
    git_repository: Make, trap: tuple[str, Path]
) -> None:
    program, sprung = trap
    folder = lazy_repository(git_repository("shop", {"a.txt": "x"}), program)
    for protocol in ("none", "https", "file"):
        with pytest.raises(GitError):
            run_git([f"--git-dir={folder}/.git", "ls-remote", "origin"], protocol=protocol)
    assert not sprung.exists()


def test_output_is_bounded(git_repository: Make) -> None:
    folder = git_repository("shop", {"a.txt": "x" * 10_000})
    with pytest.raises(GitError) as refused:
        run_git([f"--git-dir={folder}/.git", "show", "HEAD:a.txt"], max_output=9_000)
    assert refused.value.problem.code == "SOURCE_TOO_LARGE"


def test_dot_git_file_that_leads_elsewhere_is_not_followed(
    git_repository: Make, tmp_path: Path
) -> None:
    git_repository("private", {"secret.txt": "secret"})
    for name, content in (
        ("file", f"gitdir: {tmp_path}/private/.git\n"),
        ("relative", "gitdir: ../private/.git"),
        ("nonsense", "hello"),
        ("nowhere", "gitdir: /nonexistent"),
        ("binary", "gitdir: \0\xff"),
    ):
        write_files(tmp_path, {f"{name}/.git": content, f"{name}/a.txt": "x"})
        done = read_everything(tmp_path / name)
        assert [f.problem.code for f in done if isinstance(f, Failed)] == ["GIT_DIR_ELSEWHERE"] * 2
        assert len(done) == 2


def test_dot_git_that_is_a_link_is_not_followed(git_repository: Make, tmp_path: Path) -> None:
    private = git_repository("private", {"secret.txt": "secret"})
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/.git").symlink_to(private / ".git")
    done = read_everything(tmp_path / "shop")
    assert [f.problem.code for f in done if isinstance(f, Failed)] == ["GIT_DIR_ELSEWHERE"] * 2


def test_linked_worktree_is_read_at_its_own_head(git_repository: Make, tmp_path: Path) -> None:
    main = git_repository("main", {"a.txt": "one"})
    run_plain_git(main, "worktree", "add", "--quiet", str(tmp_path / "linked"), "-b", "other")
    write_files(tmp_path / "linked", {"a.txt": "two"})
    run_plain_git(tmp_path / "linked", "commit", "--quiet", "-a", "-m", "Change a")
    done = read_everything(tmp_path / "linked")
    assert next(b.content for b in done if isinstance(b, Blob)) == b"two"


def test_substituted_objects_are_not_believed(git_repository: Make) -> None:
    folder = git_repository("shop", {"a.txt": "true"})
    blob = run_plain_git(folder, "rev-parse", "HEAD:a.txt")
    false = run_plain_git(folder, "hash-object", "-w", "--stdin", stdin=b"false")
    run_plain_git(folder, "replace", blob, false)
    done = read_everything(folder)
    assert all(b.content == b"true" for b in done if isinstance(b, Blob))


def test_broken_configuration_is_a_problem(git_repository: Make) -> None:
    folder = git_repository("shop", {"a.txt": "x"})
    (folder / ".git/config").write_bytes(b"[core\0\xff\n")
    (first, *_) = read_everything(folder)
    assert isinstance(first, Failed)
    assert first.problem.code == "GIT_FAILED"
    assert "config" in first.problem.message


@pytest.mark.parametrize("time", ["99999999999999", "-1", "x", "0"])
def test_commit_times_outside_the_calendar_are_no_times(git_repository: Make, time: str) -> None:
    folder = git_repository("shop", {"a.txt": "x"})
    tree = run_plain_git(folder, "rev-parse", "HEAD^{tree}")
    text = f"tree {tree}\nauthor A <a@b> 0 +0000\ncommitter A <a@b> {time} +0000\n\nHi\n"
    identity = run_plain_git(
        folder, "hash-object", "--literally", "-t", "commit", "-w", "--stdin", stdin=text.encode()
    )
    (folder / ".git/refs/heads/main").write_text(identity + "\n")
    (first, *_) = read_everything(folder)
    assert isinstance(first, Snapshot)
    assert (first.committed_at is None) == (time != "0")


def test_repository_of_another_user_is_read(git_repository: Make) -> None:
    folder = git_repository("shop", {"a.txt": "x"})
    try:
        for path in (folder / ".git", folder):
            os.chown(path, 65534, 65534)
    except PermissionError:
        pytest.skip("only root can give files away")
    (first, *_) = read_everything(folder)
    assert isinstance(first, Snapshot)


def test_sha256_repositories_are_read(tmp_path: Path) -> None:
    run_plain_git(tmp_path, "init", "--quiet", "--object-format=sha256", "shop")
    make_git(tmp_path / "shop", {"a.txt": "x"})
    (first, blob, *_) = read_everything(tmp_path / "shop")
    assert isinstance(first, Snapshot)
    assert len(first.revision) == 64
    assert isinstance(blob, Blob)
