"""`portal validate`: check descriptor files where they lie, without database, server or network."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from catalog.descriptor.defined_kinds import KindFile, kinds_of
from catalog.descriptor.descriptors import read_descriptor
from catalog.entity import Outcome, Verdict
from catalog.kinds.registry import Kinds
from catalog.parsing.limits import DEFAULT_LIMITS
from catalog.problems import Problem, Severity
from portal.cli.reports import REPORTS, Document

SUFFIXES = (".yaml", ".yml", ".njk", ".template")
"""Files below a folder that are read; a file that is named is read whatever it is called."""


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(exists=True))
@click.option(
    "--format",
    "form",
    type=click.Choice(list(REPORTS)),
    default="text",
    show_default=True,
    help="How to report.",
)
@click.option(
    "--kinds",
    "kind_files",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A definition of kinds besides the built-in ones; may be repeated.",
)
def validate(paths: tuple[str, ...], form: str, kind_files: tuple[Path, ...]) -> None:
    """Check the descriptors in files and folders, offline; exit with 1 where there are errors.

    Below a folder every .yaml, .yml, .njk and .template file is read. Links are not followed. Exits
    with 2 where a folder has none of them: whoever names a wrong one would never learn of it.
    """
    report = REPORTS[form](sys.stdout)
    kinds, faults = kinds_of(tuple(KindFile(str(p), p.read_text("utf-8")) for p in kind_files))
    for fault in faults:
        report.add(_whole(fault.file, (fault,)))
    failed = any(fault.severity is Severity.ERROR for fault in faults)
    for document in documents(paths, kinds):
        failed = failed or any(p.severity is Severity.ERROR for p in document.problems)
        report.add(document)
    report.end()
    bare = [path for path in paths if next(_files(path), None) is None]
    for path in bare:
        click.echo(f"{path}: nothing to check is in this folder", err=True)
    sys.exit(1 if failed else 2 if bare else 0)


def documents(paths: Iterable[str], kinds: Kinds) -> Iterator[Document]:
    """Every document of every file, file by file: no more than one file is in memory."""
    for path in paths:
        for file in _files(path):
            yield from _judged(file, kinds)


def _files(path: str) -> Iterator[str]:
    if not os.path.isdir(path) or os.path.islink(path):
        yield path
        return
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if name != ".git")
        for name in sorted(names):
            if name.endswith(SUFFIXES):
                yield os.path.join(folder, name)


def _judged(file: str, kinds: Kinds) -> Iterator[Document]:
    content = _read(file)
    name = os.fsencode(file).decode("utf-8", "replace")  # a name may be any bytes
    if isinstance(content, Problem):
        yield _whole(name, (replace(content, file=name),))
        return
    location = f"file:{Path(name).absolute()}"
    outcomes, problems = read_descriptor(
        content, file=name, location=location, origin=location, kinds=kinds
    )
    if problems or not outcomes:
        yield _whole(name, problems)
    for outcome in outcomes:
        yield _of(outcome)


def _whole(file: str, problems: tuple[Problem, ...]) -> Document:
    """A file that is not taken apart into documents: unreadable, a link, or empty."""
    verdict = Verdict.EMPTY
    if problems:
        is_error = any(problem.severity is Severity.ERROR for problem in problems)
        verdict = Verdict.REJECT if is_error else Verdict.IGNORE
    return Document(file=file, document=0, ref=None, verdict=verdict, problems=problems)


def _of(outcome: Outcome) -> Document:
    return Document(
        file=outcome.file,
        document=outcome.document,
        ref=outcome.ref,
        verdict=outcome.verdict,
        problems=outcome.problems,
    )


def _read(file: str) -> bytes | Problem:
    """The content of a regular file, at most one byte over the limit: then parsing refuses it."""
    if os.path.islink(file):
        return Problem(
            code="SYMLINK_NOT_FOLLOWED",
            severity=Severity.INFO,
            message="This is a symbolic link, which is not followed.",
            hint="Name the file that it points to.",
        )
    try:
        # Opening a pipe would wait for a writer, hence non-blocking.
        with open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as opened:
            return opened.read(DEFAULT_LIMITS.file_bytes + 1)
    except OSError as error:
        return Problem(
            code="FILE_UNREADABLE",
            message=f"The file cannot be read: {error.strerror}.",
        )
