"""Notices: what a team is told, when, and in one message for many; and what is kept from it.

Pure: it decides from what it is given, and sends nothing. A lost level is told of only when it stays
lost, and never when something is merely unknown: that is not the team's doing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from html import escape

from catalog.problems import JsonValue
from scorecards.knowledge import rfc3339

MOST_ATTEMPTS = 12
"""To deliver a message, over about two days; then it is dead."""

FIRST_DELAY = timedelta(minutes=1)
LONGEST_DELAY = timedelta(hours=6)


class Kind(StrEnum):
    """What a notice is about."""

    LEVEL_DROP = "level_drop"
    EXEMPTION_EXPIRING = "exemption_expiring"
    CAMPAIGN_DUE = "campaign_due"
    CAMPAIGN_REMINDER = "campaign_reminder"


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """When notices are made and sent."""

    level_drop_after: timedelta = timedelta(hours=24)
    """How long a level has to stay lost."""
    exemptions_before: timedelta = timedelta(days=14)
    """How long before its expiry an exemption is told of."""
    campaigns_before: timedelta = timedelta(days=7)
    """How long before its target day a campaign is told of."""
    digest: timedelta = timedelta(hours=24)
    """How long notices of a team wait for others; 0: none waits."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One thing to tell a team."""

    key: str
    """Names what happened: what has the same key is told once."""
    kind: Kind
    team: str
    """Ref of the owner; '': nobody owns it."""
    ref: str
    """Entity that it is about; '': none."""
    text: str
    """One sentence, plain."""
    at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Watch:
    """The level of an entity on a scorecard that its team knows of."""

    level: int
    version: str
    """Of the scorecard: what another one says is no drop, but another rule."""
    lost_at: datetime | None
    """Since when it is certain that the level is lost; None: it is not."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Drop:
    """A level that is lost, and stayed so."""

    before: int
    now: int
    since: datetime


def watched(
    before: Watch | None,
    *,
    proven: int,
    possible: int,
    version: str,
    now: datetime,
    after: timedelta,
) -> tuple[Watch, Drop | None]:
    """What is known from now on, and the drop to tell of, where one has lasted for `after`."""
    if before is None or before.version != version or proven >= before.level:
        return Watch(level=proven, version=version, lost_at=None), None
    if possible >= before.level:  # perhaps it is not lost at all
        return Watch(level=before.level, version=version, lost_at=None), None
    since = before.lost_at or now
    if now - since < after:
        return Watch(level=before.level, version=version, lost_at=since), None
    drop = Drop(before=before.level, now=possible, since=since)
    return Watch(level=possible, version=version, lost_at=None), drop


@dataclass(frozen=True, kw_only=True, slots=True)
class Mute:
    """What somebody does not want to be told; None stands for any."""

    team: str | None
    ref: str | None
    kind: Kind | None
    until: datetime


def is_muted(notice: Notice, mutes: Iterable[Mute], *, now: datetime) -> bool:
    """Whether one of the mutes that hold fits the notice in all that it names."""
    return any(
        now < mute.until
        and mute.team in (None, notice.team)
        and mute.ref in (None, notice.ref)
        and mute.kind in (None, notice.kind)
        for mute in mutes
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Notices of one team, as one channel is to deliver them."""

    id: str
    """The same however often it is sent: receivers tell by it what they have."""
    team: str
    address: str
    """E-mail of the team; '' where it has none."""
    subject: str
    """One line."""
    text: str
    """Plain."""
    html: str
    data: JsonValue
    """For machines."""


def due_teams(
    waiting: Sequence[Notice], *, digest: timedelta, now: datetime
) -> dict[str, tuple[Notice, ...]]:
    """By team the notices that are to go now: all, as soon as the oldest has waited enough."""
    by_team: dict[str, list[Notice]] = {}
    for notice in sorted(waiting, key=lambda notice: (notice.team, notice.at, notice.key)):
        by_team.setdefault(notice.team, []).append(notice)
    return {team: tuple(found) for team, found in by_team.items() if now - found[0].at >= digest}


def message(team: str, notices: Sequence[Notice], *, channel: str, address: str) -> Message:
    """One message with these notices, at least one."""
    names = "\n".join([channel, *(notice.key for notice in notices)])
    count = f"{len(notices)} notices" if len(notices) > 1 else notices[0].text
    whose = team.rpartition("/")[2] or "nobody in particular"
    lines = [f"- {notice.text}" for notice in notices]
    items = "".join(f"<li>{escape(notice.text)}</li>" for notice in notices)
    return Message(
        id=f"msg_{hashlib.sha256(names.encode()).hexdigest()[:32]}",
        team=team,
        address=address,
        subject=" ".join(f"Plumbline for {whose}: {count}".split())[:200],
        text="\n".join([f"For {whose}:", "", *lines, ""]),
        html=f"<p>For {escape(whose)}:</p><ul>{items}</ul>",
        data={
            "type": "plumbline.notices",
            "timestamp": rfc3339(max(notice.at for notice in notices)),
            "data": {
                "team": team,
                "notices": [
                    {
                        "key": notice.key,
                        "kind": notice.kind.value,
                        "ref": notice.ref,
                        "text": notice.text,
                        "at": rfc3339(notice.at),
                    }
                    for notice in notices
                ],
            },
        },
    )


def next_attempt(attempts: int, *, now: datetime, chance: float) -> datetime | None:
    """When to try again after so many failed attempts; None: never.

    The delay doubles, and between half of it and all of it is taken by `chance` (0 to 1), so that
    what failed together is not tried again together.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    delay = min(FIRST_DELAY * (1 << max(attempts - 1, 0)), LONGEST_DELAY)
    return now + delay * (0.5 + chance / 2)
