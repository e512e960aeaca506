"""Status: the problems of an entity as the `status` that Backstage's clients look into.

Errors have Backstage's own type, so that its frontend says that something is wrong. Warnings have a
type of ours: with Backstage's it would show a good entity as a broken one.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from catalog.explanations.wording import backstage_error
from catalog.problems import JsonValue, Problem, Severity

PROCESSING = "backstage.io/catalog-processing"
"""Type of an item for an error (Backstage 4.0.0, reference 2.10)."""
NOTE = "plumbline.dev/catalog-problem"
"""Type of an item for a warning."""


def status_of(problems: Sequence[Problem], *, ref: str, location: str) -> bytes | None:
    """The JSON object with an item for each error, then for each warning; None where there is none.

    `location` is the location ref of the file that declares the entity. Items have Backstage's
    keys, and `plumbline` with the problem as `/api/v1` shows it. Their order depends on what they
    say alone: the same problems, found again, are the same bytes.
    """
    told = [one for one in dict.fromkeys(problems) if one.severity is not Severity.INFO]
    items = [_item(one, ref, location) for one in sorted(told, key=_order)]
    return orjson.dumps({"items": items}) if items else None


def _item(problem: Problem, ref: str, location: str) -> dict[str, JsonValue]:
    if problem.severity is Severity.WARNING:  # nothing failed: there is no `error`
        return {
            "type": NOTE,
            "level": "warning",
            "message": problem.message,
            "plumbline": problem.as_dict(),
        }
    error = backstage_error(problem, ref=ref, location=location)
    return {
        "type": PROCESSING,
        "level": "error",
        "message": str(error),
        "error": error.as_dict(),
        "plumbline": problem.as_dict(),
    }


def _order(problem: Problem) -> tuple[bool, str, int, int, int, str, str, str]:
    return (
        problem.severity is not Severity.ERROR,
        problem.file,
        problem.document or 0,
        problem.line or 0,
        problem.column or 0,
        problem.code,
        problem.pointer,
        problem.message,
    )
