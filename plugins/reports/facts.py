"""The facts of the pack `testing` that reports come to, and what is wrong with those that say nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TypeVar

from catalog.problems import JsonValue, quote
from plugins.contract import Problem
from plugins.reports.coverage import read_coverage
from plugins.reports.junit import Counted, read_junit
from plugins.reports.lines import Lines
from plugins.reports.markup import NotRead

LARGEST = 64 * 1024 * 1024
"""Bytes of a report."""

MOST_FILES = 10_000
"""Reports of one kind: Surefire writes one for each class."""

MOST_LOWEST = 10
"""Files with lines that no test runs, which are named."""

Read = TypeVar("Read")


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What reports come to."""

    facts: Mapping[str, JsonValue]
    """By name, as they are pushed; of the kinds of reports that were asked for."""
    problems: tuple[Problem, ...]
    """With one, the facts are not the whole truth, and are better not pushed."""


def measure(*, junit: Sequence[str] = (), coverage: Sequence[str] = ()) -> Measured:
    """What the reports at these paths and patterns (`**` is any folders) come to. Raises nothing."""
    problems: list[Problem] = []
    facts: dict[str, JsonValue] = {}
    if junit:
        tests = sum(_all(junit, read_junit, problems), start=Counted())
        facts["tests.run"] = tests.run
    if coverage:
        lines = Lines()
        for more in _all(coverage, read_coverage, problems):
            try:
                lines.add(more)
            except NotRead as error:
                problems.append(_problem(", ".join(coverage), error))
                break
        if lines.by_file:
            facts["coverage.line_pct"] = lines.percent()
            facts["coverage.lowest_files"] = [*lines.lowest(MOST_LOWEST)]
    return Measured(facts=facts, problems=tuple(problems))


def _all(
    patterns: Sequence[str], read: Callable[[bytes], Read], problems: list[Problem]
) -> Iterator[Read]:
    """What each report says; of one that cannot be read a problem is added."""
    for path in _paths(patterns, problems):
        try:
            yield read(_content(path))
        except NotRead as error:
            problems.append(_problem(path, error))


def _paths(patterns: Sequence[str], problems: list[Problem]) -> list[str]:
    """The files of the patterns, each once."""
    found: dict[str, None] = {}
    for pattern in patterns:
        paths = [pattern] if Path(pattern).is_file() else sorted(glob(pattern, recursive=True))
        if not paths:
            problems.append(_none(pattern))
        found.update(dict.fromkeys(paths))
    if len(found) > MOST_FILES:
        why = NotRead(f"comes in {len(found):,} files", expected=f"at most {MOST_FILES:,}")
        problems.append(_problem(", ".join(patterns), why))
        return []
    return list(found)


def _content(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise NotRead(f"cannot be read: {error.strerror}") from None
    if len(content) > LARGEST:
        raise NotRead(f"is larger than {LARGEST // 1024 // 1024} MiB")
    return content


def _problem(file: str, why: NotRead) -> Problem:
    return Problem(
        code="REPORT_UNREADABLE",
        message=f"The report {why}{f'; expected is {why.expected}' if why.expected else ''}."[:300],
        file=file,
        line=why.line,
        expected=why.expected,
        hint="Nothing is pushed while a report cannot be read; see what wrote it.",
    )


def _none(pattern: str) -> Problem:
    return Problem(
        code="REPORT_NOT_FOUND",
        message="There is no such report.",
        found=quote(pattern),
        expected="a path, or a pattern in quotes: 'reports/**/*.xml'",
        hint="See whether the step that writes the report ran, and where.",
    )
