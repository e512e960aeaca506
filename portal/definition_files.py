"""Definition files: scorecards and kinds, read from where the settings and the plugins have them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from catalog.defined_kinds import KindFile
from catalog.problems import Problem
from plugins.contract import FactSchema, Plugin
from portal.config import Settings
from portal.feeding import pack_files
from portal.repository_scorecards import InRepositories, owned
from scorecards.loading import Loaded, load_files


def read_kind_files(settings: Settings) -> tuple[tuple[KindFile, ...], list[Problem]]:
    """The configured definitions of kinds; a folder means its YAML and JSON files."""
    found, problems = [], []
    for path in settings.kinds:
        paths = sorted(path.iterdir()) if path.is_dir() else [path]
        for file in (p for p in paths if p == path or p.suffix in (".yaml", ".yml", ".json")):
            try:
                found.append(KindFile(str(file), file.read_text("utf-8")))
            except (OSError, UnicodeDecodeError) as error:
                text = f"The definition of kinds cannot be read: {error}"
                problems.append(Problem(code="KIND_UNREADABLE", message=text, file=str(file)))
    return tuple(found), problems


def load_all_scorecards(
    settings: Settings,
    plugins: tuple[Plugin, ...],
    schemas: Mapping[str, FactSchema],
    elsewhere: InRepositories,
) -> Loaded:
    """The scorecards of plugins, of the configured files, of repositories, and of packs that are on.

    A name that is taken stays taken.
    """
    unreadable: list[Problem] = []
    texts = [text for plugin in plugins for text in plugin.scorecards]
    own = [*scorecard_files(settings.scorecards, unreadable), *elsewhere.texts]
    files = (*texts, *own, *pack_files(settings))
    loaded = owned(_load(files, tuple(schemas.values())), elsewhere.origins)
    return replace(loaded, problems=(*unreadable, *elsewhere.problems, *loaded.problems))


@lru_cache(maxsize=4)
def _load(files: tuple[tuple[str, str], ...], schemas: tuple[FactSchema, ...]) -> Loaded:
    """What the texts define: remembered, because one process may open a portal several times."""
    return load_files(files, schemas={schema.name: schema for schema in schemas})


def scorecard_files(paths: tuple[Path, ...], problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Name and text of the configured files, and of the YAML files in folders; problems are added."""
    for path in paths:
        files = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
        for file in files:
            try:
                yield str(file), file.read_text("utf-8")
            except (OSError, UnicodeDecodeError) as error:
                problems.append(
                    Problem(
                        code="SCORECARD_UNREADABLE",
                        message=f"The scorecard file cannot be read: {error}",
                        file=str(file),
                    )
                )
