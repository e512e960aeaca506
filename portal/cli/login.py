"""Links that sign in: apart from the server, which takes a second to load."""

from __future__ import annotations

from portal.db.access import sessions
from portal.wiring import Portal


def new_login_link(portal: Portal, url: str = "") -> str:
    """A link that signs in whoever opens it, once; `url`: where the portal is known to run."""
    with portal.database.write() as connection:
        code = sessions.create_link(connection, now=portal.now())
    return f"{url or portal.settings.url}/login?once={code}"


def sign_in_words(portal: Portal, *, on_terminal: bool) -> str:
    """How to sign in, for who starts the portal. A log is kept, and many read it: it has no link."""
    if on_terminal:
        return f"{new_login_link(portal)}  (works once, for 10 minutes)"
    return "`portal login-link` prints a link that works once"
