"""A card for programs, as JSON."""

from __future__ import annotations

import json
from typing import Any, TextIO

from portal.cli.card import Comparison
from portal.cli.card_reports.words import observed
from scorecards.insights.advice import next_steps
from scorecards.insights.introduced import CardChange


def objects(found: Comparison, out: TextIO) -> None:
    """Every entity with its cards and, with a base, what each check was and what the change does."""
    cards: dict[str, list[dict[str, Any]]] = {ref: [] for ref in found.card.places}
    for change in found.changes:
        cards[change.ref].append(_card(change, compared=bool(found.base)))
    shown: dict[str, Any] = {
        "entities": [{"ref": ref, "scorecards": of} for ref, of in cards.items()],
        "problems": [problem.as_dict() for problem in found.card.problems],
    }
    if found.base:
        shown["base"] = found.base
        shown["introduced"] = found.introduced
        shown["newProblems"] = [problem.as_dict() for problem in found.problems]
    out.write(json.dumps(shown, indent=2, default=str) + "\n")


def _card(change: CardChange, *, compared: bool) -> dict[str, Any]:
    scorecard, result = change.scorecard, change.after
    card: dict[str, Any] = {
        "name": scorecard.name,
        "title": scorecard.title,
        "level": scorecard.levels[result.proven].name,
        "possibleLevel": scorecard.levels[result.possible].name,
        "checks": [
            {
                "id": one.check.id,
                "title": one.check.title,
                "level": scorecard.levels[one.check.level].name,
                "outcome": one.after.outcome,
                "observed": observed(one),
                "expected": one.check.expected,
                "reason": one.after.reason,
                **({"before": one.before, "change": one.verdict} if compared else {}),
            }
            for one in change.checks
        ],
        "nextSteps": [step.check for step in next_steps(scorecard, result)],
    }
    if compared:
        before = change.before
        card["levelBefore"] = scorecard.levels[before.proven].name if before else None
    return card
