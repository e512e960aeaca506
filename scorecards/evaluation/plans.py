"""Plans: a scorecard prepared, so that the letters of its leaves become those of its checks.

What a check says follows from its leaves alone. Leaves say few different things, so each check
remembers what it said of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from scorecards import rules
from scorecards.evaluation.answers import ABSENT, FALSE, TRUE
from scorecards.evaluation.evidence import LEAF_OUTCOMES
from scorecards.evaluation.layouts import MANUAL, CheckLayout, Layout, rule_of
from scorecards.levels import Reached, reached_by
from scorecards.results import LETTERS, Outcome
from scorecards.rules import Leaf
from scorecards.scorecard import Scorecard

_REMEMBERED = 5_000
"""Combinations of letters that a check remembers, at most."""


class Verdict(NamedTuple):
    """What a scorecard says."""

    letters: str
    """One of `scorecards.results.LETTERS` for each check."""
    counted: str
    """The same of the checks that count for levels."""
    levels: Reached


class Plan:
    """A scorecard on a day, prepared."""

    def __init__(self, scorecard: Scorecard, layout: Layout) -> None:
        self.scorecard = scorecard
        self.layout = layout
        self._all_count = len(layout.counting) == len(layout.checks)
        self._levels = tuple(scorecard.checks[place].level for place in layout.counting)
        self._checks = tuple(self._check(check) for check in layout.checks)

    def verdict(self, leaves: Sequence[str]) -> Verdict | None:
        """What the leaves' letters come to; None: the scorecard does not apply."""
        condition = self.layout.condition
        if condition is not None and leaves[condition] in (FALSE, ABSENT):
            return None
        letters = "".join(
            [recall(look(leaves)) or find(leaves) for recall, look, find in self._checks]
        )
        counted = letters
        if not self._all_count:
            counted = "".join([letters[place] for place in self.layout.counting])
        levels = reached_by(len(self.scorecard.levels), self._levels, counted)
        return Verdict(letters, counted, levels)

    def observed(self, leaves: Sequence[str]) -> frozenset[int]:
        """Places of the observations that are shown: their checks' rules are asked."""
        return frozenset(
            other
            for check in self.layout.checks
            for _, _, other in check.shown
            if other is not None and all(leaves[p] == TRUE for p in self._conditions(check))
        )

    def _conditions(self, check: CheckLayout) -> list[int]:
        return [p for p in (self.layout.condition, check.condition) if p is not None]

    def _check(
        self, check: CheckLayout
    ) -> tuple[Callable[[Any], str | None], Callable[[Any], Any], Callable[[Any], str]]:
        """What is remembered, what of the letters it goes by, and what finds it out."""
        conditions = self._conditions(check)
        places = [] if check.retired else [*conditions, *dict.fromkeys(check.leaves)]
        decide = _decision(check, len(conditions))
        look = itemgetter(*places) if places else _nothing
        remembered: dict[Any, str] = {}

        def find(leaves: Sequence[str]) -> str:
            key = look(leaves)
            if len(remembered) >= _REMEMBERED:
                remembered.clear()
            remembered[key] = decide(key)
            return remembered[key]

        return remembered.get, look, find


def _nothing(_: Sequence[str]) -> str:
    return ""


def _decision(check: CheckLayout, conditions: int) -> Callable[[Sequence[str]], str]:
    """What the letters of the conditions, and then of the rule's leaves, come to."""
    if check.retired:
        return lambda _: LETTERS[Outcome.NOT_APPLICABLE]
    names = [str(place) for place in dict.fromkeys(check.leaves)]
    manual = check.rule == MANUAL
    rule = None if manual else rule_of(check.rule, lambda place: Leaf(expression=str(place)))

    def decide(letters: Sequence[str]) -> str:
        for letter in letters[:conditions]:
            if letter != TRUE:  # its rule is not asked
                applies = LEAF_OUTCOMES[letter]
                return LETTERS[Outcome.NOT_APPLICABLE if applies is Outcome.FAIL else applies]
        if rule is None:  # a person answers
            return LETTERS[Outcome.UNKNOWN]
        said = zip(names, letters[conditions:], strict=True)
        return LETTERS[rules.decide(rule, {name: LEAF_OUTCOMES[letter] for name, letter in said})]

    return decide
