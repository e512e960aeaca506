"""The client of a forge: limits, hostile answers, and where credentials may go."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from forgesources import COMPONENT, ready, sources_of
from webserver import WebServer, answer, redirect, serve_web

from plugins.contract import (
    Failed,
    Forge,
    GitLabProvider,
    Partial,
    Problem,
    ReadingRule,
    Repository,
)
from plugins.forges.api import Api
from plugins.forges.projects import is_branch, is_path
from plugins.web.client import CheckedClient
from plugins.web.limits import FIRST_PAUSE, LONGEST_PAUSE, Limits
from tests.forge.running import RunningForge

LIST = "/api/v4/groups/acme/projects"


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serve_web() as running:
        yield running


@pytest.fixture
def other() -> Iterator[WebServer]:
    """Another host, which must hear nothing."""
    with serve_web() as running:
        yield running


def gitlab_at(server: WebServer) -> tuple[Forge, GitLabProvider]:
    forge = Forge(
        type="gitlab",
        host=server.authority,
        api_url=f"{server.url}/api/v4",
        web_url=server.url,
        signs_in=True,
        token="s3cret",
    )
    return forge, GitLabProvider(id="default", host=server.authority, group="acme")


@pytest.mark.parametrize(
    ("status", "headers", "said", "wait"),
    [
        (200, {"x-ratelimit-remaining": "12", "x-ratelimit-reset": "1060"}, b"", 0),
        (200, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1060"}, b"", 60),
        (429, {"retry-after": "30"}, b"", 30),
        (429, {"ratelimit-remaining": "0", "ratelimit-reset": "1090"}, b"", 90),
        (403, {"retry-after": "30"}, b"", 30),
        (403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1045"}, b"", 45),
        (403, {}, b"You have exceeded a secondary rate limit.", FIRST_PAUSE),
        (403, {}, b"Resource not accessible by personal access token", 0),
        (404, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1060"}, b"", 0),
        (429, {"retry-after": "999999"}, b"", LONGEST_PAUSE),
        (429, {"retry-after": "0"}, b"", FIRST_PAUSE),
        (429, {"retry-after": "soon"}, b"", FIRST_PAUSE),
        (429, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "5"}, b"", FIRST_PAUSE),
    ],
)
def test_a_limit_holds_for_as_long_as_is_said(
    status: int, headers: dict[str, str], said: bytes, wait: float
) -> None:
    now = [1000.0]
    limits = Limits(lambda: now[0])
    limits.note(status, headers, said)
    assert limits.until() == (1000 + wait if wait else 0)
    now[0] += wait
    assert limits.until() == 0


def test_a_limit_that_names_no_time_is_waited_for_longer_each_time() -> None:
    now = [1000.0]
    limits = Limits(lambda: now[0])
    waits = []
    for _ in range(8):
        limits.note(429, {})
        waits.append(limits.until() - now[0])
        now[0] = limits.until()
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    limits.note(200, {})
    limits.note(429, {})
    assert limits.until() - now[0] == 60


def test_a_next_page_on_another_host_is_not_asked_for(
    server: WebServer, other: WebServer, tmp_path: Path
) -> None:
    forge, provider = gitlab_at(server)
    page = orjson.dumps([{"path_with_namespace": "acme/shop", "default_branch": "main"}])
    for link in (f"{other.url}{LIST}?page=2", f"{server.url}/api/v4/users?page=2"):
        server.replies[LIST] = answer(page, headers={"Link": f'<{link}>; rel="next"'})
        _, source = sources_of(tmp_path, [forge], [provider])
        listing = source.list(provider.target)
        assert isinstance(listing, Partial)
        assert listing.problem.code == "FORGE_INCOMPLETE"
    assert other.asked == []
    assert {path.partition("?")[0] for path, _ in server.asked} == {LIST, "/api/graphql"}
    assert server.asked[0][1]["authorization"] == "Bearer s3cret"


def test_credentials_do_not_follow_a_redirect(
    server: WebServer, other: WebServer, tmp_path: Path
) -> None:
    forge, provider = gitlab_at(server)
    server.replies[LIST] = redirect(f"{other.url}{LIST}")
    _, source = sources_of(tmp_path, [forge], [provider])
    listing = source.list(provider.target)
    assert isinstance(listing, Failed)
    assert listing.problem.code == "REDIRECT_NOT_ALLOWED"
    assert "integrations" in listing.problem.hint
    assert other.asked == []


@pytest.mark.parametrize(
    "item",
    [
        {"path_with_namespace": "acme/../secret", "default_branch": "main"},
        {"path_with_namespace": "acme/-x", "default_branch": "main"},
        {"path_with_namespace": "acme", "default_branch": "main"},
        {"path_with_namespace": "acme/a b", "default_branch": "main"},
        {"path_with_namespace": "acme/x", "default_branch": "--upload-pack=x"},
        {"path_with_namespace": "acme/x", "default_branch": "a:refs/heads/b"},
        {"path_with_namespace": "acme/x", "default_branch": "a/../b"},
        {"path_with_namespace": 5},
        "acme/x",
        None,
    ],
)
def test_a_name_that_no_repository_has_is_not_used(
    server: WebServer, tmp_path: Path, item: object
) -> None:
    forge, provider = gitlab_at(server)
    good = {"path_with_namespace": "acme/shop", "default_branch": "main"}
    server.replies[LIST] = answer(orjson.dumps([good, item]))
    _, source = sources_of(tmp_path, [forge], [provider])
    listing = source.list(provider.target)
    assert isinstance(listing, Partial)
    assert [one.name for one in listing.repositories] == ["acme/shop"]
    assert listing.problem.code == "FORGE_INCOMPLETE"


def test_names_of_repositories_and_branches() -> None:
    assert all(map(is_path, ("acme/shop", "a/b/c", "acme/.github", "a.b/c_d-e")))
    assert not any(map(is_path, ("a", "a/", "/a/b", "a/..", "a/b?c", "a/b#c", "a/ü", None)))
    assert all(map(is_branch, ("main", "feature/x", "v1.2", "größe", "a-b", "x")))
    bad = ("", "-x", "a b", "a..b", "a/", "/a", "a:b", "a^", "a.lock", "a@{1}", "a\n", "a*", None)
    assert not any(map(is_branch, bad))


def test_a_forge_that_hangs_is_not_waited_for(forge: RunningForge, tmp_path: Path) -> None:
    forge.create("acme/shop", {"a": "b"})
    forge.fail("projects", "hang")
    rules = (ReadingRule(host=forge.host),)
    configured = forge.forge("gitlab")
    api = Api(configured, tmp_path, client=CheckedClient(rules, seconds=0.5))
    start = time.monotonic()
    found = api.get(f"{configured.api_url}/projects?page=1", what="projects")
    assert isinstance(found, Problem)
    assert found.code == "UPSTREAM_TIMEOUT"
    assert time.monotonic() - start < 5
    forge.order("mend")


def test_a_forge_that_keeps_failing_is_left_alone(forge: RunningForge, tmp_path: Path) -> None:
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT})
    source, provider = ready(forge, tmp_path / "cache", "gitlab")
    forge.fail("api", "500")
    codes = []
    for _ in range(20):
        listing = source.list(provider.target)
        assert isinstance(listing, Failed)
        codes.append(listing.problem.code)
    assert codes == ["UPSTREAM_ERROR"] * 10 + ["UPSTREAM_PAUSED"] * 10
    assert len(forge.asked()) == 10


def test_a_damaged_cache_costs_a_request_and_nothing_else(
    forge: RunningForge, tmp_path: Path
) -> None:
    forge.create("acme/shop", {"catalog-info.yaml": COMPONENT})
    source, provider = ready(forge, tmp_path / "cache", "gitlab")
    first = source.list(provider.target)
    for file in (tmp_path / "cache").rglob("*"):
        if file.is_file():
            file.write_bytes(b"{")
    assert source.list(provider.target) == first
    snapshot = source.snapshot(Repository(url=f"{forge.url}/acme/shop", name="x"))
    assert not isinstance(snapshot, Failed)


def test_what_is_left_of_several_limits_is_told_apart() -> None:
    now = 1000.0
    limits = Limits(clock=lambda: now)
    assert limits.scarce(0.2) == 0

    def told(resource: str, remaining: int, reset: int) -> dict[str, str]:
        return {
            "x-ratelimit-resource": resource,
            "x-ratelimit-limit": "5000",
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset": str(reset),
        }

    limits.note(200, told("core", 4000, 1600))
    limits.note(200, told("graphql", 1000, 1900))
    assert limits.scarce(0.2) == 900
    limits.note(200, told("core", 900, 2100))
    assert limits.scarce(0.2) == 1100
    limits.note(200, told("core", 4999, 4000) | {"x-ratelimit-limit": "many"})
    assert limits.scarce(0.2) == 1100
    now = 2100.0
    assert limits.scarce(0.2) == 0
    assert limits.until() == 0
