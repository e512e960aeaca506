"""Configs for tests: written to files, and loaded."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalog.problems import Problem
from portal.config import Settings, load_settings


def load(
    tmp_path: Path, *texts: str, environ: Mapping[str, str] | None = None, **options: Any
) -> Settings:
    """The settings of these config files."""
    loaded = attempt(tmp_path, *texts, environ=environ, **options)
    assert isinstance(loaded, Settings), loaded
    return loaded


def faults(
    tmp_path: Path, *texts: str, environ: Mapping[str, str] | None = None, **options: Any
) -> tuple[Problem, ...]:
    """The problems that stop the start with these config files."""
    loaded = attempt(tmp_path, *texts, environ=environ, **options)
    assert not isinstance(loaded, Settings)
    return loaded


def attempt(
    tmp_path: Path, *texts: str, environ: Mapping[str, str] | None = None, **options: Any
) -> Settings | tuple[Problem, ...]:
    """What becomes of these config files."""
    configs = [tmp_path / f"{index}.yaml" for index in range(len(texts))]
    for path, text in zip(configs, texts, strict=True):
        path.write_text(text)
    return load_settings(
        configs=configs, environ={"HOME": str(tmp_path), **(environ or {})}, **options
    )
