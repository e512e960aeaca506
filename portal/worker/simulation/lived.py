"""Lived: what counted for an entity at a moment of the past, and why that is not known of a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from scorecards.levels import Reached


class NotKept(StrEnum):
    """What of the past is not kept, and makes a check unknown."""

    FACTS = "facts"
    """Facts: they went with their entity, or it is only kept since when they say the same."""
    AGE = "age"
    """How old a fact was, for a `max_age`: of one that was said again only the last time is."""
    LEVEL = "level"
    """The level on another scorecard: that was not there yet, or is unknown for such a reason itself."""
    BEGINNING = "beginning"
    """What was before all that is kept: a failure may not have lasted for its grace."""
    ORDER = "order"
    """What was between several changes of one instant: a pass may have been, which a grace would hold."""
    TIME = "time"
    """Since when a check has failed that has a grace and looks at `now`."""


class Gap(NamedTuple):
    """Why a check is unknown that said something then."""

    check: str
    why: NotKept
    fact: str
    """Name of the fact that it is about; '': of none."""


class Lived(NamedTuple):
    """What counted for an entity at a moment."""

    letters: str | None
    """One for each check, `HELD` among them; None: the scorecard does not apply."""
    reached: Reached | None
    gaps: frozenset[Gap]
    """Of the checks that are unknown because of what is not kept: they said something then."""

    @property
    def unsure(self) -> bool:
        """Whether there are such checks."""
        return bool(self.gaps)


NOT_THERE = Lived(None, None, gaps=frozenset())
"""Of whom the scorecard does not apply to, or who is not there."""

Lives = Mapping[int, Sequence[Lived]]
"""By entity, what counted at each of its moments."""
