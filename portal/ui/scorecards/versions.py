"""The versions of a scorecard, also of one that went."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from portal.db.evaluation import definitions
from portal.ui.frame import not_found
from portal.ui.models.scorecards.versions import version_rows
from portal.ui.paging import pager_of, read_page
from portal.wiring import Portal

PER_PAGE = 20


def register(pages: Blueprint, portal: Portal) -> None:
    """`/scorecards/<name>/versions`."""

    @pages.get("/scorecards/<name>/versions")
    def versions(name: str) -> ResponseReturnValue:
        with portal.database.read() as connection:
            found = read_page(
                lambda after: definitions.versions(connection, name, after=after, limit=PER_PAGE)
            )
            last = definitions.before(connection, found.items[-1]) if found.items else None
        card = portal.cards.get(name)
        if card is None and not found.items:
            return not_found(f"There never was a scorecard named {name}.")
        pager = pager_of({}, found)
        return render_template(
            "versions.html",
            card=card,
            name=name,
            rows=version_rows(found.items, last),
            pager=pager,
        )
