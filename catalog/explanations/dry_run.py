"""Dry runs: what a location that was read, and not stored, comes to in Backstage's eyes.

A dry run is for whoever is about to register something. It refuses what Backstage refuses as a
whole (reference 3.8), although the catalog would take in the good documents beside the bad ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.explanations.wording import backstage_error
from catalog.ingest.registration import generated_entity
from catalog.ingest.store import FileReading
from catalog.problems import Problem, Severity

_ERRORS_THERE = (
    "LOCATION_TARGET_MISSING",
    "NOT_A_DESCRIPTOR",
    "PLACEHOLDER_UNREADABLE",
    "PLACEHOLDER_TOO_LARGE",
)
"""Codes of warnings and notes of ours that Backstage takes for errors."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DryRun:
    """What there is, or all that is wrong with it."""

    entities: tuple[bytes, ...]
    """JSON of the location's entity, then of all that it leads to; without uid, etag, relations."""
    errors: tuple[str, ...]
    """`<name>: <message>` of each, once; where there is any, a client is told nothing else."""


def dry_run_answer(
    *,
    type: str,  # noqa: A002 - Backstage's word for it
    target: str,
    readings: Sequence[FileReading],
    failures: Sequence[Problem],
) -> DryRun:
    """The answer for a location that was read; `failures` are of places that could not be."""
    origin = f"{type}:{target}"
    errors = [str(backstage_error(one, ref=None, location=origin)) for one in failures]
    errors += [error for reading in readings for error in _errors(reading, origin)]
    own = generated_entity(type=type, target=target)
    bodies = {str(own.ref): own.body}
    for entity in (one.entity for reading in readings for one in reading.outcomes if one.entity):
        ref = str(entity.ref)
        if ref in bodies:
            errors.append(f"Error: Duplicate nested entity: {ref}")
        bodies[ref] = entity.body
    return DryRun(entities=tuple(bodies.values()), errors=tuple(dict.fromkeys(errors)))


def _errors(reading: FileReading, origin: str) -> Iterator[str]:
    faults: list[tuple[str | None, Problem]] = [(None, one) for one in reading.problems]
    faults += [(outcome.ref, one) for outcome in reading.outcomes for one in outcome.problems]
    for ref, one in faults:
        if one.severity is Severity.ERROR or one.code in _ERRORS_THERE:
            yield str(backstage_error(one, ref=ref, location=reading.url, origin=origin))
