"""A small catalog, once for all tests that only ask, on each database; and the client that asks."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.app import create_app
from portal.config import Settings
from portal.db.migrations import migrate
from portal.wiring import Portal, open_portal
from tests.catalog_rows import entity, owned, save
from tests.conftest import new_postgres_database

CATALOG = (
    *(owned(name, "web", metadata={"title": f"The {name}"}) for name in ("b", "a", "d", "C")),
    entity("web", "Group", spec={"type": "team"}),
    owned(
        "gateway",
        "web",
        namespace="staging",
        metadata={
            "annotations": {"github.com/project-slug": "acme/gateway"},
            "links": [{"url": "https://example.com"}],
            "tags": ["java", "go"],
        },
        spec={"type": "Service", "nothing": None},
    ),
    owned("ledger", "web", spec={"type": "service"}),
)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def catalog(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """A portal with `CATALOG`. Only to look at."""
    folder: Path = tmp_path_factory.mktemp("catalog")
    url = f"sqlite:///{folder / 'portal.db'}"
    if request.param == "postgresql":
        url = new_postgres_database(request.getfixturevalue("postgres"))
    portal = open_portal(Settings(database=url, data_dir=folder / "data"))
    migrate(portal.database)
    save(portal.database, *CATALOG)
    yield portal
    portal.database.close()


@pytest.fixture(scope="session")
def application(catalog: Portal) -> Flask:
    """The whole application, as clients ask it."""
    return create_app(catalog)


@pytest.fixture
def client(application: Flask) -> FlaskClient:
    """Asks the whole application, as clients do."""
    return application.test_client()


@pytest.fixture
def refused(client: FlaskClient) -> Any:
    """Asks for what cannot be had; returns name and message of the error, having checked the rest."""

    def ask(method: str, path: str, *, status: int = 400, **more: Any) -> tuple[str, str]:
        answer = client.open(f"/api/catalog{path}", method=method, **more)
        assert answer.status_code == status, answer.text
        assert answer.content_type == "application/json; charset=utf-8"
        assert answer.json.keys() == {"error", "request", "response"}
        assert answer.json["request"] == {"method": method, "url": path}
        assert answer.json["response"] == {"statusCode": status}
        return answer.json["error"]["name"], answer.json["error"]["message"]

    return ask
