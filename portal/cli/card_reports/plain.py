"""A card for people at a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, TextIO

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from portal.cli.card import Comparison
from portal.cli.card_reports.words import LOOKS, fix, observed, summary
from portal.cli.options import show_problem
from scorecards.insights.advice import Action, next_steps
from scorecards.insights.introduced import CardChange, Verdict
from scorecards.levels import next_level
from scorecards.results import Outcome, ScorecardResult
from scorecards.scorecard import Scorecard

_OTHER = {
    Action.FIND_OUT: ": no data",
    Action.REPORT: ": its rule is broken, tell its owner",
}
"""What is said of a step that nothing in the checkout can mend."""


def plain(found: Comparison, out: TextIO) -> None:
    """A table for each card, and what leads to its next level; with a base, only of what changes, and
    how to fix what newly fails."""
    # Where nobody looks at a terminal, a table of 80 columns helps nobody either.
    console = Console(file=out, width=None if out.isatty() else 140)
    for problem in found.problems:
        show_problem(problem)
    if not found.card.places:
        console.print("No entity was found. A checkout needs a catalog-info.yaml.")
    shown = [change for change in found.changes if not found.base or change.changes]
    for change in shown:
        console.print(_table(change, compared=bool(found.base)))
        for line in _newly_failing(found, change) if found.base else _next(found, change):
            console.print(escape(line), soft_wrap=True)
    if found.base:
        console.print(escape(summary(found)))


def _table(change: CardChange, *, compared: bool) -> Table:
    title = f"{change.ref}: {change.scorecard.title} — {_levels(change)}"
    table = Table(title=escape(title), title_justify="left", title_style="bold")
    for name in (*(("Before",) if compared else ()), "", "Level", "Check", "Observed", "Expected"):
        table.add_column(name, overflow="fold")
    for one in change.checks:
        if compared and one.verdict in (Verdict.STANDING, Verdict.NEW) and change.before:
            continue
        seen = "\n".join(f"{k}: {_words(v)}" for k, v in observed(one).items())
        level = change.scorecard.levels[one.check.level].name
        shown = (level, one.check.title, seen or one.after.reason, one.check.expected)
        looks = [*([_look(one.before)] if compared else []), _look(one.after.outcome)]
        # What comes from a repository is no markup.
        table.add_row(*looks, *map(escape, shown))
    return table


def _next(found: Comparison, change: CardChange) -> Iterator[str]:
    """What leads to the next level, cheapest first, and how the first of it that is known to be lacking
    is done; nothing at the top."""
    # What only the catalog knows is no reason to say nothing of what lies behind it.
    at_best = replace(change.after, proven=change.after.possible)
    steps = next_steps(change.scorecard, at_best)
    level = next_level(change.scorecard, at_best)
    if level is None or not steps:
        return
    first = next((step for step in steps if step.action is Action.FIX), None)
    things = "1 thing" if len(steps) == 1 else f"{len(steps)} things"
    yield f"{things} to reach {change.scorecard.levels[level].name}:"
    for number, step in enumerate(steps, 1):
        effort = f" (takes {step.effort})" if step.effort else ""
        yield f"  {number}. {step.title}{_OTHER.get(step.action, effort)}"
        if step is first:
            (said,) = (one for one in change.checks if one.check.id == step.check)
            yield textwrap.indent(fix(found, change, said).strip(), "     ")
    yield ""


def _newly_failing(found: Comparison, change: CardChange) -> Iterator[str]:
    """How to fix what the change makes fail."""
    for one in change.of(Verdict.INTRODUCED):
        yield f"How to fix: {one.check.title}"
        yield textwrap.indent(fix(found, change, one).strip(), "  ")
        yield ""


def _look(outcome: Outcome | None) -> str:
    if outcome is None:
        return ""
    icon, word, style = LOOKS[outcome]
    return f"[{style}]{icon} {word}[/]"


def _levels(change: CardChange) -> str:
    after = _level(change.scorecard, change.after)
    before = change.before and _level(change.scorecard, change.before)
    return f"{before} → {after}" if before and before != after else after


def _level(scorecard: Scorecard, result: ScorecardResult) -> str:
    name = scorecard.levels[result.proven].name
    possible = scorecard.levels[result.possible].name
    return name if possible == name else f"{name} (possibly {possible})"


def _words(value: Any) -> str:
    """A value for people: a list as its items, and what is not there as `nothing`."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "nothing" if value is None else str(value)
