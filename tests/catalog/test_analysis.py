"""Analysis: what is suggested for a repository without a descriptor."""

from __future__ import annotations

from typing import Any

import pytest

from catalog.analysis import clone_urls, repository_of, suggested_entity

SLUGS = {"github.com": "github.com", "gitlab.com": "gitlab.com", "git.acme.org": "gitlab.com"}


def suggested(url: str) -> tuple[Any, Any]:
    """Name and annotations."""
    entity = suggested_entity(url, SLUGS)
    metadata: Any = entity["metadata"]
    assert entity["spec"] == {"type": "other", "lifecycle": "unknown"}
    assert (entity["apiVersion"], entity["kind"]) == ("backstage.io/v1alpha1", "Component")
    return metadata["name"], metadata.get("annotations")


@pytest.mark.parametrize(
    ("url", "name", "slug"),
    [
        ("https://github.com/acme/shop", "shop", {"github.com/project-slug": "acme/shop"}),
        ("https://github.com/acme/shop/", "shop", {"github.com/project-slug": "acme/shop"}),
        ("https://github.com/acme/shop.git", "shop", {"github.com/project-slug": "acme/shop"}),
        (
            "https://github.com/acme/shop/blob/main/a/b.yaml?x=1#L1",
            "shop",
            {"github.com/project-slug": "acme/shop"},
        ),
        (
            "https://github.com/acme/shop/tree/main",
            "shop",
            {"github.com/project-slug": "acme/shop"},
        ),
        ("https://github.com/acme/shop/issues", "shop", {"github.com/project-slug": "acme/shop"}),
        ("https://github.com/acme/tree", "tree", {"github.com/project-slug": "acme/tree"}),
        ("https://codeberg.org/acme/shop/src/branch/main", "shop", None),
        ("https://gitlab.com/a/b/c", "c", {"gitlab.com/project-slug": "a/b/c"}),
        ("https://gitlab.com/a/b/c/-/tree/main", "c", {"gitlab.com/project-slug": "a/b/c"}),
        (
            "https://git.acme.org/a/b/-/blob/main/x.yaml",
            "b",
            {"gitlab.com/project-slug": "a/b"},
        ),
        ("https://example.com/acme/shop", "shop", None),
        ("https://github.com/acme", "acme", None),
        ("https://github.com", "github.com", None),
    ],
)
def test_a_repository_is_suggested_by_its_name_with_the_slug_of_its_forge(
    url: str, name: str, slug: dict[str, str] | None
) -> None:
    assert suggested(url) == (name, slug)


def test_files_and_folders_belong_to_their_repository() -> None:
    home = "https://github.com/acme/shop"
    for url in (home, f"{home}.git", f"{home}/tree/main/a", f"{home}/blob/main/b.yaml?c=d"):
        assert repository_of(url) == home
    assert repository_of("https://example.com/a/b.yaml") == "https://example.com/a/b.yaml"


def test_a_repository_is_cloned_by_several_urls() -> None:
    found = clone_urls("https://example.com/acme/shop")
    for url in (
        "https://example.com/acme/shop.git",
        "git@example.com:acme/shop",
        "ssh://git@example.com/acme/shop.git",
    ):
        assert url in found
        assert repository_of(url) == "https://example.com/acme/shop"
