"""Single files on forges, and patterns of them: what is asked, with what, and what is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from forgesources import COMPONENT, TYPES, content_of, failure_of, snapshot_of, sources_of

from catalog.sources import Source
from plugins.contract import Complete, Context, Failed, Forge
from plugins.forges.api import Api
from plugins.forges.github import GitHub as ApiOfGitHub
from plugins.registry import load_plugins
from portal.config.forges import forges_of
from portal.config.integrations import GitHub
from tests.forge.running import RunningForge

SHOWN = {"github": "blob/main", "gitlab": "-/blob/main", "gitea": "src/branch/main"}


def files_of(
    forge: RunningForge, cache: Path, kind: str, *, token: str = "good"
) -> tuple[Source, str]:
    """The source of files, and the URL below which the forge shows those of `acme/shop`."""
    source, _ = sources_of(cache, [forge.forge(kind, token=token)])
    return source, f"{forge.url}/acme/shop/{SHOWN[kind]}"


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_is_read_with_the_credentials_and_only_when_it_has_changed(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", {"a b/info.yaml": COMPONENT}, visibility="private")
    source, base = files_of(forge, tmp_path / "cache", kind)
    url = f"{base}/a%20b/info.yaml"
    assert source.accepts(url)
    listing = source.list(url)
    assert isinstance(listing, Complete)
    assert forge.asked() == []
    first = snapshot_of(source, url)
    assert (first.direct, first.named) == (url, ("info.yaml",))
    assert content_of(source, first, "info.yaml") == COMPONENT.encode()
    again, _ = files_of(forge, tmp_path / "cache", kind)
    assert snapshot_of(again, url) == first
    assert forge.counts() == {"file": 1, "file*": 1}
    forge.commit("acme/shop", {"a b/info.yaml": COMPONENT + "x: 1\n"})
    assert snapshot_of(again, url).revision != first.revision


@pytest.mark.parametrize("kind", TYPES)
def test_a_pattern_is_every_file_that_it_fits(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    files = ["catalog-info.yaml", "a/catalog-info.yaml", "a/b/catalog-info.yaml", "a/other.yaml"]
    forge.create("acme/shop", dict.fromkeys(files, COMPONENT), visibility="private")
    source, base = files_of(forge, tmp_path / "cache", kind)
    listing = source.list(f"{base}/**/catalog-info.yaml")
    assert isinstance(listing, Complete)
    assert [(one.url, one.name) for one in listing.repositories] == [
        (f"{base}/{path}", f"acme/shop/{path}") for path in sorted(files[:3])
    ]
    snapshot = snapshot_of(source, listing.repositories[0].url)
    assert content_of(source, snapshot, "catalog-info.yaml") == COMPONENT.encode()
    none = source.list(f"{base}/docs/*.yaml")
    assert isinstance(none, Complete)
    assert none.repositories == ()


@pytest.mark.parametrize("kind", TYPES)
def test_public_files_need_no_credentials_and_private_ones_say_what_to_do(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", {"info.yaml": COMPONENT})
    forge.create("acme/secret", {"info.yaml": COMPONENT}, visibility="private")
    source, base = files_of(forge, tmp_path / "cache", kind, token="")
    assert content_of(source, snapshot_of(source, f"{base}/info.yaml"), "info.yaml")
    assert failure_of(source, f"{base.replace('shop', 'secret')}/info.yaml") == "NOT_FOUND"
    assert [one["token"] for one in forge.asked()] == ["", ""]


@pytest.mark.parametrize("kind", TYPES)
def test_a_file_that_is_not_there_is_told_in_backstages_words(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", {"info.yaml": COMPONENT})
    source, base = files_of(forge, tmp_path / "cache", kind)
    for url in (f"{base}/other.yaml", f"{base.replace('shop', 'none')}/info.yaml"):
        (repository,) = source.list(url).repositories  # type: ignore[union-attr]
        found = source.snapshot(repository)
        assert isinstance(found, Failed)
        assert found.problem.message == f"Unable to read url, no matching files found for {url}"
    pattern = source.list(f"{base.replace('shop', 'none')}/*.yaml")
    assert isinstance(pattern, Failed)
    assert pattern.problem.code == "NOT_FOUND"


def test_a_renamed_repository_is_followed_to_its_file(forge: RunningForge, tmp_path: Path) -> None:
    forge.create("acme/shop", {"info.yaml": COMPONENT}, visibility="private")
    forge.order("rename", path="acme/shop", to="acme/store")
    for kind in ("github", "gitea"):  # GitLab's API follows only where nothing is signed
        source, base = files_of(forge, tmp_path / kind, kind)
        assert content_of(source, snapshot_of(source, f"{base}/info.yaml"), "info.yaml")


@pytest.mark.parametrize(
    "path",
    [
        "acme/shop/blob/main/../../../secret/contents/x.yaml",
        "acme/shop/blob/main/a/%2e%2e/%2e%2e/x.yaml",
        "acme/shop/../secret/blob/main/x.yaml",
        "acme/sh%6Fp/blob/main/x.yaml",
        "acme/shop/blob/%2e%2e/x.yaml",
        "acme/shop/blob/main//x.yaml",
        "acme/shop/commits/main/x.yaml",
        "acme/shop",
    ],
)
def test_what_could_be_read_as_another_file_is_none(
    forge: RunningForge, tmp_path: Path, path: str
) -> None:
    source, _ = sources_of(tmp_path, [forge.forge("github")])
    assert not source.accepts(f"{forge.url}/{path}")


def test_a_url_is_read_by_the_forge_that_has_it_and_by_nobody_else(tmp_path: Path) -> None:
    def forge(kind: str, host: str, **more: str) -> Forge:
        web = f"https://{host}"
        return Forge(type=kind, host=host, api_url=f"{web}/api", web_url=web, **more)

    forges = (
        forge("github", "github.com"),
        forge("gitlab", "gitlab.com"),
        Forge(
            type="gitea",
            host="git.example.org",
            api_url="https://git.example.org/gitea/api/v1",
            web_url="https://git.example.org/gitea",
            signs_in=True,
        ),
    )
    plugins, problems = load_plugins(
        context_for=lambda name: Context(cache=tmp_path / name, forges=forges)
    )
    assert problems == ()
    sources = [source for plugin in plugins for source in plugin.sources]
    for target, name in {
        "https://github.com/acme/shop/blob/main/catalog-info.yaml": "forge-files",
        "https://gitlab.com/acme/web/shop/-/blob/main/catalog-info.yaml": "forge-files",
        "https://git.example.org/gitea/acme/shop/src/branch/main/a.yaml": "forge-files",
        "https://git.example.org/acme/shop/src/branch/main/a.yaml": "web",
        "https://git.example.org/gitea/acme/shop": "forge",
        "https://github.com/acme/shop": "git",
        "https://github.com/acme/shop.git": "git",
        "https://ghe.example.org/acme/shop/blob/main/catalog-info.yaml": "web",
        "http://github.com/acme/shop/blob/main/catalog-info.yaml": "web",
        "https://raw.githubusercontent.com/acme/shop/main/catalog-info.yaml": "web",
        "git@github.com:acme/shop.git": "git",
    }.items():
        assert next((s.name for s in sources if s.accepts(target)), None) == name, target
        strange = next((s for s in sources if s.checked and s.accepts(target)), None)
        assert strange is None or strange.name in ("forge-files", "web")


def test_who_does_not_sign_in_to_github_reads_files_where_they_count_nothing(
    tmp_path: Path,
) -> None:
    public = forges_of([])[0]
    known = forges_of([GitHub(token="t")])[0]
    raw = {one.signs_in: ApiOfGitHub(Api(one, tmp_path), None).raw for one in (public, known)}
    assert raw[False]("acme/shop", "v 1", "a b.yaml")[0] == (
        "https://raw.githubusercontent.com/acme/shop/v%201/a%20b.yaml"
    )
    assert raw[True]("acme/shop", "v 1", "a b.yaml") == (
        "https://api.github.com/repos/acme/shop/contents/a%20b.yaml?ref=v%201",
        "application/vnd.github.raw+json",
    )
