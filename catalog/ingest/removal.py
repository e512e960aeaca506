"""Removal: whether what a complete listing lacks may go now, has to wait, or is held back.

Only absence is judged here. A file that was read whole and no longer declares an entity is
evidence of its own, see `catalog.ingest.changes`. Rules: design 2a.6, and D1 to D6 of the reliability
reference: a partial or failed listing never gets here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovalPolicy:
    """How sure the catalog has to be before it lets go."""

    grace: timedelta = timedelta(hours=24)
    """Least time between the first complete listing without a file and its removal."""
    minimum: int = 10
    """So many entities may always go in one run, however small the source is."""
    fraction: float = 0.10
    """Of the source's entities: so many may go in one run."""
    listings: int = 2
    """Least number of complete listings in a row that lacked the file."""

    def limit(self, total: int) -> int:
        """The most entities that one run may remove from a source that serves `total`."""
        return max(self.minimum, int(total * self.fraction))


@dataclass(frozen=True, kw_only=True, slots=True)
class MissingFile:
    """A stored file that the complete listing at hand lacks."""

    path: str
    entities: int
    """How many it is serving that nobody has approved to go."""
    missing_since: datetime | None
    """When a complete listing first lacked it; None: never before this one."""
    missed: int
    """Complete listings in a row that lacked it, the one at hand included."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What becomes of the files that a listing lacks."""

    removed: tuple[str, ...]
    """Paths whose entities go now."""
    waiting: tuple[str, ...]
    """Paths whose entities stay for now; what is held back is among them."""
    due: tuple[str, ...] = ()
    """Paths that would go, were there no limit."""
    held: str
    """Why files that were due stay all the same; empty when none does."""


def decide(
    missing: Sequence[MissingFile], *, total: int, policy: RemovalPolicy, now: datetime
) -> Decision:
    """What goes and what stays, of a source that serves `total` entities.

    When more entities are due than one run may remove, none of them goes.
    """
    due = [file for file in missing if _is_due(file, policy, now)]
    going = sum(file.entities for file in due)
    limit = policy.limit(total)
    if going > limit:
        return Decision(
            removed=(),
            waiting=tuple(file.path for file in missing),
            due=tuple(file.path for file in due),
            held=f"{going} of {total} entities would be removed at once; {limit} is the limit.",
        )
    removed = tuple(file.path for file in due)
    return Decision(
        removed=removed,
        waiting=tuple(file.path for file in missing if file.path not in set(removed)),
        held="",
    )


def _is_due(file: MissingFile, policy: RemovalPolicy, now: datetime) -> bool:
    return (
        file.missing_since is not None
        and file.missed >= policy.listings
        and now - file.missing_since >= policy.grace
    )
