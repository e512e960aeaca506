"""The coverage page: what is not known, why, and which single change would make most of it known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.db.evaluation.unanswerable import Unanswered
from portal.ui.models.charts.shares import Segment, stacked
from portal.ui.models.links import EntityLink, link_to
from portal.ui.models.looks import plural
from scorecards.insights.coverage import CauseEffect, Change, CheckCoverage, Coverage, in_words
from scorecards.scorecard import Scorecard

MOST_CAUSES = 50
MOST_CHECKS = 50
MOST_NOT_ASSESSED = 50
MOST_NAMED = 8
"""Checks and facts that are named of a cause; the number of the others is said."""

WHO = {
    Change.CONFIGURE: "the operator",
    Change.FEED: "the operator",
    Change.GRANT: "the operator",
    Change.REPAIR: "the operator",
    Change.COLLECT: "the operator",
    Change.INSPECT: "the owners, or the operator",
    Change.ASSESS: "nobody: it happens by itself",
    Change.ANSWER: "the owners",
    Change.MEND: "the owner of the scorecard",
}
"""Who can do it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedCheck:
    """A check with what its page is found by."""

    scorecard: str
    scorecard_title: str
    id: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CauseRow:
    """One change, and what it would make known."""

    words: str
    who: str
    resolves: int
    share: str
    """Of all that is unknown."""
    touches: int
    entities: int
    checks: tuple[NamedCheck, ...]
    more_checks: int
    facts: tuple[str, ...]
    more_facts: int
    details: tuple[tuple[str, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckRow:
    """How much of a check is known."""

    check: NamedCheck
    asked: int
    unknown: int
    bar: tuple[Segment, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class NotAssessedRow:
    """An entity that could not be assessed when that was last tried."""

    link: EntityLink
    reason: str
    since: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class CoveragePage:
    """Everything that the page shows."""

    asked: int
    unknown: int
    bar: tuple[Segment, ...]
    finding: str
    best: CauseRow | None
    """The single change that resolves most; None: no change resolves anything by itself."""
    causes: tuple[CauseRow, ...]
    more_causes: int
    checks: tuple[CheckRow, ...]
    more_checks: int
    not_assessed: tuple[NotAssessedRow, ...]
    more_not_assessed: int


def coverage_page(
    found: Coverage,
    cards: Mapping[str, Scorecard],
    *,
    not_assessed: Sequence[Unanswered] = (),
    more_not_assessed: int = 0,
) -> CoveragePage:
    """The page of what was found, with some entities that could not be assessed."""
    causes = [_cause(one, found.unknown, cards) for one in found.causes]
    bar = known_bar(found.asked, found.unknown)
    return CoveragePage(
        asked=found.asked,
        unknown=found.unknown,
        bar=bar,
        finding=f"{bar[0].share} of {plural(found.asked, 'answer')} known" if found.asked else "",
        best=causes[0] if causes and causes[0].resolves else None,
        causes=tuple(causes[:MOST_CAUSES]),
        more_causes=max(0, len(causes) - MOST_CAUSES),
        checks=tuple(_check(one, cards) for one in found.checks[:MOST_CHECKS]),
        more_checks=max(0, len(found.checks) - MOST_CHECKS),
        not_assessed=tuple(
            NotAssessedRow(link=link_to(one.ref), reason=one.reason, since=one.since)
            for one in not_assessed
        ),
        more_not_assessed=more_not_assessed,
    )


def known_bar(asked: int, unknown: int) -> tuple[Segment, ...]:
    """What is known and what is not, in no color that judges."""
    return stacked((("Known", asked - unknown, "l2"), ("No data", unknown, "none")))


def _cause(one: CauseEffect, unknown: int, cards: Mapping[str, Scorecard]) -> CauseRow:
    (part, _) = stacked((("", one.resolves, ""), ("", unknown - one.resolves, "")))
    return CauseRow(
        words=in_words(one.cause),
        who=WHO[one.cause.change],
        resolves=one.resolves,
        share=part.share,
        touches=one.touches,
        entities=one.entities,
        checks=tuple(_named(*pair, cards) for pair in one.checks[:MOST_NAMED]),
        more_checks=max(0, len(one.checks) - MOST_NAMED),
        facts=one.facts[:MOST_NAMED],
        more_facts=max(0, len(one.facts) - MOST_NAMED),
        details=one.details,
    )


def _check(one: CheckCoverage, cards: Mapping[str, Scorecard]) -> CheckRow:
    return CheckRow(
        check=_named(one.scorecard, one.check, cards),
        asked=one.asked,
        unknown=one.unknown,
        bar=known_bar(one.asked, one.unknown),
    )


def _named(scorecard: str, check: str, cards: Mapping[str, Scorecard]) -> NamedCheck:
    card = cards[scorecard]
    titles: Sequence[str] = [one.title for one in card.checks if one.id == check]
    return NamedCheck(
        scorecard=scorecard,
        scorecard_title=card.title,
        id=check,
        title=titles[0] if titles else check,
    )
