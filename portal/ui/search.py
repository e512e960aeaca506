"""Search: entities, checks and problems for a few letters, with what matched."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from portal.db import entities, problems
from portal.ui.models.search import check_hits, hits
from portal.wiring import Portal

MOST_ENTITIES = 60
MOST_PROBLEMS = 50
LONGEST = 200


def register(pages: Blueprint, portal: Portal) -> None:
    """`/search`."""

    @pages.get("/search", endpoint="search")
    def find() -> str:
        wanted = " ".join(request.args.get("q", "")[:LONGEST].split())
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
