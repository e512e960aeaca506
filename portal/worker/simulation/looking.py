"""Looking: what checks look at, as far as it says when they may come to say something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from portal.worker.assessment.asking import Means
from portal.worker.simulation.remembering import BODY
from scorecards import rules
from scorecards.expressions.cel import Language, compiled_or_raise
from scorecards.scorecard import Check, Scorecard


def timed(card: Scorecard, means: Means) -> frozenset[str]:
    """The checks that look at the time, by id: what they say changes though nothing happens."""
    language = Language(means.schemas)

    def looks_at_time(check: Check) -> bool:
        texts = (text for text in _asked(card, check) if "now" in text)
        return any("now" in compiled_or_raise(language, text).references for text in texts)

    return frozenset(check.id for check in card.checks if looks_at_time(check))


def sources(card: Scorecard, means: Means) -> Mapping[str, frozenset[str]]:
    """By check, what the facts come from that it looks at, and `BODY` where it looks at the entity."""
    language = Language(means.schemas)
    found = {}
    for check in card.checks:
        names = frozenset[str]().union(
            *(compiled_or_raise(language, text).references for text in _asked(card, check))
        )
        found[check.id] = frozenset(
            BODY if name == "entity" else means.collectors.get(name, name) for name in names
        )
    return found


def _asked(card: Scorecard, check: Check) -> Iterator[str]:
    """The expressions that say whether a check applies, and what it says."""
    conditions = (card.applies_to, check.applies_to)
    yield from (leaf.expression for leaf in conditions if leaf is not None)
    yield from (leaf.expression for leaf in rules.leaves(check.rule))
