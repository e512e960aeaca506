"""The shop on the pages: a portal that is filled, and a client to it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from page_shop import NOW, fill, scorecard_file

from portal.app import create_app
from portal.config import Settings
from portal.db.migrations import migrate
from portal.wiring import Portal, open_portal


@dataclass(frozen=True)
class Shop:
    """A filled portal."""

    portal: Portal
    client: FlaskClient
    location: str

    def get(self, path: str, status: int = 200) -> str:
        """The page at `path`, which answers with `status`."""
        response = self.client.get(path, headers={"Accept": "text/html"})
        assert response.status_code == status, response.text[:2000]
        return response.text


def open_shop(url: str, folder: Path, *, filled: bool = True, **settings: Any) -> Shop:
    chosen = Settings(
        database=url,
        data_dir=folder / "data",
        scorecards=(scorecard_file(folder),),
        plugins_disabled=("library",),
        **settings,
    )
    portal = replace(open_portal(chosen), now=lambda: NOW)
    assert not portal.scorecard_problems
    migrate(portal.database)
    location = fill(portal) if filled else ""
    return Shop(portal=portal, client=create_app(portal).test_client(), location=location)


OpenShop = Callable[..., Shop]


@pytest.fixture
def shops(tmp_path: Path) -> Iterator[OpenShop]:
    """Opens shops on SQLite."""
    opened: list[Shop] = []

    def make(**options: Any) -> Shop:
        shop = open_shop(f"sqlite:///{tmp_path / f'shop{len(opened)}.db'}", tmp_path, **options)
        opened.append(shop)
        return shop

    yield make
    for shop in opened:
        shop.portal.database.close()


@pytest.fixture
def shop(shops: OpenShop) -> Shop:
    """The filled shop on SQLite."""
    return shops()


@pytest.fixture
def shop_on_both(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The filled shop on each database."""
    shop = open_shop(database_url, tmp_path)
    yield shop
    shop.portal.database.close()
