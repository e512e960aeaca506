"""Looking again at one entity: what somebody asks for who has just mended something in its repository."""

from __future__ import annotations

from portal.db.sources.targets import sources_of
from portal.db.work import marks
from portal.rationing import TooOften, take
from portal.wiring import Portal
from portal.worker.requests import ASSESS, Lane, ingest_key, refresh_key


def look_again(portal: Portal, ref: str, *, by: str) -> dict[str, str] | TooOften | None:
    """Have its repository read, its facts collected and its scorecards asked, ahead of other work.

    Of a Location, what it names is read as well. Tickets by key, that of its own file first; None: there is
    no such entity. `by` is who asks.
    """
    with portal.database.write() as connection:
        sources = sources_of(connection, ref)
        if sources is None:
            return None
        keys = [refresh_key(n) if n else ingest_key(location) for n, location in sources]
        if (refused := take(portal, connection, keys, by)) is not None:
            return refused
        marks.mark_one(connection, ref)
    return {key: portal.work.request(key, Lane.PERSON) for key in (*keys, ASSESS)}
