"""Search results: hits by kind, each with the field that matched and the words around the match."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import orjson

from catalog.problems import JsonValue
from portal.db.catalog.entities import EntityRow
from portal.db.collection.documentation import PageHit
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.links import EntityLink, text_at, texts_at
from scorecards.scorecard import Check, Scorecard

AROUND = 60
"""Characters shown on each side of a match."""
MOST_CHECKS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Excerpt:
    """Where a text matched."""

    field: str
    before: str
    match: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Hit:
    """An entity that was found."""

    link: EntityLink
    kind: str
    excerpt: Excerpt | None
    """None: it matched somewhere that is not shown here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DocHit:
    """A page of documentation that was found."""

    path: str
    title: str
    link: EntityLink
    others: int
    """Further entities that have the same page."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckHit:
    """A check that was found."""

    scorecard: Scorecard
    check: Check


def excerpt(field: str, text: str, wanted: str) -> Excerpt | None:
    """The first match of `wanted` in `text`, whatever the case."""
    at = text.lower().find(wanted.lower())
    if at < 0 or not wanted:
        return None
    end, start = at + len(wanted), max(0, at - AROUND)
    return Excerpt(
        field=field,
        before=("…" if start else "") + text[start:at],
        match=text[at:end],
        after=text[end : end + AROUND] + ("…" if len(text) > end + AROUND else ""),
    )


def hits(rows: Iterable[EntityRow], wanted: str) -> dict[str, list[Hit]]:
    """The entities by kind, in the order found."""
    found: dict[str, list[Hit]] = {}
    for row in rows:
        body = orjson.loads(row.body)
        kind = text_at(body, "kind")
        matches = (excerpt(field, text, wanted) for field, text in _fields(row, body))
        hit = Hit(
            link=link_of(row, body),
            kind=kind,
            excerpt=next((match for match in matches if match), None),
        )
        found.setdefault(kind or row.kind, []).append(hit)
    return found


def _fields(row: EntityRow, body: JsonValue) -> Iterable[tuple[str, str]]:
    yield "name", row.name
    yield "title", text_at(body, "metadata", "title")
    yield "description", " ".join(text_at(body, "metadata", "description").split())
    for tag in texts_at(body, "metadata", "tags"):
        yield "tag", tag
    yield "type", text_at(body, "spec", "type")
    yield "owner", text_at(body, "spec", "owner")
    yield "system", text_at(body, "spec", "system")
    yield "reference", row.ref


def doc_hits(pages: Iterable[PageHit], rows: Iterable[EntityRow]) -> list[DocHit]:
    """The pages with an entity that has each; `rows` are these entities."""
    links = {row.id: link_of(row) for row in rows}
    return [
        DocHit(
            path=page.path,
            title=page.title,
            link=links[page.entity_id],
            others=page.entities - 1,
        )
        for page in pages
        if page.entity_id in links
    ]


def check_hits(scorecards: Sequence[Scorecard], wanted: str) -> list[CheckHit]:
    """Checks whose title, id or category has the text."""
    low = wanted.lower()
    found = [
        CheckHit(scorecard=card, check=check)
        for card in scorecards
        for check in card.checks
        if low and any(low in text.lower() for text in (check.title, check.id, check.category))
    ]
    return found[:MOST_CHECKS]
