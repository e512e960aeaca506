"""`POST /analyze-location`: what a repository declares, or could."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from catalog.sources import Repository
from portal.app import create_app
from portal.config import Settings
from portal.config.integrations import GitHub, GitLab
from portal.db.migrations import migrate
from portal.wiring import open_portal
from tests.catalog_rows import owned, save

PATH = "/api/catalog/analyze-location"
FORGES = (GitHub(host="git.acme.org"), GitLab(host="lab.acme.org"))


@pytest.fixture
def at_acme(database_url: str, tmp_path: Path) -> Iterator[FlaskClient]:
    """A portal that knows two forges, with one repository of the first."""
    portal = open_portal(
        Settings(database=database_url, data_dir=tmp_path / "data", integrations=FORGES)
    )
    migrate(portal.database)
    shop = Repository(url="https://git.acme.org/acme/shop.git", name="shop")
    save(portal.database, owned("basket", "web"), owned("orders", "web"), repository=shop)
    yield create_app(portal).test_client()
    portal.database.close()


def analyzed(client: FlaskClient, target: str, **more: Any) -> Any:
    body = {"location": {"type": "url", "target": target}, **more}
    answer = client.post(PATH, json=body)
    assert answer.status_code == 200, answer.text
    assert answer.json.keys() == {"existingEntityFiles", "generateEntities"}
    return answer.json


def test_a_component_is_suggested_for_a_repository(client: FlaskClient) -> None:
    target = "https://github.com/backstage/backstage/blob/master/catalog-info.yaml"
    assert analyzed(client, target, catalogFilename="anvil.yaml", other=1) == {
        "existingEntityFiles": [],
        "generateEntities": [
            {
                "entity": {
                    "apiVersion": "backstage.io/v1alpha1",
                    "kind": "Component",
                    "metadata": {
                        "name": "backstage",
                        "annotations": {"github.com/project-slug": "backstage/backstage"},
                    },
                    "spec": {"type": "other", "lifecycle": "unknown"},
                },
                "fields": [],
            }
        ],
    }


def test_slugs_follow_the_configured_forges(at_acme: FlaskClient) -> None:
    def annotations(target: str) -> Any:
        [found] = analyzed(at_acme, target)["generateEntities"]
        return found["entity"]["metadata"].get("annotations")

    assert annotations("https://git.acme.org/a/b") == {"github.com/project-slug": "a/b"}
    assert annotations("https://lab.acme.org/a/b/c") == {"gitlab.com/project-slug": "a/b/c"}
    assert annotations("https://gitlab.com/a/b") == {"gitlab.com/project-slug": "a/b"}
    assert annotations("https://elsewhere.org/a/b") is None


@pytest.mark.parametrize(
    "rest", ["", ".git", "/tree/main", "/tree/main/a", "/blob/main/catalog-info.yaml"]
)
def test_what_a_repository_declares_is_found_and_nothing_is_suggested(
    at_acme: FlaskClient, rest: str
) -> None:
    found = analyzed(at_acme, f"https://git.acme.org/acme/shop{rest}")
    assert found["generateEntities"] == []
    names = [file["entity"]["metadata"]["name"] for file in found["existingEntityFiles"]]
    assert names == ["basket", "orders"]
    for file in found["existingEntityFiles"]:
        assert file["isRegistered"] is True
        assert file["location"] == {"type": "file", "target": "/srv/shop/catalog-info.yaml"}
        name = file["entity"]["metadata"]["name"]
        path = f"/api/catalog/entities/by-name/component/default/{name}"
        assert file["entity"] == at_acme.get(path).json


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "request/body must have required property 'location'"),
        ({"location": "x"}, "request/body/location must be object"),
        (
            {"location": {"type": "url"}},
            "request/body/location must have required property 'target'",
        ),
        (
            {"location": {"target": "a:b"}},
            "request/body/location must have required property 'type'",
        ),
        ({"location": {"type": "url", "target": 1}}, "request/body/location/target must be string"),
        (
            {"location": {"type": "url", "target": "a:b", "presence": "optional"}},
            "request/body/location must NOT have additional properties",
        ),
        (
            {"location": {"type": "url", "target": "a:b"}, "catalogFilename": 1},
            "request/body/catalogFilename must be string",
        ),
        ({"location": {"type": "url", "target": "xyz"}}, "The given location.target is not a URL"),
    ],
)
def test_a_request_of_another_form_is_refused(refused: Any, body: Any, message: str) -> None:
    assert refused("POST", "/analyze-location", json=body) == ("InputError", message)
