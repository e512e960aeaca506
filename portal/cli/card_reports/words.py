"""Words that the reports of a card share: how an outcome looks, what a change comes to, and the fix."""

from __future__ import annotations

from typing import Any

from portal.cli.card import Comparison
from scorecards.evaluation.texts import render_fix
from scorecards.insights.introduced import CardChange, CheckChange, Verdict
from scorecards.results import Outcome

LOOKS = {
    Outcome.PASS: ("✓", "pass", "green"),
    Outcome.FAIL: ("✗", "fail", "red"),
    Outcome.UNKNOWN: ("?", "no data", "yellow"),
    Outcome.ERROR: ("!", "no data (error)", "yellow"),
    Outcome.NOT_APPLICABLE: ("–", "not applicable", "dim"),
    Outcome.EXEMPT: ("○", "exempt", "magenta"),
}


_TITLES = {
    Verdict.INTRODUCED: "Newly failing",
    Verdict.FIXED: "Newly passing",
    Verdict.ASKED: "Newly asked",
    Verdict.BLURRED: "Cannot be told any more",
    Verdict.OTHER: "Changed",
}


def summary(found: Comparison) -> str:
    """One line on what the change does."""
    counts = [
        f"{sum(len(change.of(verdict)) for change in found.changes)} {title.lower()}"
        for verdict, title in _TITLES.items()
        if verdict is not Verdict.OTHER
    ]
    return f"Compared with {found.base}: {', '.join(counts)}; {len(found.problems)} new problems"


def observed(one: CheckChange) -> dict[str, Any]:
    """What the check shows, by title."""
    seen = one.after.observed
    return {o.title: seen[o.title] for o in one.check.observe if o.title in seen}


def fix(found: Comparison, change: CardChange, one: CheckChange) -> str:
    """How to fix the check, filled in for the entity: Markdown."""
    place = found.card.places[change.ref]
    return render_fix(one.check, place.entity, place.facts)
