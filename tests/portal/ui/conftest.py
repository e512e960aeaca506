"""The shop on the pages: a portal that is filled, and a client to it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from page_shop import OpenShop, Shop, open_shop

from portal.ui import state_memory


@pytest.fixture(autouse=True)
def counts_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are never shown late, however slow the machine: `test_state_memory` has what is slow."""
    monkeypatch.setattr(state_memory, "QUICK", float("inf"))


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


@pytest.fixture(scope="session")
def shop_to_see(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The filled shop for tests that only look: making an application takes longer than a page."""
    folder = tmp_path_factory.mktemp("shop")
    shop = open_shop(f"sqlite:///{folder / 'shop.db'}", folder)
    yield shop
    shop.portal.database.close()


@pytest.fixture
def shop_on_both(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    """The filled shop on each database."""
    shop = open_shop(database_url, tmp_path)
    yield shop
    shop.portal.database.close()
