"""The first run: how far the catalog is on the way from nothing to the first scorecard."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from portal.db.sources.locations import LocationRow
from portal.ui.models.links import EntityLink

LONGEST_TARGET = 2_000

_REPOSITORY = re.compile(
    r"https?://(?:www\.)?(?:github|gitlab)\.com/[^/?#]+/[^/?#]+/?", re.IGNORECASE
)
"""What people copy from the address bar of a forge: nothing at such a URL is a descriptor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FirstRun:
    """Where it stands."""

    locations: tuple[LocationRow, ...]
    """That somebody named, with what was found so far."""
    entities: int
    """Without the Location entities that registrations make."""
    errors: int
    warnings: int
    waiting: int
    """Entities that wait to be assessed."""
    assessed: int
    """Results of every scorecard."""
    card: EntityLink | None
    """An entity with a result: the first card to look at."""
    pending: int
    """Pieces of work that wait or are under way."""

    @property
    def step(self) -> int:
        """1: name something; 2: it is read; 3: it is assessed, or was."""
        if not self.locations:
            return 1
        return 3 if self.entities else 2

    @property
    def busy(self) -> bool:
        """Whether something is still going to change by itself."""
        return self.pending > 0 or any(one.listed_at is None for one in self.locations)

    @property
    def failed(self) -> tuple[LocationRow, ...]:
        """Locations that could not be read, or not wholly."""
        return tuple(one for one in self.locations if one.problem is not None)


def is_first_run(kinds: Mapping[str, int]) -> bool:
    """Whether the catalog holds nothing but what registrations made."""
    return not any(count for kind, count in kinds.items() if kind.lower() != "location")


def target_fault(target: str) -> str:
    """What keeps a target from being registered on a page; '' where nothing does.

    Whoever runs the host may have folders read and repositories cloned; a page, as the API, only
    has files fetched, from hosts that are allowed.
    """
    if not target:
        return "Name the URL of a catalog-info.yaml."
    if target.startswith(("/", "~", ".", "file:")) or target[1:3] == ":\\":
        return "A folder can only be named on the host itself: run the command below there."
    if target.startswith(("ssh://", "git@", "git://")) or target.rstrip("/").endswith(".git"):
        return (
            "A repository can only be cloned for who names it on the host, with the command below."
        )
    if len(target) > LONGEST_TARGET or not target.isprintable() or " " in target:
        return "This is no URL: it is one word without spaces."
    if not target.lower().startswith(("http://", "https://")):
        return "This is no URL: it begins with https://."
    if _REPOSITORY.fullmatch(target):
        return (
            "This is a repository and no file in it: name its descriptor, as "
            f"{target.rstrip('/')}/blob/main/catalog-info.yaml, or have it cloned with the "
            "command below."
        )
    return ""


def named(rows: Sequence[LocationRow]) -> tuple[LocationRow, ...]:
    """The locations that somebody named, without those that only Location entities lead to."""
    return tuple(one for one in rows if one.root_id is None)
