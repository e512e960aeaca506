"""`portal config`: what helps to write a configuration."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from portal.cli.options import settings_or_exit
from portal.config import Auth, Settings
from portal.config.editing import editor_schema


@click.group()
def config() -> None:
    """Help to write a configuration."""


@config.command()
@click.option("--strict", is_flag=True, help="Exit with 1 when there is a warning.")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
def check(files: tuple[Path, ...], *, strict: bool) -> None:
    """Say what is wrong with a configuration, and what it leads to; nothing is started or asked.

    Of several FILES later ones win.
    """
    settings = settings_or_exit(configs=files)
    for name, texts in _leads_to(settings).items():
        for text in texts:
            click.echo(f"{name + ':':<12}{text}")
    warnings = len(settings.warnings)
    click.echo(f"It can be used; {warnings} warning{'' if warnings == 1 else 's'}")
    sys.exit(1 if strict and warnings else 0)


def _leads_to(settings: Settings) -> dict[str, list[str]]:
    """What a portal with these settings would do, in a few words each."""
    signed = settings.auth is Auth.REQUIRED
    return {
        "listening": [settings.url],
        "sign-in": ["required" if signed else "none: everybody who reaches it may do everything"],
        "database": ["SQLite" if settings.database.startswith("sqlite") else "PostgreSQL"],
        "reading": [_there(one.type, one.target) for one in settings.sources] or ["nothing"],
        "scorecards": [_there("file", str(path)) for path in settings.scorecards],
        "pack": [pack.name for pack in settings.packs],
        "rules": [one.target for one in settings.scorecard_repositories],
    }


def _there(type_: str, target: str) -> str:
    """The target; of a path that is there no more, or not yet, with a word about that."""
    if type_ != "file" or set(target) & set("*?[{") or Path(target).exists():
        return target
    return f"{target} (nothing is there)"


@config.command()
def schema() -> None:
    """Print the JSON Schema of the configuration, for an editor."""
    click.echo(json.dumps(editor_schema(), indent=1, ensure_ascii=False))
