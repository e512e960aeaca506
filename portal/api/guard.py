"""Who may ask: every view is closed unless it is named here (default deny).

The decisions are `portal.auth`'s. This is where they meet a request: Host, body, credentials, what
they allow, and for unsafe methods the site that the request comes from.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, g, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from portal.api.bodies import LARGEST_BODY, LARGEST_DELIVERY, take_body
from portal.api.errors import CODES, Refusal
from portal.auth import (
    SAFE_METHODS,
    Machine,
    Nobody,
    Person,
    Refused,
    Tokens,
    User,
    allows,
    is_known_host,
    is_same_site,
    needed_for,
    refusal,
)
from portal.config import Auth, Settings
from portal.db.access import sessions
from portal.wiring import Portal

OPEN_ENDPOINTS = frozenset({"health.live", "health.ready", "signin.page"})
"""Views that answer everyone. Static files do too."""

BADGE_ENDPOINTS = frozenset({"badges.get_badge", "badges.draw_badge"})
"""Views that answer everyone where the operator says so: a README is read by who has not signed in here."""

SIGNED_ENDPOINTS = frozenset({"webhooks.receive_delivery", "backstage_events.receive_event"})
"""Views that forges send to, with a signature over the body that the view looks at."""

_WITH_WORDS = ("/api/catalog/", "/api/tech-insights/")
"""Where what cannot be there has Backstage's own words. PostgreSQL holds no NUL in a text: elsewhere nothing
that is called so is looked for."""


def cookie_name(settings: Settings) -> str:
    """The cookie of a session; the prefix makes browsers hold it to this host and to TLS."""
    return "__Host-plumbline" if settings.is_https else "plumbline"


def install(app: Flask, portal: Portal) -> None:
    """Put the guard before every request of `app`, also those that match no view."""
    settings = portal.settings
    tokens = Tokens(settings.tokens, settings.access, find=_finder(portal))

    @app.before_request
    def guard() -> AnyResponse | None:
        if settings.auth is Auth.OPEN and not is_known_host(request.host, settings):
            raise Refusal("BAD_HOST", "The Host header does not name this portal")
        if "\0" in request.path and not request.path.startswith(_WITH_WORDS):
            raise Refusal("NOT_FOUND", CODES["NOT_FOUND"][1])
        is_signed = request.endpoint in SIGNED_ENDPOINTS and request.method == "POST"
        take_body(request.environ, largest=LARGEST_DELIVERY if is_signed else LARGEST_BODY)
        g.caller = Nobody()
        if is_signed:
            return None
        if not _is_open(request.endpoint, settings):
            needed = needed_for(request.method, request.path)
            shown = tokens.identify(request.headers.get("Authorization"), plugin=needed.plugin)
            g.caller = _person(portal) if isinstance(shown, Nobody) else shown
            if isinstance(g.caller, Refused):
                raise Refusal("UNAUTHENTICATED", _refused_text(g.caller, settings))
            if settings.auth is Auth.REQUIRED and isinstance(g.caller, Nobody):
                return _ask_to_sign_in()
            if not allows(g.caller, needed.permission, plugin=needed.plugin):
                text = refusal(g.caller, needed.permission, plugin=needed.plugin)
                raise Refusal("FORBIDDEN", text)
        if not isinstance(g.caller, Machine | User) and request.method not in SAFE_METHODS:
            _check_site(settings)
        return None


def _finder(portal: Portal) -> Callable[[str], Machine | None]:
    """Who shows a token that was made here."""
    memory = portal.made_tokens

    def find(secret: str) -> Machine | None:
        found = memory.find(secret)
        if found is None:
            return None
        return Machine(subject=found.subject, restrictions=found.restrictions, made=True)

    return find


def _person(portal: Portal) -> Person | Nobody:
    """Whoever's browser signed in, if it did."""
    cookie = request.cookies.get(cookie_name(portal.settings))
    if cookie is None:
        return Nobody()
    with portal.database.read() as connection:
        principal = sessions.principal_of(connection, cookie, now=portal.now())
    return Nobody() if principal is None else Person(principal=principal)


def _is_open(endpoint: str | None, settings: Settings) -> bool:
    if endpoint is None:
        return False
    shown = settings.public_badges and endpoint in BADGE_ENDPOINTS
    return shown or endpoint in OPEN_ENDPOINTS or endpoint.endswith(".static")


def _refused_text(caller: Refused, settings: Settings) -> str:
    """Backstage's words; they differ where requests without a token are let in (reference 5)."""
    if settings.auth is Auth.REQUIRED:
        return caller.message
    return f"Could not resolve credentials; caused by AuthenticationError: {caller.message}"


def _ask_to_sign_in() -> AnyResponse:
    is_page = not request.path.startswith("/api/") and request.endpoint != "health.metrics"
    if is_page and request.method in SAFE_METHODS:
        return redirect(url_for("signin.page"), 303)
    raise Refusal("UNAUTHENTICATED", "Missing credentials")


def _check_site(settings: Settings) -> None:
    if not is_same_site(
        fetch_site=request.headers.get("Sec-Fetch-Site"),
        origin=request.headers.get("Origin"),
        host=request.host,
        settings=settings,
    ):
        raise Refusal("FORBIDDEN", "The request comes from a page of another site")
