"""Plans: a scorecard prepared, so that the letters of its leaves become those of its checks.

What a check says follows from its leaves alone. Leaves say few different things, so each check
remembers what it said of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from scorecards import rules
from scorecards.answers import ABSENT, FALSE, TRUE
from scorecards.evidence import LEAF_OUTCOMES
from scorecards.layouts import CheckLayout, Layout, rule_of
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
    levels: Reached


class Plan:
    """A scorecard, its layout, and where its leaves are among all that are asked."""

    def __init__(self, scorecard: Scorecard, layout: Layout, numbers: Mapping[str, int]) -> None:
        """`numbers` are those of the expressions in `scorecards.answers.Answers`."""
        self.scorecard = scorecard
        self.layout = layout
        self.leaves = tuple(numbers[leaf.expression] for leaf in layout.leaves)
        """By place in the layout, the number of the leaf."""
        self._levels = tuple(check.level for check in scorecard.checks)
        self._condition = None if layout.condition is None else self.leaves[layout.condition]
        self._checks = tuple(self._check(check) for check in layout.checks)

    def verdict(self, letters: Sequence[str]) -> Verdict | None:
        """What the leaves' letters, by number, come to; None: the scorecard does not apply."""
        if self._condition is not None and letters[self._condition] in (FALSE, ABSENT):
            return None
        said = "".join(
            [recall(look(letters)) or find(letters) for recall, look, find in self._checks]
        )
        return Verdict(said, reached_by(len(self.scorecard.levels), self._levels, said))

    def observed(self, letters: Sequence[str]) -> frozenset[int]:
        """Places of the observations that are shown: their checks' rules are asked."""
        return frozenset(
            other
            for check in self.layout.checks
            for _, _, other in check.shown
            if other is not None
            and all(
                letters[self.leaves[place]] == TRUE
                for place in (self.layout.condition, check.condition)
                if place is not None
            )
        )

    def _check(
        self, check: CheckLayout
    ) -> tuple[Callable[[Any], str | None], Callable[[Any], Any], Callable[[Any], str]]:
        """What is remembered, what of the letters it goes by, and what finds it out."""
        conditions = [p for p in (self.layout.condition, check.condition) if p is not None]
        places = [*conditions, *dict.fromkeys(check.leaves)]
        decide = _decision(check, len(conditions))
        look = itemgetter(*(self.leaves[place] for place in places))
        remembered: dict[Any, str] = {}

        def find(letters: Sequence[str]) -> str:
            key = look(letters)
            if len(remembered) >= _REMEMBERED:
                remembered.clear()
            remembered[key] = decide(key)
            return remembered[key]

        return remembered.get, look, find


def _decision(check: CheckLayout, conditions: int) -> Callable[[Sequence[str]], str]:
    """What the letters of the conditions, and then of the rule's leaves, come to."""
    names = [str(place) for place in dict.fromkeys(check.leaves)]
    rule = rule_of(check.rule, lambda place: Leaf(expression=str(place)))

    def decide(letters: Sequence[str]) -> str:
        for letter in letters[:conditions]:
            if letter != TRUE:  # its rule is not asked
                applies = LEAF_OUTCOMES[letter]
                return LETTERS[Outcome.NOT_APPLICABLE if applies is Outcome.FAIL else applies]
        said = zip(names, letters[conditions:], strict=True)
        return LETTERS[rules.decide(rule, {name: LEAF_OUTCOMES[letter] for name, letter in said})]

    return decide
