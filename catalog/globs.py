"""Globs over paths and URLs: `*` and `?` within a segment, `**` across any number of them.

Follows minimatch, which Backstage uses, as far as descriptors and rules need it. Takes time in
proportion to pattern and path, whatever the pattern is: patterns come from repositories too.
"""

from __future__ import annotations

import fnmatch
import re
from dataclasses import dataclass
from functools import lru_cache

MOST_ALTERNATIVES = 64
"""How many patterns the braces of one pattern may expand to."""

_ANY_DEPTH = "**"
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Glob:
    """A pattern, ready to match. Braces have been expanded; any alternative will do."""

    alternatives: tuple[tuple[re.Pattern[str] | None, ...], ...]
    """Segments; None is `**`."""
    ignore_case: bool
    dot: bool
    """Whether `**` goes into segments with a leading dot."""

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` fits the pattern."""
        segments = (text.lower() if self.ignore_case else text).split("/")
        return any(self._fits(pattern, segments) for pattern in self.alternatives)

    def _fits(self, pattern: tuple[re.Pattern[str] | None, ...], segments: list[str]) -> bool:
        # As with one star in a text: only the last `**` ever has to be tried again.
        at, here, resume, start = 0, 0, -1, 0
        while here < len(segments):
            part = pattern[at] if at < len(pattern) else None
            if at < len(pattern) and part is None:
                resume, start = at, here
                at += 1
            elif part is not None and part.match(segments[here]):
                at, here = at + 1, here + 1
            elif resume >= 0 and (self.dot or not segments[start].startswith(".")):
                start += 1
                at, here = resume + 1, start
            else:
                return False
        return all(part is None for part in pattern[at:])


@lru_cache(maxsize=256)
def compile_glob(
    pattern: str, *, ignore_case: bool = False, dot: bool = False, braces: bool = True
) -> Glob | None:
    """The pattern, ready to match; None where its braces expand to too many.

    Without `braces` these stand for themselves. Without `dot`, a `*` at the start of a segment, or a
    `**`, never matches a leading dot.
    """
    wanted = pattern.lower() if ignore_case else pattern
    expanded = _expanded(wanted) if braces else [wanted]
    if expanded is None:
        return None
    alternatives = tuple(
        tuple(_segment(part, dot) for part in _collapsed(one.split("/"))) for one in expanded
    )
    return Glob(alternatives=alternatives, ignore_case=ignore_case, dot=dot)


def is_glob(text: str) -> bool:
    """Whether Backstage takes the URL that a location names for a pattern."""
    return "*" in text or "?" in text


def is_file_glob(text: str) -> bool:
    """Whether the path of files on disk that a location names has more than one meaning.

    Backstage takes every such path for a pattern.
    """
    return any(mark in text for mark in "*?[{")


def _expanded(pattern: str) -> list[str] | None:
    done, waiting = [], [pattern]
    while waiting:
        one = waiting.pop()
        braces = _BRACES.search(one)
        if braces is None:
            done.append(one)
        else:
            before, after = one[: braces.start()], one[braces.end() :]
            waiting += [before + choice + after for choice in braces[1].split(",")]
        if len(done) + len(waiting) > MOST_ALTERNATIVES:
            return None
    return done


def _collapsed(segments: list[str]) -> list[str]:
    """`**/**` says no more than `**`."""
    return [
        segment
        for index, segment in enumerate(segments)
        if segment != _ANY_DEPTH or index == 0 or segments[index - 1] != _ANY_DEPTH
    ]


def _segment(part: str, dot: bool) -> re.Pattern[str] | None:
    if part == _ANY_DEPTH:
        return None
    # The translation has atomic groups, so that stars cause no backtracking.
    hidden = "" if dot or part.startswith(".") else r"(?!\.)"
    nonempty = "(?=.)" if part else ""
    return re.compile(hidden + nonempty + fnmatch.translate(part))
