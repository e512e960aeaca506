"""Status: problems of an entity as Backstage's `status` items. (To be completed.)"""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from catalog.problems import Problem, Severity


def status_of(problems: Sequence[Problem], *, ref: str, location: str) -> bytes | None:
    """The JSON object with an item for each error and warning; None where there is none."""
    items = [
        {
            "type": "backstage.io/catalog-processing",
            "level": "error",
            "message": f"InputError: {problem.message}",
            "error": {"name": "InputError", "message": problem.message},
        }
        for problem in problems
        if problem.severity is Severity.ERROR
    ]
    return orjson.dumps({"items": items}) if items else None
