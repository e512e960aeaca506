"""Why a URL gives no content, in words for the one who named it.

A host that refuses, is closed or is filtered gets the same words, so that nobody learns from them
what runs where (hostile-input row S09). Queries may hold secrets and are not shown.
"""

from __future__ import annotations

from plugins.contract import Problem
from plugins.web.bodies import TooLarge
from plugins.web.connection import Broken, RequestFailed, TlsFailed, TooSlow
from plugins.web.urls import WebUrl

_LONGEST = 200
_LATER = "It is tried again with the next reading."


def not_allowed(url: WebUrl) -> Problem:
    """No rule names the host, or the host is not where a stranger's may be."""
    return Problem(
        code="HOST_NOT_ALLOWED",
        message=f"Reading from {_shown(url)} is not allowed.",
        hint="You may need to configure an integration for the target host, or add it to the "
        "configured list of allowed hosts at 'backend.reading.allow'; an internal host by its own "
        "name or address.",
        found=_shown(url),
    )


def redirect_not_allowed(there: str) -> Problem:
    """`there` without its query."""
    return Problem(
        code="REDIRECT_NOT_ALLOWED",
        message=f"The answer is a redirect to {_cut(there)}, which may not be followed.",
        hint="Name the URL that it leads to, and allow its host at 'backend.reading.allow'.",
        found=_cut(there),
    )


def too_many_redirects(url: WebUrl, most: int) -> Problem:
    """The redirects do not end."""
    return Problem(
        code="TOO_MANY_REDIRECTS",
        message=f"{_shown(url)} is reached by more than {most} redirects.",
        hint="Name the URL that they lead to.",
    )


def left_alone(url: WebUrl, seconds: float) -> Problem:
    """The host has been failing and is not asked for now."""
    return Problem(
        code="UPSTREAM_PAUSED",
        message=f"{url.authority} keeps failing and is left alone for {seconds:.0f} s.",
        hint="See whether it is down; what was read before stays.",
    )


def of_status(url: WebUrl, status: int) -> Problem:
    """An answer that is neither content nor a redirect."""
    match status:
        case 404 | 410:
            code = "NOT_FOUND"
            hint = "Check the URL; some servers say this also where signing in is needed."
        case 401 | 403 | 407:
            code, hint = "NOT_PERMITTED", "Let it be read without signing in."
        case 429:
            code, hint = "RATE_LIMITED", "Read it less often; what was read before stays."
        case _:
            code, hint = "UPSTREAM_ERROR", _LATER
    return Problem(code=code, message=f"{_shown(url)} is answered with status {status}.", hint=hint)


def of_failure(url: WebUrl, failure: RequestFailed, *, max_bytes: int) -> Problem:
    """No whole answer came."""
    match failure:
        case TooLarge():
            code, what = "BODY_TOO_LARGE", f"is larger than {max_bytes:,} bytes"
            hint = "Split the file."
        case TlsFailed():
            code, what = "TLS_ERROR", f"cannot be read over TLS: {failure}"
            hint = "Have its certificate renewed, or signed by an authority that is trusted here."
        case TooSlow():
            code, what, hint = "UPSTREAM_TIMEOUT", "takes too long", _LATER
        case Broken():
            code, what = "UPSTREAM_BROKEN", f"gives no whole HTTP answer ({failure})"
            hint = _LATER
        case _:
            code, what, hint = "UPSTREAM_UNREACHABLE", "cannot be reached", _LATER
    return Problem(code=code, message=f"{_shown(url)} {what}."[:300], hint=hint)


def _shown(url: WebUrl) -> str:
    return _cut(str(url).partition("?")[0])


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
