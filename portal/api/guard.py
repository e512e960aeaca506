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
    Caller,
    Machine,
    Needed,
    Nobody,
    Person,
    Refused,
    Sharers,
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


class Guard:
    """What is decided about a request, of what it shows."""

    def __init__(self, portal: Portal) -> None:
        self._portal, self._settings = portal, portal.settings
        settings = portal.settings
        self._tokens = Tokens(settings.tokens, settings.access, find=_finder(portal))
        self.sharers = Sharers(settings.sharing)

    def check_host(self, host: str) -> None:
        """Raises `Refusal` where everybody may ask and the host is not this portal's."""
        if self._settings.auth is Auth.OPEN and not is_known_host(host, self._settings):
            raise Refusal("BAD_HOST", "The Host header does not name this portal")

    def caller_of(self, needed: Needed, authorization: str | None, cookie: str | None) -> Caller:
        """Who asks. Raises `Refusal` where credentials are not ours."""
        shown = self._tokens.identify(authorization, plugin=needed.plugin)
        if isinstance(shown, Refused):
            raise Refusal("UNAUTHENTICATED", _refused_text(shown, self._settings))
        return shown if not isinstance(shown, Nobody) else self._person(cookie)

    def must_sign_in(self, caller: Caller) -> bool:
        """Whether nobody in particular asks where that is not enough."""
        return self._settings.auth is Auth.REQUIRED and isinstance(caller, Nobody)

    def check_permission(self, caller: Caller, needed: Needed) -> None:
        """Raises `Refusal` where the caller may not."""
        if not allows(caller, needed.permission, plugin=needed.plugin):
            text = refusal(caller, needed.permission, plugin=needed.plugin)
            raise Refusal("FORBIDDEN", text)

    def check_site(
        self,
        caller: Caller,
        method: str,
        host: str,
        path: str,
        *,
        fetch_site: str | None,
        origin: str | None,
    ) -> None:
        """Raises `Refusal` where a page of another site asks for something unsafe.

        Of those that the operator named it may where everybody may: nobody's cookie speaks for it.
        """
        if isinstance(caller, Machine | User) or method in SAFE_METHODS:
            return
        if isinstance(caller, Nobody) and self.sharers.may_ask(origin, path):
            return
        settings = self._settings
        if not is_same_site(fetch_site=fetch_site, origin=origin, host=host, settings=settings):
            raise Refusal("FORBIDDEN", "The request comes from a page of another site")

    def _person(self, cookie: str | None) -> Person | Nobody:
        """Whoever's browser signed in, if it did."""
        if cookie is None:
            return Nobody()
        with self._portal.database.read() as connection:
            principal = sessions.principal_of(connection, cookie, now=self._portal.now())
        return Nobody() if principal is None else Person(principal=principal)


def install(app: Flask, guard: Guard, settings: Settings) -> None:
    """Put the guard before every request of `app`, also those that match no view."""
    cookie = cookie_name(settings)

    @app.before_request
    def look() -> AnyResponse | None:
        guard.check_host(request.host)
        if "\0" in request.path and not request.path.startswith(_WITH_WORDS):
            raise Refusal("NOT_FOUND", CODES["NOT_FOUND"][1])
        is_signed = request.endpoint in SIGNED_ENDPOINTS and request.method == "POST"
        take_body(request.environ, largest=LARGEST_DELIVERY if is_signed else LARGEST_BODY)
        g.caller = Nobody()
        if is_signed:
            return None
        headers = request.headers
        if not _is_open(request.endpoint, settings):
            needed = needed_for(request.method, request.path)
            shown = headers.get("Authorization")
            g.caller = guard.caller_of(needed, shown, request.cookies.get(cookie))
            if guard.must_sign_in(g.caller):
                return _ask_to_sign_in()
            guard.check_permission(g.caller, needed)
        guard.check_site(
            g.caller,
            request.method,
            request.host,
            request.path,
            fetch_site=headers.get("Sec-Fetch-Site"),
            origin=headers.get("Origin"),
        )
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
