"""Repositories behind git URLs, with a real git server on loopback."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gitserver import GitServer, serve_git
from pluginworld import COMMITTED_AT, commit, run_plain_git, write_files

from plugins.contract import Blob, Complete, Context, Failed, Repository, Snapshot, Source
from plugins.git import mirrors, plugin
from plugins.git.source import GitSource
from plugins.web.breaker import FEWEST_CALLS
from tests.portal.processes import free_port

Make = Callable[..., Path]


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return plugin(Context(cache=tmp_path / "cache")).sources[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GitServer]:
    with serve_git(tmp_path) as running:
        yield running


def snapshot_of(source: Source, url: str) -> Snapshot:
    snapshot = source.snapshot(Repository(url=url, name="x"))
    assert isinstance(snapshot, Snapshot), snapshot
    return snapshot


def failure_of(source: Source, url: str) -> str:
    """The code of the problem; the listing and the snapshot agree on it."""
    listing = source.list(url)
    snapshot = source.snapshot(Repository(url=url, name="x"))
    assert isinstance(listing, Failed), "a failure is never an empty listing"
    assert isinstance(snapshot, Failed)
    assert listing.problem.code == snapshot.problem.code
    assert listing.problem.hint
    return listing.problem.code


def test_remote_repository_is_read_over_http(
    git_repository: Make, source: Source, server: GitServer
) -> None:
    folder = git_repository("shop/pay", {"catalog-info.yaml": "v1", "d/x": "y"})
    listing = source.list(f"{server.url}/shop/pay/")
    assert isinstance(listing, Complete)
    (repository,) = listing.repositories
    assert (repository.url, repository.name) == (f"{server.url}/shop/pay", "shop/pay")
    assert run_plain_git(folder, "rev-parse", "HEAD") in listing.evidence
    snapshot = snapshot_of(source, repository.url)
    assert snapshot.revision == run_plain_git(folder, "rev-parse", "HEAD")
    assert (snapshot.is_git, snapshot.committed_at) == (True, COMMITTED_AT)
    assert [f.path for f in snapshot.files] == ["catalog-info.yaml", "d/x"]
    server.requests.clear()
    read = list(source.read(snapshot, ["d/x", "catalog-info.yaml"], max_bytes=10))
    assert [b.content for b in read if isinstance(b, Blob)] == [b"y", b"v1"]
    assert server.requests == [], "reading asks the remote nothing"


def test_unchanged_remote_costs_no_fetch(
    git_repository: Make, source: Source, server: GitServer
) -> None:
    git_repository("pay", {"a": "1"})
    url = f"{server.url}/pay"
    first = snapshot_of(source, url)
    server.requests.clear()
    assert snapshot_of(source, url) == first
    # The second version of git's protocol asks for capabilities, then for the ref.
    assert len(server.requests) <= 2
    assert not any("fetch" in request for request in server.requests)


def test_new_commits_rewritten_history_and_a_new_branch_are_followed(
    git_repository: Make, source: Source, server: GitServer
) -> None:
    folder = git_repository("pay", {"a": "1"})
    url = f"{server.url}/pay"
    snapshot_of(source, url)
    write_files(folder, {"a": "2", "b": "3"})
    second = commit(folder)
    assert snapshot_of(source, url).revision == second
    run_plain_git(folder, "commit", "--quiet", "--amend", "-m", "Say it otherwise")
    amended = snapshot_of(source, url)
    assert amended.revision == run_plain_git(folder, "rev-parse", "HEAD") != second
    run_plain_git(folder, "checkout", "--quiet", "--orphan", "trunk")
    write_files(folder, {"c": "4"})
    third = commit(folder)
    run_plain_git(folder, "branch", "-D", "main")
    last = snapshot_of(source, url)
    assert last.revision == third
    assert [f.path for f in last.files] == ["a", "b", "c"]


def test_earlier_snapshot_can_still_be_read_after_a_fetch(
    git_repository: Make, source: Source, server: GitServer
) -> None:
    folder = git_repository("pay", {"a": "1"})
    first = snapshot_of(source, f"{server.url}/pay")
    write_files(folder, {"a": "2"})
    commit(folder)
    second = snapshot_of(source, f"{server.url}/pay")
    for snapshot, content in ((first, b"1"), (second, b"2")):
        (blob,) = source.read(snapshot, ["a"], max_bytes=10)
        assert isinstance(blob, Blob)
        assert blob.content == content


def test_only_one_commit_is_kept(
    git_repository: Make, source: Source, server: GitServer, tmp_path: Path
) -> None:
    folder = git_repository("pay", {"a": "1"})
    write_files(folder, {"a": "2"})
    commit(folder)
    snapshot_of(source, f"{server.url}/pay")
    mirror = mirrors.mirror_of(tmp_path / "cache", f"{server.url}/pay")
    assert run_plain_git(mirror, "rev-list", "--all", "--count") == "1"


def test_credentials_open_the_repository_and_are_written_nowhere(
    git_repository: Make, source: Source, server: GitServer, tmp_path: Path
) -> None:
    git_repository("pay", {"a": "1"})
    server.credentials = "bot:s3cr3t"
    target = server.url.replace("http://", "http://bot:s3cr3t@") + "/pay"
    listing = source.list(target)
    assert isinstance(listing, Complete), listing
    assert "s3cr3t" not in repr(listing)
    assert snapshot_of(source, f"{server.url}/pay").files
    for file in (tmp_path / "cache").rglob("*"):
        assert not file.is_file() or b"s3cr3t" not in file.read_bytes()


@pytest.mark.parametrize("given", ["", "bot:wrong@"])
def test_refused_credentials_are_a_failure_without_the_secret(
    git_repository: Make, source: Source, server: GitServer, given: str
) -> None:
    git_repository("pay", {"a": "1"})
    server.credentials = "bot:s3cr3t"
    listing = source.list(server.url.replace("http://", f"http://{given}") + "/pay")
    assert isinstance(listing, Failed)
    assert listing.problem.code == "GIT_NOT_PERMITTED"
    assert "wrong" not in repr(listing)


def test_unknown_repository_is_a_failure(source: Source, server: GitServer) -> None:
    assert failure_of(source, f"{server.url}/nothing") == "GIT_NOT_FOUND"


def test_empty_repository_is_a_failure(source: Source, server: GitServer, tmp_path: Path) -> None:
    run_plain_git(tmp_path, "init", "--quiet", "--bare", "empty.git")
    assert failure_of(source, f"{server.url}/empty.git") == "REPOSITORY_EMPTY"


def test_server_that_is_not_there_is_a_failure(source: Source) -> None:
    assert failure_of(source, "http://127.0.0.1:1/pay") == "GIT_UNREACHABLE"


def test_silent_server_is_given_up_at_the_deadline(
    source: Source, server: GitServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.delay = threading.Event()
    monkeypatch.setattr(mirrors, "ASK_SECONDS", 0.5)
    assert failure_of(source, f"{server.url}/pay") == "GIT_TIMEOUT"


def test_a_host_that_keeps_failing_is_left_alone_and_others_are_not(
    git_repository: Make, server: GitServer, tmp_path: Path
) -> None:
    git_repository("pay", {"a": "1"})
    source = GitSource(cache=tmp_path / "cache")
    dead = f"http://127.0.0.1:{free_port()}"
    codes = []
    for number in range(FEWEST_CALLS + 5):
        listing = source.list(f"{dead}/repository-{number}")
        assert isinstance(listing, Failed)
        codes.append(listing.problem.code)
    assert codes == ["GIT_UNREACHABLE"] * FEWEST_CALLS + ["UPSTREAM_PAUSED"] * 5
    assert isinstance(source.list(f"{server.url}/pay"), Complete)
    # Whoever answers is not down, whatever he says.
    for number in range(FEWEST_CALLS + 1):
        missing = source.list(f"{server.url}/missing-{number}")
        assert isinstance(missing, Failed)
        assert missing.problem.code == "GIT_NOT_FOUND"


def test_redirects_are_not_followed(
    git_repository: Make, source: Source, server: GitServer, tmp_path: Path
) -> None:
    git_repository("pay", {"a": "1"})
    with serve_git(tmp_path) as front:
        front.redirect_to = server.url
        listing = source.list(f"{front.url}/pay")
    assert isinstance(listing, Failed)
    assert server.requests == []


def test_remote_that_fails_later_keeps_the_failure_apart_from_absence(
    git_repository: Make, source: Source, server: GitServer
) -> None:
    folder = git_repository("pay", {"a": "1"})
    url = f"{server.url}/pay"
    snapshot_of(source, url)
    (folder / ".git").rename(folder / "gone")
    assert failure_of(source, url) == "GIT_NOT_FOUND"


def test_bad_urls_are_failures_that_show_no_secret(source: Source) -> None:
    listing = source.list("ext::https://bot:s3cr3t@host/x")
    assert isinstance(listing, Failed)
    assert listing.problem.code == "BAD_URL"
    assert "s3cr3t" not in repr(listing)
    assert isinstance(source.snapshot(Repository(url="--help", name="x")), Failed)


def test_killed_fetch_leaves_nothing_that_stops_the_next(
    git_repository: Make, source: Source, server: GitServer, tmp_path: Path
) -> None:
    folder = git_repository("pay", {"a": "1"})
    snapshot_of(source, f"{server.url}/pay")
    mirror = mirrors.mirror_of(tmp_path / "cache", f"{server.url}/pay")
    for lock in ("shallow.lock", "refs/plumbline/head.lock", "config.lock"):
        (mirror / lock).touch()
    write_files(folder, {"a": "2"})
    head = commit(folder)
    assert snapshot_of(source, f"{server.url}/pay").revision == head


def test_cache_may_be_deleted_at_any_time(
    git_repository: Make, source: Source, server: GitServer, tmp_path: Path
) -> None:
    git_repository("pay", {"a": "1"})
    snapshot = snapshot_of(source, f"{server.url}/pay")
    mirrors.mirror_of(tmp_path / "cache", f"{server.url}/pay").rename(tmp_path / "away")
    (unreadable,) = source.read(snapshot, ["a"], max_bytes=10)
    assert not isinstance(unreadable, Blob)
    assert snapshot_of(source, f"{server.url}/pay") == snapshot


def test_hostile_remote_configuration_and_hooks_run_nothing_here(
    git_repository: Make, source: Source, server: GitServer, tmp_path: Path
) -> None:
    folder = git_repository("pay", {"a": "1", ".gitmodules": "[submodule]\n"})
    program = tmp_path / "trap.sh"
    program.write_text(f"#!/bin/sh\ntouch '{tmp_path}/sprung'\n")
    program.chmod(0o755)
    with (folder / ".git/config").open("a") as config:
        config.write(f"[core]\n\tsshCommand = {program}\n\tfsmonitor = {program}\n")
        config.write(f"[uploadpack]\n\tpackObjectsHook = {program}\n")
    assert snapshot_of(source, f"{server.url}/pay").files
    assert not (tmp_path / "sprung").exists()


def test_urls_are_accepted_without_asking_anyone(source: Source, server: GitServer) -> None:
    assert source.accepts(f"{server.url}/pay")
    assert source.accepts("git@git.example.org:shop/pay")
    assert not source.accepts("/srv/pay")
    assert not source.accepts("ext::sh -c id")
    assert server.requests == []
