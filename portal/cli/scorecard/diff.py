"""`portal scorecard diff`: what a change of a scorecard file means."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from catalog.problems import JsonValue, Severity
from portal.cli.options import rules_option, rules_or_exit, show_problem
from portal.cli.scorecard.files import load_offline
from portal.config import Settings
from scorecards.definitions.outline import Difference, Op, Outline, Subject, differences, outline

_MARKS = {Op.ADD: ("+", "green"), Op.REMOVE: ("-", "red"), Op.CHANGE: ("~", "yellow")}
_FILE = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("old", type=_FILE)
@click.argument("new", type=_FILE)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@rules_option
def diff(old: Path, new: Path, as_json: bool, configs: tuple[Path, ...]) -> None:
    """Compare the scorecards of two files, or folders, by what they mean.

    Levels, filters and checks are compared by name and field by field, after all that is extended
    was taken over. Exits with 1 where a file has an error: what is broken is compared with nothing.
    """
    rules = rules_or_exit(configs)
    sides = [_outlines(old, rules), _outlines(new, rules)]
    (before, failed), (after, failed_too) = sides
    found = {
        name: differences(before.get(name, {}), after.get(name, {}))
        for name in dict.fromkeys([*before, *after])
    }
    if as_json:
        shown = [_json(name, one) for name, some in found.items() for one in some]
        click.echo(json.dumps(shown, indent=2))
    else:
        for name, some in found.items():
            for line in _lines(name, some):
                click.echo(line)
    sys.exit(1 if failed or failed_too else 0)


def _outlines(path: Path, rules: Settings | None) -> tuple[dict[str, Outline], bool]:
    """The scorecards by name, and whether there is an error."""
    loaded = load_offline([path], rules)
    for problem in loaded.problems:
        show_problem(problem)
    broken = any(problem.severity is Severity.ERROR for problem in loaded.problems)
    return {card.name: outline(card) for card in loaded.scorecards}, broken


def _lines(name: str, found: tuple[Difference, ...]) -> Iterator[str]:
    yield click.style(name, bold=True) + ("" if found else ": no difference")
    for one in found:
        mark, color = _MARKS[one.op]
        whole = one.subject is Subject.SCORECARD
        what = one.subject.value if whole else f"{one.subject.value} {one.name}"
        head = click.style(f"  {mark} ", fg=color)
        if one.op is not Op.CHANGE:
            yield head + what + _title(one.before or one.after)
            continue
        yield f"{head}{what}: {one.field}"
        yield from (f"      - {line}" for line in _text(one.before))
        yield from (f"      + {line}" for line in _text(one.after))


def _title(value: JsonValue) -> str:
    title = value.get("title") if isinstance(value, dict) else None
    return f": {title}" if title else ""


def _text(value: JsonValue) -> list[str]:
    """A value as lines; nothing where there is none."""
    if isinstance(value, str):
        return value.splitlines()
    return [] if value in (None, [], {}) else [json.dumps(value, ensure_ascii=False)]


def _json(scorecard: str, one: Difference) -> dict[str, JsonValue]:
    return {
        "scorecard": scorecard,
        "op": one.op.value,
        "subject": one.subject.value,
        "name": one.name,
        "field": one.field,
        "before": one.before,
        "after": one.after,
    }
