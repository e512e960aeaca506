"""Scorecard files on the command line: read and loaded offline, as the portal would load them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from catalog.descriptor.defined_kinds import kinds_of
from catalog.problems import Problem
from plugins.contract import Context, FactSchema, Plugin
from plugins.registry import load_plugins
from portal.config import Settings
from portal.definition_files import read_files, read_kind_files
from portal.fact_sources import schemas_of
from portal.feeding import fed_by, pack_files
from scorecards.collection.packs import Pack, built_in, is_pack, read_pack
from scorecards.definitions.loading import load_files
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
    """Facts of all installed plugins and of packs, and the levels on all scorecards."""


def load_offline(paths: Iterable[Path], settings: Settings | None = None) -> Offline:
    """The scorecards of the files, and of the YAML files in the folders; files of packs among them.

    They may extend the built-in ones and each other, and must not take their names. With `settings`
    also the packs that are on, facts that are pushed, and own kinds are known.
    """
    plugins, _ = load_plugins(context_for=_context)
    problems: list[Problem] = []
    read = list(read_files(paths, problems))
    given, packs = _unpacked(read, problems)
    schemas = {**schemas_of(plugins), **_declared(packs)}
    known = list(_builtin(plugins))
    if settings is not None:
        schemas |= fed_by(settings, plugins).schemas
        known += pack_files(settings)
    # Who lints the built-in files themselves takes nobody's name.
    texts = {text for _, text in given}
    loaded = load_files(
        [*(one for one in known if one[1] not in texts), *given],
        schemas=schemas,
        kinds=None if settings is None else kinds_of(read_kind_files(settings)[0])[0],
    )
    names = {name for name, _ in given}
    return Offline(
        scorecards=tuple(card for card in loaded.scorecards if card.file in names),
        problems=(*problems, *(p for p in loaded.problems if p.file in names)),
        files=len(read) + sum(problem.code == "SCORECARD_UNREADABLE" for problem in problems),
        schemas=loaded.schemas,
    )


def _unpacked(
    read: Iterable[tuple[str, str]], problems: list[Problem]
) -> tuple[list[tuple[str, str]], list[Pack]]:
    """The files of scorecards, those in packs as well, and the packs."""
    files, packs = [], []
    for name, text in read:
        if not is_pack(text):
            files.append((name, text))
            continue
        pack, found = read_pack(text, file=name)
        problems += found
        if pack is not None:
            packs.append(pack)
            files.append((name, pack.scorecards))
    return files, packs


def _declared(packs: Iterable[Pack]) -> dict[str, FactSchema]:
    return {fact.schema.name: fact.schema for pack in packs for fact in pack.facts}


def load_builtin() -> Offline:
    """The scorecards that plugins bring, and those of all packs."""
    plugins, _ = load_plugins(context_for=_context)
    packs = built_in().values()
    schemas = {**schemas_of(plugins), **_declared(packs)}
    files = [*_builtin(plugins), *((pack.file, pack.scorecards) for pack in packs)]
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
