"""A forge server, and sources that read it."""

from __future__ import annotations

import pytest

from tests.forge.running import RunningForge


@pytest.fixture
def forge(forge_process: RunningForge) -> RunningForge:
    forge_process.reset()
    return forge_process
