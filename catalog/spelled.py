"""Spelled terms: a searchable fact about entities of a kind as one text, as the index keeps it apart.

The same terms come again and again: as texts that are the same object, those of a task are sent to
another process once, and compared there without looking at what they say.
"""

from __future__ import annotations

from functools import lru_cache

import orjson

KEPT = 4096
"""Spelled terms that are kept at hand: nearly all that come again. More of them take longer to look
through than to spell a few anew."""


@lru_cache(maxsize=KEPT)
def spell(kind: str, key: str, value: str | None) -> str:
    """The JSON array of key, value in lower case, value as it is spelled where that is another text,
    whether there is a value, and the kind in lower case.
    """
    lower = "" if value is None else value.lower()
    original = "" if value is None or value == lower else value
    return orjson.dumps([key, lower, original, value is not None, kind.lower()]).decode()


def unspell(spelled: str) -> tuple[str, str | None]:
    """The key and the value of a spelled term."""
    key, lower, original, known, _ = orjson.loads(spelled)
    return key, (original or lower) if known else None
