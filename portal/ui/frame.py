"""What stands around every page: navigation, the chosen team, the version, the age of the data."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from flask import Blueprint, Response, g, make_response, render_template, request

from portal import logs
from portal.auth import Person
from portal.rationing import TooOften
from portal.ui.models.catalog.same import address
from portal.ui.models.links import EntityLink, link_to
from portal.ui.models.looks import SEVERITIES
from portal.version import VERSION
from portal.wiring import Portal

TEAM_COOKIE = "team"
TITLE_COOKIE = "team-title"
"""Quoted, as cookies are not for every character."""

AREAS = (
    ("home", "Home", "pages.home"),
    ("catalog", "Catalog", "pages.catalog"),
    ("scorecards", "Scorecards", "pages.scorecards"),
    ("insights", "Insights", "pages.insights"),
    ("campaigns", "Campaigns", "pages.campaigns"),
    ("exemptions", "Exemptions", "pages.exemptions"),
    ("admin", "Admin", "pages.locations"),
)
"""What people come for: their services, how good they are, and what was agreed on. All else is Admin."""

PARTS = {
    "insights": (
        ("maturity", "Maturity", "pages.insights"),
        ("coverage", "Coverage", "pages.coverage"),
        ("risks", "Ownership and risk", "pages.risks"),
        ("digest", "Digest of a week", "pages.digest"),
    ),
    "admin": (
        ("locations", "Locations", "pages.locations"),
        ("problems", "Problems", "pages.problems"),
        ("jobs", "Jobs", "pages.admin_jobs"),
        ("removals", "Removals", "pages.admin_removals"),
        ("decisions", "Decisions", "pages.admin_decisions"),
        ("access", "Access", "pages.admin_access"),
        ("plugins", "Plugins", "pages.admin_plugins"),
    ),
}
"""The parts of an area. Of Admin what is read and what is wrong with it is first: most come for that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """The frame of one page."""

    areas: tuple[tuple[str, str, str], ...]
    """Name, text and endpoint of each entry of the navigation."""
    parts: Mapping[str, tuple[tuple[str, str, str], ...]]
    """The same of the parts of areas that have some, by the name of the area."""
    team: EntityLink | None
    """Whose services are 'mine'; None: everyone's."""
    sample: bool
    version: str
    api: str
    """Path of the description of the API."""
    v1: str
    """Path of the API."""
    host: str
    """What comes before a path in a whole address."""
    signed_in: bool
    style: str
    """Changes with the stylesheet."""
    script: str
    """Changes with the script."""


def install(pages: Blueprint, portal: Portal) -> None:
    """Give `frame`, `now`, `severities` and `api_address` to every template of the application."""
    style, script = _digest("plumbline.css"), _digest("plumbline.js")

    @pages.app_context_processor
    def surroundings() -> dict[str, Any]:
        return {
            "frame": Frame(
                areas=AREAS,
                parts=PARTS,
                team=chosen_team(),
                sample=portal.settings.sample,
                version=VERSION,
                api=f"{request.root_path}/api/docs",
                v1=f"{request.root_path}/api/v1",
                host=request.host_url.rstrip("/"),
                signed_in=isinstance(g.get("caller"), Person),
                style=style,
                script=script,
            ),
            "now": portal.now(),
            "severities": SEVERITIES,
            "api_address": address,
        }


def _digest(name: str) -> str:
    """Of a static file."""
    return hashlib.sha256((Path(__file__).parent / "static" / name).read_bytes()).hexdigest()[:12]


def not_found(detail: str) -> Response:
    """The page for an address under which there is nothing, with the reason."""
    text = render_template(
        "error.html",
        status=404,
        title="Not found",
        detail=detail,
        request_id=logs.request_id.get(),
    )
    return make_response(text, 404)


def too_often(refused: TooOften) -> Response:
    """The page for what is not done now, with the reason and when it will be."""
    text = render_template(
        "error.html",
        status=429,
        title="Not so often",
        detail=refused.why,
        request_id=logs.request_id.get(),
    )
    return make_response(text, 429, {"Retry-After": str(refused.seconds)})


def not_permitted(why: str, *, whom: str, back: str) -> Response:
    """The page for what its sender may not do: why, whom to ask, and the way back."""
    text = render_template(
        "not_permitted.html", why=why, whom=whom, back=back, request_id=logs.request_id.get()
    )
    return make_response(text, 403)


def chosen_team() -> EntityLink | None:
    """The team in the URL, else in the cookie; a client says either, so it is only a name.

    Its title is the one that the home page last knew, which the browser keeps, too.
    """
    kept = request.cookies.get(TEAM_COOKIE, "")[:300]
    ref = request.args.get("team", kept)[:300]
    title = unquote(request.cookies.get(TITLE_COOKIE, "")[:600]) if ref == kept else ""
    link = link_to(ref, title=title) if ref else None
    return link if link is not None and link.parts is not None else None
