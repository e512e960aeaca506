"""Where things are by default: the environment and the folders of this user."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path


def environment() -> Mapping[str, str]:
    """The environment of this process. Nothing but the configuration reads it."""
    return os.environ  # noqa: TID251


def default_data_dir(environ: Mapping[str, str], *, sample: bool) -> Path:
    """The data directory where none was named: the sample organization has one of its own."""
    return _data_home(environ) / "plumbline" / ("sample" if sample else "portal")


def _data_home(environ: Mapping[str, str]) -> Path:
    """The XDG base directory; a relative one is to be ignored, as that specification says."""
    given = Path(environ.get("XDG_DATA_HOME", ""))
    if given.is_absolute():
        return given
    home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Application Support"
    return home / ".local" / "share"
