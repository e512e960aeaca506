"""The envelope: what every answer has around it, whoever makes it."""

from __future__ import annotations

import logging
import re
import secrets

from portal.config import Settings

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "object-src 'none'",
    )
)
"""Content-Security-Policy of every answer (reliability 8.4)."""

REQUEST_ID = "X-Request-Id"

PROBED = frozenset(
    {
        "/livez",
        "/readyz",
        "/metrics",
        "/.backstage/health/v1/liveness",
        "/.backstage/health/v1/readiness",
    }
)
"""Paths that a machine asks for again and again."""

LONG = 1.0
"""Seconds after which somebody who waits begins to wonder."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

log = logging.getLogger(__name__)


def standing_headers(settings: Settings) -> dict[str, str]:
    """Headers that an answer has whatever it is about."""
    headers = {
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    if settings.is_https:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers


DEFAULT_HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "private, no-cache"}
"""Headers that an answer has unless it has its own."""


def request_id_of(given: str) -> str:
    """One id for each request, in every line of the log and in the answer: the client's if it is one."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def log_answer(method: str, path: str, status: int, seconds: float = 0.0) -> None:
    """One line for each answer, with the time that it took where that is `LONG` or more.

    There is none for probes that find all well: they come every few seconds.
    """
    if path in PROBED and status == 200 and seconds < LONG:
        return
    took = f" in {seconds:.1f} s" if seconds >= LONG else ""
    log.info("%s %s %s%s", method, path, status, took)
