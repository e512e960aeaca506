"""Numbers of many results, in the form in which every answer gives them: never one alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from marshmallow import fields

from portal.api.v1 import forms
from portal.api.v1.conventions import Answer
from portal.api.v1.schemas import LevelAnswer
from portal.db.insights.unfresh import Unfresh
from scorecards.insights.trends import pass_rate
from scorecards.scorecard import Scorecard

OUTCOMES = {
    "passed": "p",
    "failed": "f",
    "unknown": "u",
    "notApplicable": "n",
    "exempt": "x",
    "error": "e",
}
"""Names of outcomes in answers, and their letters."""

LACKING = ("notAssessed", "neverAssessed", "waiting")
"""Names of the numbers of entities without a fresh result."""


class CountsAnswer(Answer):
    """Entities by outcome of a check."""

    passed = fields.Integer()
    failed = fields.Integer()
    not_known = fields.Integer(data_key="unknown")
    not_applicable = fields.Integer()
    exempt = fields.Integer()
    error = fields.Integer()


class TallyAnswer(Answer):
    """How often checks said what, and the rate that follows."""

    counts = fields.Nested(CountsAnswer)
    pass_rate = fields.Float(
        allow_none=True,
        metadata={
            "description": "Of those that pass or fail, 0 to 1; what is unknown is not counted."
        },
    )


class CheckTallyAnswer(TallyAnswer):
    """How entities do on a check."""

    check = fields.String()
    title = fields.String(metadata={"description": "'' where there is no such check any more."})


class StepsAnswer(Answer):
    """How many entities are on a level."""

    level = fields.Nested(LevelAnswer)
    proven = fields.Integer()
    possible = fields.Integer()


class LackingAnswer(Answer):
    """Entities without a result, or with one from before."""

    not_assessed = fields.Integer(
        metadata={
            "description": "Of these, entities that could not be assessed when that was last tried: their "
            "results are from before."
        }
    )
    never_assessed = fields.Integer(
        metadata={
            "description": "Entities beside these that could not be assessed, and of which no scorecard has "
            "a result: whether this one applies to them is not known."
        }
    )
    waiting = fields.Integer(
        metadata={
            "description": "Entities beside these that wait to be assessed by it: whether it applies to "
            "them is not known yet."
        }
    )


def tally(letters: Mapping[str, int]) -> forms.Json:
    """Outcomes by letter, counted, with their rate."""
    return {
        "counts": {name: letters.get(letter, 0) for name, letter in OUTCOMES.items()},
        "passRate": rounded(pass_rate(letters)),
    }


def steps(card: Scorecard, proven: Sequence[int], possible: Sequence[int]) -> list[forms.Json]:
    """Entities on each level of a scorecard."""
    return [
        {"level": forms.level(card, rank), "proven": sure, "possible": perhaps}
        for rank, (sure, perhaps) in enumerate(zip(proven, possible, strict=True))
    ]


def by_rank(card: Scorecard, counts: Mapping[int, int]) -> list[int]:
    """Entities on each level by index; one beyond the last counts as on the last."""
    found = [0] * len(card.levels)
    for rank, n in counts.items():
        found[min(rank, len(card.levels) - 1)] += n
    return found


def rounded(rate: Fraction | None) -> float | None:
    """A rate as answers show it."""
    return None if rate is None else round(float(rate), 4)


def lacking(found: Unfresh) -> dict[str, int]:
    """The entities without a fresh result, by the names in answers."""
    return dict(zip(LACKING, (found.before, found.never, found.waiting), strict=True))
