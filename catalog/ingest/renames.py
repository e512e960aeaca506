"""Renames: which entity of a file is another one of it under a new name.

A rename in a file shows as one document gone and one come. They are one entity when their kind is
the same and either nothing but the name changed, or one took the place of the other with the same
`spec`. Backstage makes a new entity of it (reference 4.9); here it keeps its uid, and the former
ref leads to it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import orjson

from catalog.refs import parse_ref

_NAMES = ("name", "namespace", "title")


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """An entity that went or came with a file."""

    id: int
    ref: str
    """Canonical."""
    file: int
    document: int
    body: bytes


def match_renames(gone: Sequence[Named], come: Sequence[Named]) -> dict[int, int]:
    """By the id of each that came, the id of what it was; one that fits several fits none."""
    found: dict[int, int] = {}
    for alike in (_content, _place):
        left = [one for one in gone if one.id not in found.values()]
        new = [one for one in come if one.id not in found]
        found.update(_pairs(left, new, alike))
    return found


def _pairs(
    gone: Iterable[Named], come: Iterable[Named], alike: Callable[[Named], Hashable]
) -> dict[int, int]:
    before: dict[Hashable, list[int]] = defaultdict(list)
    after: dict[Hashable, list[int]] = defaultdict(list)
    for one in gone:
        before[alike(one)].append(one.id)
    for one in come:
        after[alike(one)].append(one.id)
    return {
        new[0]: before[key][0]
        for key, new in after.items()
        if len(new) == 1 and len(before.get(key, ())) == 1
    }


def _content(one: Named) -> Hashable:
    """Everything but the names."""
    data = orjson.loads(one.body)
    metadata = {k: v for k, v in data["metadata"].items() if k not in _NAMES}
    rest = {**data, "metadata": metadata}
    return one.file, parse_ref(one.ref).kind, orjson.dumps(rest, option=orjson.OPT_SORT_KEYS)


def _place(one: Named) -> Hashable:
    """The document it is in, with its spec."""
    spec = orjson.loads(one.body).get("spec")
    spec_bytes = orjson.dumps(spec, option=orjson.OPT_SORT_KEYS)
    return one.file, parse_ref(one.ref).kind, one.document, spec_bytes
