"""Every failure of a request, as its client can read it: the one mapping of the product.

`/api/v1` answers problem details (RFC 9457), the Backstage routes answer in Backstage's form, pages
answer as a page. What went wrong inside is logged with the request's id, and never shown.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import orjson
from flask import Flask, Response, current_app, render_template, request
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from catalog.errors import QueryError
from catalog.problems import JsonValue
from portal import logs
from portal.api.backstage.errors import error_response
from portal.db.failures import is_damaged, is_full, is_unavailable, reason_of

log = logging.getLogger(__name__)

CODES = {
    "BAD_REQUEST": (400, "The request is not well-formed."),
    "BAD_DELIVERY": (400, "A delivery of a webhook is signed, and is not JSON."),
    "UNKNOWN_PARAMETER": (400, "A query parameter or a field of the body has no meaning here."),
    "BAD_FILTER": (400, "A `filter` is not of the form `key=value,key,...`."),
    "BAD_CURSOR": (400, "The cursor was not made by this list, or its filters changed."),
    "BAD_HOST": (400, "The `Host` header does not name this portal."),
    "UNAUTHENTICATED": (401, "Credentials are missing, or not ours."),
    "FORBIDDEN": (403, "The token may not do this, or another site's page asked for it."),
    "NOT_FOUND": (404, "There is nothing under this address."),
    "METHOD_NOT_ALLOWED": (405, "The address answers other methods; `Allow` names them."),
    "CONFLICT": (409, "What is asked for does not fit what there is; `errors` says why."),
    "GONE": (410, "What is asked for is no longer kept; `detail` says from when on it is."),
    "PRECONDITION_FAILED": (412, "It has changed since: get it again, and decide again."),
    "PRECONDITION_REQUIRED": (
        428,
        "The write needs `If-Match` with the `ETag` of what it changes.",
    ),
    "BODY_TOO_LARGE": (413, "The body is larger than 1 MiB, or 25 MiB of a webhook."),
    "BODY_TOO_SLOW": (408, "The body did not arrive in time."),
    "UNSUPPORTED_MEDIA_TYPE": (415, "The body is not `application/json`."),
    "INVALID_VALUE": (422, "A value is of the wrong type or out of range; `errors` says which."),
    "TOO_OFTEN": (
        429,
        "Too much was asked for ahead of other work. Ask again after `Retry-After` seconds.",
    ),
    "INTERNAL": (500, "A fault of the portal. Its log has the details under `request_id`."),
    "UNAVAILABLE": (503, "The database does not answer. Ask again after `Retry-After` seconds."),
}
"""Every code with its status and meaning, as the documentation lists them."""

_BY_STATUS = {status: code for code, (status, _) in reversed(CODES.items())}

_UNKNOWN_FIELD = "Unknown field."


class Refusal(HTTPException):
    """A request that is not fulfilled, for a reason that its sender can mend."""

    def __init__(
        self,
        code: str,
        detail: str,
        errors: Sequence[dict[str, JsonValue]] = (),
        *,
        retry_after: int | None = None,
    ) -> None:
        """`retry_after` is in seconds."""
        super().__init__(detail)
        self.refusal = code
        self.code = CODES[code][0]
        self.errors = list(errors)
        self.retry_after = retry_after

    def get_headers(self, *args: Any, **kwargs: Any) -> list[tuple[str, str]]:
        """With when it may be asked again, where that is known."""
        headers = super().get_headers(*args, **kwargs)
        if self.retry_after is not None:
            headers.append(("Retry-After", str(self.retry_after)))
        return headers


def register(app: Flask) -> None:
    """Answer every exception of `app`."""
    app.register_error_handler(HTTPException, _answer)
    app.register_error_handler(QueryError, _answer_query)
    app.register_error_handler(Exception, _answer_unexpected)


def _answer(error: HTTPException) -> Response | HTTPException:
    if error.response is not None or error.code is None or error.code < 400:
        return error  # a redirect
    code, detail, errors = _read(error)
    response = respond(error.code, code, detail, errors)
    for name, value in error.get_headers():
        if name not in ("Content-Type", "Content-Length"):
            response.headers[name] = value
    return response


def _answer_query(error: QueryError) -> Response:
    code = "BAD_CURSOR" if "cursor" in request.args else "BAD_FILTER"
    return respond(400, code, str(error), [])


def _answer_unexpected(error: Exception) -> Response:
    if is_unavailable(error):
        hint = "; see `portal doctor`, and `portal restore`" if is_damaged(error) else ""
        log.warning("the database does not answer: %s%s", reason_of(error), hint)
        response = respond(503, "UNAVAILABLE", _unavailable(error), [])
        response.headers["Retry-After"] = "5"
        return response
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    return respond(500, "INTERNAL", CODES["INTERNAL"][1], [])


def _unavailable(error: Exception) -> str:
    if is_full(error):
        return (
            "The disk of the database is full: nothing can be written until there is room, and what"
            " there is can be read. Ask again after `Retry-After` seconds."
        )
    return CODES["UNAVAILABLE"][1]


def _read(error: HTTPException) -> tuple[str, str, list[dict[str, JsonValue]]]:
    if isinstance(error, Refusal):
        return error.refusal, error.description or "", error.errors
    messages = getattr(error, "data", {}).get("messages")
    if messages:  # of arguments that do not fit their schema
        errors = list(_flat(messages))
        unknown = any(e["code"] == "UNKNOWN_PARAMETER" for e in errors)
        code = "UNKNOWN_PARAMETER" if unknown else "INVALID_VALUE"
        if unknown:
            error.code = 400
        first = errors[0]
        return code, f"{first['pointer']}: {first['detail']}", errors
    status = error.code or 500
    code = _BY_STATUS.get(status, "BAD_REQUEST" if status < 500 else "INTERNAL")
    return code, CODES[code][1] if status in _BY_STATUS else str(error.description or ""), []


def _flat(messages: Any, pointer: str = "", depth: int = 0) -> list[dict[str, JsonValue]]:
    """Marshmallow's messages as a list; the first level names the part of the request."""
    if isinstance(messages, dict):
        found = []
        for key, value in messages.items():
            part = "" if depth == 0 or key == "_schema" else f"/{key}"
            found += _flat(value, pointer + part, depth + 1)
        return found
    texts = messages if isinstance(messages, list) else [messages]
    return [
        {
            "pointer": pointer or "/",
            "detail": "Unknown parameter." if text == _UNKNOWN_FIELD else str(text),
            "code": "UNKNOWN_PARAMETER" if text == _UNKNOWN_FIELD else "INVALID_VALUE",
        }
        for text in texts
    ]


