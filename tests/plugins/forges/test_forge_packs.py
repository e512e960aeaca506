"""One request for a commit with its files; whatever else is answered is left to git, and harms nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from forgesources import COMPONENT, content_of, ready, snapshot_of
from pluginworld import run_plain_git, write_files
from webserver import WebServer, answer, serve_web

from plugins.contract import ReadingRule, Repository, Snapshot
from plugins.git import mirrors, packs
from plugins.git.addresses import Address
from plugins.gitstore.commands import GitError
from plugins.web.client import CheckedClient
from tests.forge.running import RunningForge

DEEP = {f"services/{n % 7}/{n % 3}/{n}.txt": f"{n}\n" * n for n in range(60)}
SAME = "".join(f"{n * n % 9973}-{n}\n" for n in range(900))
"""A file that is not worth sending twice."""


def git_of(forge: RunningForge) -> list[str]:
    return [one["line"].partition(".git/")[2] for one in forge.asked() if one["kind"] == "git"]


def mirror_in(cache: Path) -> Path:
    (found,) = (cache / "git").glob("*.git")
    return found


def check_whole(mirror: Path) -> None:
    """What git says of it."""
    done = subprocess.run(
        ["git", f"--git-dir={mirror}", "fsck", "--strict", "--no-dangling"],
        capture_output=True,
        text=True,
    )
    said = [line for line in done.stderr.splitlines() if "unborn branch" not in line]
    assert (done.returncode, done.stdout, said) == (0, "", [])


@pytest.mark.parametrize("kind", ["github", "gitlab", "gitea"])
def test_first_reading_and_each_push_are_one_request(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT, "same.txt": SAME, **DEEP})
    source, provider = ready(forge, tmp_path, kind)
    url = f"{forge.url}/acme/shop"
    source.list(provider.target)
    first = snapshot_of(source, url)
    assert git_of(forge) == ["git-upload-pack"]
    assert {file.path for file in first.files} == {"catalog-info.yaml", "same.txt", *DEEP}
    assert first.committed_at is not None
    sizes = []
    for number in range(3):
        files = {"catalog-info.yaml": None, f"{number}.txt": "new\n", "services/0/0/0.txt": "!\n"}
        forge.commit("acme/shop", {"between.txt": f"{number}\n"})
        head = forge.commit("acme/shop", files)
        snapshot = snapshot_of(source, url)
        assert (snapshot.revision, git_of(forge)) == (head, ["git-upload-pack"])
        check_whole(mirror_in(tmp_path))
        paths = {file.path for file in snapshot.files}
        assert (f"{number}.txt" in paths, "catalog-info.yaml" in paths) == (True, False)
        assert content_of(source, snapshot, "services/0/0/0.txt") == b"!\n"
        sizes.append(sum(f.stat().st_size for f in mirror_in(tmp_path).glob("objects/pack/*.pack")))
        forge.commit("acme/shop", {"catalog-info.yaml": COMPONENT})
        assert content_of(source, snapshot_of(source, url), "same.txt") == SAME.encode()
        git_of(forge)
    assert sizes[-1] < 2 * sizes[0], "what is there is sent again"
    assert snapshot_of(source, url).revision
    assert git_of(forge) == [], "and what has not changed is not asked for"


@pytest.mark.parametrize("how", ["500", "429", "truncated", "garbage", "empty", "hollow"])
def test_what_comes_otherwise_is_left_to_git(forge: RunningForge, tmp_path: Path, how: str) -> None:
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT, **DEEP})
    source, _ = ready(forge, tmp_path, "github")
    forge.fail("POST /acme/shop.git/git-upload-pack", how, times=1)
    snapshot = snapshot_of(source, f"{forge.url}/acme/shop")
    assert content_of(source, snapshot, "catalog-info.yaml") == COMPONENT.encode()
    assert "info/refs?service=git-upload-pack" in git_of(forge)
    check_whole(mirror_in(tmp_path))


def test_larger_repository_is_fetched_by_git(
    forge: RunningForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "LARGEST", 2_000)
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT, "same.txt": SAME})
    source, _ = ready(forge, tmp_path, "github")
    snapshot = snapshot_of(source, f"{forge.url}/acme/shop")
    assert content_of(source, snapshot, "same.txt") == SAME.encode()
    assert "info/refs?service=git-upload-pack" in git_of(forge)


def test_many_packs_become_one(
    forge: RunningForge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirrors, "MOST_PACKS", 3)
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT})
    source, _ = ready(forge, tmp_path, "github")
    found = []
    for number in range(8):
        forge.commit("acme/shop", {"number.txt": f"{number}\n"})
        snapshot = snapshot_of(source, f"{forge.url}/acme/shop")
        assert content_of(source, snapshot, "number.txt") == f"{number}\n".encode()
        found.append(len([*mirror_in(tmp_path).glob("objects/pack/*.pack")]))
    assert found == [1, 2, 3, 4, 1, 2, 3, 4]
    check_whole(mirror_in(tmp_path))


def test_mirror_that_is_damaged_is_made_anew(forge: RunningForge, tmp_path: Path) -> None:
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT})
    source, _ = ready(forge, tmp_path, "github")
    one = Repository(url=f"{forge.url}/acme/shop", name="x")
    assert isinstance(source.snapshot(one), Snapshot)
    for file in mirror_in(tmp_path).glob("objects/pack/*"):
        file.unlink()
    assert not isinstance(source.snapshot(one), Snapshot)
    snapshot = source.snapshot(one)
    assert isinstance(snapshot, Snapshot)
    assert content_of(source, snapshot, "catalog-info.yaml") == COMPONENT.encode()


@pytest.fixture
def hostile(tmp_path: Path) -> Any:
    """A server of wrong packs, the commit that is asked for, and a repository that has more of them."""
    work = tmp_path / "work"
    work.mkdir()
    run_plain_git(work, "init", "--quiet")
    for text in ("one\n", "two\n"):
        write_files(work, {"a.txt": text, "b.txt": f"{text}!"})
        run_plain_git(work, "add", ".")
        run_plain_git(work, "commit", "--quiet", "-m", text)
    with serve_web() as server:
        yield server, work


def packed(work: Path, *objects: str) -> bytes:
    """An answer with these objects."""
    ids = "\n".join(run_plain_git(work, "rev-parse", one) for one in objects)
    done = subprocess.run(
        ["git", "pack-objects", "--stdout", "-q"], cwd=work, input=f"{ids}\n".encode(),
        capture_output=True, check=True,
    )  # fmt: skip
    data = b"\x01" + done.stdout
    head = run_plain_git(work, "rev-parse", "HEAD")
    lines = [b"shallow-info\n", f"shallow {head}".encode(), None, b"packfile\n", data]
    return b"".join(b"0001" if one is None else b"%04x%s" % (len(one) + 4, one) for one in lines)


def whole(work: Path) -> bytes:
    return packed(work, "HEAD", "HEAD^{tree}", "HEAD:a.txt", "HEAD:b.txt") + b"0000"


WRONG: dict[str, Callable[[Path], bytes]] = {
    "a file is missing": lambda work: packed(work, "HEAD", "HEAD^{tree}", "HEAD:a.txt"),
    "another commit": lambda work: packed(
        work, "HEAD~", "HEAD~^{tree}", "HEAD~:a.txt", "HEAD~:b.txt"
    ),
    "no commit": lambda work: packed(work, "HEAD:a.txt"),
    "bytes are turned": lambda work: whole(work)[:-30] + bytes(26) + b"0000",
    "it is cut": lambda work: whole(work)[:-40],
    "nothing": lambda work: b"",
    "no lines": lambda work: b"<!doctype html>",
    "a line of no length": lambda work: b"0004" + whole(work),
    "an error": lambda work: b"000dpackfile\n0008\x03no\n0000",
    "a shallow commit that is none": lambda work: whole(work).replace(
        b"shallow ", b"shallow ../", 1
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_pack_is_not_taken(
    hostile: tuple[WebServer, Path], tmp_path: Path, name: str
) -> None:
    server, work = hostile
    mirror, one = tmp_path / "m.git", Repository(url="u", name="n")
    address = Address(url=f"{server.url}/a.git", protocol="http")
    client = CheckedClient([ReadingRule(host=server.authority)])
    commit = run_plain_git(work, "rev-parse", "HEAD")
    headers = {"Content-Type": packs.TYPE}
    server.replies["/a.git/git-upload-pack"] = answer(WRONG[name](work), headers=headers)
    with pytest.raises(GitError):  # git itself is told that there is nothing
        mirrors.snapshot_of(mirror, address, one, commit, client=client)
    server.replies["/a.git/git-upload-pack"] = answer(whole(work), headers=headers)
    found = mirrors.snapshot_of(mirror, address, one, commit, client=client)
    assert isinstance(found, Snapshot)
    assert (found.revision, [file.path for file in found.files]) == (commit, ["a.txt", "b.txt"])
    check_whole(mirror)
