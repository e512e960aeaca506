"""Looking: what checks look at, as far as it says when they may come to say something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from portal.worker.assessment.asking import Means
from portal.worker.simulation.remembering import BODY
from scorecards import rules
from scorecards.expressions.cel import Language, compiled_or_raise
from scorecards.scorecard import Check, Scorecard


class Looks(NamedTuple):
    """What the checks of a scorecard look at."""

    sources: Mapping[str, frozenset[str]]
    """By check, what the facts come from that it looks at, and `BODY` where it looks at the entity."""
    timed: frozenset[str]
    """The checks that look at the time, by id: what they say changes though nothing happens."""

    @property
    def together(self) -> frozenset[str]:
        """What any of them looks at."""
        return frozenset[str]().union(*self.sources.values())


def looks(card: Scorecard, means: Means, language: Language) -> Looks:
    """What a scorecard looks at; `language` has the facts of the means."""
    sources, timed = dict[str, frozenset[str]](), set[str]()
    for check in card.checks:
        texts = _asked(card, check)
        names = frozenset[str]().union(
            *(compiled_or_raise(language, text).references for text in texts)
        )
        sources[check.id] = frozenset(
            BODY if name == "entity" else means.collectors.get(name, name) for name in names
        )
        if "now" in names:
            timed.add(check.id)
    return Looks(sources=sources, timed=frozenset(timed))


def _asked(card: Scorecard, check: Check) -> Iterator[str]:
    """The expressions that say whether a check applies, and what it says."""
    conditions = (card.applies_to, check.applies_to)
    yield from (leaf.expression for leaf in conditions if leaf is not None)
    yield from (leaf.expression for leaf in rules.leaves(check.rule))
