"""The documentation of an entity, read for its page."""

from __future__ import annotations

from flask import request, url_for

from catalog.problems import JsonValue
from catalog.refs import parse_ref
from portal.db.collection import documentation
from portal.db.state import Connection
from portal.ui.models.entity.docs import Docs, chosen, docs, home_of

LONGEST_PATH = 4096


def docs_tab(
    connection: Connection, entity_id: int, ref: str, body: JsonValue, *, href: str
) -> Docs:
    """What the template of the tab needs; `href` is where the descriptor is on the web, or ''."""
    listed = documentation.for_entity(connection, entity_id)
    asked = request.args.get("page", "")[:LONGEST_PATH]
    place = chosen(listed.pages, asked) if listed else None
    found = None
    if listed and place is not None:
        found = documentation.text_of(connection, entity_id, listed.pages[place].path)
    parts = parse_ref(ref)
    here = url_for(
        ".entity", kind=parts.kind, namespace=parts.namespace, name=parts.name, tab="docs"
    )
    return docs(
        listed,
        documentation.reading_of(connection, entity_id),
        asked=asked,
        text=found[1] if found else None,
        page_url=f"{here}&page=",
        home=home_of(body, href),
    )
