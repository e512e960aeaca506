"""The versions of a scorecard, also of one that went."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from catalog.errors import QueryError
from portal.db.evaluation import definitions
from portal.db.page import Page
from portal.ui.frame import not_found
from portal.ui.models.paging import forward, start_of
from portal.ui.models.scorecards.versions import version_rows
from portal.wiring import Portal

PER_PAGE = 20


def register(pages: Blueprint, portal: Portal) -> None:
    """`/scorecards/<name>/versions`."""

    @pages.get("/scorecards/<name>/versions")
    def versions(name: str) -> ResponseReturnValue:
        after = request.args.get("after")
        with portal.database.read() as connection:
            try:
                found = definitions.versions(connection, name, after=after, limit=PER_PAGE)
            except QueryError:
                found = Page(items=(), after=None)
            last = definitions.before(connection, found.items[-1]) if found.items else None
        card = portal.cards.get(name)
        if card is None and not found.items:
            return not_found(f"There never was a scorecard named {name}.")
        pager = forward(
            {},
            start=start_of(request.args.get("from")),
            shown=len(found.items),
            after=found.after,
        )
        return render_template(
            "versions.html",
            card=card,
            name=name,
            rows=version_rows(found.items, last),
            pager=pager,
        )
