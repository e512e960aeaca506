"""Repositories on forges: their content, their branches, and what becomes of them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from forgesources import COMPONENT, TYPES, content_of, failure_of, ready, snapshot_of, sources_of

from catalog.locations import describe_file
from plugins.contract import Complete, Failed
from tests.forge.running import RunningForge

FILES = {"catalog-info.yaml": COMPONENT, "README.md": "# Shop\n", "a/catalog-info.yaml": COMPONENT}
SHOWN = {"github": "blob/main", "gitlab": "-/blob/main", "gitea": "src/branch/main"}


@pytest.mark.parametrize("kind", TYPES)
def test_the_snapshot_has_all_files_and_names_what_the_provider_wants(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", FILES, visibility="private")
    source, provider = ready(forge, tmp_path / "cache", kind)
    source.list(provider.target)
    snapshot = snapshot_of(source, f"{forge.url}/acme/shop")
    assert [file.path for file in snapshot.files] == sorted(FILES)
    assert (snapshot.named, snapshot.only_named) == (("catalog-info.yaml",), True)
    assert content_of(source, snapshot, "README.md") == b"# Shop\n"


@pytest.mark.parametrize("kind", TYPES)
def test_a_path_of_the_provider_may_be_a_pattern_and_may_lead_to_nothing(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", {**FILES, ".backstage/x.yaml": COMPONENT})
    for path, expected in {
        "/**/catalog-info.yaml": ("a/catalog-info.yaml", "catalog-info.yaml"),
        "/{a,b}/*.yaml": ("a/catalog-info.yaml",),
        ".backstage/*.yaml": (".backstage/x.yaml",),
        "/other.yaml": (),
    }.items():
        source, _ = ready(forge, tmp_path / "cache", kind, catalog_path=path)
        snapshot = snapshot_of(source, f"{forge.url}/acme/shop")
        assert (snapshot.named, snapshot.only_named) == (expected, True)


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_is_known_by_the_url_that_backstages_provider_gives_it(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", FILES)
    source, provider = ready(forge, tmp_path / "cache", kind)
    source.list(provider.target)
    ref, annotations = describe_file(
        snapshot_of(source, f"{forge.url}/acme/shop"), "a/catalog-info.yaml"
    )
    shown = SHOWN[kind].replace("blob", "tree") if kind == "github" else SHOWN[kind]
    assert ref == f"url:{forge.url}/acme/shop/{shown}/a/catalog-info.yaml"
    edit = {"github": "edit/main", "gitlab": "-/edit/main", "gitea": "_edit/main"}[kind]
    assert annotations["backstage.io/edit-url"] == (
        f"{forge.url}/acme/shop/{edit}/a/catalog-info.yaml"
    )


@pytest.mark.parametrize("kind", TYPES)
def test_the_branch_that_a_provider_names_is_read(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", FILES)
    commit = forge.commit("acme/shop", {"README.md": "# Next\n"}, branch="next")
    for is_listed in (True, False):
        source, provider = ready(forge, tmp_path / f"cache{is_listed}", kind, branch="next")
        if is_listed:
            source.list(provider.target)
        snapshot = snapshot_of(source, f"{forge.url}/acme/shop")
        assert snapshot.revision == commit
        assert "/next/" in snapshot.shown
        assert content_of(source, snapshot, "README.md") == b"# Next\n"


@pytest.mark.parametrize("kind", TYPES)
def test_a_repository_that_an_operator_names_is_read_with_the_credentials(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/secret", FILES, visibility="private")
    _, source = sources_of(tmp_path / "cache", [forge.forge(kind)])
    for url in (f"{forge.url}/acme/secret", f"{forge.url}/acme/secret.git"):
        assert source.accepts(url)
        listing = source.list(url)
        assert isinstance(listing, Complete)
        assert [(one.url, one.name) for one in listing.repositories] == [(url, "acme/secret")]
        snapshot = snapshot_of(source, url)
        assert (snapshot.named, snapshot.only_named) == ((), False)
    _, anonymous = sources_of(tmp_path / "cache", [forge.forge(kind, token="")])
    assert not anonymous.accepts(f"{forge.url}/acme/secret")


@pytest.mark.parametrize("kind", TYPES)
def test_a_repository_that_is_gone_empty_or_forbidden_says_so(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", FILES)
    forge.create("acme/empty", {})
    source, provider = ready(forge, tmp_path / "cache", kind)
    source.list(provider.target)
    url = f"{forge.url}/acme/shop"
    snapshot_of(source, url)
    assert failure_of(source, f"{forge.url}/acme/empty") in ("REPOSITORY_EMPTY", "NOT_FOUND")
    forge.order("delete", path="acme/shop")
    assert failure_of(source, url) == "NOT_FOUND"
    forge.order("token", token="good", sees="")
    assert failure_of(source, url) == "NOT_PERMITTED"


@pytest.mark.parametrize("kind", TYPES)
def test_a_repository_that_was_renamed_is_not_read_under_its_former_name(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", FILES)
    _, source = sources_of(tmp_path / "cache", [forge.forge(kind)])
    forge.order("rename", path="acme/shop", to="acme/store")
    listing = source.list(f"{forge.url}/acme/shop")
    assert isinstance(listing, Failed)
    assert listing.problem.code == "FORGE_MOVED"
    assert listing.problem.expected == "acme/store"


@pytest.mark.parametrize("kind", TYPES)
def test_credentials_are_written_nowhere(forge: RunningForge, tmp_path: Path, kind: str) -> None:
    forge.order("token", token="s3cret-token", sees="all")
    forge.create("acme/shop", FILES, visibility="private")
    cache = tmp_path / "cache"
    source, provider = ready(forge, cache, kind, token="s3cret-token")
    listing = source.list(provider.target)
    snapshot = snapshot_of(source, f"{forge.url}/acme/shop")
    assert (
        "s3cret" not in f"{listing}{snapshot}{source}{provider}{forge.forge(kind, token='s3cret')}"
    )
    found = subprocess.run(["grep", "-rla", "s3cret", cache], capture_output=True, text=True)
    assert (found.stdout, found.returncode) == ("", 1)


@pytest.mark.parametrize(
    "url",
    [
        "{}/acme/shop/../secret",
        "{}/acme/sh%6Fp",
        "{}/acme/%2e%2e",
        "{}/acme/shop?x=1",
        "{}//acme/shop",
        "{}/acme/-shop",
        "https://bot:s3cret@{host}/acme/shop",
        "https://{host}/acme/shop",
        "http://example.org/acme/shop",
        "{}/acme",
    ],
)
def test_what_could_be_read_as_another_repository_is_none(
    forge: RunningForge, tmp_path: Path, url: str
) -> None:
    _, source = sources_of(tmp_path, [forge.forge(kind) for kind in TYPES])
    assert not source.accepts(url.format(forge.url, host=forge.host))
