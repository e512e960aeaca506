"""The overview of an entity: what to do next, what it is related to, and what it owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.problems import JsonValue
from portal.db.evaluation.results import Summary
from portal.ui.models.charts.graph import words
from portal.ui.models.entity.declared import Source
from portal.ui.models.entity.ladder import CheckRow, Ladder
from portal.ui.models.links import EntityLink, mapping_at, text_at
from portal.ui.models.scorecards.standing import (
    MOST_SERVICES,
    ScorecardLine,
    ServiceLine,
    scorecard_line,
    service_lines,
    standing,
)
from scorecards.insights.advice import Step
from scorecards.scorecard import Scorecard

OUR_OWN = "backstage.io/managed-by-"
"""Begins annotations that nobody wrote: where the file is, which is told as the source."""

MOST_STEPS = 3
MOST_IN_GROUP = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class WebLink:
    """One of `metadata.links`."""

    title: str
    href: str
    """'' where it leads somewhere that a page must not link to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Advice:
    """The first things to do for the next level of one scorecard."""

    scorecard: Scorecard
    level: str
    steps: tuple[CheckRow, ...]
    more: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RelationGroup:
    """Neighbors by one relation."""

    words: str
    links: tuple[EntityLink, ...]
    more: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Belongings:
    """What a group or a user owns, for the overview."""

    lines: tuple[ServiceLine, ...]
    """Those that are assessed, the most failing checks first."""
    more: int
    """Assessed ones that are not listed."""
    total: int
    """Assessed or not."""
    scorecards: tuple[Scorecard, ...]
    """Those that any of the lines has a level on."""
    standings: tuple[ScorecardLine, ...]
    """How all of it stands, on the same ones."""


def belongings(
    scorecards: Sequence[Scorecard],
    services: Sequence[tuple[EntityLink, Sequence[Summary]]],
    total: int,
) -> Belongings:
    """What an owner has; `services` are those of it that were looked at."""
    lines = service_lines(scorecards, services)
    shown = tuple(card for card in scorecards if any(card.name in one.marks for one in lines))
    return Belongings(
        lines=lines[:MOST_SERVICES],
        more=max(0, len(lines) - MOST_SERVICES),
        total=total,
        scorecards=shown,
        standings=tuple(
            scorecard_line(card, standing(card, (found for _, found in services))) for card in shown
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """The overview tab."""

    advice: tuple[Advice, ...]
    relations: tuple[RelationGroup, ...]
    links: tuple[WebLink, ...]
    annotations: tuple[tuple[str, str], ...]
    source: Source | None
    belongings: Belongings | None
    """Of a group or a user."""


def advice(ladder: Ladder, steps: Sequence[Step]) -> Advice | None:
    """The first steps with what is known about each; None at the top."""
    rows = {row.check.id: row for rung in ladder.rungs for row in rung.rows}
    found = [rows[step.check] for step in steps if step.check in rows]
    if ladder.next_level is None or not found:
        return None
    return Advice(
        scorecard=ladder.scorecard,
        level=ladder.next_level.name,
        steps=tuple(found[:MOST_STEPS]),
        more=max(0, len(found) - MOST_STEPS),
    )


def overview(
    body: JsonValue,
    *,
    advice: tuple[Advice, ...],
    related: Sequence[tuple[str, EntityLink]],
    source: Source | None,
    belongings: Belongings | None,
) -> Overview:
    """The overview of an entity."""
    groups: dict[str, list[EntityLink]] = {}
    for kind, link in related:
        groups.setdefault(kind, []).append(link)
    annotations = mapping_at(body, "metadata", "annotations")
    return Overview(
        advice=advice,
        relations=tuple(
            RelationGroup(
                words=words(kind),
                links=tuple(links[:MOST_IN_GROUP]),
                more=max(0, len(links) - MOST_IN_GROUP),
            )
            for kind, links in groups.items()
        ),
        links=web_links(body),
        annotations=tuple(
            (key, str(value))
            for key, value in sorted(annotations.items())
            if not key.startswith(OUR_OWN)
        ),
        source=source,
        belongings=belongings,
    )


def web_links(body: JsonValue) -> tuple[WebLink, ...]:
    """`metadata.links`; only those to the web or a mailbox can be followed."""
    listed = mapping_at(body, "metadata").get("links")
    found = []
    for one in listed if isinstance(listed, list) else []:
        url = text_at(one, "url")
        if url:
            safe = url.lower().startswith(("http://", "https://", "mailto:"))
            found.append(WebLink(title=text_at(one, "title") or url, href=url if safe else ""))
    return tuple(found)
