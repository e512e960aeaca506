"""Conflicts: what is said of entities that are served otherwise than a file declares.

Another file came first, somebody suppressed the entity, or so many would go that they stay. What is
served is decided in `catalog.ingest.changes`.
"""

from __future__ import annotations

from catalog.problems import Problem, Severity, quote

ENTITY_CONFLICT = "ENTITY_CONFLICT"
"""Code of the problems on both sides."""

ENTITY_SUPPRESSED = "ENTITY_SUPPRESSED"
"""Code of the problem of a file whose entity somebody has suppressed."""

REMOVALS_HELD = "REMOVALS_HELD"
"""Code of the problem of a file that would take away more than one run may."""

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


def suppressed(ref: str, *, document: int) -> Problem:
    """For the declaration that would be used, had nobody suppressed the entity."""
    return Problem(
        code=ENTITY_SUPPRESSED,
        severity=Severity.INFO,
        message=f"{quote(ref)} is suppressed: somebody decided that it is not served.",
        document=document,
        found=quote(ref),
        hint="Remove it from the file, or lift the suppression.",
    )


def held(n: int, *, total: int, limit: int) -> Problem:
    """For a file that no longer declares `n` of the `total` entities that are held back."""
    return Problem(
        code=REMOVALS_HELD,
        severity=Severity.WARNING,
        message=f"{n} entities that this file no longer declares are still served.",
        hint="If they are meant to go, approve it: `portal removals list` shows them.",
        found=f"{total} removals",
        expected=f"at most {limit} removals in one run",
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
