"""Questions: filters, with what the index knows of them: how many match, and how to find these.

The terms that a filter names are looked up first, with their counts: so it is known how many entities
match at most, and a database that is given their ids plans by what it knows of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard

import orjson
from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    TextClause,
    bindparam,
    func,
    literal,
    select,
    text,
)

from catalog.queries.query import All, AnyOf, Equals, Filter, Not
from portal.db.catalog.beside import levels_of
from portal.db.catalog.conditions import Condition, Shape, part
from portal.db.catalog.filters import (
    FEW,
    Kinds,
    Named,
    NamedTerm,
    Way,
    condition,
    kinds_of,
)
from portal.db.catalog.keys import COUNTED, LEVEL, RELATION, is_term
from portal.db.catalog.memory import memory_of
from portal.db.prepared import Forms, Prepared, Row
from portal.db.state import CATALOG_STATE
from portal.db.tables import terms


class Moment(NamedTuple):
    """The catalog when something was asked of it."""

    state: str
    """As of `portal.db.state.catalog_state_of`."""
    last_ref: int
    last_term: int
    """The greatest ids; 0: there are none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A filter, with what the index knows of the values in it."""

    filter: Filter | None
    named: Named
    moment: Moment | None
    is_remembered: bool = False
    """The catalog may be another one now."""

    @property
    def kinds(self) -> Kinds:
        """The kinds of all that matches, where the filter says so."""
        return kinds_of(self.filter)

    @property
    def way(self) -> Way:
        """The way to find the first matches of an order."""
        most = self.most
        return Way.PROBE if most is None or most > FEW else Way.FEW

    @property
    def most(self) -> int | None:
        """At most how many entities match; None: perhaps all. Beyond `FEW` it is only beyond it."""
        return _most(self.named, self.filter, None)

    @property
    def exact(self) -> int | None:
        """How many match, where it is maintained: everything, kinds, and one value of a term,
        perhaps in kinds. An entity has a value once, however it is spelled (`catalog.descriptor.terms`)."""
        match self.filter:
            case None:
                return sum(
                    int(n) for (n,) in _EVERYTHING.rows(self.named.connection, {"key": "kind"})
                )
            case Equals(key=key, values=values) if key in COUNTED or is_term(key):
                single = key in COUNTED or len(values) == 1
                return self.named.count(key, values, None) if single else None
            case All(parts=(one, other)):
                for part, rest in ((one, other), (other, one)):
                    if isinstance(part, Equals) and part.key == "kind" and _is_single(rest):
                        return self.named.count(rest.key, rest.values, kinds_of(part))
        return None

    def asked(self, way: Way) -> Condition:
        """What holds for the rows of `entities` that match."""
        return condition(self.named, self.filter, way)

    def condition(self, way: Way = Way.SETS) -> ColumnElement[bool]:
        """The same, for a statement that is made for this once."""
        return self.asked(way).element(self.named.connection.dialect.name)


def ask(
    connection: Connection,
    tree: Filter | None,
    *,
    at_moment: bool = False,
    remembered: bool = False,
) -> Question:
    """The question of a filter: one look at the index for all values in it, if there are any.

    `at_moment`: the same look tells what the catalog is. `remembered`: and none is needed where one
    is remembered, which may have been at another moment.
    """
    pairs = {pair for pair in _pairs(tree) if "\0" not in pair[0] and "\0" not in pair[1]}
    given = orjson.dumps(sorted(pairs)).decode()
    rows = memory_of(connection).get(given) if at_moment and remembered else None
    is_remembered = rows is not None
    if rows is None:
        rows = _look(connection, given, at_moment) if pairs or at_moment else []
    known: dict[tuple[str, str], list[NamedTerm]] = defaultdict(list)
    for key, value, number, kind, n, *_ in rows:
        if key is not None:
            known[key, value].append(NamedTerm(id=number, kind=kind, n=n))
    named = Named(connection=connection, known=known)
    moment = Moment._make(rows[0][5:]) if at_moment else None
    return Question(filter=tree, named=named, moment=moment, is_remembered=is_remembered)


def _look(connection: Connection, pairs: str, at_moment: bool) -> Sequence[Row]:
    if not at_moment:
        return _TERMS.rows(connection, {"pairs": pairs})
    rows = _TERMS_AND_MOMENT.rows(connection, {"pairs": pairs})
    memory_of(connection).put(pairs, rows)
    return rows


def _pairs(tree: Filter | None) -> Iterator[tuple[str, str]]:
    """Every key and value in a filter that is a term."""
    match tree:
        case All(parts=parts) | AnyOf(parts=parts):
            for part in parts:
                yield from _pairs(part)
        case Not(part=part):
            yield from _pairs(part)
        case Equals(key=key, values=values) if key in COUNTED or is_term(key):
            for value in values:
                yield key, value


def _is_single(leaf: Filter) -> TypeGuard[Equals]:
    """Whether it is one value of a term."""
    return isinstance(leaf, Equals) and len(leaf.values) == 1 and is_term(leaf.key)


def _most(named: Named, tree: Filter | None, kinds: Kinds) -> int | None:
    match tree:
        case All(parts=parts):
            inner = kinds_of(tree) or kinds
            known = [n for part in parts if (n := _most(named, part, inner)) is not None]
            return min(known, default=None)
        case AnyOf(parts=parts):
            each = [_most(named, part, kinds) for part in parts]
            return None if None in each else sum(n for n in each if n is not None)
        case Equals(key=key, values=values) if is_term(key):
            return named.count(key, values, kinds)
        case Equals(key="metadata.name" | "metadata.uid"):
            wanted = condition(named, tree, Way.SETS)
        case Equals(key=key) if key.startswith(RELATION):
            wanted = named.edges(tree)
        case Equals(key=key) if key.startswith(LEVEL):
            wanted = levels_of(tree)
        case _:
            return None
    given = {**wanted.named("value"), "most": FEW + 1}
    return int(_SOME.rows(named.connection, wanted.shape, given)[0][0])


def _some_of(dialect: str, shape: Shape) -> Select[Any]:
    """How many rows there are for which it holds, up to `most`."""
    wanted = part(shape, dialect, "value")
    found = select(literal(1)).where(wanted).limit(bindparam("most", type_=Integer))
    return select(func.count()).select_from(found.subquery())


_SOME = Forms(_some_of)
_EVERYTHING = Prepared(
    lambda _: select(terms.c.n).where(terms.c.key == bindparam("key")), looks=True
)

# The planner is to look up each pair, never to walk the terms: as in `portal.db.lookups`.
_PAIRS = {
    "sqlite": "json_each(:pairs) AS given CROSS JOIN",
    "postgresql": "json_array_elements(CAST(:pairs AS json)) AS given JOIN",
}

_OF_PAIRS = """
    SELECT terms."key", terms.value, terms.id, terms.kind, terms.n
    FROM {pairs} terms
    ON terms."key" = (given.value ->> 0) AND terms.value = (given.value ->> 1) AND terms.known
"""

_OF_MOMENT = f"""
    SELECT found.*, now.* FROM (
        SELECT {CATALOG_STATE} AS state,
            (SELECT coalesce(max(id), 0) FROM refs) AS last_ref,
            (SELECT coalesce(max(id), 0) FROM terms) AS last_term
    ) AS now LEFT JOIN ({{terms}}) AS found ON true
"""  # noqa: S608 - of constants


def _terms(dialect: str) -> TextClause:
    """The terms of pairs."""
    return text(_OF_PAIRS.format(pairs=_PAIRS[dialect]))


def _terms_and_moment(dialect: str) -> TextClause:
    """The same, with what a `Moment` is made of; there is a row without any term, too."""
    return text(_OF_MOMENT.format(terms=_terms(dialect)))


_TERMS = Prepared(_terms, looks=True)
_TERMS_AND_MOMENT = Prepared(_terms_and_moment, looks=True)
