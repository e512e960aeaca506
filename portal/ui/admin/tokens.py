"""Tokens: making one, whose secret is shown once, and revoking one."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from catalog.problems import Problem
from portal.auth import actor_of, tokens_refused
from portal.db.access import tokens as store
from portal.ui.frame import not_found, not_permitted
from portal.ui.models.admin import tokens as model
from portal.use_cases.issuing import LONGEST_SUBJECT, LONGEST_TEXT, SOON, issue, revoke, state_of
from portal.use_cases.issuing import State as TokenState
from portal.wiring import Portal

NO_SUCH = "There is no token with this number."
WHOM = "People who are signed in, and tokens of the configuration without limits, can do it."
ONE = "/admin/tokens/<int(max=9223372036854775807):number>"


def register(pages: Blueprint, portal: Portal) -> None:
    """`/admin/tokens/new`, and `/admin/tokens/<number>/revoke`."""

    @pages.route("/admin/tokens/new", methods=["GET", "POST"])
    def new_token() -> ResponseReturnValue:
        if why := tokens_refused(g.caller):
            return _refused(why)
        if request.method == "GET":
            with portal.database.read() as connection:
                newest = store.last_id(connection)
            return _form(model.TokenForm(seen=str(newest)))
        form = model.read_form(request.form.to_dict(flat=False))
        wanted = model.wanted_of(form, portal.now())
        if isinstance(wanted, model.TokenForm):
            return _form(wanted, 422)
        seen = form.seen if form.seen.isascii() and form.seen.isdecimal() else ""
        made = issue(
            portal,
            wanted,
            actor=actor_of(g.caller),
            seen=int(seen) if 0 < len(seen) < 19 else None,
        )
        if isinstance(made, Problem):
            return _form(model.with_problem(form, made), 409 if made.code == "TOKEN_TWICE" else 422)
        line = model.token_line(made.token, portal.now())
        return _told_once(render_template("token_made.html", token=line, secret=made.secret))

    @pages.route(f"{ONE}/revoke", methods=["GET", "POST"])
    def revoke_token(number: int) -> ResponseReturnValue:
        if why := tokens_refused(g.caller):
            return _refused(why)
        if request.method == "POST":
            if revoke(portal, number, actor=actor_of(g.caller)) is None:
                return not_found(NO_SUCH)
            return redirect(url_for("pages.admin_access", done="revoked"), 303)
        with portal.database.read() as connection:
            found = store.find(connection, number)
        if found is None:
            return not_found(NO_SUCH)
        now = portal.now()
        lets_in = state_of(found, now) in (TokenState.ACTIVE, TokenState.EXPIRES_SOON)
        line = model.token_line(found, now)
        return render_template("token_revoke.html", token=line, lets_in=lets_in)


def _form(form: model.TokenForm, status: int = 200) -> Response:
    text = render_template(
        "token_form.html",
        form=form,
        groups=model.permissions_by_plugin(),
        periods=model.PERIODS,
        soon=SOON,
        longest=LONGEST_TEXT,
        longest_subject=LONGEST_SUBJECT,
        longest_limits=model.LONGEST_LIMITS,
    )
    return make_response(text, status)


def _told_once(text: str) -> Response:
    """A page that nobody keeps: neither the browser, for its way back, nor anything on the way."""
    return make_response(text, 200, {"Cache-Control": "no-store"})


def _refused(why: str) -> Response:
    return not_permitted(f"{why}.", whom=WHOM, back=url_for("pages.admin_access"))
