"""A card as a comment on a change, in Markdown."""

from __future__ import annotations

import re
from typing import TextIO

from portal.cli.card import Comparison
from portal.cli.card_reports.words import LOOKS, fix, summary
from scorecards.insights.introduced import CardChange, CheckChange, Verdict
from scorecards.results import Outcome, ScorecardResult
from scorecards.scorecard import Scorecard

_MARKUP = re.compile(r"([\\`*_\[\]<>&#|~!])")


def markdown(found: Comparison, out: TextIO) -> None:
    """A comment for a change: the ladder before and after, and what each change of a check asks.

    Begins with a comment by which a bot finds its earlier one.
    """
    lines = ["<!-- plumbline -->", *_heading(found)]
    for problem in found.problems:
        place = ":".join(str(part) for part in (problem.file, problem.line) if part)
        lines.append(f"- {problem.severity.value} `{place or '-'}`: {_md(problem.message)}")
    for change in found.changes:
        if not found.base or change.changes:
            lines += ["", *_section(found, change)]
    out.write("\n".join(lines) + "\n")


def _heading(found: Comparison) -> list[str]:
    if not found.base:
        return ["## Scorecards", ""]
    verdict = "makes something worse" if found.introduced else "makes nothing worse"
    return [f"## Scorecards: this change {verdict}", "", _md(summary(found)), ""]


def _section(found: Comparison, change: CardChange) -> list[str]:
    lines = [f"### {_md(change.ref)}: {_md(change.scorecard.title)}", ""]
    if change.before is not None and found.base:
        lines.append(f"Before: {_ladder(change.scorecard, change.before)}  ")
    elif found.base:
        lines.append("Before: nothing  ")
    lines += [f"Now: {_ladder(change.scorecard, change.after)}", ""]
    told = [one for one in change.checks if _is_told(found, one)]
    if told:
        lines += ["| | Check | Level | Why |", "|---|---|---|---|"]
        lines += [_md_row(change, one) for one in told]
    for one in told:
        if one.verdict is Verdict.INTRODUCED:
            title = _md(one.check.title)
            how = fix(found, change, one).strip()
            lines += [
                "",
                f"<details><summary>How to fix: {title}</summary>",
                "",
                how,
                "",
                "</details>",
            ]
    return lines


def _is_told(found: Comparison, one: CheckChange) -> bool:
    if found.base and one.verdict is not Verdict.NEW:
        return one.verdict is not Verdict.STANDING
    return one.after.outcome in (Outcome.FAIL, Outcome.UNKNOWN, Outcome.ERROR)


def _md_row(change: CardChange, one: CheckChange) -> str:
    icon, word, _ = LOOKS[one.after.outcome]
    was = "" if one.before is None else f"{LOOKS[one.before][0]} → "
    level = change.scorecard.levels[one.check.level].name
    title, reason = _md(one.check.title), _md(one.after.reason or one.check.expected)
    return f"| {was}{icon} {word} | {title} | {_md(level)} | {reason} |"


def _ladder(scorecard: Scorecard, result: ScorecardResult) -> str:
    """The levels, the proven one strong; one that is perhaps reached has a question mark."""
    return " ▸ ".join(
        f"**{_md(level.name)}**"
        if rank == result.proven
        else _md(level.name) + ("?" if result.proven < rank <= result.possible else "")
        for rank, level in enumerate(scorecard.levels)
    )


def _md(value: str) -> str:
    """Plain text of one line, which Markdown cannot mistake for markup."""
    return _MARKUP.sub(r"\\\1", " ".join(value.split()))
