"""Snapshots of what lies on the disk: HEAD of git, the files of plain folders."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from pluginworld import COMMITTED_AT, commit, make_git, run_plain_git, write_files

from plugins.contract import Blob, Context, Failed, Repository, Snapshot, Source, Unreadable
from plugins.local import plugin, tree

Make = Callable[..., Path]


def local(*, working_tree: bool = False) -> Source:
    return plugin(Context(cache=Path("/nonexistent"), working_tree=working_tree)).sources[0]


def snapshot_of(folder: Path, *, working_tree: bool = False) -> Snapshot:
    snapshot = local(working_tree=working_tree).snapshot(
        Repository(url=folder.as_uri(), name=folder.name)
    )
    assert isinstance(snapshot, Snapshot), snapshot
    return snapshot


def failure_of(folder: Path, *, working_tree: bool = False) -> str:
    snapshot = local(working_tree=working_tree).snapshot(
        Repository(url=folder.as_uri(), name=folder.name)
    )
    assert isinstance(snapshot, Failed), snapshot
    return snapshot.problem.code


def read_all(snapshot: Snapshot, paths: list[str], **more: bool) -> dict[str, bytes | str]:
    """Contents, or codes of problems, by path; in the order asked for."""
    read = list(local(**more).read(snapshot, paths, max_bytes=100))
    assert [found.path for found in read] == paths
    return {f.path: f.content if isinstance(f, Blob) else f.problem.code for f in read}


def test_git_is_read_at_head_and_not_in_the_working_tree(git_repository: Make) -> None:
    folder = git_repository("shop", {"catalog-info.yaml": "v1\r\n", "src/a b.py": "x"})
    head = run_plain_git(folder, "rev-parse", "HEAD")
    write_files(folder, {"catalog-info.yaml": "v2", "new.txt": "not committed"})
    run_plain_git(folder, "add", "new.txt")
    snapshot = snapshot_of(folder)
    assert (snapshot.revision, snapshot.is_git) == (head, True)
    assert snapshot.committed_at == COMMITTED_AT
    assert [(f.path, f.size) for f in snapshot.files] == [
        ("catalog-info.yaml", 4),
        ("src/a b.py", 1),
    ]
    assert read_all(snapshot, ["src/a b.py", "new.txt", "catalog-info.yaml"]) == {
        "src/a b.py": b"x",
        "new.txt": "FILE_NOT_FOUND",
        "catalog-info.yaml": b"v1\r\n",
    }


def test_token_is_the_blob_and_changes_with_the_content_only(git_repository: Make) -> None:
    folder = git_repository("shop", {"a": "1", "b": "2"})
    before = {f.path: f.token for f in snapshot_of(folder).files}
    write_files(folder, {"a": "3"})
    commit(folder)
    after = {f.path: f.token for f in snapshot_of(folder).files}
    assert before["b"] == after["b"]
    assert before["a"] != after["a"]


def test_working_tree_of_git_keeps_the_commit(git_repository: Make) -> None:
    folder = git_repository("shop", {"catalog-info.yaml": "v1"})
    head = run_plain_git(folder, "rev-parse", "HEAD")
    write_files(folder, {"catalog-info.yaml": "v2", "new.txt": "n"})
    snapshot = snapshot_of(folder, working_tree=True)
    assert (snapshot.revision, snapshot.is_git) == (head, True)
    assert snapshot.committed_at == COMMITTED_AT
    assert [f.path for f in snapshot.files] == ["catalog-info.yaml", "new.txt"]
    assert read_all(snapshot, ["catalog-info.yaml"], working_tree=True) == {
        "catalog-info.yaml": b"v2"
    }


def test_repository_without_a_commit_fails_at_head_and_has_a_working_tree(tmp_path: Path) -> None:
    run_plain_git(tmp_path, "init", "--quiet")
    write_files(tmp_path, {"catalog-info.yaml": "x"})
    assert failure_of(tmp_path) == "REPOSITORY_EMPTY"
    assert not snapshot_of(tmp_path, working_tree=True).is_git


def test_bare_repository_is_read_at_its_head_whatever_is_asked_for(
    git_repository: Make, tmp_path: Path
) -> None:
    folder = git_repository("shop", {"catalog-info.yaml": "v1"})
    run_plain_git(tmp_path, "clone", "--quiet", "--bare", str(folder), "bare/shop.git")
    for working_tree in (False, True):
        snapshot = snapshot_of(tmp_path / "bare/shop.git", working_tree=working_tree)
        assert [f.path for f in snapshot.files] == ["catalog-info.yaml"]
        read = read_all(snapshot, ["catalog-info.yaml"], working_tree=working_tree)
        assert read == {"catalog-info.yaml": b"v1"}


def test_symlinks_and_submodules_are_not_listed(git_repository: Make, tmp_path: Path) -> None:
    folder = git_repository("shop", {"real.txt": "x"})
    write_files(tmp_path, {"outside/secret": "s"})
    (folder / "link.txt").symlink_to(tmp_path / "outside/secret")
    (folder / "folder").symlink_to(tmp_path / "outside")
    (folder / "dangling").symlink_to("later")
    run_plain_git(folder, "update-index", "--add", "--cacheinfo", f"160000,{'1' * 40},library")
    run_plain_git(folder, "add", "link.txt", "folder", "dangling")
    run_plain_git(folder, "commit", "--quiet", "-m", "Add links")
    for working_tree in (False, True):
        snapshot = snapshot_of(folder, working_tree=working_tree)
        assert [f.path for f in snapshot.files] == ["real.txt"]
        read = read_all(
            snapshot, ["link.txt", "folder/secret", "library"], working_tree=working_tree
        )
        assert all(isinstance(code, str) for code in read.values()), read


def test_file_over_the_limit_is_unreadable_and_the_others_are_read(git_repository: Make) -> None:
    folder = git_repository("shop", {"big": "x" * 101, "fits": "y" * 100})
    for working_tree in (False, True):
        snapshot = snapshot_of(folder, working_tree=working_tree)
        read = read_all(snapshot, ["big", "fits"], working_tree=working_tree)
        assert read == {"big": "FILE_TOO_LARGE", "fits": b"y" * 100}


def test_names_that_are_not_utf8_are_shown_escaped_and_harm_no_other(tmp_path: Path) -> None:
    make_git(tmp_path / "shop", {"good\nname.yaml": "g", "catalog-info.yaml": "c"})
    with open(os.fsencode(tmp_path / "shop") + b"/bad\xff.yaml", "wb") as file:
        file.write(b"b")
    commit(tmp_path / "shop")
    for working_tree in (False, True):
        snapshot = snapshot_of(tmp_path / "shop", working_tree=working_tree)
        paths = [f.path for f in snapshot.files]
        assert paths == ["bad\\xff.yaml", "catalog-info.yaml", "good\nname.yaml"]
        read = read_all(snapshot, paths, working_tree=working_tree)
        assert read["good\nname.yaml"] == b"g"
        assert read["catalog-info.yaml"] == b"c"
        assert all(path.encode("utf-8") for path in paths)


def test_plain_folder_has_a_revision_that_follows_every_change(tmp_path: Path) -> None:
    write_files(tmp_path, {"catalog-info.yaml": "a", "d/e.txt": "b"})
    first = snapshot_of(tmp_path)
    assert not first.is_git
    assert first.committed_at is None
    assert [f.path for f in first.files] == ["catalog-info.yaml", "d/e.txt"]
    assert snapshot_of(tmp_path).revision == first.revision
    os.utime(tmp_path / "d/e.txt", ns=(1, 1))
    second = snapshot_of(tmp_path)
    assert second.revision != first.revision
    (tmp_path / "d/e.txt").rename(tmp_path / "d/f.txt")
    assert snapshot_of(tmp_path).revision != second.revision


def test_folders_that_tools_make_are_not_walked(tmp_path: Path) -> None:
    write_files(
        tmp_path,
        {
            "node_modules/x/catalog-info.yaml": "",
            "a/.venv/x": "",
            "a/__pycache__/x": "",
            "a/.github/workflows/ci.yml": "",
        },
    )
    assert [f.path for f in snapshot_of(tmp_path).files] == ["a/.github/workflows/ci.yml"]


def test_pipe_is_neither_listed_nor_waited_for(tmp_path: Path) -> None:
    write_files(tmp_path, {"real": "x"})
    os.mkfifo(tmp_path / "pipe")
    snapshot = snapshot_of(tmp_path)
    assert [f.path for f in snapshot.files] == ["real"]
    assert read_all(snapshot, ["pipe"]) == {"pipe": "SYMLINK_NOT_ALLOWED"}


@pytest.mark.parametrize("path", ["../secret", "a/../../secret", "/etc/passwd", "", "a//b", "./a"])
def test_paths_cannot_leave_the_folder(tmp_path: Path, path: str) -> None:
    write_files(tmp_path, {"secret": "s", "shop/a/b": "x"})
    snapshot = snapshot_of(tmp_path / "shop")
    assert read_all(snapshot, [path]) == {path: "FILE_NOT_FOUND"}


def test_folder_that_becomes_a_link_after_the_snapshot_is_not_followed(tmp_path: Path) -> None:
    write_files(tmp_path, {"outside/x": "secret", "shop/d/x": "mine"})
    snapshot = snapshot_of(tmp_path / "shop")
    (tmp_path / "shop/d/x").unlink()
    (tmp_path / "shop/d").rmdir()
    (tmp_path / "shop/d").symlink_to(tmp_path / "outside")
    (unreadable,) = local().read(snapshot, ["d/x"], max_bytes=100)
    assert isinstance(unreadable, Unreadable)


def test_files_of_one_folder_after_those_of_another_are_each_their_own(tmp_path: Path) -> None:
    names = ["a/x", "a/y", "b/x", "a/x", "x", "a/b/x", "a/x"]
    write_files(tmp_path, {name: f"of {name}" for name in names})
    snapshot = snapshot_of(tmp_path)
    read = local().read(snapshot, [*names, "c/x", "a/x"], max_bytes=100)
    found = [one.content.decode() if isinstance(one, Blob) else None for one in read]
    assert found == [*(f"of {name}" for name in names), None, "of a/x"]


def test_link_beside_a_file_that_was_just_read_is_not_followed(tmp_path: Path) -> None:
    write_files(tmp_path, {"outside/x": "secret", "shop/d/x": "mine"})
    (tmp_path / "shop/d/link").symlink_to(tmp_path / "outside/x")
    (tmp_path / "shop/d/folder").symlink_to(tmp_path / "outside")
    snapshot = snapshot_of(tmp_path / "shop")
    read = read_all(snapshot, ["d/x", "d/link", "d/folder/x"])
    assert read["d/x"] == b"mine"
    assert read["d/link"] == "SYMLINK_NOT_ALLOWED"
    assert not isinstance(read["d/folder/x"], bytes)


def test_file_is_read_as_it_is_though_it_has_changed_since_its_size_was_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, {"grew": "0123456789", "shrank": "", "outgrew": "x" * 200})
    asked = os.fstat

    def told(descriptor: int) -> os.stat_result:
        """As if each had been of five bytes when it was asked."""
        return os.stat_result((*asked(descriptor)[:6], 5, *asked(descriptor)[7:10]))

    snapshot = snapshot_of(tmp_path)
    monkeypatch.setattr(os, "fstat", told)
    read = read_all(snapshot, ["grew", "shrank", "outgrew"])
    assert read == {"grew": b"0123456789", "shrank": b"", "outgrew": "FILE_TOO_LARGE"}


def test_reading_leaves_no_file_open(tmp_path: Path) -> None:
    write_files(tmp_path, {f"d{n}/{name}": "x" for n in range(3) for name in "ab"})
    snapshot = snapshot_of(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    read_all(snapshot, [file.path for file in snapshot.files] + ["none/x"])
    begun = iter(local().read(snapshot, ["d0/a", "d1/a"], max_bytes=100))
    next(begun)
    del begun
    assert len(os.listdir("/proc/self/fd")) == before


def test_too_many_files_are_refused_and_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, {f"{n}.txt": "" for n in range(11)})
    monkeypatch.setattr(tree, "MOST_FILES", 10)
    assert failure_of(tmp_path) == "SOURCE_TOO_LARGE"


def test_folders_that_are_too_deep_are_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {"d/" * (tree.DEEPEST + 1) + "x": ""})
    assert failure_of(tmp_path) == "SOURCE_TOO_LARGE"


def test_descriptor_that_is_a_link_or_not_committed_fails(git_repository: Make) -> None:
    folder = git_repository("shop", {"real.yaml": "x"})
    write_files(folder, {"new.yaml": "y"})
    (folder / "link.yaml").symlink_to("real.yaml")
    for name in ("new.yaml", "link.yaml"):
        repository = Repository(url=f"{folder.as_uri()}#{name}", name=name)
        snapshot = local().snapshot(repository)
        assert isinstance(snapshot, Failed)
        assert snapshot.problem.file == str(folder / name)


def test_many_files_are_read_in_order_over_several_batches(git_repository: Make) -> None:
    folder = git_repository("shop", {f"{n:04}.txt": str(n % 7) for n in range(2300)})
    snapshot = snapshot_of(folder)
    paths = [file.path for file in reversed(snapshot.files)]
    read = read_all(snapshot, paths)
    assert list(read.values()) == [str(int(path[:4]) % 7).encode() for path in paths]


def test_repository_that_vanished_is_a_failure(tmp_path: Path, git_repository: Make) -> None:
    assert failure_of(tmp_path / "gone") == "NOT_FOUND"
    folder = git_repository("shop", {"a": "x"})
    snapshot = snapshot_of(folder)
    (folder / ".git/HEAD").unlink()
    assert failure_of(folder) == "GIT_NOT_FOUND"
    assert read_all(snapshot, ["a"]) == {"a": "GIT_NOT_FOUND"}
