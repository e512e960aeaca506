"""Lifecycle: from when, and until when, a check counts.

Only an active check counts for levels. A preview is evaluated and shown before it counts, so that
nobody's level drops overnight; a retiring one is still shown, so that its past can be read. Dates
are days of UTC: a preview counts from the first moment of its day, and a retiring check is gone
with the last moment of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import TypeAlias, assert_never


class Stage(StrEnum):
    """Where a check is in its life at one moment."""

    DRAFT = "draft"
    """Seen by its author alone: neither evaluated nor shown."""
    PREVIEW = "preview"
    """Evaluated and shown, and does not count yet."""
    ACTIVE = "active"
    """Counts."""
    RETIRING = "retiring"
    """Evaluated and shown, and counts no more."""
    RETIRED = "retired"
    """Over: it says `not applicable` until somebody takes it out of the file."""


@dataclass(frozen=True, slots=True)
class Draft:
    """Being written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """Announced."""

    starts: date
    """The first day on which it counts."""


@dataclass(frozen=True, slots=True)
class Active:
    """In force."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Retiring:
    """On its way out."""

    ends: date
    """The last day on which it is shown."""


Lifecycle: TypeAlias = Draft | Preview | Active | Retiring

ACTIVE = Active()


def stage(lifecycle: Lifecycle, now: datetime) -> Stage:
    """The stage at `now`, which is aware."""
    today = now.astimezone(UTC).date()
    match lifecycle:
        case Draft():
            return Stage.DRAFT
        case Preview(starts=starts):
            return Stage.PREVIEW if today < starts else Stage.ACTIVE
        case Active():
            return Stage.ACTIVE
        case Retiring(ends=ends):
            return Stage.RETIRING if today <= ends else Stage.RETIRED
        case _:
            assert_never(lifecycle)


def counts(lifecycle: Lifecycle, now: datetime) -> bool:
    """Whether the check counts for levels at `now`."""
    return stage(lifecycle, now) is Stage.ACTIVE


def in_words(lifecycle: Lifecycle, now: datetime) -> str:
    """What people are told beside the check; '' where there is nothing to tell."""
    match lifecycle, stage(lifecycle, now):
        case Preview(starts=starts), Stage.PREVIEW:
            return f"Will count from {starts.isoformat()}"
        case Retiring(ends=ends), Stage.RETIRING:
            return f"Counts no more, and goes after {ends.isoformat()}"
        case Retiring(ends=ends), Stage.RETIRED:
            return f"Retired on {ends.isoformat()}"
        case Draft(), _:
            return "A draft: it is not evaluated"
    return ""
