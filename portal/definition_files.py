"""Definition files: scorecards and kinds, from wherever the settings, plugins and packs have them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from catalog.descriptor.defined_kinds import KindFile, kinds_of
from catalog.problems import Problem, Severity
from plugins.contract import FactSchema, Plugin
from plugins.gitstore.authors import last_author
from portal.config import Settings
from portal.db.evaluation.definitions import Published
from portal.feeding import pack_files
from portal.repository_scorecards import InRepositories, Origin, owned
from scorecards.definitions.loading import Loaded, holds_nothing, load_files
from scorecards.definitions.writing import HOW_TO_BEGIN
from scorecards.scorecard import Scorecard


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
    kind_files: tuple[KindFile, ...] = (),
) -> Loaded:
    """The scorecards of plugins, of the configured files, of repositories, and of packs that are on.

    A name that is taken stays taken. `kind_files` define kinds besides the built-in ones.
    """
    unreadable: list[Problem] = []
    files = tuple(all_files(settings, plugins, elsewhere, unreadable))
    loaded = owned(_load(files, tuple(schemas.values()), kind_files), elsewhere.origins)
    return replace(loaded, problems=(*unreadable, *elsewhere.problems, *loaded.problems))


def all_files(
    settings: Settings,
    plugins: Sequence[Plugin],
    elsewhere: InRepositories,
    problems: list[Problem],
) -> Iterator[tuple[str, str]]:
    """Name and text of every file with scorecards, who has a name first before the others.

    Files that cannot be read are added to the problems.
    """
    yield from (file for plugin in plugins for file in plugin.scorecards)
    yield from read_files(settings.scorecards, problems)
    yield from elsewhere.texts
    yield from pack_files(settings)


def brought_files(settings: Settings, plugins: Iterable[Plugin]) -> frozenset[str]:
    """The names of the files that come with plugins, and with the packs that are on."""
    brought = {file for plugin in plugins for file, _ in plugin.scorecards}
    return frozenset(brought | {file for file, _ in pack_files(settings)})


@lru_cache(maxsize=4)
def _load(
    files: tuple[tuple[str, str], ...],
    schemas: tuple[FactSchema, ...],
    kind_files: tuple[KindFile, ...],
) -> Loaded:
    """What the texts define: remembered, because one process may open a portal several times."""
    kinds, _ = kinds_of(kind_files)
    return load_files(files, schemas={schema.name: schema for schema in schemas}, kinds=kinds)


def read_files(paths: Iterable[Path], problems: list[Problem]) -> Iterator[tuple[str, str]]:
    """Name and text of the files, and of the YAML files in folders; problems are added.

    Who names a wrong folder, or an empty file, would never learn that nobody is judged by it.
    """
    for path in paths:
        files = sorted(path.glob("*.y*ml")) if path.is_dir() else [path]
        if not files:
            hint = "Name the folder in which the files lie: folders in it are not looked into."
            problems.append(_empty(path, "There is no YAML file in this folder", hint))
        for file in files:
            try:
                text = file.read_text("utf-8")
            except UnicodeDecodeError as error:
                why = f"it is no text in UTF-8 (byte {error.start + 1})"
                problems.append(_unreadable(file, why, "Save it as UTF-8."))
            except OSError as error:
                problems.append(_unreadable(file, error.strerror or str(error)))
            else:
                if holds_nothing(text):
                    problems.append(_empty(file, "The file holds nothing", f"{HOW_TO_BEGIN}."))
                yield str(file), text


def _empty(path: Path, message: str, hint: str) -> Problem:
    return Problem(
        code="NOT_A_SCORECARD",
        message=message,
        hint=hint,
        file=str(path),
        severity=Severity.WARNING,
    )


def _unreadable(file: Path, why: str, hint: str = "") -> Problem:
    message = f"The scorecard file cannot be read: {why}"
    return Problem(code="SCORECARD_UNREADABLE", message=message, hint=hint, file=str(file))


def published(
    scorecards: Iterable[Scorecard],
    texts: Mapping[str, str],
    *,
    brought: Collection[str],
    origins: Mapping[str, Origin],
) -> list[Published]:
    """The definitions in force, each with where it comes from; `texts` by name of the scorecard.

    `brought` are the files that come with plugins and packs; `origins`, by file, those of repositories.
    """

    def provenance(file: str) -> tuple[str, str]:
        """Source and author."""
        if file in brought:
            return "plugin", ""
        if file in origins:
            return origins[file].target, origins[file].author
        return "config", last_author(Path(file))

    return [
        Published(scorecard=card, text=texts[card.name], source=source, author=author)
        for card in scorecards
        for source, author in [provenance(card.file)]
    ]
