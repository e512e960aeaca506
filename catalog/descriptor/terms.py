"""Terms: what an entity can be found by, one key and value at a time.

Follows Backstage's search rows (reference 4.4), less what the store holds in columns and edges of
its own: kind, name, namespace, uid and relations.
"""

from __future__ import annotations

import sys

from catalog.entity import Term
from catalog.numbers import as_javascript
from catalog.pointers import dotted
from catalog.problems import JsonValue, Problem, quote

LONGEST = 200
"""UTF-16 code units of a key that is kept, and of a value that is."""

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
        _walk(key, value, rows, listed)
    spellings: dict[str, str] = {}
    clashing: dict[str, str] = {}
    found: dict[tuple[str, str | None], Term] = {}
    for key, value in rows:
        lower = key.lower()
        if spellings.setdefault(lower, key) != key:
            clashing.setdefault(key, spellings[lower])
        if _is_long(key):
            continue
        text = _text(value)
        folded = None if text is None else text.lower()
        if (lower, folded) not in found:
            # The same keys come again and again, and go to other processes: once each is enough.
            found[lower, folded] = Term(sys.intern(lower), text)
    ordered = sorted(found.values(), key=lambda term: (term.key, term.value or ""))
    return tuple(ordered), [_clash(key, other) for key, other in clashing.items()]


def _walk(path: str, value: JsonValue, rows: list[tuple[str, JsonValue]], listed: set[str]) -> None:
    """Add the rows of a value; `listed` are keys made of texts in lists, which never clash."""
    if path in _SKIPPED:
        return
    if isinstance(value, dict):
        for key, item in value.items():
            _walk(f"{path}.{key}", item, rows, listed)
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
