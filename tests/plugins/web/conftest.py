"""Servers for the tests of reading over HTTP."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from webserver import WebServer, serve_web


@pytest.fixture
def server() -> Iterator[WebServer]:
    with serve_web() as running:
        yield running


@pytest.fixture
def other() -> Iterator[WebServer]:
    """A second origin."""
    with serve_web() as running:
        yield running
