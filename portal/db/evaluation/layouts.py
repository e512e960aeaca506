"""Layouts as they are stored: what the evidence of results is read with.

A layout is found by the digest of what it holds, so that one that was read once is known for good.
There are a few for each version of a scorecard, and none is ever taken away: the past needs them.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping
from typing import TypeVar

from sqlalchemy import Connection

from portal.db.bulk import add, pick
from portal.db.tables import layouts
from scorecards.evaluation.layouts import Layout, layout_from_json
from scorecards.evaluation.packing import check_results, digest_of
from scorecards.results import CheckResult

Key = TypeVar("Key", bound=Hashable)

_read: dict[str, Layout] = {}
"""Those that this process has seen."""


def keep(connection: Connection, given: Mapping[str, bytes]) -> None:
    """Store layouts, given as JSON by their digests. The connection is in a write transaction."""
    stored = pick(connection, (layouts.c.digest,), layouts.c.digest, given)
    new = sorted(given.keys() - {row.digest for row in stored})
    add(connection, layouts, ("digest", "layout"), [(digest, given[digest]) for digest in new])


def read(connection: Connection, digests: Collection[str]) -> Mapping[str, Layout]:
    """The layouts with these digests, at least."""
    unread = sorted({*digests} - _read.keys() - {""})
    for row in pick(connection, (layouts.c.digest, layouts.c.layout), layouts.c.digest, unread):
        _read[row.digest] = layout_from_json(row.layout)
    return _read


def said_in(
    connection: Connection, evidence: Mapping[Key, bytes]
) -> dict[Key, tuple[CheckResult, ...]]:
    """What each check said, from evidence by any key."""
    known = read(connection, {digest_of(data) for data in evidence.values()})
    return {key: check_results(data, known) for key, data in evidence.items()}
