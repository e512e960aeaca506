"""What the tests of plugins share: git repositories made in a temporary folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pluginworld import make_git


@pytest.fixture
def git_repository(tmp_path: Path) -> Callable[..., Path]:
    """Makes a git repository with one commit: `git_repository("name", {path: content})`."""

    def make(name: str, files: dict[str, str | bytes]) -> Path:
        return make_git(tmp_path / name, files)

    return make
