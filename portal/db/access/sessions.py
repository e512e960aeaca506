"""Sessions of browsers, and the links that open them. Only digests of their secrets are kept."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select, update

from portal.auth.made import digest_of
from portal.db.tables import login_links, sessions

LINK_LIFETIME = timedelta(minutes=10)
SESSION_LIFETIME = timedelta(days=7)

OPERATOR = "operator"
"""Whoever can print a login link on the portal's own machine."""


def create_link(connection: Connection, *, now: datetime) -> str:
    """A new code that signs in once within `LINK_LIFETIME`; what has expired is swept out."""
    code = secrets.token_urlsafe(32)
    connection.execute(delete(login_links).where(login_links.c.expires_at <= now))
    connection.execute(
        insert(login_links).values(
            digest=digest_of(code), created_at=now, expires_at=now + LINK_LIFETIME
        )
    )
    return code


def sign_in(connection: Connection, code: str, *, now: datetime) -> str | None:
    """The value of a new session's cookie; None where the code is unknown, used or too old."""
    link = login_links.c
    used = connection.execute(
        update(login_links)
        .where(link.digest == digest_of(code), link.used_at.is_(None), link.expires_at > now)
        .values(used_at=now)
    )
    if used.rowcount != 1:
        return None
    cookie = secrets.token_urlsafe(32)
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    connection.execute(
        insert(sessions).values(
            digest=digest_of(cookie),
            principal=OPERATOR,
            created_at=now,
            expires_at=now + SESSION_LIFETIME,
        )
    )
    return cookie


def principal_of(connection: Connection, cookie: str, *, now: datetime) -> str | None:
    """Who signed in with this cookie; None where the session is unknown, ended or too old."""
    return connection.execute(
        select(sessions.c.principal).where(
            sessions.c.digest == digest_of(cookie), sessions.c.expires_at > now
        )
    ).scalar()


def sign_out(connection: Connection, cookie: str) -> None:
    """End the session: the cookie is worth nothing from now on."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest_of(cookie)))
