"""What a delivery of a webhook is about, among what the portal knows: repositories and locations."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from sqlalchemy import Connection, and_, or_, select

from portal.db.bulk import among
from portal.db.locations import ENTITY
from portal.db.tables import locations, repositories

_AFTER_SLASH = chr(ord("/") + 1)
"""The character that follows the slash: between the two are all URLs below another."""


def repositories_at(connection: Connection, url: str, *, but_at: str = "") -> list[int]:
    """Ids of the repositories that are at the web URL `url`, and of single files below it.

    Without those whose last snapshot is of the commit `but_at`.
    """
    this = repositories.c
    below = and_(this.url > f"{url}/", this.url < f"{url}{_AFTER_SLASH}")
    found = select(this.id).where(
        or_(among(connection, this.url, list(_spellings(url))), below),
        this.location_id.is_not(None),
    )
    if but_at:
        # It is stored behind the edition of what read it, and before what the provider named.
        is_at = or_(
            this.revision.endswith(f"/{but_at}", autoescape=True),
            this.revision.contains(f"/{but_at}/", autoescape=True),
        )
        found = found.where(or_(~is_at, this.state != "ok"))
    return list(connection.execute(found.order_by(this.id)).scalars())


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
