"""A forge server, and sources that read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.forge.running import RunningForge, running_forge


@pytest.fixture(scope="session")
def forge_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningForge]:
    with running_forge(tmp_path_factory.mktemp("forge")) as running:
        yield running


@pytest.fixture
def forge(forge_process: RunningForge) -> RunningForge:
    forge_process.reset()
    return forge_process
