"""Extending: scorecards that begin as others, in which order they are read, and what they take over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from catalog.descriptor.suggestions import listing, nearest
from catalog.problems import Problem, Severity, quote
from scorecards.definitions.telling import Telling
from scorecards.scorecard import Check, Level, Scorecard

MOST_NAMED = 10
"""Scorecards that a hint names."""


def ordered(extends: Mapping[str, str]) -> Iterator[str]:
    """The names so that each comes after the one it extends; those in a cycle come anyhow."""
    done: set[str] = set()
    for name in extends:
        chain: list[str] = []
        while name in extends and name not in done:
            done.add(name)
            chain.append(name)
            name = extends[name]
        yield from reversed(chain)


class Bases:
    """The scorecards that can be extended so far."""

    def __init__(self, known: Mapping[str, Scorecard]) -> None:
        self._known: dict[str, Scorecard | None] = dict(known)

    def add(self, name: str, scorecard: Scorecard | None) -> None:
        """Know the scorecard; None: there is one of this name, and it cannot be used."""
        self._known[name] = scorecard

    def of(self, name: str, written: Iterable[str], told: Telling) -> Scorecard | None:
        """The scorecard to extend; None where there is none, which is told.

        `written` are the names of all scorecards that are being read.
        """
        if not name:
            return None
        found = self._known.get(name)
        if found is not None:
            return found
        code, message, hint = "EXTENDS_UNUSABLE", "the scorecard it extends cannot be used", ""
        if name not in self._known and name in set(written):
            # Whatever is read later, in this order, is an heir of this one.
            code, message = "EXTENDS_CYCLE", "scorecards extend each other in a circle"
        elif name not in self._known:
            hint = self._known_like(name)
            code, message = "EXTENDS_UNKNOWN", f"there is no scorecard `{quote(name)}`"
        told.add(
            Problem(
                code=code,
                message=message,
                hint=hint,
                pointer="/spec/extends",
                found=quote(name),
            )
        )
        return None

    def _known_like(self, name: str) -> str:
        near = nearest(name, self._known)
        if near:
            return f"Did you mean `{near}`?"
        some = sorted(self._known)[:MOST_NAMED]
        return f"Known here: {listing(some)}" if some else ""


def taken_over(
    base: Scorecard, levels: Sequence[Level], removed: Sequence[str], told: Telling
) -> dict[str, Check]:
    """The checks of the base by id, on the ladder `levels`, without those `removed`.

    A level that the new ladder does not have is an error; an id that is not there, a warning: it
    may have gone from the base since.
    """
    checks = {check.id: check for check in (*base.checks, *base.drafts)}
    for index, name in enumerate(removed):
        if checks.pop(name, None) is None:
            near = nearest(name, checks)
            told.add(
                Problem(
                    code="UNKNOWN_CHECK",
                    severity=Severity.WARNING,
                    message=f"`{quote(base.name)}` has no check `{quote(name)}` to remove",
                    hint=f"Did you mean `{near}`?" if near else "Take the line out",
                    pointer=f"/spec/remove/{index}",
                    found=quote(name),
                )
            )
    ranks = {level.name: rank for rank, level in enumerate(levels)}
    kept = {}
    for check in checks.values():
        level = base.levels[check.level].name
        rank = ranks.get(level, 0)
        if rank:
            kept[check.id] = replace(check, level=rank)
            continue
        told.add(
            Problem(
                code="UNKNOWN_LEVEL",
                message=f"the check `{check.id}` is taken over, and its level is not there",
                hint=f"Name a level `{quote(level)}` above the floor, or remove the check",
                pointer="/spec/levels",
                expected=quote(level),
            )
        )
    return kept
