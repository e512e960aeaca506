"""The Flask application: the parts of the web edge, put around one `Portal`.

What a request goes through, from the outside in: base path, request id, guard, view; and on the way
back: errors in the form that the client reads, headers, metrics.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from http.client import responses
from typing import Any

import orjson
from flask import Flask, Response, g, request
from flask.json.provider import JSONProvider

from portal import logs
from portal.api import docs, errors, guard, health, metrics, sharing, signin
from portal.api.answers import Answers
from portal.api.backstage import events
from portal.api.backstage import routes as backstage
from portal.api.direct import Direct
from portal.api.envelope import (
    DEFAULT_HEADERS,
    REQUEST_ID,
    log_answer,
    request_id_of,
    standing_headers,
)
from portal.api.tech_insights import routes as tech_insights
from portal.api.v1 import description as v1
from portal.config import Settings
from portal.db.patience import ANSWERING, patience
from portal.ui import blueprint as pages
from portal.wiring import Portal

DIRECT = "direct"
"""Key of the application's extension that answers plain requests."""


def create_app(portal: Portal, *, beats: Callable[[], bool] | None = None) -> Flask:
    """The application of a portal; `beats` says whether the engine of this process is alive."""
    app = Flask("portal", static_folder=None, template_folder=None)
    app.json = OrjsonProvider(app)
    app.config["PROPAGATE_EXCEPTIONS"] = False  # every failure is answered, in tests too
    app.url_map.merge_slashes = False
    _install_request_ids(app)
    registry, requests = metrics.install(app, portal, beats)
    who = guard.Guard(portal)
    sharing.install(app, who.sharers)
    guard.install(app, who, portal.settings)
    errors.register(app)
    app.register_blueprint(health.blueprint(portal, registry, beats))
    app.register_blueprint(signin.blueprint(portal))
    app.register_blueprint(pages(portal))
    answers = Answers(most=portal.settings.answer_cache_bytes)
    app.register_blueprint(backstage.blueprint(portal, answers))
    app.extensions[DIRECT] = Direct(portal, who, answers, requests)
    app.register_blueprint(events.blueprint(portal))
    app.register_blueprint(tech_insights.blueprint(portal))
    v1.register(app, portal)
    app.register_blueprint(docs.blueprint())
    _install_headers(app, portal.settings)
    app.wsgi_app = BasePath(app.wsgi_app, portal.settings)  # type: ignore[assignment, method-assign]  # as Flask's documentation has it
    return app


class OrjsonProvider(JSONProvider):
    """Flask's JSON, by orjson."""

    def dumps(self, obj: Any, **_: Any) -> str:
        """JSON text; times in RFC 3339."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_: Any) -> Any:
        """The value of a JSON text. Raises `ValueError`."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """An answer with the JSON of a value, or of an object of named values."""
        value = self._prepare_response_obj(args, kwargs)
        return Response(orjson.dumps(value), content_type="application/json")


class BasePath:
    """Serves the application under the path of its base URL.

    A proxy in front may take the path away or leave it; both work. The scheme is the base URL's:
    nothing is believed of `X-Forwarded-*` headers.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]], settings: Settings) -> None:
        self._app = app
        self._path = settings.base_path
        self._scheme = "https" if settings.is_https else "http"

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        """One request."""
        path = environ.get("PATH_INFO", "")
        if self._path:
            environ["SCRIPT_NAME"] = self._path
            if path == self._path or path.startswith(self._path + "/"):
                environ["PATH_INFO"] = path[len(self._path) :] or "/"
        environ["wsgi.url_scheme"] = self._scheme
        return self._app(environ, start)


def _install_request_ids(app: Flask) -> None:
    """One id for each request: the client's if it is one, in every log line and in the answer."""

    @app.before_request
    def begin() -> None:
        g.patience = patience.set(ANSWERING)
        identifier = request_id_of(request.headers.get(REQUEST_ID, ""))
        g.request_id = identifier
        g.logged = logs.request_id.set(identifier)

    @app.teardown_request
    def end(_error: BaseException | None) -> None:
        if "patience" in g:
            patience.reset(g.pop("patience"))
        if "logged" in g:
            logs.request_id.reset(g.pop("logged"))


def _phrase(status: int) -> str:
    """Of a status, as RFC 9110 spells it: clients of Backstage show it to people. Flask shouts."""
    return "Payload Too Large" if status == 413 else responses.get(status, "Unknown")


def _install_headers(app: Flask, settings: Settings) -> None:
    """Headers of every answer, errors included."""
    standing = standing_headers(settings)

    @app.after_request
    def add(response: Response) -> Response:
        if response.status_code != 200:
            response.status = f"{response.status_code} {_phrase(response.status_code)}"
        headers = response.headers
        if response.status_code == 204:
            headers.pop("Content-Type", None)  # of nothing
        for name, value in DEFAULT_HEADERS.items():
            headers.setdefault(name, value)
        headers.update(standing)
        if "request_id" in g:
            headers[REQUEST_ID] = g.request_id
        seconds = time.perf_counter() - g.began if "began" in g else 0.0
        log_answer(request.method, request.path, response.status_code, seconds)
        return response
