"""GitHub Apps: whose token is used, how long, and what is said where there is none."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from forgeapps import PRIVATE, PUBLIC, with_app
from forgesources import COMPONENT, content_of, names, provider_of, snapshot_of, sources_of

from plugins.contract import Failed, ForgeApp, Problem
from plugins.forges.apps import AppTokens
from tests.forge.running import RunningForge


def test_an_app_lists_fetches_and_reads_with_the_token_of_its_installation(
    forge: RunningForge, tmp_path: Path
) -> None:
    forge.order("install", app="5", key=PUBLIC, owner="acme")
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT}, visibility="private")
    provider = provider_of("github", forge.host)
    files, source = sources_of(tmp_path / "cache", [with_app(forge)], [provider])
    assert names(source.list(provider.target)) == ["acme/shop"]
    snapshot_of(source, f"{forge.url}/acme/shop")
    url = f"{forge.url}/acme/shop/blob/main/catalog-info.yaml"
    assert content_of(files, snapshot_of(files, url), "catalog-info.yaml") == COMPONENT.encode()
    asked = forge.asked()
    assert [one["kind"] for one in asked].count("app") == 2
    tokens = {one["token"] for one in asked if one["kind"] in ("graphql", "file")}
    assert len(tokens) == 1
    assert all(token.startswith("ghs_acme") for token in tokens)
    found = subprocess.run(
        ["grep", "-rlaE", "ghs_|PRIVATE KEY", tmp_path / "cache"], capture_output=True, text=True
    )
    assert (found.stdout, found.returncode) == ("", 1)


def test_a_token_is_used_until_shortly_before_its_end(forge: RunningForge, tmp_path: Path) -> None:
    forge.order("install", app="5", key=PUBLIC, owner="acme")
    tokens = AppTokens(with_app(forge), tmp_path)
    first = tokens.token("acme")
    assert tokens.token("Acme") == first
    forge.order("last", seconds=200)
    late = AppTokens(with_app(forge), tmp_path)
    assert late.token("acme") != late.token("acme")


@pytest.mark.parametrize("owners", [("other",), ()])
def test_an_owner_without_the_app_is_said_and_not_asked_about_again(
    forge: RunningForge, tmp_path: Path, owners: tuple[str, ...]
) -> None:
    forge.order("install", app="5", key=PUBLIC, owner="acme" if owners else "labs")
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT})
    provider = provider_of("github", forge.host)
    app = with_app(forge, owners=owners)
    files, source = sources_of(tmp_path / "cache", [app], [provider])
    for _ in range(3):
        listing = source.list(provider.target)
        assert isinstance(listing, Failed)
        assert listing.problem.code == "NOT_PERMITTED"
    assert forge.counts() == ({} if owners else {"app": 2})
    # What is public is read all the same, as in Backstage.
    snapshot_of(files, f"{forge.url}/acme/shop/blob/main/catalog-info.yaml")


def test_a_token_stands_in_where_no_app_is_installed(forge: RunningForge, tmp_path: Path) -> None:
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT})
    forge.order("install", app="5", key=PUBLIC, owner="labs")
    provider = provider_of("github", forge.host)
    both = replace(with_app(forge), token="good")
    _, source = sources_of(tmp_path / "cache", [both], [provider])
    assert names(source.list(provider.target)) == ["acme/shop"]


def test_of_two_apps_the_first_that_is_installed_and_allowed_signs_in(
    forge: RunningForge, tmp_path: Path
) -> None:
    forge.order("install", app="5", key=PUBLIC, owner="acme")
    forge.order("install", app="6", key=PUBLIC, owner="acme", beside=True)
    forge.order("install", app="6", key=PUBLIC, owner="labs")
    (first,) = with_app(forge).apps
    second = replace(first, id="6")

    def used(owner: str, *apps: ForgeApp) -> set[str]:
        """The Apps that have been asked for a token, by what they sign."""
        assert AppTokens(replace(with_app(forge), apps=apps), tmp_path).token(owner)
        asked = [one for one in forge.asked() if one["line"].endswith("/access_tokens")]
        claims = [jwt.decode(one["token"], options={"verify_signature": False}) for one in asked]
        return {claim["iss"] for claim in claims}

    assert used("acme", first, second) == {"5"}
    assert used("acme", second, first) == {"6"}
    assert used("labs", first, second) == {"6"}
    assert used("acme", replace(first, owners=("labs",)), second) == {"6"}


def test_where_the_first_app_fails_no_other_stands_in(forge: RunningForge, tmp_path: Path) -> None:
    """Another may see fewer repositories, which would look as if they had gone."""
    forge.order("install", app="5", key=PUBLIC, owner="acme", suspended="2026-01-01T00:00:00Z")
    forge.order("install", app="6", key=PUBLIC, owner="acme", beside=True)
    (first,) = with_app(forge).apps
    both = replace(with_app(forge), apps=(first, replace(first, id="6")))
    said = AppTokens(both, tmp_path).token("acme")
    assert isinstance(said, Problem)
    assert (said.code, "5" in said.message) == ("NOT_PERMITTED", True)


def test_an_app_that_is_suspended_or_has_another_key_is_said(
    forge: RunningForge, tmp_path: Path
) -> None:
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT})
    forge.order("install", app="5", key=PUBLIC, owner="acme", suspended="2026-01-01T00:00:00Z")
    provider = provider_of("github", forge.host)
    another = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for key, code, word in (
        (PRIVATE, "NOT_PERMITTED", "suspended"),
        (another.decode(), "NOT_PERMITTED", "installation"),
        ("hidden", "FORGE_APP_KEY", "no RSA key"),
    ):
        _, source = sources_of(tmp_path / "cache", [with_app(forge, key=key)], [provider])
        listing = source.list(provider.target)
        assert isinstance(listing, Failed)
        assert listing.problem.code == code
        assert word in listing.problem.message
        assert "hidden" not in str(listing)
