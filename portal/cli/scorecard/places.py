"""Where `portal scorecard` looks: at the portal and its data, or offline at a checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from portal.cli.options import settings_or_exit
from portal.config import Settings

Command = TypeVar("Command", bound=Callable[..., Any])


def place_options(command: Command) -> Command:
    """The options that say where, in the order that `--help` shows."""
    for option in reversed(
        (
            click.option(
                "--source",
                type=click.Path(exists=True, path_type=Path),
                metavar="CHECKOUT",
                help="Assess this checkout, or folder of checkouts, offline, and look at that.",
            ),
            click.option(
                "--scorecards",
                multiple=True,
                type=click.Path(exists=True, path_type=Path),
                help="With --source: a scorecard file, or a folder of them, besides the built-in.",
            ),
            click.option(
                "--config",
                "configs",
                multiple=True,
                type=click.Path(path_type=Path),
                help="The portal's configuration file; later ones win.",
            ),
            click.option("--database", metavar="URL", help="The portal's database."),
            click.option(
                "--data-dir",
                type=click.Path(path_type=Path),
                help="Where the portal keeps its own files: its running instance is found there.",
            ),
        )
    ):
        command = option(command)
    return command


def live_settings(
    *, configs: tuple[Path, ...], database: str | None, data_dir: Path | None
) -> Settings:
    """The settings of the portal that is meant; prints every problem and exits with 2."""
    return settings_or_exit(
        sources=(), configs=configs, host=None, port=None, database=database, data_dir=data_dir
    )
