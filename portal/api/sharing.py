"""Answers for pages of other sites: a browser asks beforehand, without credentials, and looks at headers."""

from __future__ import annotations

from flask import Flask, Response, request

from portal.auth import Sharers


def install(app: Flask, sharers: Sharers) -> None:
    """Put it around `app`, before the guard: who asks beforehand shows no token."""

    @app.before_request
    def permit() -> Response | None:
        asks = request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers
        if not asks or not sharers.may_ask(request.headers.get("Origin"), request.path):
            return None
        asked = request.headers.get("Access-Control-Request-Headers", "")
        response = Response(status=204)
        response.headers.extend(sharers.permission(asked))
        if asked:
            response.vary.add("Access-Control-Request-Headers")
        return response

    @app.after_request
    def tell(response: Response) -> Response:
        for name, value in sharers.headers(request.headers.get("Origin"), request.path):
            if name == "Vary":
                response.vary.add(value)
            else:
                response.headers[name] = value
        return response
