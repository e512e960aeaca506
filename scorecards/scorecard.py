"""Scorecards: named ladders of levels, and the checks that each level asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from scorecards.facts import FactState
from scorecards.lifecycle import ACTIVE, Lifecycle
from scorecards.results import Outcome
from scorecards.rules import Leaf, Rule, leaves


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
    line: int = field(default=0, compare=False)
    column: int = field(default=0, compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Filter:
    """A condition with a name, for every `applies_to` of its scorecard."""

    name: str
    """Identifier: lower case letters, digits and `-`."""
    leaf: Leaf
    because: str
    """For people: whom it lets through."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A test of a check: what is given, and what it is expected to say."""

    facts: tuple[tuple[str, FactState], ...]
    """By name; every other fact was never collected."""
    entity: bytes
    """JSON object: its keys replace those of the sample entity (`scorecards.evaluation.cases`)."""
    now: datetime | None
    """The time of the assessment; None: one that never changes."""
    expect: Outcome
    reason: str
    """A part of the reason that is expected; '': any reason will do."""
    file: str
    """Where it stands: not where its scorecard does, if that extends another."""
    line: int
    column: int


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
    owner: str = ""
    """Reference of the group that answers for the check; '': whoever owns the scorecard."""
    lifecycle: Lifecycle = ACTIVE
    max_age: timedelta | None = None
    """Facts that were observed longer ago are stale for this check; None: only their own limit."""
    grace: timedelta = timedelta(0)
    """How long a failure must last before it counts (`scorecards.evaluation.damping`)."""
    tests: tuple[Case, ...] = ()


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
    """In the order of levels, then as written; without drafts."""
    file: str
    """Where the definition was read from."""
    version: str
    """12 hex digits that follow the text of the definition, and of all that it extends."""
    drafts: tuple[Check, ...] = ()
    """Checks that are being written: neither evaluated nor shown."""
    filters: tuple[Filter, ...] = ()
    extends: str = ""
    """Name of the scorecard that this one began as; '': of none."""


def expressions(card: Scorecard) -> Iterator[str]:
    """Every expression that says true or false: of conditions, and of the rules' leaves."""
    conditions = (card.applies_to, *(check.applies_to for check in card.checks))
    yield from (leaf.expression for leaf in conditions if leaf is not None)
    yield from (leaf.expression for check in card.checks for leaf in leaves(check.rule))


def observations(card: Scorecard) -> Iterator[str]:
    """Every expression whose value is shown."""
    return (one.expression for check in card.checks for one in check.observe)


def is_asked_by(card: Scorecard, expression: str) -> bool:
    """Whether the scorecard evaluates this expression."""
    return expression in expressions(card) or expression in observations(card)
