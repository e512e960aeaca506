"""Stopping: where in the scorecards the expressions stand that are not run any more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from catalog.problems import Problem, quote
from scorecards.rules import leaves
from scorecards.scorecard import Scorecard

HINT = (
    "Make it look at less: another text is tried anew. "
    "`portal scorecard pardon {name}` has this one tried once more."
)


class _Place(NamedTuple):
    """An expression in a file. That of a filter stands there once, whoever names it."""

    expression: str
    line: int
    column: int


def stopped(cards: Sequence[Scorecard], refused: Mapping[str, str]) -> tuple[Problem, ...]:
    """A problem for each place of an expression that is not run; `refused` says why it is not.

    What a scorecard takes over from another is a problem of the other's file alone.
    """
    if not refused:
        return ()
    by_name = {card.name: card for card in cards}
    found = []
    for card in cards:
        base = by_name.get(card.extends)
        inherited = set() if base is None else set(_places(base))
        for place in dict.fromkeys(_places(card)):
            if place.expression in refused and place not in inherited:
                found.append(_problem(card, place, refused[place.expression]))
    return tuple(found)


def _problem(card: Scorecard, place: _Place, why: str) -> Problem:
    return Problem(
        code="RULE_STOPPED",
        message=f"the expression {why}",
        file=card.file,
        line=place.line or None,
        column=place.column or None,
        found=quote(place.expression),
        hint=HINT.format(name=card.name),
    )


def _places(card: Scorecard) -> Iterator[_Place]:
    for one in (card.applies_to, *(check.applies_to for check in card.checks)):
        if one is not None:
            yield _Place(one.expression, one.line, one.column)
    for check in card.checks:
        for leaf in leaves(check.rule):
            yield _Place(leaf.expression, leaf.line, leaf.column)
        for shown in check.observe:
            yield _Place(shown.expression, shown.line, shown.column)
