"""The coverage of the present answers, as the API and the pages tell it: what is unknown, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from portal.db.evaluation.results import check_counts
from portal.db.insights.gaps import Mentioned, gaps
from portal.db.state import Connection
from portal.wiring import Portal
from scorecards import rules
from scorecards.expressions.cel import Language, Program
from scorecards.insights.coverage import Coverage, coverage
from scorecards.rules import Leaf
from scorecards.scorecard import Scorecard

ASKED = "pfue"
"""Letters of answers: what does not apply or is exempt was not asked."""


class Mentions:
    """The facts that each check of a portal's scorecards mentions; found out once."""

    def __init__(self, portal: Portal) -> None:
        self._language = Language(portal.schemas)
        self.of = lru_cache(maxsize=None)(self._of)
        """By scorecard, for each of its checks in order."""

    def _of(self, card: Scorecard) -> tuple[Mentioned, ...]:
        return tuple(
            Mentioned(
                everywhere=self._condition(card.applies_to),
                conditions=self._condition(check.applies_to),
                rule=self._facts([*rules.leaves(check.rule)]),
            )
            for check in card.checks
        )

    def _condition(self, leaf: Leaf | None) -> tuple[str, ...]:
        return () if leaf is None else self._facts([leaf])

    def _facts(self, leaves: list[Leaf]) -> tuple[str, ...]:
        programs = (self._language.compile(leaf.expression) for leaf in leaves)
        names = (name for p in programs if isinstance(p, Program) for name in p.facts)
        return tuple(dict.fromkeys(names))


def coverage_of(
    connection: Connection,
    portal: Portal,
    cards: Sequence[Scorecard],
    mentions: Mentions,
    *,
    owners: Sequence[str] = (),
) -> Coverage:
    """What these scorecards know of the entities of these owners (canonical refs; none: of anyone)."""
    return coverage(
        _asked(connection, cards, owners),
        (
            gap
            for card in cards
            for gap in gaps(
                connection,
                card,
                mentioned=mentions.of(card),
                collectors=portal.sources_of_facts,
                unfed=portal.unfed,
                owners=owners,
                now=portal.now(),
            ).items()
        ),
    )


def _asked(
    connection: Connection, cards: Sequence[Scorecard], owners: Sequence[str]
) -> Counter[tuple[str, str]]:
    """By scorecard and check, how many entities have an answer, known or not."""
    return Counter(
        {
            (card.name, check.id): sum(letters.get(letter, 0) for letter in ASKED)
            for card in cards
            for check, letters in zip(
                card.checks,
                check_counts(connection, card.name, len(card.checks), owners=owners),
                strict=True,
            )
        }
    )
