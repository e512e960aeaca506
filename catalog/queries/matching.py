"""Matching: whether a filter holds for one thing, given the values of its keys.

The store answers filters by its index; this is for the few things that have none, and the meaning
that the index is held to.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from catalog.queries.query import All, AnyOf, Equals, Filter, Has, HasPrefix, Not


def matches(tree: Filter, values: Mapping[str, Collection[str]]) -> bool:
    """Whether the filter holds; `values` are in lower case, by key. A key that is absent has none."""
    match tree:
        case All(parts=parts):
            return all(matches(part, values) for part in parts)
        case AnyOf(parts=parts):
            return any(matches(part, values) for part in parts)
        case Not(part=part):
            return not matches(part, values)
        case Has(key=key):
            return key in values
        case Equals(key=key, values=wanted):
            return not set(wanted).isdisjoint(values.get(key, ()))
        case HasPrefix(key=key, prefix=prefix):
            return any(value.startswith(prefix) for value in values.get(key, ()))
