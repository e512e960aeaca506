"""Admin: removals to decide on, plugins, jobs, access, and what people decided."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.errors import RefError
from catalog.refs import parse_ref
from portal.auth import actor_of, tokens_refused
from portal.auth.grants import grants
from portal.db.access import tokens
from portal.db.changes import decided
from portal.db.ingest import buried, decisions, held
from portal.db.sources import locations
from portal.db.work import pending
from portal.ui.frame import not_found
from portal.ui.models.admin import pages as model
from portal.ui.models.admin.tokens import lines as token_lines
from portal.ui.paging import pager_of, read_page
from portal.use_cases.failing import failures
from portal.wiring import Portal, store_of
from portal.worker.requests import ASSESS, Lane, refresh_key

PER_PAGE = 50
MOST_JOBS = 100
GONE = "There is no removal with this number: it was approved, or nothing is held back any more."
NOTHING_KEPT = "Nothing of this entity is kept that could be restored."


def register(pages: Blueprint, portal: Portal) -> None:
    """`/admin` and what is below it."""

    @pages.get("/admin")
    def admin() -> ResponseReturnValue:
        return redirect(url_for("pages.locations"))

    @pages.get("/admin/removals")
    def admin_removals() -> str:
        with portal.database.read() as connection:
            waiting = held.list_held(connection)
            names = locations.targets(connection)
            gone = read_page(
                lambda after: buried.list_tombstones(connection, after=after, limit=PER_PAGE)
            )
        return _page(
            "removals",
            held=model.removal_lines(waiting, names),
            pager=pager_of({}, gone),
            gone=model.grave_lines(gone.items),
            keep=portal.settings.tombstones_keep,
        )

    _add_lists(pages, portal)
    _add_decisions(pages, portal)


def _add_lists(pages: Blueprint, portal: Portal) -> None:
    @pages.get("/admin/plugins")
    def admin_plugins() -> str:
        return _page(
            "plugins",
            plugins=portal.plugins,
            problems=portal.plugin_problems,
            disabled=portal.settings.plugins_disabled,
        )

    @pages.get("/admin/jobs")
    def admin_jobs() -> str:
        with portal.database.read() as connection:
            tallies = pending.tallies(connection)
            first = pending.waiting(connection, limit=MOST_JOBS)
            failing = failures(portal, connection)
            names = locations.targets(connection)
        return _page(
            "jobs",
            lanes=model.lane_lines(tallies),
            jobs=model.job_lines(first, names),
            failing=model.failure_lines(failing),
            total=sum(one.waiting + one.working for one in tallies),
        )

    @pages.get("/admin/access")
    def admin_access() -> str:
        with portal.database.read() as connection:
            found = read_page(
                lambda after: tokens.list_tokens(connection, after=after, limit=PER_PAGE)
            )
        return _page(
            "access",
            tokens=token_lines(found.items, portal.now()),
            refused=tokens_refused(g.caller),
            grants=model.grant_lines(grants(portal.settings)),
            is_open=portal.settings.auth == "open",
            pager=pager_of({}, found),
        )

    @pages.get("/admin/decisions")
    def admin_decisions() -> str:
        with portal.database.read() as connection:
            found = read_page(
                lambda after: decided.by_people(connection, after=after, limit=PER_PAGE)
            )
        return _page("decisions", rows=model.decided_lines(found.items), pager=pager_of({}, found))


def _add_decisions(pages: Blueprint, portal: Portal) -> None:
    @pages.post("/admin/removals/<int(max=9223372036854775807):number>/approve")
    def approve_removal(number: int) -> ResponseReturnValue:
        with portal.database.write() as connection:
            again = decisions.approve(
                store_of(portal), connection, number, actor=actor_of(g.caller), now=portal.now()
            )
        if again is None:
            return not_found(GONE)
        for repository in again:
            portal.work.request(refresh_key(repository), Lane.PERSON)
        return redirect(url_for("pages.admin_removals", done="approved"), 303)

    @pages.post("/admin/tombstones/restore")
    def restore_entity() -> ResponseReturnValue:
        try:
            ref = str(parse_ref(request.form.get("ref", "")[:500]))
        except RefError:
            return not_found(NOTHING_KEPT)
        with portal.database.write() as connection:
            done = decisions.restore(
                store_of(portal), connection, ref, actor=actor_of(g.caller), now=portal.now()
            )
        if not done:
            return not_found(NOTHING_KEPT)
        portal.work.request(ASSESS, Lane.EVENT)
        return redirect(url_for("pages.admin_removals", done="restored"), 303)


def _page(tab: str, **shown: Any) -> str:
    return render_template(f"admin_{tab}.html", sub=tab, **shown)
