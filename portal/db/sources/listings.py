"""Listings: what they said of the repositories of locations.

A repository that a complete listing lacks takes its files with it: they count as missing too, and
the one removal policy for files decides about them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection, func, select, update

from catalog.ingest.store import Listed
from catalog.sources import Repository
from portal.db import bulk
from portal.db.sources.repositories import put_repositories
from portal.db.tables import files, locations, repositories

MISSED_LISTINGS = 2
"""Complete listings without a repository before it is reported as missing (design 2a.6)."""


def list_seen(connection: Connection, listings: Sequence[Listed], *, now: datetime) -> set[str]:
    """Note listings of different locations: what each found is there, what a complete one lacks is
    missed.

    Returns the locations of which that is news.
    """
    news = _put_states(connection, listings, now)
    found = [(one.location, repository) for one in listings for repository in one.repositories]
    this = repositories.c
    urls = [repository.url for _, repository in found]
    known = bulk.pick(connection, (this.url, this.id, this.missed, this.head), this.url, urls)
    ids = put_repositories(connection, found)
    heads = {repository.url: repository.head for _, repository in found}
    before = {row.url: row.head for row in known}
    told = [(ids[url], head) for url, head in heads.items() if head != before.get(url, "")]
    bulk.change(connection, repositories, "id", ("head",), told)
    _find_again(connection, [row.id for row in known if row.missed])
    new = ids.keys() - before.keys()
    news.update(location for location, repository in found if repository.url in new)
    complete = {
        one.location: {ids[repository.url] for repository in one.repositories}
        for one in listings
        if one.complete
    }
    return news | _lose(connection, complete, now)


def missing_repositories(
    connection: Connection, of: Collection[str]
) -> dict[str, tuple[Repository, ...]]:
    """By location, the repositories that so many complete listings in a row lacked; of these locations."""
    rows = connection.execute(
        select(repositories.c.location_id, repositories.c.url, repositories.c.name)
        .where(
            bulk.among(connection, repositories.c.location_id, of),
            repositories.c.missed >= MISSED_LISTINGS,
        )
        .order_by(repositories.c.url)
    )
    found: dict[str, tuple[Repository, ...]] = defaultdict(tuple)
    for row in rows:
        found[row.location_id] += (Repository(url=row.url, name=row.name),)
    return dict(found)


def _put_states(connection: Connection, listings: Sequence[Listed], now: datetime) -> set[str]:
    """Write how listings went; returns the locations of which it is other than before."""
    states = {
        one.location: (
            "ok" if one.complete else "partial",
            None if one.problem is None else orjson.dumps(one.problem.as_dict()).decode(),
        )
        for one in listings
    }
    columns = (locations.c.id, locations.c.state, locations.c.problem)
    rows = bulk.pick(connection, columns, locations.c.id, states)
    before = {id_: (state, problem) for id_, state, problem in rows}
    told = [(id_, *state, now) for id_, state in states.items()]
    bulk.change(connection, locations, "id", ("state", "problem", "listed_at"), told)
    return {id_ for id_, state in states.items() if before.get(id_) != state}


def _find_again(connection: Connection, ids: Sequence[int]) -> None:
    """Repositories that are back are read from the start: what went meanwhile is seen then."""
    if ids:
        back = {"missing_since": None, "missed": 0}
        these = bulk.among(connection, repositories.c.id, ids)
        connection.execute(update(repositories).where(these).values(revision="", **back))
        of_these = bulk.among(connection, files.c.repository_id, ids)
        connection.execute(update(files).where(of_these).values(back))


def _lose(
    connection: Connection, present: Mapping[str, Collection[int]], now: datetime
) -> set[str]:
    """Count a miss for what locations have and their complete listings lack; returns these locations."""
    columns = (repositories.c.id, repositories.c.location_id)
    rows = bulk.pick(connection, columns, repositories.c.location_id, present)
    lost = {id_: location for id_, location in rows if id_ not in present[location]}
    for table, column in ((repositories, repositories.c.id), (files, files.c.repository_id)):
        if lost:
            connection.execute(
                update(table)
                .where(bulk.among(connection, column, lost))
                .values(
                    missed=table.c.missed + 1,
                    missing_since=func.coalesce(table.c.missing_since, now),
                )
            )
    return set(lost.values())
