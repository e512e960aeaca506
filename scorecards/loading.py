"""Loading: YAML documents into scorecards, and every problem with its line and column.

A broken check is quarantined: it is left out, and its problems are told; the rest of its scorecard
can be used. What is wrong outside the checks keeps the whole scorecard out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from typing import Any

from catalog.parsing.documents import Empty, Malformed, Parsed, ParsedDocument, parse
from catalog.problems import Problem, quote
from scorecards.cel import Language
from scorecards.facts import FactSchema
from scorecards.reading import Reader
from scorecards.scorecard import Check, Level, Scorecard
from scorecards.shape import shape_problems

_FRAME = frozenset({"/metadata", "/spec", "/spec/checks"})
_NEEDED = ("/spec/levels", "/spec/applies_to")
"""Where the shape must be right before anything else of the document can be read."""


def load_scorecards(
    text: str, *, file: str, schemas: Mapping[str, FactSchema]
) -> tuple[tuple[Scorecard, ...], tuple[Problem, ...]]:
    """The scorecards of a YAML file that can be used, and all problems of the file.

    Never raises, whatever the text. `schemas` are all facts that rules may mention.
    """
    # A text with half a surrogate pair becomes bytes that the parser refuses, with a reason.
    parsed = parse(text.encode("utf-8", "surrogatepass"), file=file)
    problems = list(parsed.problems)
    language = Language(schemas)
    found: dict[str, Scorecard] = {}
    for document in parsed.documents:
        match document.state:
            case Empty():
                continue
            case Malformed(problems=faults):
                problems.extend(faults)
            case Parsed(data=data, problems=warnings):
                reader = Reader(document, file=file, language=language)
                scorecard = _scorecard(data, reader, document, file)
                if scorecard is not None and scorecard.name in found:
                    _duplicate("SCORECARD_NAME_TAKEN", "/metadata/name", scorecard.name, reader)
                elif scorecard is not None:
                    found[scorecard.name] = scorecard
                faults = tuple(sorted(reader.problems, key=lambda p: (p.line or 0, p.column or 0)))
                problems.extend([*warnings, *faults])
    return tuple(found.values()), tuple(problems)


def _scorecard(data: Any, reader: Reader, document: ParsedDocument, file: str) -> Scorecard | None:
    """The scorecard without its broken checks; None where nothing of it can be used."""
    if not isinstance(data, dict) or data.get("kind") != "Scorecard":
        reader.add(
            Problem(
                code="NOT_A_SCORECARD",
                message="the document is no scorecard",
                pointer="/kind" if isinstance(data, dict) else "",
                found=quote(data.get("kind")) if isinstance(data, dict) else "",
                expected="kind: Scorecard",
                hint="Begin it with `apiVersion: plumbline.dev/v1` and `kind: Scorecard`",
            )
        )
        return None
    shape = shape_problems(data)
    for problem in shape:
        reader.add(problem, key=problem.code == "FIELD_UNKNOWN")
    if any(p.pointer in _FRAME or p.pointer.startswith(_NEEDED) for p in shape):
        return None
    metadata, spec = data.get("metadata", {}), data["spec"]
    levels = reader.levels(spec.get("levels"))
    applies_to, because = reader.applies_to(spec.get("applies_to"), ["spec", "applies_to"])
    usable = all(_check_index(problem) is not None for problem in reader.problems)
    checks = _checks(spec["checks"], {_check_index(p) for p in shape}, reader, levels)
    if not usable or not checks:
        return None
    return Scorecard(
        name=metadata["name"],
        title=metadata["title"],
        description=metadata.get("description", ""),
        owner=metadata.get("owner", ""),
        levels=levels,
        applies_to=applies_to,
        applies_because=because,
        checks=tuple(sorted(checks.values(), key=lambda check: check.level)),
        file=file,
        version=hashlib.sha256(document.text.encode()).hexdigest()[:12],
    )


def _checks(
    data: list[Any], broken: Container[int | None], reader: Reader, levels: tuple[Level, ...]
) -> dict[str, Check]:
    """The checks without a problem, by id; those at the indexes `broken` are not looked at."""
    checks: dict[str, Check] = {}
    for index, item in enumerate(data):
        if index in broken:
            continue
        before = len(reader.problems)
        check = reader.check(item, ["spec", "checks", index], levels)
        if check.id in checks:
            _duplicate("DUPLICATE_CHECK", f"/spec/checks/{index}/id", check.id, reader)
        if len(reader.problems) == before:
            checks[check.id] = check
    return checks


def _check_index(problem: Problem) -> int | None:
    """The check that a problem is about; None: it is about the scorecard."""
    steps = problem.pointer.split("/")
    inside = len(steps) > 3 and steps[1:3] == ["spec", "checks"]
    return int(steps[3]) if inside else None


def _duplicate(code: str, where: str, name: str, reader: Reader) -> None:
    reader.add(
        Problem(
            code=code,
            message="an earlier one has this name",
            pointer=where,
            found=quote(name),
            hint="Give it another name; this one is left out",
        )
    )
