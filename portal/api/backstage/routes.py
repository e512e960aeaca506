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
    routes.record_once(_tolerate_slashes)
    routes.record_once(lambda state: state.app.extensions.setdefault(ANSWERS, answers))
    return routes


def _tolerate_slashes(state: BlueprintSetupState) -> None:
    app: Any = state.app
    app.wsgi_app = TolerantSlashes(app.wsgi_app)


class TolerantSlashes:
    """Lets paths of this API have double slashes, and slashes at their end, as Backstage does."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """One request."""
        path = environ.get("PATH_INFO", "")
        if path.startswith(PREFIX + "/"):
            environ["PATH_INFO"] = re.sub("/{2,}", "/", path).rstrip("/")
        return self._app(environ, start)
