"""Coverage: what is not known, why, and which single change would make most of it known.

A check that is unknown waits for facts. What keeps these away are a few causes: a source that is not
configured, a permission that is lacking, a collector that fails. A cause resolves the answers that
wait for nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from scorecards.facts import Unknown

MOST_DETAILS = 5
"""Sentences of a collector that are shown of a cause."""


class Change(StrEnum):
    """What has to be done about a cause."""

    CONFIGURE = "configure"
    """Configure the source that the collector asks."""
    FEED = "feed"
    """Feed the facts that a pack needs: nothing does."""
    GRANT = "grant"
    """Grant it what it is not permitted to see."""
    REPAIR = "repair"
    """See why it fails."""
    COLLECT = "collect"
    """Collect: it never did, or what it saw is out of date."""
    INSPECT = "inspect"
    """See what it says: it looked, and could not make anything of what it saw."""
    ASSESS = "assess"
    """Assess: the facts are there by now."""
    ANSWER = "answer"
    """Answer it: nobody did, or long ago."""
    MEND = "mend"
    """Mend the rule: it gives an error."""


CHANGE_OF = {
    Unknown.NOT_CONFIGURED: Change.CONFIGURE,
    Unknown.NOT_PERMITTED: Change.GRANT,
    Unknown.SOURCE_FAILED: Change.REPAIR,
    Unknown.NOT_COLLECTED: Change.COLLECT,
    Unknown.STALE: Change.COLLECT,
}
"""What to do, by the reason for which a fact is not known."""


class Cause(NamedTuple):
    """One thing that keeps answers away."""

    change: Change
    subject: str
    """Name of the collector, or namespace of pushed facts; of an answer or a broken rule
    `scorecard/check`; '' for an assessment."""


class Lack(NamedTuple):
    """A fact that is not known, and why."""

    cause: Cause
    fact: str
    reason: str
    detail: str
    """What the collector said."""


class Gap(NamedTuple):
    """Answers that are not known: of a check, for all that they lack."""

    scorecard: str
    check: str
    lacks: tuple[Lack, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseEffect:
    """A cause, and what would be known without it."""

    cause: Cause
    resolves: int
    """Answers that wait for nothing else."""
    touches: int
    """Answers that wait for it, alone or with others."""
    entities: int
    """That have such an answer."""
    checks: tuple[tuple[str, str], ...]
    """Scorecard and check of these."""
    facts: tuple[str, ...]
    details: tuple[tuple[str, int], ...]
    """What the collector said, the most frequent first, with for how many facts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckCoverage:
    """How much of a check is known."""

    scorecard: str
    check: str
    asked: int
    """Entities that it applies to, exempt ones left out."""
    unknown: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """What is known, and what keeps the rest away."""

    asked: int
    """Answers: one for each entity and check that applies to it."""
    unknown: int
    checks: tuple[CheckCoverage, ...]
    """Those that are unknown somewhere, the least known first."""
    causes: tuple[CauseEffect, ...]
    """Those that resolve most first."""


def coverage(
    asked: Mapping[tuple[str, str], int], gaps: Iterable[tuple[Gap, Collection[int]]]
) -> Coverage:
    """The coverage of answers, where `gaps` are all that are not known, with the entities of each.

    `asked` is by scorecard and check how many entities have an answer, known or not.
    """
    found = list(gaps)
    unknown = Counter[tuple[str, str]]()
    for gap, entities in found:
        unknown[gap.scorecard, gap.check] += len(entities)
    checks = [
        CheckCoverage(scorecard=key[0], check=key[1], asked=asked.get(key, n), unknown=n)
        for key, n in unknown.items()
    ]
    return Coverage(
        asked=sum(asked.values()),
        unknown=unknown.total(),
        checks=tuple(
            sorted(checks, key=lambda c: (-c.unknown / max(c.asked, 1), c.scorecard, c.check))
        ),
        causes=_causes(found),
    )


@dataclass(slots=True)
class _Tally:
    """What is counted of a cause."""

    resolves: int
    touches: int
    entities: set[int]
    checks: dict[tuple[str, str], None]
    facts: dict[str, None]
    details: Counter[str]


def _causes(found: Iterable[tuple[Gap, Collection[int]]]) -> tuple[CauseEffect, ...]:
    tallies: dict[Cause, _Tally] = {}
    for gap, entities in found:
        causes = {lack.cause for lack in gap.lacks}
        for cause in causes:
            tally = tallies.setdefault(cause, _Tally(0, 0, set(), {}, {}, Counter()))
            tally.resolves += len(entities) * (len(causes) == 1)
            tally.touches += len(entities)
            tally.entities.update(entities)
            tally.checks[gap.scorecard, gap.check] = None
        for lack in gap.lacks:
            if lack.fact:
                tallies[lack.cause].facts[lack.fact] = None
            if lack.detail:
                tallies[lack.cause].details[lack.detail] += len(entities)
    effects = [
        CauseEffect(
            cause=cause,
            resolves=tally.resolves,
            touches=tally.touches,
            entities=len(tally.entities),
            checks=tuple(tally.checks),
            facts=tuple(sorted(tally.facts)),
            details=tuple(tally.details.most_common(MOST_DETAILS)),
        )
        for cause, tally in tallies.items()
    ]
    return tuple(sorted(effects, key=lambda e: (-e.resolves, -e.touches, e.cause)))


def in_words(cause: Cause) -> str:
    """What to do, in one sentence."""
    subject = f"`{cause.subject}`"
    match cause.change:
        case Change.CONFIGURE:
            return f"Configure the source of the collector {subject}"
        case Change.FEED:
            return f"Feed `{cause.subject}.*`: a pack that is on needs it, and nothing does"
        case Change.GRANT:
            return f"Grant the collector {subject} what it may not see"
        case Change.REPAIR:
            return f"See why the collector {subject} fails"
        case Change.COLLECT:
            return f"Let the collector {subject} look: it never did, or long ago"
        case Change.INSPECT:
            return f"See what the collector {subject} says: it looked, and cannot tell"
        case Change.ASSESS:
            return "Assess again: the facts are there by now"
        case Change.ANSWER:
            return f"Answer the manual check {subject}"
        case Change.MEND:
            return f"Mend the rule of {subject}, which gives an error"
