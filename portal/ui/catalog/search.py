"""Search: entities, checks and problems for a few letters, with what matched; pages by title.

A word before a colon leads to the page that answers it: `owner:`, `tag:` and the like to the catalog.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.db.catalog import entities
from portal.db.collection import documentation
from portal.db.sources import problems
from portal.ui.models.catalog.search import check_hits, doc_hits, hits
from portal.ui.models.catalog.search_words import catalog_params, level_named
from portal.wiring import Portal

MOST_ENTITIES = 60
MOST_PROBLEMS = 50
MOST_PAGES = 60
DOCS = "docs:"
"""Begins a search for pages of documentation."""
LONGEST = 200


def register(pages: Blueprint, portal: Portal) -> None:
    """`/search`."""

    @pages.get("/search", endpoint="search")
    def find() -> ResponseReturnValue:
        wanted = " ".join(request.args.get("q", "")[:LONGEST].split())
        if wanted.lower().startswith(DOCS):
            return _documentation(portal, wanted)
        if (params := catalog_params(wanted)) is not None:
            values: dict[str, Any] = dict(params)
            return redirect(url_for("pages.catalog", **values))
        if (found := level_named(wanted, portal.scorecards)) is not None:
            card, rank = found
            return redirect(
                url_for("pages.scorecard", name=card.name, level=rank, _anchor="entities")
            )
        with portal.database.read() as connection:
            rows = entities.search(connection, wanted, MOST_ENTITIES) if wanted else []
            mentioned = (
                problems.list_problems(connection, text=wanted, limit=MOST_PROBLEMS)
                if wanted
                else None
            )
        count = len(mentioned.items) if mentioned else 0
        return render_template(
            "search.html",
            wanted=wanted,
            groups=hits(rows, wanted),
            full=MOST_ENTITIES if len(rows) == MOST_ENTITIES else 0,
            checks=check_hits(portal.scorecards, wanted),
            problem_count=f"{count}{'+' if mentioned and mentioned.after else ''}" if count else "",
        )


def _documentation(portal: Portal, wanted: str) -> str:
    with portal.database.read() as connection:
        pages = documentation.search(connection, wanted[len(DOCS) :], MOST_PAGES)
        rows = entities.by_ids(connection, sorted({page.entity_id for page in pages}))
    return render_template(
        "search.html",
        wanted=wanted,
        groups={},
        docs=doc_hits(pages, rows),
        full_docs=MOST_PAGES if len(pages) == MOST_PAGES else 0,
    )
