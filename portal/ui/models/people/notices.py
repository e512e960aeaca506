"""Notices as a page shows them, and up to where a browser has read those of each team."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from portal.db.people.notices import MUTED, KeptNotice
from portal.ui.models.links import EntityLink, link_to
from portal.ui.models.paging import Pager
from scorecards.people.notices import Kind

MOST_TEAMS = 10
"""Teams of which a browser keeps what was read; with one more the one that was read first goes."""

LONGEST = 15
"""Digits of an id that is read: what a browser sends may be anything."""

WORDS = {
    Kind.LEVEL_DROP: ("Level lost", "fail"),
    Kind.EXEMPTION_EXPIRING: ("Exemption ends", "exempt"),
    Kind.CAMPAIGN_DUE: ("Campaign is due", "warn"),
    Kind.CAMPAIGN_REMINDER: ("Reminder", "unknown"),
}
"""What a kind is called, and its look."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeRow:
    """A notice."""

    text: str
    word: str
    look: str
    about: EntityLink | None
    exemption: str
    """Number of the exemption that it is about; '': none."""
    campaign: str
    """Name of the campaign; '': none."""
    team: EntityLink | None
    """None: nobody owns what it is about."""
    at: datetime
    is_new: bool
    is_muted: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticesPage:
    """Everything that the page shows."""

    rows: tuple[NoticeRow, ...]
    pager: Pager
    kind: Kind | None
    kinds: tuple[tuple[Kind, str], ...]
    """Those that can be asked for, and what they are called."""
    unread: int
    newest: int
    """Up to where everything is read when all of it is."""


def notice_row(kept: KeptNotice, links: Mapping[str, EntityLink], *, read_up_to: int) -> NoticeRow:
    """The row of a notice; `links` has the entities and teams that exist."""
    one = kept.notice
    word, look = WORDS[one.kind]
    subject = one.key.split(":")[1] if one.key.count(":") else ""
    of_campaign = one.kind in (Kind.CAMPAIGN_DUE, Kind.CAMPAIGN_REMINDER)
    return NoticeRow(
        text=one.text,
        word=word,
        look=look,
        about=_link(one.ref, links),
        exemption=subject if one.kind is Kind.EXEMPTION_EXPIRING and subject.isdecimal() else "",
        campaign=subject if of_campaign else "",
        team=_link(one.team, links),
        at=one.at,
        is_new=kept.id > read_up_to and kept.state != MUTED,
        is_muted=kept.state == MUTED,
    )


def _link(ref: str, links: Mapping[str, EntityLink]) -> EntityLink | None:
    return (links.get(ref) or link_to(ref, exists=False)) if ref else None


def read_marks(cookie: str) -> dict[str, int]:
    """By team the id of the notice up to which a browser has read; what makes no sense is left out."""
    found: dict[str, int] = {}
    for part in cookie.split("|"):
        ref, _, number = part.rpartition("=")
        if ref and number.isascii() and number.isdecimal() and len(number) <= LONGEST:
            found[ref] = int(number)
    return found


def written(marks: Mapping[str, int], team: str, upto: int) -> str:
    """The cookie when a team's notices are read up to one, and no less than before."""
    upto = max(upto, marks.get(team, 0))
    others = [(ref, number) for ref, number in marks.items() if ref != team]
    return "|".join(f"{ref}={number}" for ref, number in _last([*others, (team, upto)]))


def _last(pairs: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return list(pairs)[-MOST_TEAMS:]
