"""Heads of many projects of a GitLab at once, and what is made of it where they are not told."""

from __future__ import annotations

from pathlib import Path

import pytest
from forgesources import COMPONENT, ready

from plugins.contract import Complete, Repository, Snapshot
from plugins.forges.gitlab_heads import HEADS, MOST_PATHS
from tests.forge.gitlab_heads import complexity
from tests.forge.running import RunningForge

FILES = {"catalog-info.yaml": COMPONENT}


def heads(listing: object) -> dict[str, str]:
    """By name, the commits that a complete listing tells; '': it has not told."""
    assert isinstance(listing, Complete), listing
    return {one.name: one.head.partition("\n")[0] for one in listing.repositories}


def test_fifty_heads_are_one_request(forge: RunningForge, tmp_path: Path) -> None:
    forge.order("fill", owner="acme", count=2 * MOST_PATHS + 1, files=FILES)
    forge.create("acme/old", FILES, archived=True)
    forge.create("acme/empty", {})
    source, provider = ready(forge, tmp_path / "cache", "gitlab")
    found = heads(source.list(provider.target))
    assert len(found) == 2 * MOST_PATHS + 1
    assert all(found.values())
    assert forge.counts() == {"list": 2, "graphql": 3}


@pytest.mark.parametrize("named", ["", "develop"])
def test_a_head_is_that_of_the_branch_that_is_wanted(
    forge: RunningForge, tmp_path: Path, named: str
) -> None:
    forge.create("acme/shop", FILES, branch="trunk")
    on_trunk = forge.commit("acme/shop", {"more": "x"})
    on_develop = forge.commit("acme/shop", {"more": "y"}, branch="develop")
    forge.create("acme/plain", FILES)
    source, provider = ready(forge, tmp_path / "cache", "gitlab", branch=named)
    found = heads(source.list(provider.target))
    assert found["acme/shop"] == (on_develop if named else on_trunk)
    assert bool(found["acme/plain"]) == (not named)


@pytest.mark.parametrize("how", ["unknown", "complexity", "500", "garbage", "null", "empty"])
def test_where_the_query_is_refused_the_listing_is_as_complete_as_without_it(
    forge: RunningForge, tmp_path: Path, how: str
) -> None:
    forge.order("fill", owner="acme", count=MOST_PATHS + 1, files=FILES)
    if how == "complexity":
        forge.order("allow", complexity=complexity(HEADS) - 1)
    else:
        forge.fail("POST /api/graphql", how)
    source, provider = ready(forge, tmp_path / "cache", "gitlab")
    listing = source.list(provider.target)
    found = heads(listing)
    assert len(found) == MOST_PATHS + 1
    assert not any(found.values())
    # What is refused once is not asked for again; an empty answer is none that refuses.
    assert forge.counts() == {"list": 1, "graphql": 2 if how == "empty" else 1}
    assert isinstance(listing, Complete)
    forge.order("mend")
    one = source.snapshot(listing.repositories[0])
    assert isinstance(one, Snapshot)
    assert forge.counts()["branch"] == 1


def test_a_project_whose_code_is_hidden_stays_in_the_listing(
    forge: RunningForge, tmp_path: Path
) -> None:
    forge.create("acme/shop", FILES)
    forge.create("acme/secret", FILES)
    forge.know("acme/secret", hides_code=True)
    source, provider = ready(forge, tmp_path / "cache", "gitlab")
    found = heads(source.list(provider.target))
    assert list(found) == ["acme/shop", "acme/secret"]
    assert (bool(found["acme/shop"]), found["acme/secret"]) == (True, "")


def test_a_head_that_was_told_is_read_without_another_request(
    forge: RunningForge, tmp_path: Path
) -> None:
    forge.create("acme/shop", FILES)
    source, provider = ready(forge, tmp_path / "cache", "gitlab")
    listing = source.list(provider.target)
    assert isinstance(listing, Complete)
    snapshot = source.snapshot(listing.repositories[0])
    assert isinstance(snapshot, Snapshot)
    assert snapshot.revision.endswith(heads(listing)["acme/shop"])
    assert set(forge.counts()) == {"list", "graphql", "git"}
    assert isinstance(source.snapshot(Repository(url=f"{forge.url}/acme/shop", name="x")), Snapshot)


def test_without_a_token_no_query_is_sent(forge: RunningForge, tmp_path: Path) -> None:
    forge.create("acme/shop", FILES)
    source, provider = ready(forge, tmp_path / "cache", "gitlab", token="")
    assert heads(source.list(provider.target)) == {"acme/shop": ""}
    assert forge.counts() == {"list": 1}
