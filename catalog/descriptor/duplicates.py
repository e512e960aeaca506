"""Duplicates: documents of one file that declare the same entity.

Each is valid by itself. The last one counts, whole, as in Backstage (reference 4.7); the others
carry a warning that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from catalog.entity import Outcome, Verdict
from catalog.parsing.documents import ParsedDocument
from catalog.problems import Problem, Severity, quote


def with_duplicates_noted(
    outcomes: list[Outcome], documents: Sequence[ParsedDocument]
) -> tuple[Outcome, ...]:
    """The outcomes of a file, those with a warning that a later document outdoes."""
    last = {o.ref: index for index, o in enumerate(outcomes) if o.verdict is Verdict.ACCEPT}
    if len(last) == sum(o.verdict is Verdict.ACCEPT for o in outcomes):
        return tuple(outcomes)
    return tuple(
        outcome
        if outcome.verdict is not Verdict.ACCEPT or last[outcome.ref] == index
        else replace(
            outcome,
            problems=(
                *outcome.problems,
                _duplicate(outcome, documents[index].line, documents[last[outcome.ref]].line),
            ),
        )
        for index, outcome in enumerate(outcomes)
    )


def _duplicate(outcome: Outcome, line: int, later: int) -> Problem:
    ref = quote(outcome.ref)
    return Problem(
        code="DUPLICATE_ENTITY",
        severity=Severity.WARNING,
        message=f"Lines {line} and {later} both declare `{ref}`; only the last one counts.",
        file=outcome.file,
        document=outcome.document,
        line=line,
        column=1,
        found=ref,
        expected="one document for each entity",
        hint="Remove one of the two, or give it another name.",
    )
