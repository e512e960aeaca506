"""What a delivery of a webhook is about, among what the portal knows: repositories and locations."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from sqlalchemy import Connection, Select, and_, bindparam, or_, select

from catalog.ingest.readings import is_of
from portal.db.bulk import is_listed, listed
from portal.db.prepared import Prepared
from portal.db.sources.links import ENTITY
from portal.db.tables import locations, repositories

_AFTER_SLASH = chr(ord("/") + 1)
"""The character that follows the slash: between the two are all URLs below another."""


def _at(dialect: str) -> Select[tuple[int, str, str]]:
    this = repositories.c
    below = and_(this.url > bindparam("after"), this.url < bindparam("before"))
    return (
        select(this.id, this.revision, this.state)
        .where(or_(is_listed(dialect, this.url), below), this.location_id.is_not(None))
        .order_by(this.id)
    )


_AT = Prepared(_at)


def repositories_at(connection: Connection, url: str, *, but_at: str = "") -> list[int]:
    """Ids of the repositories that are at the web URL `url`, and of single files below it.

    Without those whose last snapshot is of the commit `but_at`.
    """
    places = {
        **listed(connection, list(_spellings(url))),
        "after": f"{url}/",
        "before": f"{url}{_AFTER_SLASH}",
    }
    rows = _AT.rows(connection, places)
    return [
        id_
        for id_, revision, state in rows
        if not but_at or state != "ok" or not is_of(revision, but_at)
    ]


def listings_over(connection: Connection, urls: Collection[str]) -> list[str]:
    """Ids of the registered locations in whose listings the repositories at these web URLs may be."""
    above = {place for url in urls for place in _above(url)}
    found = select(locations.c.id, locations.c.target).where(
        locations.c.removed_at.is_(None), locations.c.origin != ENTITY
    )
    return [
        row.id
        for row in connection.execute(found.order_by(locations.c.registered_at, locations.c.id))
        if row.target.partition("#")[0].rstrip("/").lower() in above
    ]


def _spellings(url: str) -> Iterator[str]:
    """How a clone of the repository at a web URL is written."""
    parts = urlsplit(url)
    host, path = parts.netloc, parts.path.strip("/")
    for end in ("", ".git"):
        yield f"{url}{end}"
        yield f"ssh://git@{host}/{path}{end}"
        yield f"git@{host}:{path}{end}"


def _above(url: str) -> Iterator[str]:
    """The URL itself, its owner's, and so on, up to its host's."""
    url = url.lower()
    home = f"{urlsplit(url).scheme}://{urlsplit(url).netloc}"
    while len(url) > len(home):
        yield url
        url = url.rpartition("/")[0]
    yield home
