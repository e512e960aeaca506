"""Notices: what a team is told, on a page; and in the frame of every page how much of it is new.

A team's notices are those of the groups below it and of the members of all these, too. What was read
is kept by the browser, as the chosen team is.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.auth import Nobody, Refused
from portal.config import Auth
from portal.db.catalog import entities
from portal.db.failures import is_unavailable
from portal.db.insights.owners import tree_of
from portal.db.people import notices
from portal.db.state import Connection, catalog_state_of
from portal.ui.frame import chosen_team
from portal.ui.home.page import COOKIE_AGE
from portal.ui.models.catalog.listing import link_of
from portal.ui.models.paging import Params
from portal.ui.models.people.notices import (
    WORDS,
    NoticesPage,
    notice_row,
    read_marks,
    written,
)
from portal.ui.paging import pager_of
from portal.wiring import Portal
from scorecards.people.notices import Kind

COOKIE = "notices-read"
LONGEST = 3_500
"""Characters of the cookie: browsers keep 4,096 bytes with its name and attributes."""
PER_PAGE = 50


@dataclass(kw_only=True)
class Trees:
    """The owners that a team stands for, remembered while the catalog stays as it is."""

    _state: str = ""
    _kept: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _guard: threading.Lock = field(default_factory=threading.Lock)

    def owners(self, connection: Connection, team: str) -> tuple[str, ...]:
        """Refs of the groups and people whose notices are the team's."""
        state = catalog_state_of(connection)
        with self._guard:
            if state != self._state:
                self._state, self._kept = state, {}
            kept = self._kept
        if team not in kept:
            tree = tree_of(connection, team)
            kept[team] = (*tree.groups, *tree.people)
        return kept[team]


def register(pages: Blueprint, portal: Portal) -> None:
    """`/notices`, and the number in the frame."""
    trees = Trees()

    @pages.app_context_processor
    def bell() -> dict[str, Any]:
        return {
            "has_notices": portal.settings.notices is not None,
            "unread": lambda: _unread(portal, trees),
        }

    @pages.get("/notices", endpoint="notices")
    def list_notices() -> ResponseReturnValue:
        team = chosen_team()
        with portal.database.read() as connection:
            owners = trees.owners(connection, team.ref) if team else None
            page = _page(connection, team.ref if team else "", owners)
            known = entities.by_refs(connection, [team.ref]) if team else {}
        title = link_of(known[team.ref]).title if team and team.ref in known else ""
        return render_template(
            "notices.html",
            page=page,
            team=team,
            title=title or (team.title if team else ""),
            configured=portal.settings.notices is not None,
        )

    @pages.post("/notices/read")
    def read_notices() -> ResponseReturnValue:
        """Everything that is there now counts as read, of one team."""
        typed, team = request.form.get("upto", ""), request.form.get("team", "")[:300]
        response = make_response(redirect(url_for("pages.notices"), 303))
        marks = read_marks(f"{team}={typed[:20]}")
        if team in marks and "|" not in team:
            value = written(_marks(), team, marks[team])
            path, secure = f"{request.root_path}/", portal.settings.is_https
            response.set_cookie(
                COOKIE, value, COOKIE_AGE, path=path, secure=secure, httponly=True, samesite="Lax"
            )
        return response


def _unread(portal: Portal, trees: Trees) -> int | None:
    """How many notices of the chosen team are new; None where that is not told.

    The frame is drawn around pages that everybody may see, and around some that need no database.
    """
    team = chosen_team()
    if team is None or portal.settings.notices is None or _is_stranger(portal):
        return None
    try:
        with portal.database.read() as connection:
            owners = trees.owners(connection, team.ref)
            return notices.newer(connection, owners, _read_up_to(team.ref))
    except Exception as error:
        if is_unavailable(error):
            return None
        raise


def _is_stranger(portal: Portal) -> bool:
    """Whether whoever asks may see no more than how to sign in."""
    required = portal.settings.auth is Auth.REQUIRED
    return required and isinstance(g.get("caller", Nobody()), Nobody | Refused)


def _page(connection: Connection, team: str, owners: tuple[str, ...] | None) -> NoticesPage:
    kind = next((one for one in Kind if one.value == request.args.get("kind")), None)
    after = request.args.get("after", "")
    found = notices.list_notices(
        connection,
        teams=owners,
        kind=kind,
        after=after if after.isascii() and after.isdecimal() and len(after) < 16 else None,
        limit=PER_PAGE,
    )
    newest = notices.newest(connection)
    read_up_to = _read_up_to(team) if team else newest
    refs = {ref for kept in found.items for ref in (kept.notice.ref, kept.notice.team) if ref}
    links = {ref: link_of(row) for ref, row in entities.by_refs(connection, refs).items()}
    params: Params = {"kind": kind.value} if kind else {}
    return NoticesPage(
        rows=tuple(notice_row(kept, links, read_up_to=read_up_to) for kept in found.items),
        pager=pager_of(params, found),
        kind=kind,
        kinds=tuple((one, word) for one, (word, _) in WORDS.items()),
        unread=notices.newer(connection, owners, read_up_to) if owners else 0,
        newest=newest,
    )


def _marks() -> dict[str, int]:
    return read_marks(request.cookies.get(COOKIE, "")[:LONGEST])


def _read_up_to(team: str) -> int:
    return _marks().get(team, 0)
