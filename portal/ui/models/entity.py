"""The page of an entity: its header, and what the overview says beside the scorecards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson

from catalog.parsing.documents import parse
from catalog.parsing.positions import locate
from catalog.problems import JsonValue, Problem, Severity
from portal.db.catalog.entities import Related
from portal.db.evaluation.results import Summary
from portal.db.sources.locations import FileOrigin
from portal.ui.models.catalog import first_link
from portal.ui.models.graph import words
from portal.ui.models.home import (
    MOST_SERVICES,
    ScorecardLine,
    ServiceLine,
    scorecard_line,
    service_lines,
    standing,
)
from portal.ui.models.ladder import CheckRow, Ladder
from portal.ui.models.levels import LevelMark
from portal.ui.models.links import EntityLink, link_to, mapping_at, text_at, texts_at
from portal.ui.models.verdict import Line
from portal.ui.models.yaml_text import to_yaml
from scorecards.insights.advice import Step
from scorecards.scorecard import Scorecard

OUR_OWN = "backstage.io/managed-by-"
"""Begins annotations that nobody wrote: where the file is, which is told as the source."""

MOST_STEPS = 3
MOST_IN_GROUP = 12
LONGEST_TEXT = 200_000
"""Characters of a descriptor that the page shows; how many more there are is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """An entity as it is declared, or was."""

    ref: str
    body: bytes
    """JSON."""
    created_at: datetime | None
    """None: of the past that is not told."""
    updated_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """Where an entity is declared."""

    path: str
    href: str
    """'' where it is not on the web."""
    document: int
    repository: str
    """'': of the past that is not told; the path is a whole one then."""
    revision: str


@dataclass(frozen=True, kw_only=True, slots=True)
class WebLink:
    """One of `metadata.links`."""

    title: str
    href: str
    """'' where it leads somewhere that a page must not link to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityPage:
    """What every tab has in common."""

    link: EntityLink
    kind: str
    description: str
    type: str
    lifecycle: str
    owner: EntityLink | None
    system: EntityLink | None
    tags: tuple[str, ...]
    marks: Mapping[str, LevelMark]
    scorecards: tuple[Scorecard, ...]
    problems: tuple[Problem, ...]
    related_count: int
    tabs: tuple[tuple[str, str, int | None], ...]
    """Name, text and count of each tab."""
    created_at: datetime | None
    updated_at: datetime

    @property
    def has_errors(self) -> bool:
        """Whether the newest version was rejected."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


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


@dataclass(frozen=True, kw_only=True, slots=True)
class DescriptorText:
    """The descriptor tab."""

    text: str
    cut: int
    """Characters that are not shown."""
    source: Source | None
    lines: tuple[Line, ...]
    """The same with the problems where they are; empty where none has a place in it."""


def related_links(related: Sequence[Related]) -> list[tuple[str, EntityLink]]:
    """Each neighbor under its relation."""
    return [(one.type, link_to(one.ref, title=one.title, exists=one.exists)) for one in related]


def entity_page(
    declared: Declared,
    body: JsonValue,
    *,
    related: Sequence[tuple[str, EntityLink]],
    marks: Mapping[str, LevelMark],
    scorecards: tuple[Scorecard, ...],
    problems: tuple[Problem, ...],
    facts: int | None,
    docs: int | None,
    has_docs: bool,
) -> EntityPage:
    """The header of an entity's page."""
    by_ref = {link.ref: link for _, link in related}
    owners = [link.ref for kind, link in related if kind == "ownedBy"]
    systems = [
        link.ref for kind, link in related if kind == "partOf" and link.ref.startswith("system:")
    ]
    return EntityPage(
        link=link_to(declared.ref, title=text_at(body, "metadata", "title")),
        kind=text_at(body, "kind"),
        description=text_at(body, "metadata", "description"),
        type=text_at(body, "spec", "type"),
        lifecycle=text_at(body, "spec", "lifecycle"),
        owner=first_link(owners, by_ref),
        system=first_link(systems, by_ref),
        tags=texts_at(body, "metadata", "tags"),
        marks=marks,
        scorecards=scorecards,
        problems=problems,
        related_count=len(related),
        tabs=(
            ("overview", "Overview", None),
            *([("api", "API", None)] if text_at(body, "kind").lower() == "api" else []),
            *([("docs", "Docs", docs)] if has_docs else []),
            ("scorecards", "Scorecards", len(marks)),
            ("relations", "Relations", len(related)),
            *([] if facts is None else [("facts", "Facts", facts)]),
            ("descriptor", "Descriptor", None),
            ("history", "History", None),
        ),
        created_at=declared.created_at,
        updated_at=declared.updated_at,
    )


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


def source_of(origin: FileOrigin | None) -> Source | None:
    """Where the entity is declared; linked where that is on the web."""
    if origin is None:
        return None
    href = origin.url.removeprefix("url:")
    return Source(
        path=origin.path,
        href=href if href.startswith(("http://", "https://")) else "",
        document=origin.document,
        repository=origin.repository,
        revision=origin.revision,
    )


def descriptor_text(
    declared: Declared, source: Source | None, problems: Sequence[Problem]
) -> DescriptorText:
    """The entity as YAML, without what the portal adds, and with its problems."""
    text = to_yaml(orjson.loads(declared.body))
    cut = max(0, len(text) - LONGEST_TEXT)
    return DescriptorText(
        text=text[:LONGEST_TEXT],
        cut=cut,
        source=source,
        lines=() if cut else _lines(text, problems),
    )


def _lines(text: str, problems: Sequence[Problem]) -> tuple[Line, ...]:
    """The lines of the text, if a problem is at one: what the file lacks is told where it belongs."""
    if not any(problem.pointer for problem in problems):
        return ()
    document = next(iter(parse(text.encode(), file="").documents), None)
    by_line: dict[int, list[Problem]] = {}
    for problem in problems:
        place = locate(document, problem.pointer) if document and problem.pointer else None
        if place is not None:
            by_line.setdefault(place.line, []).append(problem)
    if not by_line:
        return ()
    return tuple(
        Line(number=number, text=line, problems=tuple(by_line.get(number, ())))
        for number, line in enumerate(text.splitlines(), start=1)
    )
