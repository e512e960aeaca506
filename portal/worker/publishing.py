"""Publishing: scorecards of repositories, read like descriptors and kept for every process.

What a repository holds is not judged here. A repository that cannot be read keeps what was last read of
it; a file goes with a snapshot, read whole, that lacks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from catalog.globs import Glob, compile_glob
from catalog.problems import Problem
from catalog.sources import Failed, Partial, Repository, Snapshot, Source, Unreadable
from plugins.gitstore.authors import last_author
from portal.config.repositories import ScorecardRepository
from portal.db.evaluation import scorecard_repositories
from portal.db.evaluation.scorecard_repositories import ScorecardFile
from portal.worker.children.views import source_for
from portal.worker.reading import no_source
from portal.worker.tools import Tools

LARGEST_FILE = 1024 * 1024
"""Bytes of a file with scorecards."""

MOST_FILES = 500
"""Files with scorecards in one repository."""


class _Unread(Exception):
    """A repository cannot be read whole; `args[0]` is the problem."""


def shown(target: str) -> str:
    """The target without credentials: what it is kept under, and shown as."""
    parts = urlsplit(target)
    return (
        target.replace(f"{parts.netloc.rpartition('@')[0]}@", "", 1)
        if "@" in parts.netloc
        else target
    )


def read_scorecards(tools: Tools) -> bool:
    """Read every repository of scorecards; returns whether any of their files is another one."""
    changed = False
    for one in tools.scorecard_repositories:
        try:
            revision, files = _read(tools, one)
        except _Unread as failure:
            with tools.database.write() as connection:
                scorecard_repositories.note_failure(
                    connection, shown(one.target), failure.args[0], now=tools.now()
                )
            continue
        with tools.database.write() as connection:
            changed |= scorecard_repositories.keep(
                connection, shown(one.target), revision=revision, files=files, now=tools.now()
            )
    with tools.database.write() as connection:
        targets = {shown(one.target) for one in tools.scorecard_repositories}
        changed |= scorecard_repositories.forget_others(connection, targets)
    return changed


def _read(tools: Tools, one: ScorecardRepository) -> tuple[str, list[ScorecardFile]]:
    source, glob = source_for(tools.plugins, one.target), compile_glob(one.path)
    if source is None or glob is None:
        raise _Unread(no_source(one.target))
    listing = source.list(one.target)
    if isinstance(listing, Failed | Partial):
        raise _Unread(listing.problem)
    revisions, files = [], list[ScorecardFile]()
    for repository in listing.repositories:
        snapshot = source.snapshot(repository)
        if isinstance(snapshot, Failed):
            raise _Unread(snapshot.problem)
        revisions.append(snapshot.revision)
        files += _files(source, snapshot, glob)
    return " ".join(revisions), files


def _files(source: Source, snapshot: Snapshot, glob: Glob) -> Iterator[ScorecardFile]:
    paths = [file.path for file in snapshot.files if glob.matches(file.path)]
    if len(paths) > MOST_FILES:
        raise _Unread(_too_many(snapshot.repository, len(paths)))
    for path, found in zip(
        paths, source.read(snapshot, paths, max_bytes=LARGEST_FILE), strict=True
    ):
        if isinstance(found, Unreadable):
            raise _Unread(found.problem)
        text = found.content.decode("utf-8", "replace")
        if "\0" in text or "\ufffd" in text:
            raise _Unread(_not_text(snapshot.repository, path))
        url = snapshot.repository.url
        yield ScorecardFile(f"{url.rstrip('/')}/{path}", text, _author(url, path))


def _author(url: str, path: str) -> str:
    """Who changed the file last; of a copy that is one commit deep nobody can tell."""
    parts = urlsplit(url)
    return last_author(Path(unquote(parts.path)) / path) if parts.scheme == "file" else ""


def _too_many(repository: Repository, count: int) -> Problem:
    return Problem(
        code="SCORECARDS_TOO_MANY",
        message=f"{repository.name} has {count:,} files that may hold scorecards.",
        expected=f"at most {MOST_FILES}",
        hint="Name fewer with `path`.",
    )


def _not_text(repository: Repository, path: str) -> Problem:
    return Problem(
        code="SCORECARD_UNREADABLE",
        message="The scorecard file is no text in UTF-8.",
        file=f"{repository.url}/{path}",
    )
