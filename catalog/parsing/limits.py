"""How much one YAML file may hold before it is refused. Nothing is ever truncated.

The numbers admit the largest organization files met (10,000 documents in one file) and refuse what
only an attack needs.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The budgets of one file and of each document in it. At the limit is still allowed."""

    file_bytes: int = 10 * 1024 * 1024
    documents: int = 20_000
    depth: int = 64
    """Collections inside each other, aliases followed."""
    nodes: int = 200_000
    """Scalars and collections of a document, aliases expanded."""
    expanded_characters: int = 5_000_000
    """Text of a document that uses aliases, aliases expanded."""
    alias_weight: int = 100
    """The reference parser's 'Excessive alias count': uses of one anchor, times those inside it."""
    followed_aliases: int = 100_000
    """Aliases that a full expansion of a document has to follow."""


DEFAULT_LIMITS = Limits()
