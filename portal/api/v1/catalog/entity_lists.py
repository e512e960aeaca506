"""The answer to a list of entities: a page of them in JSON, or all at once as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson
from flask import Response

from catalog.queries.query import EntityQuery
from portal.api.csv_table import table
from portal.api.v1 import forms
from portal.api.v1.catalog import entity_tables
from portal.api.v1.conventions import Tags, answer
from portal.db.catalog.entities import by_query
from portal.db.evaluation import results
from portal.wiring import Portal


def entity_list(
    portal: Portal,
    tags: Tags,
    query: EntityQuery,
    *,
    columns: Sequence[str],
    as_table: bool,
    name: str = "entities",
) -> Response:
    """The entities that a query finds, with where they stand; `columns` and `name` are of the CSV."""
    with portal.database.read() as connection:
        tag = tags.check(connection, "csv" if as_table else "json")
        if not as_table:
            found = by_query(connection, query)
            standing = results.summaries(connection, [row.id for row in found.items])
    if as_table:
        every = replace(query, cursor=None)
        head = entity_tables.header(columns)
        return table(head, entity_tables.rows(portal, every, columns), name=name, tag=tag)
    cards = portal.cards
    items = [
        forms.entity_item(row, {"scorecards": forms.standings(cards, standing.get(row.id, ()))})
        for row in found.items
    ]
    rest = orjson.dumps({"nextCursor": found.next_cursor, "total": found.total})
    response = answer(b'{"items":[' + b",".join(items) + b"]," + rest[1:], tag=tag)
    response.headers["Vary"] = "Accept"
    return response
