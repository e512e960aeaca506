"""Who has just changed something by a form: their own pages show it, and no numbers from before."""

from __future__ import annotations

from flask import Blueprint, Response, request

COOKIE = "changed"
SECONDS = 30
"""How long it counts as just now: as long as older numbers may be shown to others."""


def install(pages: Blueprint) -> None:
    """Mark the browser whose form was accepted."""

    @pages.after_request
    def mark(response: Response) -> Response:
        if request.method == "POST" and response.status_code < 400:
            path = f"{request.root_path}/"
            response.set_cookie(COOKIE, "1", SECONDS, path=path, httponly=True, samesite="Lax")
        return response


def has_just_changed() -> bool:
    """Whether who asks has changed something a moment ago, whichever process took it."""
    return COOKIE in request.cookies
