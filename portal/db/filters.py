"""Filters as SQL: what a filter tree asks of the table `entities`.

Kind, name, namespace and uid are columns, `relations.<type>` are edges, everything else is a term
with its postings. There are several ways to ask, with the same answer: see `Way`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    exists,
    false,
    func,
    literal,
    not_,
    or_,
    select,
    true,
)

from catalog.query import All, AnyOf, Equals, Filter, FullText, Has, HasPrefix, Not
from portal.db.tables import edges, entities, postings, refs, relation_types, terms

COLUMNS = {
    "kind": entities.c.kind,
    "metadata.name": entities.c.name,
    "metadata.namespace": entities.c.namespace,
    "metadata.uid": entities.c.uid,
}
"""Keys that are columns; every entity has them."""

DEFAULT_TEXT_FIELDS = ("metadata.name", "metadata.title", "metadata.description")

LONGEST_VALUE = 200
"""Characters of a value that is searchable (reference 3.3)."""

FEW = 2_000
"""Matches that are sorted rather than found by walking the order (design, 'Search')."""


class Way(Enum):
    """How the database is to find what matches; the answer is the same."""

    SETS = "sets"
    """By sets of ids and by any index: good for counting."""
    FEW = "few"
    """From sets of ids alone: good where they are small, whatever the kind."""
    PROBE = "probe"
    """Entity by entity: good for walking an order in which many match."""


def way_of(connection: Connection, tree: Filter | None) -> Way:
    """The way to find the first matches of an order."""
    matches = estimate(connection, tree)
    return Way.PROBE if matches is None or matches > FEW else Way.FEW


def condition(tree: Filter | None, way: Way = Way.SETS) -> ColumnElement[bool]:
    """What holds for the rows of `entities` that match."""
    match tree:
        case None:
            return true()
        case All(parts=parts):
            return and_(true(), *(condition(part, way) for part in parts))
        case AnyOf(parts=parts):
            return or_(false(), *(condition(part, way) for part in parts))
        case Not(part=part):
            return not_(condition(part, way))
        case Has(key=key) | Equals(key=key) | HasPrefix(key=key):
            if (column := COLUMNS.get(key)) is not None:
                if isinstance(tree, Has):
                    return true()
                # An expression is not found in an index: the planner has to begin elsewhere.
                hidden = way is Way.FEW and key in ("kind", "metadata.namespace")
                return _matches(column.concat("") if hidden else column, tree)
            relation = key.removeprefix("relations.")
            return _edge(relation, tree, way) if relation != key else _term(key, tree, way)


def text_condition(full_text: FullText | None, order_field: str | None) -> ColumnElement[bool]:
    """What holds where the term is part of a field, by default of the order field."""
    term = full_text.term.strip().lower() if full_text else ""
    if full_text is None or not term:
        return true()
    if "\0" in term or len(term) > LONGEST_VALUE:
        return false()
    named = [field.strip().lower() for field in full_text.fields if field.strip()]
    fields = named or ([order_field] if order_field else list(DEFAULT_TEXT_FIELDS))
    parts = [COLUMNS[field].contains(term, autoescape=True) for field in fields if field in COLUMNS]
    keys = [field for field in fields if field not in COLUMNS]
    if keys:
        parts.append(entities.c.id.in_(ids_with_text(keys, term)))
    return or_(*parts)


def ids_with_text(keys: Sequence[str], term: str) -> Select[tuple[int]]:
    """The entities that have `term` (lower case) inside a value of one of the keys."""
    return (
        select(postings.c.entity_id)
        .join(terms, terms.c.id == postings.c.term_id)
        .where(
            terms.c.key.in_(storable(keys)),
            terms.c.known,
            terms.c.value.contains(term, autoescape=True),
        )
    )


def estimate(connection: Connection, tree: Filter | None) -> int | None:
    """At most how many entities match, as the maintained counts tell; None: perhaps all.

    Beyond `FEW` the number is only a number beyond `FEW`.
    """
    match tree:
        case All(parts=parts):
            known = [n for part in parts if (n := estimate(connection, part)) is not None]
            return min(known, default=None)
        case AnyOf(parts=parts):
            each = [estimate(connection, part) for part in parts]
            return None if None in each else sum(n for n in each if n is not None)
        case Equals(key=key) if key not in COLUMNS:
            relation = key.removeprefix("relations.")
            if relation == key:
                counts = select(func.coalesce(func.sum(terms.c.n), 0)).where(_terms(key, tree))
            else:
                found = select(literal(1)).where(_edges(relation, tree)).limit(FEW + 1)
                counts = select(func.count()).select_from(found.subquery())
            return int(connection.execute(counts).scalar_one())
        case Equals(key="metadata.name" | "metadata.uid" as key, values=values):
            named = select(literal(1)).where(COLUMNS[key].in_(storable(values))).limit(FEW + 1)
            return connection.execute(
                select(func.count()).select_from(named.subquery())
            ).scalar_one()
    return None


def single_count(connection: Connection, tree: Filter | None) -> int | None:
    """The exact number of matches where it is maintained: one value of one term."""
    if not isinstance(tree, Equals) or len(tree.values) != 1 or tree.key in COLUMNS:
        return None
    if tree.key.startswith("relations."):
        return None
    found = connection.execute(select(terms.c.n).where(_terms(tree.key, tree), terms.c.n > 0)).all()
    # Several terms differ in case only, and one entity may have more than one of them.
    return found[0].n if len(found) == 1 else (None if found else 0)


def storable(values: Sequence[str]) -> list[str]:
    """Those that a database can hold: PostgreSQL knows no NUL, and nothing equals one."""
    return [value for value in values if "\0" not in value]


def _matches(column: ColumnElement[str], leaf: Equals | HasPrefix) -> ColumnElement[bool]:
    match leaf:
        case Equals(values=values):
            good = storable(values)
            return column == good[0] if len(good) == 1 else column.in_(good)
        case HasPrefix(prefix=prefix):
            return column.startswith(prefix, autoescape=True) if "\0" not in prefix else false()


def _terms(key: str, leaf: Filter) -> ColumnElement[bool]:
    if "\0" in key:
        return false()
    if isinstance(leaf, Equals | HasPrefix):
        return and_(terms.c.key == key, _matches(terms.c.value, leaf), terms.c.known)
    return terms.c.key == key


def _term(key: str, leaf: Filter, way: Way) -> ColumnElement[bool]:
    listed = postings.c.term_id.in_(select(terms.c.id).where(_terms(key, leaf)))
    # A key alone may mean thousands of terms, far too many for a probe.
    if way is Way.PROBE and isinstance(leaf, Equals):
        return exists().where(postings.c.entity_id == entities.c.id, listed)
    return entities.c.id.in_(select(postings.c.entity_id).where(listed))


def _edges(relation: str, leaf: Filter) -> ColumnElement[bool]:
    if "\0" in relation:
        return false()
    named = select(relation_types.c.id).where(func.lower(relation_types.c.name) == relation)
    typed = edges.c.type_id.in_(named)
    if isinstance(leaf, Equals | HasPrefix):
        targets = select(refs.c.id).where(_matches(refs.c.ref, leaf))
        return and_(typed, edges.c.target_id.in_(targets))
    return typed


def _edge(relation: str, leaf: Filter, way: Way) -> ColumnElement[bool]:
    if way is Way.PROBE:
        return exists().where(edges.c.source_id == entities.c.id, _edges(relation, leaf))
    return entities.c.id.in_(select(edges.c.source_id).where(_edges(relation, leaf)))
