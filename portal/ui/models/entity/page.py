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
from portal.ui.models.looks import Look
from scorecards.scorecard import Scorecard

NOT_YET = Look(name="running", word="Not assessed yet")


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
    unassessed: Look | None
    """That no scorecard says anything yet, as it waits to be assessed; None: one does, or none applies."""
    scorecards: tuple[Scorecard, ...]
    problems: tuple[Problem, ...]
    related_count: int
    tabs: tuple[tuple[str, str, int | None], ...]
    """Name, text and count of each tab; None: nothing to count, or nobody has counted yet."""
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
    waits: bool,
) -> EntityPage:
    """The header of an entity's page; `waits` says whether it is still to be looked at."""
    by_ref = {link.ref: link for _, link in related}
    owners = [link.ref for kind, link in related if kind == "ownedBy"]
    systems = [
        link.ref for kind, link in related if kind == "partOf" and link.ref.startswith("system:")
    ]
    uncounted = None if waits else 0
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
        unassessed=NOT_YET if waits and not marks else None,
        scorecards=scorecards,
        problems=problems,
        related_count=len(related),
        tabs=(
            ("overview", "Overview", None),
            *([("api", "API", None)] if text_at(body, "kind").lower() == "api" else []),
            *([("docs", "Docs", docs)] if has_docs else []),
            ("scorecards", "Scorecards", len(marks) or uncounted),
            ("relations", "Relations", len(related)),
            *([] if facts is None else [("facts", "Facts", facts or uncounted)]),
            ("descriptor", "Descriptor", None),
            ("history", "History", None),
        ),
        created_at=declared.created_at,
        updated_at=declared.updated_at,
    )
