"""Views of the catalog that somebody names for themselves: saving, renaming and removing them."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from portal.config.views import View
from portal.ui.home.page import COOKIE_AGE
from portal.ui.models.catalog import own_views as model
from portal.ui.models.catalog.query import CatalogQuery
from portal.ui.models.catalog.views import view_links
from portal.wiring import Portal

COOKIE = "views"


def register(pages: Blueprint, portal: Portal) -> None:
    """`/catalog/views`, and what is done there."""

    @pages.get("/catalog/views", endpoint="own_views")
    def list_views() -> ResponseReturnValue:
        return _page(own_views())

    @pages.post("/catalog/views/save")
    def save_view() -> ResponseReturnValue:
        views, title, query = own_views(), _typed("title"), request.form.get("query", "")[:4_000]
        now = model.saved(views, title, query)
        if isinstance(now, str):
            return _page(views, title=title, query=query, fault=now)
        return keep(now, f"{url_for('pages.catalog')}?{urlencode(now[-1].parameters)}")

    @pages.post("/catalog/views/rename")
    def rename_view() -> ResponseReturnValue:
        views, old, title = own_views(), request.form.get("old", ""), _typed("title")
        now = model.renamed(views, old, title)
        if isinstance(now, str):
            return _page(views, fault=now)
        return keep(now, url_for("pages.own_views"))

    @pages.post("/catalog/views/remove")
    def remove_view() -> ResponseReturnValue:
        old = request.form.get("old", "")
        now = tuple(view for view in own_views() if view.title != old)
        return keep(now, url_for("pages.own_views"))

    def keep(views: tuple[View, ...], there: str) -> Response:
        """Let the browser keep them and go on; it sends them to the catalog alone."""
        response = make_response(redirect(there, 303))
        path, secure = f"{request.root_path}/catalog", portal.settings.is_https
        response.set_cookie(
            COOKIE,
            model.written(views),
            COOKIE_AGE,
            path=path,
            secure=secure,
            httponly=True,
            samesite="Lax",
        )
        return response


def own_views() -> tuple[View, ...]:
    """The views that this browser keeps."""
    return model.read_views(request.cookies.get(COOKIE, "")[: model.LONGEST])


def _typed(name: str) -> str:
    return request.form.get(name, "").strip()[:1_000]


def _page(
    views: tuple[View, ...], *, title: str = "", query: str = "", fault: str = ""
) -> Response:
    text = render_template(
        "catalog_views.html",
        views=list(zip(view_links(views, CatalogQuery(selected={})), views, strict=True)),
        title=title,
        query=query if model.view_of("x", query) else "",
        fault=fault,
        longest=model.LONGEST_TITLE,
    )
    return make_response(text, 422 if fault else 200)
