"""What a path on the disk stands for (design 2a.9)."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pluginworld import make_git, write_files

from plugins.contract import Complete, Context, Failed, Partial, Repository, Snapshot, Source
from plugins.local import plugin


@pytest.fixture
def source(tmp_path: Path) -> Source:
    return plugin(Context(cache=tmp_path / "cache")).sources[0]


def test_paths_are_accepted_and_urls_are_not(source: Source) -> None:
    for path in ("/srv/x", "./here", "here", "../up", "catalog-info.yaml", "file:///srv/x"):
        assert source.accepts(path)
    for other in ("https://x/y", "file://host/srv", "git@host:org/repo", "ssh://h/p", "", "a\0b"):
        assert not source.accepts(other)


def test_folder_without_marks_is_a_folder_of_repositories(tmp_path: Path, source: Source) -> None:
    make_git(tmp_path / "org/payments", {"README.md": "hi"})
    write_files(tmp_path / "org", {"orders/x.txt": "", ".hidden/x.txt": "", "note.txt": ""})
    (tmp_path / "org/link").symlink_to(tmp_path / "org/orders")
    listing = source.list(str(tmp_path / "org"))
    assert isinstance(listing, Complete)
    assert [(r.name, r.url) for r in listing.repositories] == [
        ("orders", f"file://{tmp_path}/org/orders"),
        ("payments", f"file://{tmp_path}/org/payments"),
    ]
    assert "2 repositories" in listing.evidence


@pytest.mark.parametrize(
    "mark", ["catalog-info.yaml", "catalog-info.yml", ".backstage/catalog-info.yaml"]
)
def test_folder_with_a_descriptor_is_one_repository(
    tmp_path: Path, source: Source, mark: str
) -> None:
    write_files(tmp_path / "shop", {mark: "kind: Component", "services/a/x.txt": ""})
    listing = source.list(str(tmp_path / "shop"))
    assert isinstance(listing, Complete)
    assert [r.url for r in listing.repositories] == [f"file://{tmp_path}/shop"]


def test_git_repository_is_one_repository(tmp_path: Path, source: Source) -> None:
    make_git(tmp_path / "shop", {"services/a/x.txt": ""})
    listing = source.list(f"{tmp_path}/shop/../shop/")
    assert isinstance(listing, Complete)
    assert [(r.name, r.url) for r in listing.repositories] == [("shop", f"file://{tmp_path}/shop")]


def test_urls_of_repositories_lead_back_to_them(tmp_path: Path, source: Source) -> None:
    make_git(tmp_path / "o r/sh%op", {"all #1.yaml": "", "catalog-info.yaml": ""})
    for target in (tmp_path / "o r", tmp_path / "o r/sh%op", tmp_path / "o r/sh%op/all #1.yaml"):
        listing = source.list(str(target))
        assert isinstance(listing, Complete)
        (repository,) = listing.repositories
        assert source.accepts(repository.url)
        again = source.list(repository.url)
        assert isinstance(again, Complete)
        assert again.repositories == (repository,)
        assert isinstance(source.snapshot(repository), Snapshot)


def test_file_is_a_descriptor_whatever_its_name(tmp_path: Path, source: Source) -> None:
    write_files(tmp_path / "o r", {"all #1.yaml": "kind: Group", "other.yaml": "x"})
    listing = source.list(str(tmp_path / "o r/all #1.yaml"))
    assert isinstance(listing, Complete)
    (one,) = listing.repositories
    snapshot = source.snapshot(one)
    assert not isinstance(snapshot, Failed)
    assert snapshot.named == ("all #1.yaml",)
    assert [file.path for file in snapshot.files] == ["all #1.yaml"]
    folder = source.list(str(tmp_path / "o r"))
    assert one not in getattr(folder, "repositories", ()), "their identities differ"


def test_missing_target_is_a_failure_and_no_empty_listing(tmp_path: Path, source: Source) -> None:
    listing = source.list(str(tmp_path / "nowhere"))
    assert isinstance(listing, Failed)
    assert listing.problem.code == "NOT_FOUND"
    assert str(tmp_path)[:60] in listing.problem.message  # long paths are cut
    assert listing.problem.hint


def test_empty_folder_is_no_evidence_that_nothing_exists(tmp_path: Path, source: Source) -> None:
    (tmp_path / "unmounted").mkdir()
    listing = source.list(str(tmp_path / "unmounted"))
    assert isinstance(listing, Partial)
    assert listing.repositories == ()
    assert listing.problem.code == "NOTHING_FOUND"


@given(st.text() | st.text().map("file:///".__add__))
def test_no_target_makes_the_source_raise(target: str) -> None:
    source = plugin(Context(cache=Path("/nonexistent"))).sources[0]
    source.accepts(target)
    if not Path(target.replace("\0", "")).is_dir():
        source.list(target)
        source.snapshot(Repository(url=f"file:///nonexistent/{target}", name="x"))
        source.snapshot(Repository(url=f"x{target}", name="x"))


@pytest.mark.parametrize(
    "target",
    [
        "a\0b",
        "file:///a%00b",
        "file:///\ud800",
        "\ud800",
        "file://[",
        "https://git.example.org/etc",
    ],
)
def test_text_that_is_no_path_is_a_failure(source: Source, target: str) -> None:
    assert isinstance(source.list(target), Failed)
    assert isinstance(source.snapshot(Repository(url=target, name="x")), Failed)


def test_special_file_is_no_target(source: Source) -> None:
    assert isinstance(source.list("/dev/null"), Failed)


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder that everyone can enter, and this process without root's rights."""
    folder = Path(tempfile.mkdtemp(prefix="plumbline-"))
    folder.chmod(0o755)
    is_root = os.geteuid() == 0
    if is_root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if is_root:
            os.seteuid(0)
        for child in folder.iterdir():
            child.chmod(0o755)
        shutil.rmtree(folder)


def test_folder_that_cannot_be_read_is_a_failure(source: Source, as_nobody: Path) -> None:
    (as_nobody / "closed").mkdir(mode=0o000)
    listing = source.list(str(as_nobody / "closed"))
    assert isinstance(listing, Failed)
    assert listing.problem.code == "NOT_PERMITTED"


def test_child_that_cannot_be_read_makes_the_listing_partial(
    source: Source, as_nobody: Path
) -> None:
    (as_nobody / "open").mkdir()
    (as_nobody / "closed").mkdir(mode=0o000)
    listing = source.list(str(as_nobody))
    assert isinstance(listing, Partial)
    assert [r.name for r in listing.repositories] == ["open"]
    assert "closed" in listing.problem.message


def test_folder_inside_that_cannot_be_read_fails_the_snapshot(
    source: Source, as_nobody: Path
) -> None:
    write_files(as_nobody, {"shop/catalog-info.yaml": "", "shop/secret/x": ""})
    (as_nobody / "shop/secret").chmod(0o000)
    try:
        (repository,) = source.list(str(as_nobody / "shop")).repositories  # type: ignore[union-attr]
        assert isinstance(source.snapshot(repository), Failed)
    finally:
        (as_nobody / "shop/secret").chmod(0o755)
