"""Scorecard files on the command line: read and loaded offline, as the portal would load them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from catalog.problems import Problem
from plugins.contract import Context, FactSchema, Plugin
from plugins.registry import load_plugins
from scorecards.loading import load_files
from scorecards.scorecard import Scorecard

FILES = click.argument(
    "paths", nargs=-1, metavar="FILES...", type=click.Path(exists=True, path_type=Path)
)


@dataclass(frozen=True, kw_only=True)
class Offline:
    """Scorecards of files, without any portal."""

    scorecards: tuple[Scorecard, ...]
    problems: tuple[Problem, ...]
    files: int
    schemas: Mapping[str, FactSchema]
    """Facts of all installed plugins, and the levels on all scorecards."""


def load_offline(paths: Iterable[Path]) -> Offline:
    """The scorecards of the files, and of the YAML files in the folders.

    They may extend the built-in ones and each other, and must not take their names.
    """
    plugins, _ = load_plugins(context_for=_context)
    schemas = {s.name: s for plugin in plugins for c in plugin.collectors for s in c.schemas}
    unreadable: list[Problem] = []
    given = list(_read(paths, unreadable))
    names = {name for name, _ in given}
    # Who lints the built-in files themselves takes nobody's name.
    texts = {text for _, text in given}
    builtin = [(name, text) for name, text in _builtin(plugins) if text not in texts]
    loaded = load_files([*builtin, *given], schemas=schemas)
    return Offline(
        scorecards=tuple(card for card in loaded.scorecards if card.file in names),
        problems=(*unreadable, *(p for p in loaded.problems if p.file in names)),
        files=len(given) + len(unreadable),
        schemas=loaded.schemas,
    )


def load_builtin() -> Offline:
    """The scorecards that plugins bring."""
    plugins, _ = load_plugins(context_for=_context)
    schemas = {s.name: s for plugin in plugins for c in plugin.collectors for s in c.schemas}
    files = list(_builtin(plugins))
    loaded = load_files(files, schemas=schemas)
    return Offline(
        scorecards=loaded.scorecards,
        problems=loaded.problems,
        files=len(files),
        schemas=loaded.schemas,
    )


def some(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The paths; ends the command where there are none."""
    if not paths:
        click.echo("Name at least one file.", err=True)
        sys.exit(2)
    return paths


def _context(name: str) -> Context:
    # Nothing is collected here, so the folder is never made.
    return Context(cache=Path(tempfile.gettempdir()) / "plumbline-offline" / name)


def _builtin(plugins: Iterable[Plugin]) -> Iterator[tuple[str, str]]:
    return (text for plugin in plugins for text in plugin.scorecards)


def _read(paths: Iterable[Path], unreadable: list[Problem]) -> Iterator[tuple[str, str]]:
    for path in paths:
        for file in sorted(path.glob("*.y*ml")) if path.is_dir() else [path]:
            try:
                yield str(file), file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                message = f"The scorecard file cannot be read: {error}"
                code = "SCORECARD_UNREADABLE"
                unreadable.append(Problem(code=code, message=message, file=str(file)))
