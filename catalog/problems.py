"""Problems: every fault in something a user wrote, as data with a place and a way to mend it.

A problem is found once, where the fault is, and then only carried: to the command line, the API,
the problems page, the entity. Codes are UPPER_SNAKE words with a meaning of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, TypeAlias

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"
"""A value that JSON can hold. Only parsing and serialization look into it."""

LONGEST_QUOTE = 80
"""Characters of a user's input that a message quotes at most."""


class Severity(StrEnum):
    """How much a problem matters. Only an error keeps a document out of the catalog."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One fault in something a user wrote."""

    code: str
    """UPPER_SNAKE, stable: other tools filter by it."""
    message: str
    """One sentence: what is wrong. At most 300 characters, no markup."""
    severity: Severity = Severity.ERROR
    hint: str = ""
    """One sentence: what to do about it."""
    file: str = ""
    """Path inside its repository, or as it was named on the command line."""
    document: int | None = None
    """Index of the YAML document in its file, from 0; None: the file as a whole."""
    line: int | None = None
    """From 1, in the file."""
    column: int | None = None
    """From 1, in characters."""
    pointer: str = ""
    """JSON pointer (RFC 6901) of the value in its document; empty: the document."""
    found: str = ""
    """What stands there, quoted and cut to `LONGEST_QUOTE` characters."""
    expected: str = ""
    """What should stand there."""

    def as_dict(self) -> dict[str, JsonValue]:
        """The problem as the API and `portal validate --format json` show it; all keys present."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def problem_from(data: Mapping[str, Any]) -> Problem:
    """The problem that `as_dict` wrote."""
    return Problem(**{**data, "severity": Severity(data["severity"])})


def quote(value: object) -> str:
    """`value` as text for a message: one line, control characters escaped, cut with an ellipsis."""
    text = value if isinstance(value, str) else str(value)
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[: LONGEST_QUOTE + 1])
    return text if len(text) <= LONGEST_QUOTE else text[: LONGEST_QUOTE - 1] + "…"
