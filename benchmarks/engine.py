"""The engine alone: checks per second of one core, with evidence and without.

    python benchmarks/engine.py [--entities 4000] [--rounds 3] [--profile] [--json]

Fifty checks over generated facts, from the bytes of stored facts to packed results; nothing is read
or written. Each round is of an assessor that has just been made, so nothing is remembered from the
round before, and the fastest counts. Every letter is compared with the same rules in Python, and
every result is read again from its evidence.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import json
import pstats
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import by_hand
import checks
import services

from portal.slate import Slate
from portal.worker.children.watching import Stopwatch
from scorecards.collection.stored_facts import StoredFacts, stored
from scorecards.evaluation.assessment import Assessor
from scorecards.evaluation.packing import unpack

Given = tuple[bytes, tuple[StoredFacts, ...]]


def main() -> int:
    """Measure, print a line each or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--entities", type=int, default=4000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="where the time goes")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    entities = [services.made(number) for number in range(options.entities)]
    given = [(one.body, tuple(map(stored, one.records))) for one in entities]
    cards = checks.scorecards()
    verify(entities, given, cards)
    del entities
    gc.collect()
    gc.freeze()  # what the benchmark holds is not the engine's to look through
    rows = [
        measure("without evidence", outcomes, given, cards, options.rounds),
        measure("with evidence", evidence, given, cards, options.rounds),
        measure("with evidence, watched", evidence, given, cards, options.rounds, watched=True),
    ]
    if options.profile:
        profile(given, cards)
    if options.json:
        print(json.dumps(rows, indent=1))
    else:
        for row in rows:
            print(
                f"{row['case']}: {row['checksPerSecond']:,} checks/s, "
                f"{row['bytesPerEntity']} bytes of evidence for an entity"
            )
    return 0


def outcomes(assessor: Assessor, given: Sequence[Given]) -> int:
    """Letters and levels alone; returns the bytes of evidence: none."""
    for body, records in given:
        assessor.verdicts(body, records, now=services.NOW)
    return 0


def evidence(assessor: Assessor, given: Sequence[Given]) -> int:
    """All that is stored; returns the bytes of evidence."""
    size = 0
    for body, records in given:
        for packed in assessor.pack(body, records, now=services.NOW):
            size += len(packed.evidence)
    return size


def measure(
    case: str,
    run: Callable[[Assessor, Sequence[Given]], int],
    given: Sequence[Given],
    cards: Any,
    rounds: int,
    *,
    watched: bool = False,
) -> dict[str, Any]:
    """The fastest of some rounds; watched as in the children of a portal."""
    best, size = float("inf"), 0
    for _ in range(rounds):
        watch = Stopwatch(Slate(-1)) if watched else None
        assessor = Assessor(cards, checks.SCHEMAS, watch=watch)
        began = time.process_time()
        size = run(assessor, given)
        best = min(best, time.process_time() - began)
        if assessor.refused:
            sys.exit(f"honest rules were stopped: {assessor.refused}")
    return {
        "case": case,
        "entities": len(given),
        "checks": checks.count(),
        "checksPerSecond": round(len(given) * checks.count() / best),
        "bytesPerEntity": round(size / len(given)),
    }


def verify(entities: Sequence[services.Made], given: Sequence[Given], cards: Any) -> None:
    """The answers have to be right, or the rates mean nothing."""
    assessor = Assessor(cards, checks.SCHEMAS)
    for one, (body, records) in zip(entities, given, strict=True):
        packed = assessor.pack(body, records, now=services.NOW)
        wanted = by_hand.expected(one.body, one.records, services.NOW)
        if {p.scorecard: p.letters for p in packed} != wanted:
            sys.exit(f"{one.ref} was answered with {[p[:4] for p in packed]}, not {wanted}")
        for said in packed:
            read = unpack(said, assessor.layouts, ref=one.ref, evaluated_at=services.NOW)
            if any(not r.reason for r in read.results if r.outcome.value != "pass"):
                sys.exit(f"the evidence of {one.ref} has no reason")


def profile(given: Sequence[Given], cards: Any) -> None:
    """Print where the time of `evidence` goes."""
    assessor = Assessor(cards, checks.SCHEMAS)
    profiler = cProfile.Profile()
    profiler.runcall(evidence, assessor, given)
    pstats.Stats(profiler).sort_stats("tottime").print_stats(18)


if __name__ == "__main__":
    sys.exit(main())
