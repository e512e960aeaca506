"""The admin pages: what waits, what went, what is installed, who may ask, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from portal.auth.grants import Grant
from portal.config.access import Restriction
from portal.db.changes.decided import Decided
from portal.db.ingest.buried import Tombstone
from portal.db.ingest.held import HeldRemoval
from portal.db.work.pending import Pending, Tally
from portal.ui.models.links import EntityLink, link_to
from portal.use_cases.failing import Failure
from portal.worker.requests import CHANGED, Lane

MOST_NAMED = 12
"""Entities of a removal that are named at once; the rest is behind a click."""

LANES = {
    Lane.PERSON: "A person waits",
    Lane.EVENT: "Something happened",
    Lane.SWEEP: "By the clock",
}
WORK = {
    "assess": "Assess what has changed",
    "scorecards": "Read the scorecards of repositories",
    "notices": "Tell teams what there is to tell",
}
FAILING = {
    "reading": "Reading",
    "fetching": "Fetching facts",
    "expression": "Expression that is not run",
    "entity": "Entity that cannot be looked at",
}
TYPES = {
    "static": "Token",
    "jwks": "Key set",
    "legacy": "Shared secret",
    "backstage-users": "People of a Backstage",
    "backstage-plugins": "Plugins of a Backstage",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class RemovalLine:
    """A removal that waits."""

    id: int
    what: str
    """URL of the repository, or the location."""
    whole: bool
    """The whole location went."""
    location: str
    """Id; '' of one that is no longer registered."""
    reason: str
    first: tuple[EntityLink, ...]
    rest: tuple[EntityLink, ...]
    held_at: datetime

    @property
    def count(self) -> int:
        """Entities that would go."""
        return len(self.first) + len(self.rest)


@dataclass(frozen=True, kw_only=True, slots=True)
class GraveLine:
    """An entity that went."""

    link: EntityLink
    reason: str
    actor: str
    removed_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class LaneLine:
    """A lane of the queue."""

    title: str
    waiting: int
    working: int
    oldest: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobLine:
    """A piece of work."""

    title: str
    location: str
    """Id of the location that it is about, or ''."""
    lane: str
    requested_at: datetime
    worker: str


@dataclass(frozen=True, kw_only=True, slots=True)
class FailureLine:
    """Something that does not work."""

    title: str
    about: str
    location: str
    link: EntityLink | None
    why: str
    at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantLine:
    """Who is let in."""

    type: str
    subject: str
    keys: str
    may: tuple[str, ...]
    """One sentence for each plugin; empty: everything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DecidedLine:
    """What came of somebody's decision."""

    at: datetime
    actor: str
    parts: tuple[tuple[str, tuple[EntityLink, ...]], ...]
    more: int
    token: str
    """What was done about a token, in words; '': it was to entities."""


def removal_lines(
    found: Iterable[HeldRemoval], targets: Mapping[str, str]
) -> tuple[RemovalLine, ...]:
    """Removals that wait; `targets` names the locations that are registered."""
    return tuple(
        RemovalLine(
            id=one.id,
            what=one.source or targets.get(one.location_id, "a location"),
            whole=not one.source,
            location=one.location_id if one.location_id in targets else "",
            reason=one.reason,
            first=tuple(link_to(ref) for ref in one.refs[:MOST_NAMED]),
            rest=tuple(link_to(ref) for ref in one.refs[MOST_NAMED:]),
            held_at=one.held_at,
        )
        for one in found
    )


def grave_lines(found: Iterable[Tombstone]) -> tuple[GraveLine, ...]:
    """Entities that went."""
    return tuple(
        GraveLine(
            link=link_to(one.ref, exists=False),
            reason=one.reason,
            actor=one.actor,
            removed_at=one.removed_at,
        )
        for one in found
    )


def lane_lines(found: Sequence[Tally]) -> tuple[LaneLine, ...]:
    """Every lane, also those without work."""
    by_lane = {one.lane: one for one in found}
    return tuple(
        LaneLine(
            title=title,
            waiting=by_lane[lane].waiting if lane in by_lane else 0,
            working=by_lane[lane].working if lane in by_lane else 0,
            oldest=by_lane[lane].oldest if lane in by_lane else None,
        )
        for lane, title in LANES.items()
    )


def job_lines(found: Iterable[Pending], targets: Mapping[str, str]) -> tuple[JobLine, ...]:
    """Pieces of work, in the order in which they are done."""
    return tuple(
        JobLine(
            title=_title(one.key, targets),
            location=_location(one.key, targets),
            lane=LANES[Lane(one.lane)],
            requested_at=one.requested_at,
            worker=one.worker,
        )
        for one in found
    )


def _title(key: str, targets: Mapping[str, str]) -> str:
    kind, _, about = key.removesuffix(CHANGED).partition(":")
    match kind:
        case "ingest":
            return f"Read {targets.get(about, 'a location')}"
        case "part":
            location, _, part = about.partition(":")
            return f"Read part {part} of {targets.get(location, 'a location')}"
        case "assess" if about:
            return f"Assess part {about} of the repositories"
        case "later":
            return f"{_title(about, targets)}, in a while"
        case "refresh":
            return f"Read repository {about}"
        case "fetch":
            return f"Fetch the facts of {about}"
        case _:
            return WORK.get(key, key)


def _location(key: str, targets: Mapping[str, str]) -> str:
    kind, _, about = key.partition(":")
    return about if kind == "ingest" and about in targets else ""


def failure_lines(found: Iterable[Failure]) -> tuple[FailureLine, ...]:
    """What does not work."""
    return tuple(
        FailureLine(
            title=FAILING[one.what],
            about=one.about,
            location=one.location,
            link=link_to(one.about) if one.what == "entity" else None,
            why=one.why,
            at=one.at,
        )
        for one in found
    )


def grant_lines(found: Iterable[Grant]) -> tuple[GrantLine, ...]:
    """Who is let in, and what they may do, in words."""
    return tuple(
        GrantLine(
            type=TYPES[one.type],
            subject=one.subject,
            keys=one.keys,
            may=tuple(map(may, one.restrictions)),
        )
        for one in found
    )


def may(one: Restriction) -> str:
    """What a token may do in a plugin, in words."""
    parts = [", ".join(one.permissions) or "everything"]
    if one.actions:
        parts.append(f"to {', '.join(one.actions)}")
    if one.facts:
        parts.append(f"facts of {', '.join(one.facts)}")
    if one.entities:
        parts.append(f"about {', '.join(one.entities)}")
    return f"{one.plugin}: {'; '.join(parts)}"


def decided_lines(found: Iterable[Decided]) -> tuple[DecidedLine, ...]:
    """What people did."""
    return tuple(
        DecidedLine(
            at=one.at,
            actor=one.actor,
            parts=tuple(
                (word, tuple(link_to(ref) for ref in refs))
                for word, refs in (
                    ("came", one.added),
                    ("changed", one.changed),
                    ("went", one.removed),
                )
                if refs
            ),
            more=one.more,
            token=f"Token {one.token.subject} was {one.token.step}" if one.token else "",
        )
        for one in found
    )
