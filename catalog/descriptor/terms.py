"""Terms: what an entity can be found by, one key and value at a time.

Follows Backstage's search rows (reference 4.4), less what the store holds in columns and edges of
its own: kind, name, namespace, uid and relations.
"""

from __future__ import annotations

import sys
from functools import lru_cache

from catalog.entity import Term
from catalog.numbers import as_javascript
from catalog.pointers import dotted
from catalog.problems import JsonValue, Problem, quote

LONGEST = 200
"""UTF-16 code units of a key that is kept, and of a value that is."""

_SHORT = LONGEST // 2
"""Characters with which no text is long: a character is one or two code units."""

_SKIPPED = frozenset(
    {
        "attachments",
        "kind",
        "metadata.etag",
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "relations",
        "status",
    }
)


def terms(data: dict[str, JsonValue]) -> tuple[tuple[Term, ...], list[Problem]]:
    """The terms of a normalized entity, sorted; a problem for keys that differ only in case.

    Backstage never shows an entity with such keys, and says so nowhere (reference 1, trap 6).
    """
    rows: list[tuple[str, JsonValue]] = []
    listed: set[str] = set()
    for key, value in data.items():
        if key not in _SKIPPED:
            _walk(key, value, rows, listed)
    lowered: dict[str, str] = {}
    found: dict[tuple[str, str | None], Term] = {}
    for key, value in rows:
        lower = lowered[key] = _lower(key) if len(key) <= _SHORT else key.lower()
        if not _is_long(key):
            text = _text(value)
            found.setdefault((lower, None if text is None else text.lower()), (lower, text))
    ordered = sorted(found.values(), key=lambda term: (term[0], term[1] or ""))
    # Looked at again only where there are such keys.
    several = len(set(lowered.values())) < len(lowered)
    return tuple(ordered), _clashes(lowered) if several else []


@lru_cache(maxsize=4096)
def _lower(key: str) -> str:
    """The key in lower case. The same ones come again and again, and go to other processes: once each is
    enough.
    """
    return sys.intern(key.lower())


def _walk(path: str, value: JsonValue, rows: list[tuple[str, JsonValue]], listed: set[str]) -> None:
    """Add the rows of a value; `listed` are keys made of texts in lists, which never clash."""
    if isinstance(value, dict):
        for key, item in value.items():
            below = f"{path}.{key}"
            if type(item) is str and below not in _SKIPPED:  # as nearly all
                rows.append((below, item))
            elif below not in _SKIPPED:
                _walk(below, item, rows, listed)
    elif isinstance(value, list):
        for item in value:
            _walk(path, item, rows, listed)
            if isinstance(item, str) and (lower := f"{path}.{item}".lower()) not in listed:
                listed.add(lower)
                rows.append((f"{path}.{item}", True))
    else:
        rows.append((path, value))


def _text(value: JsonValue) -> str | None:
    if isinstance(value, str):
        return None if _is_long(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    return as_javascript(value) if isinstance(value, int | float) else None


def _is_long(text: str) -> bool:
    # A character is one or two code units: most texts need no counting.
    return len(text) > LONGEST // 2 and len(text.encode("utf-16-le", "surrogatepass")) > 2 * LONGEST


def _clashes(lowered: dict[str, str]) -> list[Problem]:
    """A problem for each key that another one before it differs from only in case."""
    first: dict[str, str] = {}
    pairs = [(key, first.setdefault(lower, key)) for key, lower in lowered.items()]
    return [_clash(key, other) for key, other in pairs if key != other]


def _clash(key: str, other: str) -> Problem:
    section, _, rest = key.partition(".")
    return Problem(
        code="KEYS_DIFFER_IN_CASE",
        message=f"`{dotted([key])}` and `{dotted([other])}` differ only in upper and lower case.",
        pointer=f"/{section}",
        found=quote(rest),
        expected="keys that differ in more than case",
        hint="Remove one of the two, or write both alike.",
    )
