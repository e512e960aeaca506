"""The page of an entity: its header, and what every tab has in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from catalog.problems import JsonValue, Problem, Severity
from portal.db.catalog.entities import Related
from portal.ui.models.catalog.listing import first_link
from portal.ui.models.entity.declared import Declared
from portal.ui.models.levels import LevelMark
from portal.ui.models.links import EntityLink, link_to, text_at, texts_at
from scorecards.scorecard import Scorecard


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
