"""Conflicts: what is said, on both sides, of an entity that several files declare.

Which of the files is served is decided in `catalog.changes`.
"""

from __future__ import annotations

from catalog.problems import Problem, Severity, quote

ENTITY_CONFLICT = "ENTITY_CONFLICT"
"""Code of the problems on both sides."""

LONGEST_PLACE = 120
"""Characters of a file's URL in a message: with a ref beside it, a message stays under 300."""


def not_served(ref: str, *, document: int, line: int | None, winner: str) -> Problem:
    """For the declaration that is not used; `winner` is the location ref of the file that is."""
    return _conflict(
        ref,
        document,
        line,
        severity=Severity.WARNING,
        message=f"{quote(ref)} is declared by {_place(winner)} too, which came first.",
        hint="This declaration is not used. Give it another name, or delete one of the two.",
    )


def also_declared(ref: str, *, document: int, line: int | None, loser: str) -> Problem:
    """For the declaration that is used; `loser` is the location ref of a file that is not."""
    return _conflict(
        ref,
        document,
        line,
        severity=Severity.INFO,
        message=f"{quote(ref)} is declared by {_place(loser)} too, which is not used.",
        hint="This declaration came first and is the one that is used.",
    )


def _conflict(
    ref: str, document: int, line: int | None, *, severity: Severity, message: str, hint: str
) -> Problem:
    return Problem(
        code=ENTITY_CONFLICT,
        severity=severity,
        message=message,
        hint=hint,
        document=document,
        line=line,
        column=None if line is None else 1,
        found=quote(ref),
        expected="a ref that no other file declares",
    )


def _place(url: str) -> str:
    """A file, for a message; of a long URL its end, which tells files apart."""
    url = "".join(c if c.isprintable() else "?" for c in url)
    return url if len(url) <= LONGEST_PLACE else "…" + url[1 - LONGEST_PLACE :]
