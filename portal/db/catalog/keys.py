"""Keys of filters: what the values of each are for a database, columns of entities or terms.

Kind, name, namespace and uid are columns, `relations.<type>` are edges, levels on scorecards are those of
results, everything else is a term with its postings.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, and_, false

from catalog.queries.query import Equals, Has, HasPrefix
from portal.db.tables import entities

COLUMNS = {
    "kind": entities.c.kind,
    "metadata.name": entities.c.name,
    "metadata.namespace": entities.c.namespace,
    "metadata.uid": entities.c.uid,
}
"""Keys that are columns; every entity has them."""

COUNTED = ("kind", "metadata.namespace")
"""Columns that are terms, too, for their counts (`portal.db.catalog.index`)."""

RELATION = "relations."

LEVEL = "level,"
"""Before the name of a scorecard: the key whose values are indexes of levels (`portal.db.insights.levels`).
With the comma no text of a filter can say it: what an exemption is for must not follow from results."""

LONGEST_VALUE = 200
"""Characters of a value that is searchable (reference 3.3)."""

Leaf: TypeAlias = Has | Equals | HasPrefix


def storable(values: Sequence[str]) -> list[str]:
    """Those that a database can hold: PostgreSQL knows no NUL, and nothing equals one."""
    return [value for value in values if "\0" not in value]


def is_term(key: str) -> bool:
    """Whether the values of a key are terms with postings."""
    return key not in COLUMNS and not key.startswith((RELATION, LEVEL))


def bounds(prefix: str) -> tuple[str, ...] | None:
    """Where the texts begin that begin so, and where they end; without an end it is that of all.

    None: there are no such texts.
    """
    if "\0" in prefix:
        return None
    kept = prefix.rstrip(chr(sys.maxunicode))
    if not kept:
        return (prefix,)
    last = ord(kept[-1]) + 1
    # There are no characters from D800 to DFFF.
    return prefix, kept[:-1] + chr(0xE000 if 0xD800 <= last < 0xE000 else last)


def begins(column: ColumnElement[str], prefix: str) -> ColumnElement[bool]:
    """That a text begins so."""
    within = bounds(prefix)
    return false() if within is None else between(column, within)


def between(column: ColumnElement[str], bounds: Sequence[Any]) -> ColumnElement[bool]:
    """That a text is within `bounds`: an index is used where there is one."""
    first, *ends = bounds
    return and_(column >= first, *(column < end for end in ends))
