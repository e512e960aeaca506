"""Signing in by a link that works once, and signing out."""

from __future__ import annotations

from flask import Blueprint, current_app, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from portal.api.guard import cookie_name
from portal.db.access import sessions
from portal.wiring import Portal

USED = "This link was used before, or is older than 10 minutes. Print another one."


def blueprint(portal: Portal) -> Blueprint:
    """`/login` and `/logout`."""
    views = Blueprint("signin", __name__)
    settings = portal.settings
    name, path = cookie_name(settings), "/" if settings.is_https else settings.base_path or "/"

    @views.get("/login")
    def page() -> Response:
        code = request.args.get("once", "")
        if not code or request.method != "GET":
            return _page(200, "")
        with portal.database.write() as connection:
            cookie = sessions.sign_in(connection, code[:200], now=portal.now())
        if cookie is None:
            return _page(401, USED)
        response = redirect(f"{request.root_path}/", 303)
        response.set_cookie(
            name,
            cookie,
            max_age=sessions.SESSION_LIFETIME,
            path=path,
            secure=settings.is_https,
            httponly=True,
            samesite="Lax",
        )
        return response

    @views.post("/logout")
    def leave() -> Response:
        cookie = request.cookies.get(name)
        if cookie:
            with portal.database.write() as connection:
                sessions.sign_out(connection, cookie)
        response = redirect(f"{request.root_path}/login", 303)
        response.delete_cookie(
            name, path=path, secure=settings.is_https, httponly=True, samesite="Lax"
        )
        return response

    return views


def _page(status: int, reason: str) -> Response:
    if "pages" in current_app.blueprints:
        return make_response(render_template("login.html", reason=reason), status)
    text = reason or "Sign in with a link: run `portal login-link` where the portal runs."
    return make_response(text, status, {"Content-Type": "text/plain; charset=utf-8"})
