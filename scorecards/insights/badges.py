"""Badges: a result in two words and a color, for a README.

Green and red are said of what is known. What may yet turn out either way, or does not apply, has
neither color (design, invariant 3).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from scorecards.scorecard import Scorecard


class Color(StrEnum):
    """Names of colors, as shields.io has them."""

    TOP = "brightgreen"
    BETWEEN = "yellow"
    FLOOR = "red"
    UNKNOWN = "lightgrey"


@dataclass(frozen=True, kw_only=True, slots=True)
class Badge:
    """What a badge says."""

    label: str
    message: str
    color: Color


def badge(card: Scorecard, *, proven: int, possible: int, fails: int) -> Badge:
    """The badge of a result: its levels, and how many checks fail."""
    top = len(card.levels) - 1
    sure, perhaps = min(proven, top), min(possible, top)
    message = card.levels[sure].name
    if sure != perhaps:
        return Badge(
            label=card.title,
            message=f"{message} to {card.levels[perhaps].name}",
            color=Color.UNKNOWN,
        )
    if sure == top:
        color = Color.TOP
    elif sure > 0:
        color = Color.BETWEEN
    else:
        color = Color.FLOOR if fails else Color.UNKNOWN
    return Badge(label=card.title, message=message, color=color)


def no_result(card: Scorecard) -> Badge:
    """The badge where the scorecard does not apply, or nobody has looked yet."""
    return Badge(label=card.title, message="no result", color=Color.UNKNOWN)
