"""Links that sign in: apart from the server, which takes a second to load."""

from __future__ import annotations

from portal.db.access import sessions
from portal.wiring import Portal


def new_login_link(portal: Portal, url: str = "") -> str:
    """A link that signs in whoever opens it, once; `url`: where the portal is known to run."""
    with portal.database.write() as connection:
        code = sessions.create_link(connection, now=portal.now())
    return f"{url or portal.settings.url}/login?once={code}"
