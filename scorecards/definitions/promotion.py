"""Promotion: checks of one scorecard put into another one, as text that can be reviewed and merged.

Nothing is published by it: the platform team gets the changed document and the difference. Checks
are copied as they are written, comments included; only their level is set and lines are indented.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

from catalog.parsing.documents import Parsed, ParsedDocument, parse
from catalog.parsing.positions import Positions
from catalog.problems import Problem, quote
from scorecards.definitions.loading import load_scorecards
from scorecards.facts import FactSchema

_LEVEL = re.compile(r"^(\s*(?:- )?level:\s*)(\S.*?)(\s+#.*)?$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Promotion:
    """A document with more checks than before."""

    file: str
    text: str
    """Of the whole file."""
    diff: str
    """Unified."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Definition:
    """A file with a scorecard in it."""

    file: str
    text: str
    name: str
    """Of the scorecard."""


def promote(
    checks: Sequence[str],
    source: Definition,
    target: Definition,
    *,
    level: str | None,
    schemas: Mapping[str, FactSchema],
) -> Promotion | Problem:
    """The target with these checks of the source behind its own, at `level` (None: at their own).

    The result is loaded like any scorecard: what would not load is refused, with the first reason.
    """
    found, into = _find(source), _find(target)
    if isinstance(found, Problem):
        return found
    if isinstance(into, Problem):
        return into
    taken = {check.get("id") for check in into[1]["spec"]["checks"]}
    if there := [name for name in checks if name in taken]:
        return _fault("PROMOTION_TAKEN", "the target has a check of this name", there[0])
    where = {check.get("id"): n for n, check in enumerate(found[1]["spec"]["checks"])}
    items: list[str] = []
    document, place = into[0], _places(into[0], into[1])
    if place is None:
        return _flow(target)
    for name in checks:
        if name not in where:
            return _fault("PROMOTION_UNKNOWN", "the source has no check of this name", name)
        lines = _item(found[0], where[name])
        if lines is None:
            return _flow(source)
        items += _fitted(lines, place.indent, level)
    return _written(target, items, document.offset + place.end, schemas)


def _written(
    target: Definition, items: Sequence[str], end: int, schemas: Mapping[str, FactSchema]
) -> Promotion | Problem:
    """The target with these behind its first `end` lines; or what is wrong with it, and was not before."""
    lines = target.text.split("\n")
    text = "\n".join([*lines[:end], *items, *lines[end:]])
    _, before = load_scorecards(target.text, file=target.file, schemas=schemas)
    _, problems = load_scorecards(text, file=target.file, schemas=schemas)
    known = {(p.code, p.pointer) for p in before}
    for problem in problems:
        if (problem.code, problem.pointer) not in known:
            return problem
    diff = unified_diff(
        target.text.splitlines(keepends=True),
        text.splitlines(keepends=True),
        f"a/{target.file}",
        f"b/{target.file}",
    )
    return Promotion(file=target.file, text=text, diff="".join(diff))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where a check could be added, in lines of the document from 0."""

    indent: int
    """Columns before the `-` of each check."""
    end: int
    """The line behind the last check."""


def _find(definition: Definition) -> tuple[ParsedDocument, Any] | Problem:
    for document in parse(definition.text.encode(), file=definition.file).documents:
        if isinstance(document.state, Parsed):
            data: Any = document.state.data
            if isinstance(data, dict) and data.get("metadata", {}).get("name") == definition.name:
                return document, data
    return _fault("PROMOTION_UNKNOWN", "the file has no scorecard of this name", definition.name)


def _places(document: ParsedDocument, data: Any) -> _Place | None:
    """None where the checks are not written one below the other."""
    last = _span(document, len(data["spec"]["checks"]) - 1)
    return None if last is None else _Place(indent=last[2], end=last[1])


def _item(document: ParsedDocument, number: int) -> list[str] | None:
    """The lines of a check, its `-` at the first column."""
    span = _span(document, number)
    if span is None:
        return None
    first, end, indent = span
    lines = document.text.split("\n")[first:end]
    return [line[indent:] if not line[:indent].strip() else line for line in lines]


def _span(document: ParsedDocument, number: int) -> tuple[int, int, int] | None:
    """First line, line behind the last, and indentation of a check; None: in flow style."""
    lines = document.text.split("\n")
    begin = Positions(document).of(f"/spec/checks/{number}")
    if begin is None:
        return None
    first = begin.line - 1 - document.offset
    dash = re.match(r"(\s*)- ", lines[first])
    if dash is None or begin.column - 1 < len(dash[0]):
        return None
    indent = len(dash[1])
    end = first + 1
    while end < len(lines) and _is_inside(lines[end], indent):
        end += 1
    while end > first + 1 and not lines[end - 1].strip():
        end -= 1  # empty lines and what a file ends with are nobody's
    return first, end, indent


def _is_inside(line: str, indent: int) -> bool:
    return not line.strip() or len(line) - len(line.lstrip()) > indent


def _fitted(lines: Sequence[str], indent: int, level: str | None) -> list[str]:
    """The lines of a check at another place, at another level."""
    fitted = []
    for line in lines:
        is_own = re.match(r"(- |  )level:", line)
        found = _LEVEL.match(line) if level is not None and is_own else None
        if found:
            line = f"{found[1]}{_scalar(level or '')}{found[3] or ''}"
        fitted.append(" " * indent + line if line.strip() else line)
    return fitted


def _scalar(text: str) -> str:
    """A text as YAML writes it: plain where that is safe."""
    plain = re.fullmatch(r"[A-Za-z][A-Za-z0-9 _-]*[A-Za-z0-9]|[A-Za-z]", text)
    words = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
    if plain and text.lower() not in words:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _flow(definition: Definition) -> Problem:
    message = "the checks are not written one below the other"
    hint = "Write `checks:` as a list with a `-` for each check on a line of its own"
    return Problem(code="PROMOTION_FORM", message=message, file=definition.file, hint=hint)


def _fault(code: str, message: str, found: str) -> Problem:
    return Problem(code=code, message=message, found=quote(found))
