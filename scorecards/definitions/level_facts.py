"""Level facts: the level that an entity has on a scorecard, as a fact for the rules of others.

`levels.service_maturity` is an `int`, 0 on the floor: what `GET /api/v1/results` calls `proven`. It is
kept like an observed fact, so that whoever looks at it is asked again when it changes, that it is in
the evidence, and that it has a history. Where the proven level is not the possible one it is unknown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter

from scorecards.facts import (
    FactRecord,
    FactSchema,
    FactState,
    FactType,
    FailedFact,
    Known,
    Missing,
    Unknown,
)
from scorecards.levels import Reached
from scorecards.scorecard import Scorecard

NAMESPACE = "levels"

VERSION = "1"
"""Of the records: raised whenever the same level may give another fact."""


def level_fact(scorecard: str) -> str:
    """What the level on the scorecard of this name is called: `levels.service_maturity`."""
    name = scorecard.replace("-", "_")
    # No name begins with a digit in CEL.
    return f"{NAMESPACE}.{'_' if name[:1].isdigit() else ''}{name}"


def collector_of(scorecard: str) -> str:
    """What stands for a collector in the records: each scorecard says its own."""
    return f"{NAMESPACE}.{scorecard}"


def level_schemas(scorecards: Iterable[str]) -> dict[str, FactSchema]:
    """The facts that rules may look at once there are scorecards of these names, by name."""
    found = {}
    for scorecard in scorecards:
        name = level_fact(scorecard)
        description = f"The level on the scorecard `{scorecard}`, 0 on the floor."
        found[name] = FactSchema(
            name=name, type=FactType.INT, description=description, when_absent=0
        )
    return found


def told(scorecards: Iterable[Scorecard], read: Iterable[str]) -> tuple[Scorecard, ...]:
    """The scorecards whose levels are among the facts that are `read`."""
    names = frozenset(read)
    return tuple(card for card in scorecards if level_fact(card.name) in names)


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """A scorecard whose level is a fact."""

    card: Scorecard
    followers: frozenset[str]
    """The names of the scorecards whose results the level decides on, also by the level on another one."""


def telling(
    scorecards: Iterable[Scorecard], readers: Mapping[str, Collection[str]]
) -> tuple[Telling, ...]:
    """The scorecards whose levels are looked at, each after those whose levels it looks at itself.

    `readers` are the scorecards that look at each fact; those that do in a circle were taken out.
    """
    cards = {card.name: card for card in told(scorecards, readers)}
    looks = {name: frozenset(readers[level_fact(name)]) for name in cards}
    sorter = TopologicalSorter({name: looks[name] & cards.keys() for name in cards})
    followers: dict[str, frozenset[str]] = {}
    for name in sorter.static_order():  # first those at whose levels nobody looks who tells one
        followers[name] = looks[name].union(*(followers[one] for one in looks[name] & cards.keys()))
    return tuple(
        Telling(card=cards[name], followers=followers[name]) for name in reversed(followers)
    )


def level_record(
    ref: str, scorecard: Scorecard, reached: Reached | None, *, at: datetime
) -> FactRecord:
    """The level of an entity as a record; `reached` is None where the scorecard does not apply."""
    return FactRecord(
        ref=ref,
        collector=collector_of(scorecard.name),
        version=VERSION,
        url="",
        revision="",
        observed_at=at,
        valid_until=None,
        facts={level_fact(scorecard.name): _state(scorecard, reached)},
    )


def _state(scorecard: Scorecard, reached: Reached | None) -> FactState:
    if reached is None:
        return Missing(
            looked_for=f"a result of the scorecard {scorecard.name}, which does not apply"
        )
    if reached.proven == reached.possible:
        return Known(value=reached.proven)
    least, most = (scorecard.levels[level].name for level in reached)
    detail = f"between {least} and {most}, as not all of its checks are known"
    return FailedFact(reason=Unknown.NOT_COLLECTED, detail=detail)
