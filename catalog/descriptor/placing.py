"""Where in its file a problem of a document stands, down to line and column.

Validation knows pointers only; this asks the parser for places, when there is something to place.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from catalog.parsing.documents import ParsedDocument
from catalog.parsing.positions import Positions
from catalog.problems import Problem, Severity

MOST_PROBLEMS = 50
"""How many problems of a document are told; the last of them says how many more there are."""

_ABOUT_KEYS = frozenset({"FIELD_UNKNOWN_ROOT", "FIELD_NEAR_MISS", "LABEL_KEY", "ANNOTATION_KEY"})
_COMMENTED = r"(?m)^[ \t]*#.*{}[ \t]*:"


def place(
    problems: Sequence[Problem], document: ParsedDocument, *, file: str
) -> tuple[Problem, ...]:
    """The problems of a document with file and position, in the order of the file.

    Those that have a line already keep their place. The document is composed again, slowly, so
    this is for documents that have problems.
    """
    if not problems:
        return ()
    problems = _most_important(problems)
    places = Positions(document)
    placed = [
        problem
        if problem.line is not None
        else _at(_with_lost_field(problem, document), places, document, file)
        for problem in problems
    ]
    return tuple(sorted(placed, key=lambda problem: (problem.line or 0, problem.column or 0)))


def _most_important(problems: Sequence[Problem]) -> Sequence[Problem]:
    """Errors go first, where there are too many to tell: they decide the verdict."""
    if len(problems) <= MOST_PROBLEMS:
        return problems
    *most, last = sorted(problems, key=lambda p: p.severity is not Severity.ERROR)[:MOST_PROBLEMS]
    more = f"{len(problems) - MOST_PROBLEMS:,} more problems follow."
    return [*most, replace(last, message=f"{last.message[:250]} {more}")]


def _at(problem: Problem, places: Positions, document: ParsedDocument, file: str) -> Problem:
    is_key = problem.code in _ABOUT_KEYS
    place = places.of(problem.pointer, key=is_key)
    line, column = place or (document.line, 1)  # a document that cannot be read has no places
    return replace(problem, file=file, document=document.index, line=line, column=column)


def _with_lost_field(problem: Problem, document: ParsedDocument) -> Problem:
    """Names the comment that a missing top-level field has ended up in, where there is one."""
    field = problem.pointer.removeprefix("/")
    if problem.code != "FIELD_REQUIRED" or "/" in field:
        return problem
    lost = re.search(_COMMENTED.format(re.escape(field)), document.text)
    if lost is None:
        return problem
    line = document.offset + document.text.count("\n", 0, lost.start()) + 1
    return replace(
        problem,
        message=f"`{field}` is missing; line {line} is a comment that contains it.",
        hint=f"Break the line before `{field}:`.",
    )
