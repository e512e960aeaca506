"""URLs of files on forges, taken apart and put together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.scm import (
    edit_url,
    forge_file,
    resolve_url,
    same_repository,
    source_location,
    tree_url,
)

GITHUB = "https://github.com/acme/shop/blob/main/a/catalog-info.yaml"
GITLAB = "https://gitlab.com/acme/group/shop/-/blob/main/catalog-info.yaml"
GITEA = "https://git.acme.test/acme/shop/src/branch/main/a/catalog-info.yaml"


@pytest.mark.parametrize(
    ("url", "home", "path"),
    [
        (GITHUB, "https://github.com/acme/shop", "a/catalog-info.yaml"),
        (GITLAB, "https://gitlab.com/acme/group/shop", "catalog-info.yaml"),
        (GITEA, "https://git.acme.test/acme/shop", "a/catalog-info.yaml"),
    ],
)
def test_a_file_of_a_forge_is_known_by_its_form(url: str, home: str, path: str) -> None:
    file = forge_file(url)
    assert file is not None
    assert (file.home, file.branch, file.path) == (home, "main", path)
    assert file.at(file.path) == url


@pytest.mark.parametrize("url", ["https://files.test/a/b.yaml", "http://[", "ftp://a/b/blob/c/d"])
def test_other_urls_are_of_no_forge(url: str) -> None:
    assert forge_file(url) is None
    assert edit_url(url) is None
    assert source_location(url) is None


@pytest.mark.parametrize(
    ("target", "base", "means"),
    [
        ("./b.yaml", GITHUB, "https://github.com/acme/shop/blob/main/a/b.yaml"),
        ("/b.yaml", GITHUB, "https://github.com/acme/shop/blob/main/b.yaml"),
        ("../b.yaml", GITHUB, "https://github.com/acme/shop/blob/main/b.yaml"),
        ("../../b.yaml", GITHUB, None),
        ("%2e%2e/%2e%2e/b.yaml", GITHUB, None),
        ("https://x.test/y", GITHUB, "https://x.test/y"),
        ("b.yaml", "https://files.test/a/c.yaml", "https://files.test/a/b.yaml"),
        ("/b.yaml", "https://files.test/a/c.yaml", "https://files.test/b.yaml"),
    ],
)
def test_a_target_is_relative_to_its_file(target: str, base: str, means: str | None) -> None:
    assert resolve_url(target, base) == means


def test_where_a_file_is_shown_edited_and_kept() -> None:
    assert tree_url(GITHUB) == "https://github.com/acme/shop/tree/main/a/catalog-info.yaml"
    assert edit_url(GITHUB) == "https://github.com/acme/shop/edit/main/a/catalog-info.yaml"
    assert source_location(GITHUB) == "url:https://github.com/acme/shop/tree/main/a/"
    assert edit_url(GITLAB) == "https://gitlab.com/acme/group/shop/-/edit/main/catalog-info.yaml"
    assert source_location(GITLAB) == "url:https://gitlab.com/acme/group/shop/-/tree/main/"
    assert edit_url(GITEA) == "https://git.acme.test/acme/shop/_edit/main/a/catalog-info.yaml"


def test_what_a_commit_holds_cannot_be_edited() -> None:
    assert edit_url(GITHUB.replace("main", "a" * 40)) is None


def test_files_of_one_repository_are_told_from_those_of_another() -> None:
    assert same_repository(GITHUB, "https://github.com/Acme/Shop/raw/dev/x")
    assert not same_repository(GITHUB, "https://github.com/acme/other/blob/main/x")
    assert same_repository(GITHUB, "https://files.test/x"), "which repository that is, nobody knows"


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_text_breaks_it(target: str, tail: str) -> None:
    resolve_url(target, f"https://github.com/a/b/blob/main/{tail}")
    resolve_url(target, f"http://{tail}")
