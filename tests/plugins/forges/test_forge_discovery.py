"""Providers on each of the forges: what they list, what it costs, and what they make of trouble."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from forgesources import COMPONENT, TYPES, names, provider_of, ready, snapshot_of, sources_of

from plugins.contract import Complete, Failed, Partial, Snapshot
from tests.forge.running import RunningForge

FILES = {"catalog-info.yaml": COMPONENT, "README.md": "# Shop\n"}


@pytest.mark.parametrize("kind", TYPES)
def test_a_provider_lists_what_its_owner_has_and_no_other(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", FILES)
    forge.create("acme/secret", FILES, visibility="private")
    forge.create("acme/old", FILES, archived=True)
    forge.create("acme/empty", {})
    forge.create("acme-labs/toy", FILES)
    source, provider = ready(forge, tmp_path / "cache", kind)
    assert source.accepts(provider.target)
    listing = source.list(provider.target)
    assert names(listing) == ["acme/shop", "acme/secret"]
    assert [one.url for one in listing.repositories] == [  # type: ignore[union-attr]
        f"{forge.url}/acme/shop",
        f"{forge.url}/acme/secret",
    ]
    assert all(source.accepts(one.url) for one in listing.repositories)  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", TYPES)
def test_an_owner_of_many_repositories_is_listed_to_the_end(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    for number in range(105):
        forge.create(f"acme/s{number:03}", {"a": "b"} if number > 102 else {})
    source, provider = ready(forge, tmp_path / "cache", kind)
    assert names(source.list(provider.target)) == ["acme/s103", "acme/s104"]
    costs = {"github": {"graphql": 2}, "gitlab": {"list": 2, "graphql": 1}, "gitea": {"list": 3}}
    assert forge.counts() == costs[kind]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"repository": "sh.*"}, ["acme/shop"]),
        ({"repository": "ho"}, []),
        ({"topics": ("java", "go")}, ["acme/shop", "acme/fork"]),
        ({"topics": ("java", "go"), "no_topics": ("beta",)}, ["acme/shop"]),
        ({"no_topics": ("go",)}, ["acme/fork", "acme/secret"]),
        ({"visibility": ("private",)}, ["acme/secret"]),
        ({"forks": False}, ["acme/shop", "acme/secret"]),
        ({"archived": True}, ["acme/shop", "acme/fork", "acme/secret", "acme/old"]),
        ({"branch": "develop"}, ["acme/fork"]),
    ],
)
def test_the_filters_of_a_github_provider_are_backstages(
    forge: RunningForge, tmp_path: Path, filters: dict[str, Any], expected: list[str]
) -> None:
    forge.create("acme/shop", FILES, topics=["go"])
    forge.create("acme/fork", FILES, fork=True, topics=["java", "beta"])
    forge.create("acme/secret", FILES, visibility="private")
    forge.create("acme/old", FILES, archived=True)
    forge.commit("acme/fork", {"more": "x"}, branch="develop")
    source, provider = ready(forge, tmp_path / "cache", "github", **filters)
    assert names(source.list(provider.target)) == expected


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"project": "hop|ol"}, ["acme/shop"]),
        ({"topics": ("go", "web")}, ["acme/shop"]),
        ({"excluded": ("acme/shop",)}, ["acme/fork", "acme/web/site"]),
        ({"forks": False}, ["acme/shop", "acme/web/site"]),
        ({"archived": True}, ["acme/shop", "acme/fork", "acme/old", "acme/web/site"]),
        ({"group": "acme/web"}, ["acme/web/site"]),
    ],
)
def test_the_filters_of_a_gitlab_provider_are_backstages(
    forge: RunningForge, tmp_path: Path, filters: dict[str, Any], expected: list[str]
) -> None:
    forge.create("acme/shop", FILES, topics=["go", "web"])
    forge.create("acme/fork", FILES, fork=True, topics=["go"])
    forge.create("acme/old", FILES, archived=True)
    forge.create("acme/web/site", FILES)
    provider = provider_of("gitlab", forge.host)
    provider = type(provider)(**{**vars(provider), **filters})
    _, source = sources_of(tmp_path / "cache", [forge.forge("gitlab")], [provider])
    assert names(source.list(provider.target)) == expected


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("500", "UPSTREAM_ERROR"),
        ("429", "RATE_LIMITED"),
        ("rate", "RATE_LIMITED"),
        ("secondary", "RATE_LIMITED"),
        ("truncated", "UPSTREAM_BROKEN"),
        ("garbage", "FORGE_ANSWER"),
        ("empty", "FORGE_INCOMPLETE"),
        ("null", "FORGE_ANSWER"),
    ],
)
def test_trouble_on_the_second_page_leaves_the_listing_partial(
    forge: RunningForge, tmp_path: Path, kind: str, how: str, code: str
) -> None:
    for number in range(101):
        forge.create(f"acme/s{number:03}", {"a": "b"} if number == 1 else {})
    source, provider = ready(forge, tmp_path / "cache", kind)
    forge.fail("graphql|projects|orgs", how, after=1)
    listing = source.list(provider.target)
    assert isinstance(listing, Partial)
    assert [one.name for one in listing.repositories] == ["acme/s001"]
    assert listing.problem.code == code


@pytest.mark.parametrize("kind", TYPES)
def test_a_listing_asks_for_no_further_page_once_its_time_is_over(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    for number in range(101):
        forge.create(f"acme/s{number:03}", {"a": "b"} if number == 1 else {})
    source, provider = ready(forge, tmp_path / "cache", kind, timeout=timedelta(seconds=0.3))
    forge.fail("graphql|projects|orgs", "slow", times=1, seconds=0.4)
    listing = source.list(provider.target)
    assert isinstance(listing, Partial)
    assert [one.name for one in listing.repositories] == ["acme/s001"]
    assert listing.problem.code == "FORGE_INCOMPLETE"
    assert "within 0.3 s" in listing.problem.message
    assert forge.counts().total() == 1
    # What comes after it has time.
    assert snapshot_of(source, f"{forge.url}/acme/s001").files


@pytest.mark.parametrize("kind", TYPES)
def test_after_a_limit_nothing_is_asked_until_it_is_over(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", FILES)
    source, provider = ready(forge, tmp_path / "cache", kind)
    forge.fail("api", "429", seconds=1)
    before = time.time()
    assert isinstance(source.list(provider.target), Failed)
    asked = forge.asked()
    for _ in range(5):
        listing = source.list(provider.target)
        assert isinstance(listing, Failed)
        assert listing.problem.code == "RATE_LIMITED"
        assert "asked again after 20" in listing.problem.message
    assert len(asked) == 1
    assert time.time() - before > 1 or forge.asked() == []
    forge.order("mend")
    time.sleep(max(0.0, before + 1.2 - time.time()))
    assert names(source.list(provider.target)) == ["acme/shop"]


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize(("token", "code"), [("bad", "NOT_PERMITTED"), ("good", "NOT_FOUND")])
def test_what_is_not_permitted_and_what_is_not_there_says_what_to_do(
    forge: RunningForge, tmp_path: Path, kind: str, token: str, code: str
) -> None:
    source, provider = ready(forge, tmp_path / "cache", kind, token=token)
    listing = source.list(provider.target)
    assert isinstance(listing, Failed)
    assert listing.problem.code == code
    assert "token" in listing.problem.hint
    assert token not in str(listing).replace("token", "")


@pytest.mark.parametrize("kind", TYPES)
def test_an_owner_of_nothing_visible_is_not_believed(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/secret", FILES, visibility="private")
    forge.order("token", token="weak", sees="public")
    source, provider = ready(forge, tmp_path / "cache", kind, token="weak")
    listing = source.list(provider.target)
    assert isinstance(listing, Partial)
    assert listing.problem.code == "FORGE_INCOMPLETE"


def test_github_lists_nothing_without_a_token_and_says_so(
    forge: RunningForge, tmp_path: Path
) -> None:
    source, provider = ready(forge, tmp_path / "cache", "github", token="")
    listing = source.list(provider.target)
    assert isinstance(listing, Failed)
    assert listing.problem.code == "NOT_PERMITTED"
    assert forge.asked() == []


def test_two_providers_of_one_owner_have_targets_of_their_own(
    forge: RunningForge, tmp_path: Path
) -> None:
    forge.create("acme/shop", FILES)
    forge.create("acme/site", FILES)
    first, second = (
        provider_of("github", forge.host, repository=name) for name in ("shop", "site")
    )
    second = type(second)(**{**vars(second), "id": "web"})
    _, source = sources_of(tmp_path / "cache", [forge.forge("github")], [first, second])
    assert (first.target, second.target) == (
        f"https://{forge.host}/acme",
        f"https://{forge.host}/acme#web",
    )
    assert names(source.list(first.target)) == ["acme/shop"]
    assert names(source.list(second.target)) == ["acme/site"]


@pytest.mark.parametrize("kind", ["gitlab"])
def test_a_listing_that_has_not_changed_is_not_sent_again(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", FILES)
    source, provider = ready(forge, tmp_path / "cache", kind)
    first = source.list(provider.target)
    again, _ = ready(forge, tmp_path / "cache", kind)
    forge.asked()
    assert again.list(provider.target) == first
    assert forge.counts()["list*"] == 1
    forge.create("acme/site", FILES)
    assert names(again.list(provider.target)) == ["acme/shop", "acme/site"]


@pytest.mark.parametrize("kind", TYPES)
def test_the_heads_of_a_listing_are_asked_for_once(
    forge: RunningForge, tmp_path: Path, kind: str
) -> None:
    forge.create("acme/shop", FILES)
    source, provider = ready(forge, tmp_path / "cache", kind)

    def listed() -> Snapshot:
        found = source.list(provider.target)
        assert isinstance(found, Complete)
        snapshot = source.snapshot(*found.repositories)
        assert isinstance(snapshot, Snapshot)
        return snapshot

    first = listed()
    forge.asked()
    assert listed() == first
    expected = {
        "github": {"graphql": 1},
        "gitlab": {"list*": 1, "graphql": 1},
        "gitea": {"list": 1, "branch": 1},
    }
    assert forge.counts() == expected[kind]
    # Whoever asks without a listing gets what is there now.
    forge.commit("acme/shop", {"README.md": "# Another\n"})
    fresh = snapshot_of(source, f"{forge.url}/acme/shop")
    assert fresh.revision != first.revision
    assert fresh.head != first.head
