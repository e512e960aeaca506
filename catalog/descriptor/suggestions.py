"""Suggestions: what an author probably meant, for the hints of problems.

They only word a message; no suggestion is ever applied.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from catalog.descriptor.formats import LONGEST_NAME


def name_like(text: str) -> str:
    """A valid name close to `text`, lower case with hyphens; '' where nothing is left of it."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    kebab = re.sub(r"[^a-z0-9_.]+", "-", plain.lower())
    return kebab[:LONGEST_NAME].strip("-_.")


def tag_like(text: str) -> str:
    """A valid tag close to `text`; '' where nothing is left of it."""
    return re.sub(r"[^a-z0-9:+#]+", "-", text.lower()).strip("-")[:LONGEST_NAME].strip("-")


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of `known` that `word` is probably a slip of; '' where none is that near."""
    return _nearest(word, tuple(known))


@lru_cache(maxsize=4096)
def _nearest(word: str, known: tuple[str, ...]) -> str:
    # A slip of the shift key is always near; else one edit for each four characters, two at most.
    scored = [(_distance(word.casefold(), other.casefold()), other) for other in known]
    distance, found = min(scored, default=(99, ""))
    return found if distance <= min(2, len(word) // 4) else ""


def _distance(left: str, right: str) -> int:
    """Edits (insert, delete, replace, swap of neighbors) between two words; 99 if clearly many."""
    if abs(len(left) - len(right)) > 2:
        return 99
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, char in enumerate(left, 1):
        before, previous, row = row, before, [i]
        for j, other in enumerate(right, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (char != other))
            if previous and j > 1 and char == right[j - 2] and left[i - 2] == other:
                cost = min(cost, previous[j - 2] + 1)
            row.append(cost)
    return row[-1]


def listing(words: Iterable[str]) -> str:
    """Words for a sentence: `a`, `a and b`, `a, b and c`."""
    *most, last = list(words)
    return f"{', '.join(most)} and {last}" if most else last
