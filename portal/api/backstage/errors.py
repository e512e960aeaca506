"""Errors as Backstage answers them: clients build their exceptions from `error.name`."""

from __future__ import annotations

from urllib.parse import quote

import orjson
from flask import Blueprint, Response, request

from catalog.errors import QueryError
from catalog.problems import JsonValue
from portal import logs

NAMES = {
    400: "InputError",
    401: "AuthenticationError",
    403: "NotAllowedError",
    404: "NotFoundError",
    409: "ConflictError",
    413: "InputError",
    501: "NotImplementedError",
    503: "ServiceUnavailableError",
}
"""Backstage 4.0.0, observed (reference 3.2); everything else is `Error`."""


class NotFoundError(Exception):
    """There is nothing under the name that was asked for. `args[0]` is the message."""


def error_response(
    status: int, message: str, *, name: str = "", more: dict[str, JsonValue] | None = None
) -> Response:
    """The error envelope for the current request; `name` and `more` where clients expect others."""
    body = {
        "error": {**_error(status, message), **({"name": name} if name else {}), **(more or {})},
        "request": {"method": request.method, "url": _relative_url()},
        "response": {"statusCode": status},
    }
    return Response(orjson.dumps(body), status, content_type="application/json; charset=utf-8")


def add_error_handlers(blueprint: Blueprint) -> None:
    """Answer what a caller did wrong; everything else is answered by `portal.api.errors`."""

    @blueprint.errorhandler(QueryError)
    def input_error(error: QueryError) -> Response:
        return error_response(400, str(error))

    @blueprint.errorhandler(NotFoundError)
    def not_found(error: NotFoundError) -> Response:
        return error_response(404, str(error))


def _error(status: int, message: str) -> dict[str, JsonValue]:
    """The error, in the words of Backstage where it is not the caller's."""
    if status == 500:
        message = f"An internal error occurred logId={logs.request_id.get()}"
    error: dict[str, JsonValue] = {"name": NAMES.get(status, "Error"), "message": message}
    _, caused, cause = message.partition("; caused by ")
    if caused and status == 401:  # our own words; others may hold what a caller wrote
        name, _, inner = cause.partition(": ")
        error["cause"] = {"name": name, "message": inner}
    return error


def _relative_url() -> str:
    """What is below the plugin's mount point, with the query string, as it was sent."""
    path, question, query = str(request.environ.get("RAW_URI") or request.full_path).partition("?")
    if not query and (query := request.query_string.decode("latin-1")):
        question = "?"  # a server may tell the query apart
    # A proxy in front may have taken the base path away, and that may hold the same words.
    _, slash, below = path.removeprefix(request.script_root).partition("/api/")[2].partition("/")
    return quote(f"{slash}{below}", safe="/:@!$&'()*+,;=~%") + question + query
