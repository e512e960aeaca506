"""Packing: results in few bytes, as assessment makes them and a store keeps them.

A packed result has a letter for each check, the levels, and its evidence: a JSON array of the
digest of a layout and of the parts of `scorecards.evaluation.evidence.Evidence`. A result that was
put together by hand has its evidence written out, check by check
(`scorecards.collection.serialization`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import orjson

from scorecards.collection.serialization import evidence_from_json, evidence_to_json
from scorecards.evaluation.evidence import Evidence, explained
from scorecards.evaluation.layouts import Layout
from scorecards.results import LETTERS, CheckResult, ScorecardResult, outcome_letters


class PackedResult(NamedTuple):
    """What a scorecard said about one entity."""

    scorecard: str
    version: str
    checks: tuple[str, ...]
    """Their ids, in the order of the letters."""
    letters: str
    """One of `scorecards.results.LETTERS` for each check."""
    counted: str
    """The same of the checks that count for levels."""
    proven: int
    possible: int
    evidence: bytes
    until: datetime | None = None
    """When a fact becomes too old for one of its checks, if nothing happens before; None: never."""


def pack(result: ScorecardResult) -> PackedResult:
    """A result that was put together by hand."""
    return PackedResult(
        scorecard=result.scorecard,
        version=result.version,
        checks=tuple(said.check for said in result.results),
        letters=outcome_letters(result),
        counted="".join(LETTERS[said.outcome] for said in result.results if said.counts),
        proven=result.proven,
        possible=result.possible,
        evidence=evidence_to_json(result),
    )


def unpack(
    packed: PackedResult, layouts: Mapping[str, Layout], *, ref: str, evaluated_at: datetime
) -> ScorecardResult:
    """The result with all that it was made from; `layouts` are by digest."""
    return ScorecardResult(
        ref=ref,
        scorecard=packed.scorecard,
        version=packed.version,
        proven=packed.proven,
        possible=packed.possible,
        results=check_results(packed.evidence, layouts),
        evaluated_at=evaluated_at,
    )


def evidence_of(digest: str, evidence: Evidence) -> bytes:
    """The evidence as bytes, where `digest` is that of its layout."""
    return orjson.dumps((digest, *evidence))


def digest_of(evidence: bytes) -> str:
    """Of the layout that is needed to read it; '' where it is written out."""
    return evidence[2:14].decode() if evidence.startswith(b'["') else ""


def check_results(evidence: bytes, layouts: Mapping[str, Layout]) -> tuple[CheckResult, ...]:
    """What each check said, with what it was said from; `layouts` are by digest."""
    digest = digest_of(evidence)
    if not digest:
        return evidence_from_json(evidence)
    _, *parts = orjson.loads(evidence)
    return explained(Evidence(*parts), layouts[digest])
