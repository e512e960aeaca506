"""The catalog API put together: the routes of Backstage's catalog, under their own prefix."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint
from flask.blueprints import BlueprintSetupState

from portal.api.answers import Answers
from portal.api.backstage.analysis import add_analysis_routes
from portal.api.backstage.by_query import add_query_routes
from portal.api.backstage.description import PREFIX, add_description_routes
from portal.api.backstage.entities import add_entity_routes
from portal.api.backstage.errors import add_error_handlers
from portal.api.backstage.facets import add_facet_routes
from portal.api.backstage.full_list import add_list_routes
from portal.api.backstage.locations import add_location_routes
from portal.api.backstage.replies import ANSWERS
from portal.api.backstage.validation import add_validation_routes
from portal.wiring import Portal


def blueprint(portal: Portal, answers: Answers) -> Blueprint:
    """The blueprint, to be registered as it is: it knows its prefix. `answers` are kept."""
    routes = Blueprint("backstage_catalog", __name__, url_prefix=PREFIX)
    add_error_handlers(routes)
    add_list_routes(routes, portal)
    add_query_routes(routes, portal)
    add_entity_routes(routes, portal)
    add_facet_routes(routes, portal)
    add_location_routes(routes, portal)
    add_validation_routes(routes, portal)
    add_analysis_routes(routes, portal)
    add_description_routes(routes, portal)
    tolerate_slashes(routes, PREFIX)
    routes.record_once(lambda state: state.app.extensions.setdefault(ANSWERS, answers))
    return routes


def tolerate_slashes(routes: Blueprint, prefix: str) -> None:
    """Let paths below `prefix` have double slashes, and slashes at their end, as Backstage does."""

    def wrap(state: BlueprintSetupState) -> None:
        app: Any = state.app
        app.wsgi_app = _TolerantSlashes(app.wsgi_app, prefix)

    routes.record_once(wrap)


class _TolerantSlashes:
    """Takes superfluous slashes out of the paths of one API."""

    def __init__(self, app: Callable[..., Iterable[bytes]], prefix: str) -> None:
        self._app, self._prefix = app, prefix

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """One request."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(self._prefix + "/"):
            environ["PATH_INFO"] = re.sub("/{2,}", "/", path).rstrip("/")
        return self._app(environ, start)
