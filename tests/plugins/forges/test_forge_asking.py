"""Asking about one repository: pages, times, and what a refusal means."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from webserver import WebServer, answer, serve_web

from plugins.contract import Forge, ForgeFacts, Unknown
from plugins.forges.api import Api, Denied
from plugins.forges.facts.asking import Asking, moment
from plugins.forges.facts.collector import ForgeCollector


@pytest.fixture
def web() -> Iterator[WebServer]:
    with serve_web() as server:
        yield server


def asking_of(web: WebServer, folder: Path) -> Asking:
    forge = Forge(
        type="github",
        host=web.authority,
        api_url=f"{web.url}/api/v3",
        web_url=web.url,
        signs_in=True,
        token="secret",
    )
    return Asking(Api(forge, folder), "acme/shop")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-05-01T12:00:00Z", datetime(2026, 5, 1, 12, tzinfo=UTC)),
        ("2026-05-01T14:00:00.5+02:00", datetime(2026, 5, 1, 12, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-05-01T12:00:00", None),
        ("0001-01-01T00:00:00+14:00", None),
        ("tomorrow", None),
        (None, None),
        (7, None),
    ],
)
def test_times_are_read_in_utc_or_not_at_all(text: object, expected: datetime | None) -> None:
    found = moment(text)
    assert found == expected
    assert found is None or found.tzinfo is UTC


def test_the_next_page_of_another_host_is_not_asked_for(web: WebServer, tmp_path: Path) -> None:
    with serve_web() as other:
        link = {"Link": f'<{other.url}/api/v3/list?page=2>; rel="next"'}
        web.replies["/api/v3/list"] = answer(b"[1]", headers=link)
        assert asking_of(web, tmp_path).each("list", what="things") == [1]
        assert other.asked == []


def test_pages_that_never_end_are_left(web: WebServer, tmp_path: Path) -> None:
    asking = asking_of(web, tmp_path)
    for page in range(1, 20):
        link = {"Link": f'<{web.url}/api/v3/list?page={page + 1}>; rel="next"'}
        web.replies["/api/v3/list"] = answer(b"[1]", headers=link)
    found = asking.each("list", what="things")
    assert isinstance(found, list)
    assert len(web.asked) <= 10


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        (403, "Resource not accessible by integration", Unknown.NOT_PERMITTED),
        (404, "Not Found", Unknown.NOT_PERMITTED),
        (404, "Secret scanning is disabled on this repository.", Unknown.NOT_CONFIGURED),
        (403, "Upgrade to GitHub Pro or make this repository public", Unknown.NOT_CONFIGURED),
        (500, "Secret scanning is disabled on this repository.", Unknown.SOURCE_FAILED),
    ],
)
def test_a_refusal_is_told_by_its_status_and_words(
    web: WebServer, tmp_path: Path, status: int, said: str, reason: Unknown
) -> None:
    asking = asking_of(web, tmp_path)
    web.replies["/api/v3/x"] = answer(json.dumps({"message": said}).encode(), status=status)
    denied = asking.get("x", what="alerts")
    assert isinstance(denied, Denied)
    assert asking.failed(denied).reason is reason
    # What is switched off is nothing that an operator has to see to.
    assert (asking.problem is None) is (reason is Unknown.NOT_CONFIGURED)


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ({}, "acme/shop"),
        ({"github.com/project-slug": "Acme/Shop"}, "acme/shop"),
        ({"github.com/project-slug": "acme/shop/../vault"}, None),
        ({"github.com/project-slug": "victim/vault"}, None),
        ({"github.com/project-slug": ""}, None),
        ({"backstage.io/source-location": "url:HOME/acme/shop/tree/main/services/a/"}, "acme/shop"),
        ({"backstage.io/source-location": "url:HOME/acme/shop"}, "acme/shop"),
        ({"backstage.io/source-location": "url:HOME/victim/vault/tree/main/"}, None),
        ({"backstage.io/source-location": "url:https://example.com/acme/shop/tree/main/"}, None),
        (
            {"backstage.io/managed-by-location": "url:HOME/../../victim/vault/blob/main/a.yaml"},
            None,
        ),
        ({"backstage.io/managed-by-location": "file:/srv/a.yaml"}, None),
        (
            {"backstage.io/managed-by-location": "url:https://example.com/a/b/blob/main/c.yaml"},
            None,
        ),
    ],
)
def test_an_entity_is_about_the_repository_that_its_descriptor_is_in(
    web: WebServer, tmp_path: Path, annotations: dict[str, str], expected: str | None
) -> None:
    api = asking_of(web, tmp_path).api
    collector = ForgeCollector([api], ForgeFacts())
    said = {
        "backstage.io/managed-by-location": "url:HOME/acme/shop/tree/main/catalog-info.yaml",
        **annotations,
    }
    body = {"metadata": {"annotations": {k: v.replace("HOME", web.url) for k, v in said.items()}}}
    subject = collector.subject_of(body)  # type: ignore[arg-type]
    assert getattr(subject, "name", None) == expected
    if expected is None:
        assert getattr(subject, "reason", None) is Unknown.NOT_CONFIGURED


def test_entities_without_annotations_are_about_nothing(web: WebServer, tmp_path: Path) -> None:
    collector = ForgeCollector([asking_of(web, tmp_path).api], ForgeFacts())
    for body in ({}, {"metadata": {}}, {"metadata": {"annotations": None}}):
        assert getattr(collector.subject_of(body), "reason", None) is Unknown.NOT_CONFIGURED  # type: ignore[arg-type]
