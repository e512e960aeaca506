"""The blueprint of all pages: one file for each area, put together with what every page has."""

from __future__ import annotations

from flask import Blueprint, Response, request

from portal.ui import changed, filters, frame
from portal.ui.admin import fetches, locations, tokens
from portal.ui.admin import pages as admin
from portal.ui.catalog import descriptor, own_views, problems, search
from portal.ui.catalog import listing as catalog
from portal.ui.entity import inquiries, looking_again
from portal.ui.entity import page as entity
from portal.ui.home import first_run, starred
from portal.ui.home import page as home
from portal.ui.insights import coverage, digest, risks, trends
from portal.ui.insights import page as insights
from portal.ui.people import campaigns, exemptions, notices
from portal.ui.scorecards import editor, versions
from portal.ui.scorecards import pages as scorecards
from portal.wiring import Portal


def blueprint(portal: Portal) -> Blueprint:
    """Every page of `portal`, its static files, and the frame that error pages use too."""
    pages = Blueprint(
        "pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/static",
    )
    filters.install(pages)
    frame.install(pages, portal)
    changed.install(pages)
    for area in (
        home,
        catalog,
        own_views,
        entity,
        scorecards,
        trends,
        versions,
        editor,
        insights,
        risks,
        coverage,
        digest,
        notices,
        campaigns,
        exemptions,
        problems,
        locations,
        fetches,
        inquiries,
        looking_again,
        starred,
        search,
        descriptor,
        first_run,
        admin,
        tokens,
    ):
        area.register(pages, portal)

    @pages.after_request
    def keep_static_files(response: Response) -> Response:
        # The address changes with the content, so that no browser ever has to ask again.
        if request.endpoint == "pages.static" and "v" in request.args:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    return pages
