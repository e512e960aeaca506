"""The source for single files: what it lists, what it asks for, and what it keeps."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from webserver import WebServer, answer, redirect

from catalog.sources import Forewarning, Source
from plugins.contract import (
    Blob,
    Complete,
    Context,
    Failed,
    ReadingRule,
    Repository,
    Snapshot,
    Unreadable,
)
from plugins.registry import load_plugins
from plugins.web import plugin

YAML = b"apiVersion: backstage.io/v1alpha1\nkind: Component\n"


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def source(server: WebServer, cache: Path) -> Source:
    return source_of(server, cache)


def source_of(server: WebServer, cache: Path) -> Source:
    rules = (ReadingRule(host=server.authority),)
    (found,) = plugin(Context(cache=cache, reading=rules)).sources
    return found


def snapshot_of(source: Source, url: str) -> Snapshot:
    found = source.snapshot(Repository(url=url, name="x"))
    assert isinstance(found, Snapshot), found
    return found


def failure_of(source: Source, url: str) -> str:
    found = source.snapshot(Repository(url=url, name="x"))
    assert isinstance(found, Failed), found
    return found.problem.code


def content_of(source: Source, snapshot: Snapshot, *, max_bytes: int = 1000) -> bytes | str:
    (found,) = source.read(snapshot, snapshot.named, max_bytes=max_bytes)
    return found.content if isinstance(found, Blob) else found.problem.code


def with_etag(body: bytes) -> Callable[[BaseHTTPRequestHandler], None]:
    etag = f'"{hashlib.md5(body).hexdigest()}"'

    def reply(handler: BaseHTTPRequestHandler) -> None:
        if handler.headers["If-None-Match"] == etag:
            answer(status=304)(handler)
        else:
            answer(body, headers={"ETag": etag})(handler)

    return reply


def test_a_url_is_one_file_and_is_not_asked_for_when_it_is_listed(
    server: WebServer, source: Source
) -> None:
    url = f"{server.url}/team/catalog%20info.yaml?at=main"
    listing = source.list(f"{url}#part")
    assert isinstance(listing, Complete)
    (repository,) = listing.repositories
    assert repository == Repository(url=url, name=f"{server.authority}/catalog info.yaml")
    assert server.asked == []


def test_the_snapshot_has_the_one_file_and_names_it(server: WebServer, source: Source) -> None:
    server.replies["/team/all.yaml"] = answer(YAML)
    url = f"{server.url}/team/all.yaml"
    snapshot = snapshot_of(source, url)
    digest = hashlib.sha256(YAML).hexdigest()
    assert (snapshot.revision, snapshot.is_git, snapshot.committed_at) == (digest, False, None)
    assert [(f.path, f.token, f.size) for f in snapshot.files] == [("all.yaml", digest, len(YAML))]
    assert (snapshot.named, snapshot.direct) == (("all.yaml",), url)
    assert content_of(source, snapshot) == YAML


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/", "catalog-info.yaml"),
        ("/team/", "catalog-info.yaml"),
        ("/%E2%9C%93.yaml", "✓.yaml"),
        ("/a%2Fb", "catalog-info.yaml"),
        ("/...", "catalog-info.yaml"),
        ("/component", "component"),
    ],
)
def test_a_file_has_a_name_whatever_its_url_is(
    server: WebServer, source: Source, path: str, name: str
) -> None:
    server.replies[path] = answer(YAML)
    assert snapshot_of(source, server.url + path).named == (name,)


def test_a_file_that_has_not_changed_is_not_sent_again(server: WebServer, cache: Path) -> None:
    server.replies["/x.yaml"] = with_etag(YAML)
    url = f"{server.url}/x.yaml"
    first = snapshot_of(source_of(server, cache), url)
    again = snapshot_of(source_of(server, cache), url)
    assert again == first
    assert "if-none-match" in server.asked[1][1]
    assert content_of(source_of(server, cache), again) == YAML
    server.replies["/x.yaml"] = with_etag(YAML + b"spec: {}\n")
    changed = snapshot_of(source_of(server, cache), url)
    assert content_of(source_of(server, cache), changed) == YAML + b"spec: {}\n"


def test_a_snapshot_stays_readable_when_the_next_one_is_taken(
    server: WebServer, source: Source, cache: Path
) -> None:
    url = f"{server.url}/x.yaml"
    snapshots = []
    for number in range(4):
        server.replies["/x.yaml"] = answer(b"%d" % number)
        snapshots.append(snapshot_of(source, url))
    assert [content_of(source, snapshot) for snapshot in snapshots] == [
        "CACHE_UNUSABLE",
        "CACHE_UNUSABLE",
        b"2",
        b"3",
    ]
    assert len([path for path in cache.rglob("*") if path.is_file()]) == 3


@pytest.mark.parametrize("harm", ["deleted", "damaged", "no index"])
def test_a_cache_that_was_harmed_is_filled_anew(
    server: WebServer, source: Source, cache: Path, harm: str
) -> None:
    server.replies["/x.yaml"] = with_etag(YAML)
    url = f"{server.url}/x.yaml"
    snapshot = snapshot_of(source, url)
    for path in [path for path in cache.rglob("*") if path.is_file()]:
        match harm:
            case "deleted":
                path.unlink()
            case "damaged" if path.name == snapshot.revision:
                path.write_bytes(b"kind: Nothing\n")
            case "no index" if path.name != snapshot.revision:
                path.write_bytes(b"[]")
    if harm != "no index":
        assert content_of(source, snapshot) == "CACHE_UNUSABLE"
    assert content_of(source, snapshot_of(source, url)) == YAML
    assert "if-none-match" not in server.asked[-1][1]


def test_a_cache_that_cannot_be_written_is_told(server: WebServer, cache: Path) -> None:
    server.replies["/x.yaml"] = answer(YAML)
    cache.write_bytes(b"a file where the folder should be")
    assert failure_of(source_of(server, cache), f"{server.url}/x.yaml") == "CACHE_UNUSABLE"


def test_a_file_that_is_not_there_is_told_in_backstages_words(
    server: WebServer, source: Source
) -> None:
    url = f"{server.url}/dynamic/zzz.yaml"
    found = source.snapshot(Repository(url=url, name="x"))
    assert isinstance(found, Failed)
    assert found.problem.code == "NOT_FOUND"
    assert found.problem.message == f"Unable to read url, no matching files found for {url}"


def test_what_went_wrong_does_not_take_away_what_was_read(
    server: WebServer, source: Source
) -> None:
    server.replies["/x.yaml"] = answer(YAML)
    url = f"{server.url}/x.yaml"
    snapshot = snapshot_of(source, url)
    server.replies["/x.yaml"] = redirect("http://169.254.169.254/")
    assert failure_of(source, url) == "REDIRECT_NOT_ALLOWED"
    assert content_of(source, snapshot) == YAML


def test_hosts_that_are_not_allowed_are_not_read(
    server: WebServer, source: Source, tmp_path: Path
) -> None:
    assert failure_of(source, "http://127.0.0.1:1/x.yaml") == "HOST_NOT_ALLOWED"
    (closed,) = plugin(Context(cache=tmp_path)).sources
    assert failure_of(closed, f"{server.url}/x.yaml") == "HOST_NOT_ALLOWED"
    assert isinstance(source, Forewarning)
    foreseen = source.objection("http://127.0.0.1:1/x.yaml")
    assert foreseen is not None
    assert foreseen.code == "HOST_NOT_ALLOWED"
    assert source.objection(f"{server.url}/x.yaml") is None
    assert server.asked == []


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("https://example.org/**/catalog-info.yaml", "URL_PATTERN"),
        ("https://bot:s3cret@example.org/x.yaml", "BAD_URL"),
        ("https://example.org/x\r\ny", "BAD_URL"),
        ("http://127.1/x", "BAD_URL"),
    ],
)
def test_what_names_no_file_is_told_when_it_is_listed(
    source: Source, target: str, code: str
) -> None:
    listing = source.list(target)
    assert isinstance(listing, Failed)
    assert listing.problem.code == code
    assert "s3cret" not in str(listing)
    assert isinstance(source, Forewarning)
    assert source.objection(target) == listing.problem


def test_a_limit_and_a_path_of_another_file_are_heeded(server: WebServer, source: Source) -> None:
    server.replies["/x.yaml"] = answer(YAML)
    snapshot = snapshot_of(source, f"{server.url}/x.yaml")
    assert content_of(source, snapshot, max_bytes=len(YAML)) == YAML
    assert content_of(source, snapshot, max_bytes=len(YAML) - 1) == "FILE_TOO_LARGE"
    (other,) = source.read(snapshot, ["../x.yaml"], max_bytes=1000)
    assert isinstance(other, Unreadable)
    assert other.problem.code == "FILE_NOT_FOUND"


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("https://example.org/team/catalog-info.yaml", "web"),
        ("https://github.com/shop/pay/blob/main/catalog-info.yaml", "web"),
        ("https://bot:s3cret@example.org/x.yaml", "web"),
        ("HTTP://example.org/x?path=/catalog-info.yaml", "web"),
        ("https://example.org/", "web"),
        ("https://example.org/shop/pay.git", "git"),
        ("https://github.com/shop/pay", "git"),
        ("git@github.com:shop/pay.git", "git"),
        ("folder/catalog-info.yaml", "local"),
        ("file:///folder", "local"),
        ("ftp://example.org/x.yaml", None),
    ],
)
def test_each_target_has_one_source(tmp_path: Path, target: str, name: str | None) -> None:
    plugins, problems = load_plugins(context_for=lambda name: Context(cache=tmp_path / name))
    assert problems == ()
    sources = [source for plugin in plugins for source in plugin.sources]
    assert next((source.name for source in sources if source.accepts(target)), None) == name
