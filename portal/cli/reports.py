"""Reports of `portal validate`: text for people, JSON for programs, SARIF for code review.

Each is written document by document, so memory does not grow with what is reported.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol, TextIO

import orjson
from rich.console import Console
from rich.text import Text

from catalog.entity import Verdict
from catalog.problems import Problem, Severity

_STYLES = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """One document of a file, or a file as a whole (document 0)."""

    file: str
    document: int
    ref: str | None
    verdict: Verdict
    problems: tuple[Problem, ...]


class Report(Protocol):
    """Where documents are reported, in the order of their files."""

    def add(self, document: Document) -> None:
        """Report one document."""
        ...

    def end(self) -> None:
        """Nothing more comes."""
        ...


class TextReport:
    """Problems grouped by file, and a line that sums up."""

    def __init__(self, out: TextIO) -> None:
        self._console = Console(file=out, highlight=False, soft_wrap=True)
        self._file = ""
        self._files = 0
        self._verdicts = dict.fromkeys(Verdict, 0)
        self._severities = dict.fromkeys(Severity, 0)
        self._headed = False

    def add(self, document: Document) -> None:
        """Print the problems of a document, under the name of its file."""
        if document.file != self._file:
            self._file, self._headed = document.file, False
            self._files += 1
        self._verdicts[document.verdict] += 1
        for problem in document.problems:
            self._severities[problem.severity] += 1
            if not self._headed:
                self._console.print(Text(document.file, style="bold"))
                self._headed = True
            self._print(problem)

    def _print(self, problem: Problem) -> None:
        place = f"{problem.line}:{problem.column or 1}" if problem.line else "-"
        line = Text(f"  {place:>7}  ")
        line.append(problem.severity.value, style=_STYLES[problem.severity])
        line.append(f"  {problem.message}")
        if problem.found and problem.found not in problem.message:
            line.append(f" Found: {problem.found}")
        wanted = problem.expected.rstrip(".")
        if wanted and wanted not in problem.message and wanted not in problem.hint:
            line.append(f" Expected: {wanted}.")
        line.append(f"  {problem.code}", style="dim")
        self._console.print(line)
        if problem.hint:
            self._console.print(Text(f"           {problem.hint}", style="italic"))

    def end(self) -> None:
        """Print how many there were of what."""
        accepted, rejected, ignored, _ = (self._verdicts[verdict] for verdict in Verdict)
        errors, warnings, _ = (self._severities[severity] for severity in Severity)
        files = "1 file" if self._files == 1 else f"{self._files} files"
        self._console.print(
            f"{files}: {accepted} entities accepted, {rejected} documents rejected, "
            f"{ignored} ignored; {errors} errors, {warnings} warnings",
            style="red" if errors else "green",
        )


class JsonReport:
    """An array with an object for each document."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._before = "[\n"

    def add(self, document: Document) -> None:
        """Write the object of a document, on a line of its own."""
        shown = {
            "file": document.file,
            "document": document.document,
            "ref": document.ref,
            "verdict": document.verdict.value,
            "problems": [problem.as_dict() for problem in document.problems],
        }
        self._out.write(self._before + _dumped(shown))
        self._before = ",\n"

    def end(self) -> None:
        """Close the array."""
        self._out.write("[]\n" if self._before == "[\n" else "\n]\n")


class SarifReport:
    """SARIF 2.1.0: one run, with a result for each problem, and the codes as its rules."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._codes: dict[str, int] = {}
        self._before = ""
        out.write(f'{{"$schema":"{SCHEMA}","version":"2.1.0","runs":[{{"results":[')

    def add(self, document: Document) -> None:
        """Write a result for each problem of a document."""
        for problem in document.problems:
            self._out.write(self._before + _dumped(self._result(document, problem)))
            self._before = ",\n"

    def _result(self, document: Document, problem: Problem) -> dict[str, Any]:
        place: dict[str, Any] = {"artifactLocation": {"uri": uri(document.file)}}
        if problem.line:
            place["region"] = {"startLine": problem.line, "startColumn": problem.column or 1}
        return {
            "ruleId": problem.code,
            "ruleIndex": self._codes.setdefault(problem.code, len(self._codes)),
            "level": LEVELS[problem.severity],
            "message": {"text": " ".join(filter(None, (problem.message, problem.hint)))},
            "locations": [{"physicalLocation": place}],
        }

    def end(self) -> None:
        """Write the codes that were met, and close the run."""
        driver = {
            "name": "Plumbline",
            "version": version("plumbline"),
            "rules": [{"id": code} for code in self._codes],
        }
        run_end = {"columnKind": "unicodeCodePoints", "tool": {"driver": driver}}
        self._out.write("]," + _dumped(run_end)[1:] + "]}\n")


REPORTS: dict[str, Callable[[TextIO], Report]] = {
    "text": TextReport,
    "json": JsonReport,
    "sarif": SarifReport,
}
"""By the name of the format."""


def uri(file: str) -> str:
    """The file as SARIF names it: relative paths stay so."""
    path = Path(file)
    return path.as_uri() if path.is_absolute() else "/".join(map(_escaped, path.parts))


def _escaped(part: str) -> str:
    return Path("/" + part).as_uri().removeprefix("file:///")


def _dumped(value: dict[str, Any]) -> str:
    return orjson.dumps(value).decode()
