"""Ancestry: the Location entities that led to an entity, up to those that somebody registered.

Inside a repository the Location entities that name a file lead to it. Where none does, those lead
to it that name the repository's location from elsewhere, and the generated entity of a location
that is registered. All of them are found by one statement, so they are of one state of the catalog.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, TextClause, text

from portal.db.catalog.answerable import COLUMNS, Answerable
from portal.db.catalog.keys import storable
from portal.db.prepared import Prepared
from portal.db.state import CATALOG_STATE


@dataclass(frozen=True, kw_only=True, slots=True)
class Ancestor:
    """An entity on the way up, and what led to it."""

    entity: Answerable
    parents: tuple[str, ...]
    """Canonical refs of Location entities that exist, sorted; none: it is a root, or an orphan."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Found:
    """An entity, and where it stands."""

    entity: Answerable
    file_id: int | None
    is_top: bool = False
    """It was registered: nothing leads to it."""


def ancestry(connection: Connection, ref: str) -> tuple[str, list[Ancestor]]:
    """The state of the catalog; the entity with this canonical ref, and its ancestors.

    Each is there once, the near before the far. There are none where there is no such entity.
    """
    rows = _WAY_UP.rows(connection, {"value": ref}) if storable([ref]) else []
    level: list[_Found] = []
    of_file: dict[int | None, list[_Found]] = defaultdict(list)
    for row in rows:
        *columns, file_id, led_to, is_top, _ = row
        if columns[0] is not None:
            found = _Found(entity=Answerable._make(columns), file_id=file_id, is_top=bool(is_top))
            (level if led_to is None else of_file[led_to]).append(found)
    return rows[0][-1] if rows else "", _climbed(level, of_file)


def _climbed(level: list[_Found], of_file: dict[int | None, list[_Found]]) -> list[Ancestor]:
    """These, what led to their files, and so on."""
    known = {one.entity.id: one for one in level}
    parents: dict[int, tuple[str, ...]] = {}
    while level:
        above: dict[int, _Found] = {}
        for one in level:
            # A Location entity may name the file that it is in.
            led = [up for up in of_file[one.file_id] if up.entity.id != one.entity.id]
            parents[one.entity.id] = tuple(up.entity.ref for up in led)
            above |= {up.entity.id: up for up in led if up.entity.id not in known}
        known |= above
        level = [one for one in above.values() if not one.is_top]
    return [
        Ancestor(entity=one.entity, parents=parents.get(one.entity.id, ()))
        for one in known.values()
    ]


_PLACED = "files JOIN repositories ON repositories.id = files.repository_id"

_UNNAMED = """files.id = up.file_id
    AND NOT EXISTS (SELECT 1 FROM file_parents WHERE file_parents.file_id = up.file_id)"""

_LED = (
    ("file_parents.ref_id", "file_parents", "file_parents.file_id = up.file_id"),
    (
        "location_links.ref_id",
        f"""{_PLACED} JOIN location_links
            ON location_links.location_id = repositories.location_id""",
        _UNNAMED,
    ),
    (
        "registered.id",
        f"""{_PLACED} JOIN locations ON locations.id = repositories.location_id
            JOIN entities AS registered ON registered.ref = locations.ref""",
        _UNNAMED,
    ),
)
"""What leads to the file of `up`: the id, of which tables, and what holds for them."""

# A file of the registrations has a repository without a location: nothing leads to it. (PostgreSQL
# would look through all files for an EXISTS.)
_STEP = f"""
    SELECT parent.id, parent.file_id, up.file_id, coalesce((
        SELECT repositories.location_id IS NULL FROM {_PLACED} WHERE files.id = parent.file_id
    ), 1 = 0)
"""  # noqa: S608 - of constants


def _steps(dialect: str) -> str:
    """The entities that led to what has been found. PostgreSQL has one such part, SQLite no LATERAL."""
    if dialect == "postgresql":
        led = " UNION ".join(f"SELECT {one} FROM {of} WHERE {holds}" for one, of, holds in _LED)  # noqa: S608 - of constants
        return f"""{_STEP} FROM up CROSS JOIN LATERAL ({led}) AS led (ref_id)
            JOIN entities AS parent ON parent.id = led.ref_id WHERE NOT up.is_top"""
    return " UNION ".join(
        f"""{_STEP} FROM up CROSS JOIN {of} JOIN entities AS parent ON parent.id = {one}
            WHERE {holds} AND NOT up.is_top"""
        for one, of, holds in _LED
    )


def _way_up(dialect: str) -> TextClause:
    """`COLUMNS`, the file that each is in, the one that it led to, if it is a top, and the state.

    The entity itself led to none. There is a row where there is no entity, too.
    """
    columns = ", ".join(f"entities.{column.name}" for column in COLUMNS)
    return text(f"""
        WITH RECURSIVE up (id, file_id, led_to, is_top) AS (
            SELECT id, file_id, CAST(NULL AS BIGINT), 1 = 0 FROM entities WHERE ref = :value
            UNION {_steps(dialect)}
        )
        SELECT {columns}, up.file_id, up.led_to, up.is_top, now.state
        FROM (SELECT {CATALOG_STATE} AS state) AS now
        LEFT JOIN (up JOIN entities ON entities.id = up.id) ON 1 = 1
        ORDER BY entities.ref
    """)  # noqa: S608 - of constants


_WAY_UP = Prepared(_way_up, looks=True)
