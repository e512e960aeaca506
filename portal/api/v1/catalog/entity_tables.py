"""The list of entities as a table, for a spreadsheet: what is declared, and the level on each scorecard."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from catalog.queries.query import EntityQuery
from portal.api.v1.conventions import LARGEST_PAGE
from portal.config.views import ON_LEVEL
from portal.db.catalog.entities import EntityRow, by_query
from portal.db.evaluation import results
from portal.db.evaluation.results import Summary
from portal.wiring import Portal
from scorecards.scorecard import Scorecard

FIRST = ("ref", "kind", "name", "title")
"""What every row begins with."""


def header(columns: Sequence[str]) -> list[str]:
    """The names of the columns; a level that is only possible stands beside the proven one."""
    return [*FIRST, *(name for column in columns for name in _names(column))]


def _names(column: str) -> tuple[str, ...]:
    if column.startswith(ON_LEVEL):
        card = column.removeprefix(ON_LEVEL)
        return (card, f"{card}:possible")
    return ("failed", "unknown") if column == "failing" else (column,)


def rows(portal: Portal, query: EntityQuery, columns: Sequence[str]) -> Iterator[list[object]]:
    """The rows of the whole list, read a page at a time; whoever takes them slowly holds nothing."""
    asked = replace(query, limit=LARGEST_PAGE, count=False)
    cards = portal.cards
    while True:
        with portal.database.read() as connection:
            found = by_query(connection, asked)
            standing = results.summaries(connection, [row.id for row in found.items])
        for row in found.items:
            yield _row(row, columns, cards, standing.get(row.id, ()))
        if found.next_cursor is None:
            return
        asked = replace(asked, cursor=found.next_cursor)


def _row(
    row: EntityRow,
    columns: Sequence[str],
    cards: Mapping[str, Scorecard],
    summaries: Sequence[Summary],
) -> list[object]:
    body = orjson.loads(row.body)
    metadata = body.get("metadata") or {}
    by_name = {one.scorecard: one for one in summaries if one.scorecard in cards}
    return [
        row.ref,
        _text(body, "kind"),
        row.name,
        _text(metadata, "title"),
        *(cell for column in columns for cell in _cells(column, row, body, cards, by_name)),
    ]


def _cells(
    column: str,
    row: EntityRow,
    body: Mapping[str, Any],
    cards: Mapping[str, Scorecard],
    by_name: Mapping[str, Summary],
) -> tuple[object, ...]:
    match column:
        case "type" | "lifecycle":
            return (_text(body.get("spec") or {}, column),)
        case "owner":
            return (_targets(row, "ownedBy", ""),)
        case "system":
            return (_targets(row, "partOf", "system:"),)
        case "tags":
            tags = (body.get("metadata") or {}).get("tags") or ()
            return (" ".join(tag for tag in tags if isinstance(tag, str)),)
        case "failing":
            known = by_name.values()
            return (sum(one.fails for one in known), sum(one.unknowns for one in known))
    name = column.removeprefix(ON_LEVEL)
    return _levels(cards[name], by_name.get(name))


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


def _targets(row: EntityRow, kind: str, begins: str) -> str:
    """Refs that a relation leads to, separated by spaces, which no ref has."""
    related = orjson.loads(row.relations or b"[]")
    found = [one["targetRef"] for one in related if one["type"] == kind]
    return " ".join(ref for ref in found if ref.startswith(begins))
