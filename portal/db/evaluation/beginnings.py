"""Beginnings: when the outcome of each check of a stored result began, kept in runs.

Most outcomes of a result began together: a time that several checks in a row share is written once,
with their number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple

import orjson

from scorecards.collection.serialization import evidence_from_json
from scorecards.evaluation.layouts import Layout
from scorecards.evaluation.packing import PackedResult, digest_of


class Before(NamedTuple):
    """A stored result, as far as beginnings follow from it."""

    letters: str
    evidence: bytes
    since: str
    """As `begun` wrote it."""


def begun(
    result: PackedResult, before: Before | None, now: str, layouts: Mapping[str, Layout]
) -> str:
    """When each outcome began, as it is stored: as long ago as it is the same, or now.

    `layouts` have that of the evidence before, by digest.
    """
    if before is None:
        return _one_run(now, len(result.letters))
    same_order = digest_of(result.evidence) == digest_of(before.evidence) != ""
    if same_order and result.letters == before.letters:
        return before.since
    checks = result.checks if same_order else _order(before.evidence, layouts)
    former = zip(before.letters, from_runs(before.since), strict=True)
    known = dict(zip(checks, former, strict=True))
    return in_runs(
        [
            time if was == letter else now
            for check, letter in zip(result.checks, result.letters, strict=True)
            for was, time in [known.get(check, ("", now))]
        ]
    )


def in_runs(times: Sequence[str]) -> str:
    """Times in the order of checks, as they are kept."""
    return orjson.dumps([(time, len(list(run))) for time, run in groupby(times)]).decode()


def from_runs(kept: str) -> list[str]:
    """The times that `in_runs` wrote."""
    return [time for time, length in orjson.loads(kept) for _ in range(length)]


def _order(evidence: bytes, layouts: Mapping[str, Layout]) -> Sequence[str]:
    """The ids of the checks, in order, that the evidence is about."""
    digest = digest_of(evidence)
    if digest:
        return layouts[digest].ids
    return [said.check for said in evidence_from_json(evidence)]


@lru_cache(maxsize=100)
def _one_run(time: str, length: int) -> str:
    return in_runs([time] * length)
