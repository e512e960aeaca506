"""A provider of a GitHub App: whatever organizations have it installed are read together."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from forgeapps import PUBLIC, with_app
from forgesources import COMPONENT, names, snapshot_of, sources_of

from catalog.sources import Source
from plugins.contract import (
    Context,
    Failed,
    Forge,
    GitHubProvider,
    Partial,
    Problem,
    RemoteSubject,
)
from plugins.forges import plugin
from plugins.forges.apps import ABSENT, AppTokens
from tests.forge.running import RunningForge

SUSPENDED = "2026-01-01T00:00:00Z"


@pytest.fixture
def installed(forge: RunningForge) -> RunningForge:
    """The App is installed for `acme` and `labs`, and not for `other`."""
    for owner in ("acme", "labs"):
        forge.order("install", app="5", key=PUBLIC, owner=owner)
    for path in ("acme/shop", "labs/cart", "other/till"):
        forge.create(path, {"catalog-info.yaml": COMPONENT, "deep/catalog-info.yaml": COMPONENT})
    return forge


def source_of(cache: Path, forge: Forge, **more: Any) -> tuple[Source, str]:
    """The source of repositories, and the target of its provider."""
    provider = GitHubProvider(id="a", host=forge.host, **({"app": "5"} | more))
    return sources_of(cache, [forge], [provider])[1], provider.target


def test_every_organization_that_has_the_app_is_listed_with_its_own_token(
    installed: RunningForge, tmp_path: Path
) -> None:
    source, target = source_of(tmp_path, with_app(installed))
    assert target == f"https://{installed.host}/#a"
    assert names(source.list(target)) == ["acme/shop", "labs/cart"]
    tokens = [one["token"] for one in installed.asked() if one["kind"] == "graphql"]
    assert [token.rpartition("_")[0] for token in tokens] == ["ghs_acme", "ghs_labs"]


def test_the_filters_hold_in_each_of_them(installed: RunningForge, tmp_path: Path) -> None:
    source, target = source_of(tmp_path, with_app(installed), repository="c.*")
    assert names(source.list(target)) == ["labs/cart"]


def test_only_organizations_that_are_allowed_are_listed(
    installed: RunningForge, tmp_path: Path
) -> None:
    source, target = source_of(tmp_path, with_app(installed, owners=("Labs",)))
    assert names(source.list(target)) == ["labs/cart"]


@pytest.mark.parametrize(
    ("trouble", "code", "word"),
    [
        ("suspended", "NOT_PERMITTED", "suspended"),
        ("empty", "FORGE_INCOMPLETE", "1 repositories of acme"),
        ("500", "UPSTREAM_ERROR", "500"),
    ],
)
def test_what_one_organization_lacks_leaves_the_listing_partial_and_the_others_listed(
    installed: RunningForge, tmp_path: Path, trouble: str, code: str, word: str
) -> None:
    if trouble == "suspended":
        installed.order("install", app="5", key=PUBLIC, owner="acme", suspended=SUSPENDED)
    else:
        installed.fail("graphql", trouble, times=1)
    source, target = source_of(tmp_path, with_app(installed))
    listing = source.list(target)
    assert isinstance(listing, Partial), listing
    assert [one.name for one in listing.repositories] == ["labs/cart"]
    assert listing.problem.code == code
    assert word in listing.problem.message


def test_all_organizations_together_have_the_time_of_one_listing(
    installed: RunningForge, tmp_path: Path
) -> None:
    installed.fail("graphql", "slow", times=1, seconds=0.6)
    source, target = source_of(tmp_path, with_app(installed), timeout=timedelta(seconds=0.5))
    listing = source.list(target)
    assert isinstance(listing, Partial), listing
    assert [one.name for one in listing.repositories] == ["acme/shop"]
    assert "within 0.5 s" in listing.problem.message


def test_an_organization_that_shows_no_repository_is_no_evidence_that_there_is_none(
    installed: RunningForge, tmp_path: Path
) -> None:
    installed.order("change", path="acme/shop", visibility="private")
    source, target = source_of(tmp_path, with_app(installed))
    assert names(source.list(target)) == ["acme/shop", "labs/cart"]
    of_acme = next(one["token"] for one in installed.asked() if "ghs_acme" in one["token"])
    installed.order("token", token=of_acme, sees="public")
    listing = source.list(target)
    assert isinstance(listing, Partial), listing
    assert [one.name for one in listing.repositories] == ["labs/cart"]
    assert "no repository of acme" in listing.problem.message


def test_an_organization_that_lets_the_app_go_is_lacking_in_a_complete_listing(
    installed: RunningForge, tmp_path: Path
) -> None:
    installed.order("install", app="6", key=PUBLIC, owner="acme")
    source, target = source_of(tmp_path, with_app(installed))
    assert names(source.list(target)) == ["labs/cart"]


def test_an_app_that_nobody_has_installed_or_configured_lists_nothing(
    installed: RunningForge, tmp_path: Path
) -> None:
    for owner in ("acme", "labs"):
        installed.order("install", app="6", key=PUBLIC, owner=owner)
    for forge, app, code in (
        (with_app(installed), "5", "FORGE_INCOMPLETE"),
        (with_app(installed), "7", "NOT_FOUND"),
        (installed.forge("github"), "5", "NOT_FOUND"),
        (installed.forge("github", token=""), "5", "NOT_PERMITTED"),
    ):
        source, target = source_of(tmp_path, forge, app=app)
        listing = source.list(target)
        assert isinstance(listing, Failed), listing
        assert listing.problem.code == code


def test_a_repository_is_read_as_its_provider_says_in_a_process_that_has_listed_nothing(
    installed: RunningForge, tmp_path: Path
) -> None:
    both = replace(with_app(installed), token="good")
    source, _ = source_of(tmp_path, both, catalog_path="deep/*.yaml")
    mine = snapshot_of(source, f"{installed.url}/labs/cart")
    assert (mine.named, mine.only_named) == (("deep/catalog-info.yaml",), True)
    other = snapshot_of(source, f"{installed.url}/other/till")
    assert (other.named, other.only_named) == ((), False)


def signed_by(asked: list[Mapping[str, Any]]) -> set[str]:
    """The Apps that have asked for a token, by what they sign."""
    made = [one["token"] for one in asked if one["line"].endswith("/access_tokens")]
    return {jwt.decode(one, options={"verify_signature": False})["iss"] for one in made}


@pytest.fixture
def both(installed: RunningForge) -> Forge:
    """A second App is configured after the first, and is installed for `acme` beside it."""
    installed.order("install", app="6", key=PUBLIC, owner="acme", beside=True)
    first = with_app(installed)
    return replace(first, apps=(*first.apps, replace(first.apps[0], id="6")))


def test_the_app_that_a_provider_names_signs_in_and_no_other(
    installed: RunningForge, tmp_path: Path, both: Forge
) -> None:
    for app in ("6", "5"):
        source, target = source_of(tmp_path / app, both, app=app)
        assert names(source.list(target))[0] == "acme/shop"
        snapshot_of(source, f"{installed.url}/acme/shop")
        asked = installed.asked()
        assert signed_by(asked) == {app}
        assert {one["kind"] for one in asked} == {"app", "graphql", "git"}
        tokens = {one["token"] for one in asked if one["kind"] in ("graphql", "git")} - {""}
        assert all(token.startswith("ghs_") for token in tokens)


def test_where_the_named_app_fails_no_other_stands_in(
    installed: RunningForge, tmp_path: Path, both: Forge
) -> None:
    with_token = replace(both, token="good")
    source, _ = source_of(tmp_path, with_token, app="6")
    assert names(source.list(f"https://{installed.host}/#a")) == ["acme/shop"]
    installed.asked()
    for app, code, word in (("6", "NOT_PERMITTED", "not installed"), ("7", "NOT_FOUND", "App 7")):
        said = AppTokens(with_token, tmp_path).only(app).token("labs")
        assert isinstance(said, Problem)
        assert (said.code, word in said.message) == (code, True)
    assert signed_by(installed.asked()) == set()


def test_what_a_forge_knows_of_a_repository_is_asked_with_the_app_that_found_it(
    installed: RunningForge, tmp_path: Path, both: Forge
) -> None:
    for app in ("6", "5"):
        provider = GitHubProvider(id="a", host=both.host, app=app)
        context = Context(cache=tmp_path / app, forges=(both,), providers=(provider,))
        (collector,) = plugin(context).remote_collectors
        collector.observe(RemoteSubject(system=both.host, name="acme/shop"), now=datetime.now(UTC))
        assert signed_by(installed.asked()) == {app}


def test_where_an_app_is_installed_is_asked_once_in_a_while_and_holds_while_nobody_tells(
    installed: RunningForge, tmp_path: Path
) -> None:
    now = [time.time()]
    tokens = AppTokens(with_app(installed), tmp_path, clock=lambda: now[0])
    assert [tokens.is_installed("5", owner) for owner in ("Acme", "other")] == [True, False]
    assert installed.counts() == {"app": 1}
    installed.order("install", app="5", key=PUBLIC, owner="other")
    installed.fail("/app/installations", "500")
    assert not tokens.is_installed("5", "other")
    assert installed.counts() == {}
    now[0] += ABSENT
    assert [tokens.is_installed("5", owner) for owner in ("acme", "other")] == [True, False]
    assert installed.counts()["app"] > 1
    assert not AppTokens(installed.forge("github"), tmp_path).is_installed("5", "acme")
