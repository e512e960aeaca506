"""Queries: which entities, in which order, how many. Filters and predicates are one tree.

Keys address search terms (reference 4.4): dotted paths, `kind`, `metadata.name`, and
`relations.<type>`. Keys and values are kept in lower case, because comparing disregards case. What
a query means for a database is said in `portal.db.catalog.filters`; predicates of POST bodies are read in
`catalog.queries.predicates`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from catalog.errors import QueryError
from catalog.problems import quote

DEFAULT_LIMIT = 200
"""Entities on a page where the caller asks for no number (Backstage 4.0.0, observed)."""

MOST_CONDITIONS = 800
"""Of a filter: SQLite compares at most 1,000 in one expression."""

MOST_TOGETHER = 50
"""Conditions that have to hold together: PostgreSQL plans a hundred for ten seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Has:
    """The entity has the key, with whatever value."""

    key: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Equals:
    """The key has one of these values."""

    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class HasPrefix:
    """The key has a value that begins so."""

    key: str
    prefix: str


@dataclass(frozen=True, kw_only=True, slots=True)
class All:
    """Every part holds; without parts it holds."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class AnyOf:
    """At least one part holds; without parts it does not."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Not:
    """The part does not hold."""

    part: Filter


Filter: TypeAlias = All | AnyOf | Not | Has | Equals | HasPrefix


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """By the value of a field; entities that lack it come last (reference 7.2)."""

    field: str
    descending: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class FullText:
    """The term is part of the value of one of the fields."""

    term: str
    fields: tuple[str, ...] = ()
    """Empty: the order field, else name, title and description."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EntityQuery:
    """A page of entities. With a cursor, filter, order and full text are those of the cursor."""

    filter: Filter | None = None
    order: Order | None = None
    full_text: FullText | None = None
    limit: int = DEFAULT_LIMIT
    """0: only the count."""
    offset: int = 0
    """Ignored with a cursor."""
    cursor: str | None = None
    """`next_cursor` or `prev_cursor` of another page."""
    count: bool = True
    """Whether to count what the filter matches; after a cursor the first page's count holds."""


def parse_filters(texts: Sequence[str]) -> Filter | None:
    """The filter of repeated `filter` parameters: any of them; None where they ask for nothing.

    Each is a list of `key`, `key=` or `key=value`, all of which hold; values of the same key, in the
    same spelling, are alternatives (Backstage `parseEntityFilterString`, observed). Raises
    `QueryError`.
    """
    if sum(text.count(",") + 1 for text in texts) > MOST_CONDITIONS:
        raise QueryError(f"Invalid filter, over {MOST_CONDITIONS} statements")
    sets = [part for text in texts if (part := _parse_set(text)) is not None]
    if not sets:
        return None
    tree = sets[0] if len(sets) == 1 else AnyOf(parts=tuple(sets))
    if together(tree) > MOST_TOGETHER:
        raise QueryError(f"Invalid filter, over {MOST_TOGETHER} statements in one")
    return tree


def together(tree: Filter) -> int:
    """The most conditions of a filter that have to hold together."""
    match tree:
        case All(parts=parts):
            return sum(map(together, parts))
        case AnyOf(parts=parts):
            return max(map(together, parts), default=0)
        case Not(part=part):
            return together(part)
        case _:
            return 1


def _parse_set(text: str) -> Filter | None:
    values: dict[str, list[str]] = {}
    for statement in (part.strip() for part in text.split(",")):
        if not statement:
            continue
        key, equals, value = statement.partition("=")
        key = key.strip()
        if not key:
            raise QueryError(
                f"Invalid filter, '{quote(statement)}' is not a valid statement "
                "(expected a string on the form a=b or a= or a)"
            )
        found = values.setdefault(key, [])
        if equals and (wanted := value.strip().lower()) not in found:
            found.append(wanted)
    parts: list[Filter] = [
        Equals(key=key.lower(), values=tuple(found)) if found else Has(key=key.lower())
        for key, found in values.items()
    ]
    if not parts:
        return None
    return parts[0] if len(parts) == 1 else All(parts=tuple(parts))


def parse_order(text: str) -> Order:
    """The order of an `orderField` parameter, `<field>[,asc|desc]`. Raises `QueryError`.

    What follows a further comma is not looked at (Backstage, observed).
    """
    field, *rest = text.split(",")
    direction = rest[0] if rest else "asc"
    if direction not in ("asc", "desc"):
        raise QueryError("Invalid order field order, must be asc or desc")
    return Order(field=field.strip().lower(), descending=direction == "desc")
