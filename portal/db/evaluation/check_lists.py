"""Check lists as they are stored: what the letters of outcomes stand for, in order.

There is one for each version of a scorecard that results were made with, and transitions name it by
its number.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

import orjson
from sqlalchemy import Connection, select

from portal.db.bulk import add, among, next_id
from portal.db.engine import utc
from portal.db.tables import check_lists
from scorecards.evaluation.packing import PackedResult

CheckList: TypeAlias = "tuple[str, str, str]"
"""Name and version of a scorecard, and the ids of its checks as they are written."""


def of(result: PackedResult) -> CheckList:
    """The list that the letters of a result are in the order of."""
    return result.scorecard, result.version, written(result.checks)


def keep(
    connection: Connection, found: Collection[PackedResult], at: datetime
) -> dict[CheckList, tuple[int, datetime]]:
    """Number of the check list of each result, and when its version was first used.

    Those that are new are stored, as first used at `at`. The connection is in a write transaction.
    """
    used = {of(result) for result in found}
    if not used:
        return {}
    names = sorted({name for name, _, _ in used})
    rows = connection.execute(
        select(check_lists).where(among(connection, check_lists.c.scorecard, names))
    ).all()
    known = {(row.scorecard, row.version, row.checks): row.id for row in rows}
    first = {(row.scorecard, row.version): utc(row.first_at) or at for row in rows}
    new = sorted(used - known.keys())
    if new:
        added = list(enumerate(new, start=next_id(connection, check_lists)))
        columns = ("id", "scorecard", "version", "checks", "first_at")
        add(connection, check_lists, columns, [(n, *one, at) for n, one in added])
        known |= {one: number for number, one in added}
    return {one: (known[one], first.get(one[:2], at)) for one in used}


@lru_cache(maxsize=1_000)
def ids(checks: str) -> tuple[str, ...]:
    """The ids of the checks, as `written` wrote them."""
    return tuple(orjson.loads(checks))


@lru_cache(maxsize=1_000)
def written(checks: tuple[str, ...]) -> str:
    """The ids of the checks as they are stored."""
    return orjson.dumps(checks).decode()
