"""Questions: filters, with what the index knows of them: how many match, and how to find these.

The terms that a filter names are looked up first, with their counts: so it is known how many entities
match at most, and a database that is given their ids plans by what it knows of them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeGuard

from sqlalchemy import ColumnElement, Connection, Integer, Select, bindparam, func, literal, select

from catalog.queries.query import All, AnyOf, Equals, Filter, Not
from portal.db import bulk
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
from portal.db.prepared import Forms, Prepared
from portal.db.tables import terms


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A filter, with what the index knows of the values in it."""

    filter: Filter | None
    named: Named

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


def ask(connection: Connection, tree: Filter | None) -> Question:
    """The question of a filter: one look at the index for all values in it."""
    pairs = {pair for pair in _pairs(tree) if "\0" not in pair[0] and "\0" not in pair[1]}
    wanted = [(key, value, True) for key, value in sorted(pairs)]
    known: dict[tuple[str, str], list[NamedTerm]] = defaultdict(list)
    columns = ("key", "value", "id", "kind", "n")
    found = bulk.look_up(connection, terms, ("key", "value", "known"), wanted, columns)
    for key, value, id_, kind, n in found:
        known[key, value].append(NamedTerm(id=id_, kind=kind, n=n))
    return Question(filter=tree, named=Named(connection=connection, known=known))


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
_EVERYTHING = Prepared(lambda _: select(terms.c.n).where(terms.c.key == bindparam("key")))
