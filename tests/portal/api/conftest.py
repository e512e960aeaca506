"""A portal that has read a small organization, once for all tests that only look at it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.app import create_app
from portal.config import ConfiguredSource, Settings
from portal.db.sources import locations
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs
from portal.worker.assessment import assessing
from tests.conftest import new_postgres_database
from tests.portal.at_once import shared_pool

ORGANIZATION = """\
apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: team-a, title: Team A}
spec: {type: team, children: []}
---
apiVersion: backstage.io/v1alpha1
kind: System
metadata: {name: shop}
spec: {owner: team-a}
"""

BASKET = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: basket
  title: Basket Service
  description: Keeps what customers want to buy until they do.
  tags: [python, checkout]
spec: {type: service, lifecycle: production, owner: team-a, system: shop}
"""

ORDERS = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: orders}
spec: {type: website, lifecycle: experimental, owner: team-b}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: rejected}
spec: {type: service, owner: team-z}
"""


def _write(path: Path, content: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def _database(request: pytest.FixtureRequest, folder: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{folder / 'portal.db'}"
    return new_postgres_database(request.getfixturevalue("postgres"))


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Portal]:
    """A portal whose entities, facts and results are stored, on each database. Only to look at."""
    folder = tmp_path_factory.mktemp("organization")
    source = folder / "source"
    _write(source / "organization" / "catalog-info.yaml", ORGANIZATION)
    _write(source / "basket" / "catalog-info.yaml", BASKET)
    _write(source / "basket" / "README.md", "# Basket\n\nKeeps what customers want to buy.\n")
    _write(source / "orders" / "catalog-info.yaml", ORDERS)
    portal = open_portal(
        Settings(
            database=_database(request, folder),
            data_dir=folder / "data",
            sources=(ConfiguredSource("file", str(source), "command"),),
        )
    )
    try:
        prepare(portal)
        _read_everything(portal)
        yield portal
    finally:
        portal.database.close()


def _read_everything(portal: Portal) -> None:
    tools = tools_of(portal, shared_pool())
    with portal.database.read() as connection:
        found = locations.list_locations(connection)
    for location in found:
        for repository in jobs.list_repositories(tools, location.id):
            jobs.ingest(tools, location.id, repository)
    while assessing.assess_round(tools):
        pass


@pytest.fixture(scope="session")
def app(filled: Portal) -> Flask:
    """The filled portal's application."""
    return create_app(filled)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the filled portal."""
    return app.test_client()
