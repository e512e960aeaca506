"""Proving: the tests that checks carry, tried in children: who writes a rule may write a hostile one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace

from portal import slate
from portal.pool import Pool
from portal.worker.children.retrying import (
    DEADLINE,
    MOST_OF_A_PROPOSAL,
    STEP,
    Part,
    Refusals,
    Retrying,
)
from portal.worker.children.watching import NO_CARE, Care, Stopwatch
from scorecards.evaluation.cases import Trial, trials, untried
from scorecards.facts import FactSchema
from scorecards.scorecard import Scorecard


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """Checks with tests, each in a scorecard of its own."""

    cards: tuple[Scorecard, ...]
    schemas: tuple[FactSchema, ...]
    care: Care = NO_CARE


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What came of the tests, of the same checks in the same order."""

    trials: tuple[tuple[Trial, ...], ...]
    refused: Mapping[str, str]
    """Expressions that are not run any more, each with why."""


def prove(claims: Claims) -> Tried:
    """In a child: try the tests."""
    watch, refused = Stopwatch(slate.mine()), dict(claims.care.refused)
    schemas = {schema.name: schema for schema in claims.schemas}
    found = []
    for number, card in enumerate(claims.cards):
        watch.look_at(number, str)
        found.append(tuple(trials(card, schemas, refused=refused, watch=watch)))
        refused |= watch.refused
    return Tried(trials=tuple(found), refused=watch.refused)


def tried(
    pool: Pool, cards: Sequence[Scorecard], schemas: Mapping[str, FactSchema]
) -> Iterator[Trial]:
    """Every test of every check, tried in the order of the checks; a rule that is stopped says error."""
    claims = Claims(cards=tuple(_apart(cards)), schemas=tuple(schemas.values()))

    def again(part: Part) -> Future[Tried]:
        some = replace(claims, cards=claims.cards[part.start : part.stop], care=part.care)
        return _submit(pool, some, deadline=part.deadline, step=part.step, ahead=True)

    refusals = Refusals({}, cards=cards, most=MOST_OF_A_PROPOSAL)
    retrying = Retrying(ask=again, name=lambda _: "", refusals=refusals, hearing=STEP)
    first = _submit(pool, claims, deadline=DEADLINE, step=STEP)
    for piece in retrying.pieces(first, len(claims.cards), claims.care):
        if piece.answer is None:
            for card in claims.cards[piece.start : piece.stop]:
                yield from untried(card, piece.why)
        else:
            for found in piece.answer.trials:
                yield from found


def _submit(
    pool: Pool, claims: Claims, *, deadline: float, step: float, ahead: bool = False
) -> Future[Tried]:
    return pool.submit(
        "portal.worker.children.proving:prove", claims, deadline=deadline, step=step, ahead=ahead
    )


def _apart(cards: Sequence[Scorecard]) -> Iterator[Scorecard]:
    for card in cards:
        for check in (*card.checks, *card.drafts):
            if check.tests:
                yield replace(card, checks=(check,), drafts=())
