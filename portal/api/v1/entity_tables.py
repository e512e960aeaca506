"""The list of entities as a table, for a spreadsheet: what is declared, and the level on each scorecard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import orjson

from catalog.query import EntityQuery
from portal.api.v1.conventions import LARGEST_PAGE
from portal.db import results
from portal.db.entities import EntityRow, by_query
from portal.db.results import Summary
from portal.wiring import Portal
from scorecards.scorecard import Scorecard

HEAD = ("ref", "kind", "name", "title", "type", "lifecycle", "owner", "system", "tags")


def header(scorecards: Sequence[Scorecard]) -> list[str]:
    """The names of the columns; a level that is only possible stands beside the proven one."""
    levels = [name for card in scorecards for name in (card.name, f"{card.name}:possible")]
    return [*HEAD, *levels, "failed", "unknown"]


def rows(portal: Portal, query: EntityQuery) -> Iterator[list[object]]:
    """The rows of the whole list, read a page at a time; whoever takes them slowly holds nothing."""
    asked = replace(query, limit=LARGEST_PAGE, count=False)
    while True:
        with portal.database.read() as connection:
            found = by_query(connection, asked)
            standing = results.summaries(connection, [row.id for row in found.items])
        for row in found.items:
            yield _row(row, portal.scorecards, standing.get(row.id, ()))
        if found.next_cursor is None:
            return
        asked = replace(asked, cursor=found.next_cursor)


def _row(
    row: EntityRow, scorecards: Sequence[Scorecard], summaries: Sequence[Summary]
) -> list[object]:
    body = orjson.loads(row.body)
    metadata, spec = body.get("metadata") or {}, body.get("spec") or {}
    by_name = {one.scorecard: one for one in summaries}
    known = [by_name[card.name] for card in scorecards if card.name in by_name]
    related = orjson.loads(row.relations or b"[]")
    return [
        row.ref,
        _text(body, "kind"),
        row.name,
        _text(metadata, "title"),
        _text(spec, "type"),
        _text(spec, "lifecycle"),
        _targets(related, "ownedBy", ""),
        _targets(related, "partOf", "system:"),
        " ".join(tag for tag in metadata.get("tags") or () if isinstance(tag, str)),
        *(level for card in scorecards for level in _levels(card, by_name.get(card.name))),
        sum(one.fails for one in known),
        sum(one.unknowns for one in known),
    ]


def _levels(card: Scorecard, summary: Summary | None) -> tuple[str, str]:
    """Proven and possible; '' where the scorecard does not apply, or has not looked yet."""
    if summary is None:
        return "", ""
    top = len(card.levels) - 1
    return (
        card.levels[min(summary.proven, top)].name,
        card.levels[min(summary.possible, top)].name,
    )


def _text(data: Mapping[str, object], key: str) -> str:
    value = data.get(key)
    return value if isinstance(value, str) else ""


def _targets(related: Sequence[Mapping[str, str]], kind: str, begins: str) -> str:
    """Refs that a relation leads to, separated by spaces, which no ref has."""
    found = [one["targetRef"] for one in related if one["type"] == kind]
    return " ".join(ref for ref in found if ref.startswith(begins))
