"""Scorecards: named ladders of levels, and the checks that each level asks for."""

from __future__ import annotations

from dataclasses import dataclass

from scorecards.rules import Leaf, Rule


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """A step of the ladder. The first one is the floor and asks for nothing."""

    name: str
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Where to read more."""

    title: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """A value to show beside the outcome."""

    title: str
    expression: str
    """CEL; usually just the name of a fact."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One yes/no question that its service's owner can act on."""

    id: str
    title: str
    category: str
    level: int
    """Index into the scorecard's levels, from 1: the floor has no checks."""
    rule: Rule
    applies_to: Leaf | None
    """False makes it not applicable; None: it applies wherever the scorecard does."""
    applies_because: str
    """For people: whom it applies to, shown where it does not apply."""
    observe: tuple[Observation, ...]
    expected: str
    """What should be observed, in words: '>= 500 bytes and 3 headings'."""
    why: str
    """Why it matters, Markdown."""
    fix: str
    """How to fix it: Markdown; `{name}`, `{owner}`, ... and names of facts are filled in."""
    effort: str
    """A rough cost: 'minutes', 'hours', 'days'."""
    weight: int
    links: tuple[Link, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scorecard:
    """A ladder with its checks."""

    name: str
    """Identifier: lower case letters, digits and `-`."""
    title: str
    description: str
    owner: str
    levels: tuple[Level, ...]
    applies_to: Leaf | None
    applies_because: str
    checks: tuple[Check, ...]
    """In the order of levels, then as written."""
    file: str
    """Where the definition was read from."""
    version: str
    """First 12 hex digits of the SHA-256 of the definition's text."""
