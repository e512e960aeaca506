"""Definitions of scorecards as they were, over the API."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from catalog.problems import Severity
from portal.app import create_app
from portal.config import Settings
from portal.wiring import Portal, open_portal, prepare

VERSIONS = "/api/v1/scorecards/ours/versions"

OURS = """\
apiVersion: plumbline.dev/v1
kind: Scorecard
metadata: {name: ours, title: Ours}
spec:
  extends: documentation
  checks:
    - id: doc.readme
      weight: 7
"""


def start(database_url: str, folder: Path) -> Portal:
    """A portal that was started once more."""
    portal = open_portal(
        Settings(
            database=database_url, data_dir=folder / "data", scorecards=(folder / "scorecards",)
        )
    )
    assert all(one.severity is Severity.WARNING for one in portal.scorecard_problems)
    prepare(portal)
    return portal


@pytest.fixture
def client(database_url: str, tmp_path: Path) -> FlaskClient:
    """A portal that was started with three states of one file, and once without it."""
    file = tmp_path / "scorecards" / "ours.yaml"
    file.parent.mkdir()
    for text in (OURS, OURS.replace("7", "8"), OURS.replace("7", "8")):
        file.write_text(text)
        start(database_url, tmp_path)
    file.unlink()
    start(database_url, tmp_path)
    file.write_text(OURS.replace("weight: 7", "weight: 8\n      effort: days"))
    return create_app(start(database_url, tmp_path)).test_client()


def test_every_change_is_listed_with_what_it_means(client: FlaskClient) -> None:
    newest, gone, second, first = client.get(VERSIONS).json["items"]
    assert (gone["version"], gone["file"]) == ("", "")
    assert {change["op"] for change in gone["changes"]} == {"remove"}
    assert {change["op"] for change in newest["changes"]} == {"add"}
    assert second["changes"] == [
        {
            "op": "change", "subject": "check", "name": "doc.readme", "field": "weight",
            "before": 7, "after": 8,
        }
    ]  # fmt: skip
    assert first["source"] == "config"
    assert first["author"] == ""
    assert {change["op"] for change in first["changes"]} == {"add"}


def test_the_list_comes_in_pages(client: FlaskClient) -> None:
    everything = client.get(VERSIONS).json["items"]
    page = client.get(f"{VERSIONS}?limit=3").json
    rest = client.get(f"{VERSIONS}?limit=3&cursor={page['nextCursor']}").json
    assert page["items"] + rest["items"] == everything
    assert rest["nextCursor"] is None


def test_an_old_definition_is_shown_as_it_was(client: FlaskClient) -> None:
    first = client.get(VERSIONS).json["items"][-1]
    old = client.get(f"{VERSIONS}/{first['version']}").json
    assert old["text"] == OURS
    assert old["outline"]["checks"]["doc.readme"]["weight"] == 7
    assert len(old["outline"]["checks"]) > 5


def test_two_definitions_are_compared(client: FlaskClient) -> None:
    newest, _, second, first = (item["version"] for item in client.get(VERSIONS).json["items"])
    before = client.get(f"{VERSIONS}/{second}/diff").json
    assert (before["before"]["version"], before["after"]["version"]) == (first, second)
    far = client.get(f"{VERSIONS}/{newest}/diff?against={first}").json
    assert [(c["name"], c["field"]) for c in far["changes"]] == [
        ("doc.readme", "effort"), ("doc.readme", "weight"),
    ]  # fmt: skip
    alone = client.get(f"{VERSIONS}/{first}/diff").json
    assert alone["before"] is None


def test_built_in_scorecards_have_versions_too(client: FlaskClient) -> None:
    (only,) = client.get("/api/v1/scorecards/documentation/versions").json["items"]
    assert only["source"] == "plugin"


def test_what_is_not_there_is_refused(client: FlaskClient) -> None:
    for path, status in (
        ("/api/v1/scorecards/nothing/versions", 404),
        (f"{VERSIONS}/0123456789ab", 404),
        (f"{VERSIONS}/0123456789ab/diff", 404),
        (f"{VERSIONS}?cursor=eA==", 400),
        (f"{VERSIONS}?nothing=1", 400),
    ):
        answer = client.get(path)
        assert (path, answer.status_code) == (path, status)
        assert answer.content_type == "application/problem+json"
