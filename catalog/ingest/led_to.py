"""Led to: what is wrong with what Location entities lead to, and how that is known again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha1

from catalog.ingest.store import FileReading
from catalog.problems import Problem, quote

_DIGITS = 12
"""Of digests."""

DEEPEST_CHAIN = 5
"""How many Location documents may lead from one to the next (hostile-input row Y30)."""


def digest(parts: Iterable[str]) -> str:
    """Tells editions and revisions apart."""
    return sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()[:_DIGITS]


def mark_of(faults: Sequence[Problem]) -> str:
    """What tells the token of a file whose targets lead nowhere from one whose targets are there."""
    return f"/{digest([f'{one.code} {one.found}' for one in faults])}" if faults else ""


def told_of(reading: FileReading, faults: Sequence[Problem]) -> FileReading:
    """The reading with what is wrong with targets, at the Locations that name them."""
    outcomes, others = list(reading.outcomes), []
    for fault in faults:
        named = next(
            (
                (n, target)
                for n, outcome in enumerate(outcomes)
                for target in (outcome.entity.targets if outcome.entity else ())
                if quote(target.text) == fault.found
            ),
            None,
        )
        if named is None:
            others.append(fault)
            continue
        n, target = named
        placed = replace(fault, document=target.document, line=target.line, column=target.column)
        outcomes[n] = replace(outcomes[n], problems=(*outcomes[n].problems, placed))
    return replace(reading, outcomes=tuple(outcomes), problems=(*reading.problems, *others))


def too_deep(path: str) -> Problem:
    """What is wrong with a file that leads on where so many have led to it."""
    return Problem(
        code="LOCATION_TOO_DEEP",
        message=f"Locations lead from one to the next more than {DEEPEST_CHAIN} times.",
        hint="Let the first Location name the files directly.",
        file=path,
    )