def respond(status: int, code: str, detail: str, errors: list[dict[str, JsonValue]]) -> Response:
    """The failure in the form that the path and the client ask for."""
    path = request.path
    if path.startswith("/api/") and not path.startswith(("/api/v1/", "/api/docs")):
        return error_response(status, detail)
    if not path.startswith("/api/v1") and _wants_page():
        return _page(status, detail)
    body = {
        "type": f"{request.root_path}/api/docs#error-{code}",
        "title": _title(status),
        "status": status,
        "detail": detail,
        "instance": f"{request.root_path}{path}",
        "code": code,
        "request_id": logs.request_id.get(),
        "errors": errors,
    }
    return Response(orjson.dumps(body), status, content_type="application/problem+json")


def _wants_page() -> bool:
    if request.path in ("/livez", "/readyz", "/metrics"):
        return False
    best = request.accept_mimetypes.best_match(("text/html", "application/json"), "text/html")
    return best == "text/html"


def _page(status: int, detail: str) -> Response:
    title, identifier = _title(status), logs.request_id.get()
    if status < 500 and "pages" in current_app.blueprints:
        text = render_template(
            "error.html", status=status, title=title, detail=detail, request_id=identifier
        )
    else:  # a page of the portal needs what may just have failed
        text = (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
            f"<h1>{escape(title)}</h1><p>{escape(detail)}</p>"
            f"<p>Status {status}, request {escape(identifier)}</p></html>"
        )
    return Response(text, status, content_type="text/html; charset=utf-8")


def _title(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"
