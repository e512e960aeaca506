"""`portal check PATH`: ingest, collect and assess a checkout, offline, and print the card.

It works in a database in memory with the very code that the portal runs, on the working tree, so
that what it says is what the portal will say after the push.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from catalog.problems import Problem
from catalog.query import EntityQuery
from portal.cli.checkout import assessed
from portal.cli.options import show_problem
from portal.db import entities, locations, problems, results
from portal.wiring import Portal
from scorecards.advice import next_steps
from scorecards.results import Outcome
from scorecards.scorecard import Scorecard

MOST_ENTITIES = 10_000
"""Entities of one checkout that a card is made for."""

LOOKS = {
    Outcome.PASS: ("✓", "pass", "green"),
    Outcome.FAIL: ("✗", "fail", "red"),
    Outcome.UNKNOWN: ("?", "no data", "yellow"),
    Outcome.ERROR: ("!", "no data (error)", "yellow"),
    Outcome.NOT_APPLICABLE: ("–", "not applicable", "dim"),
    Outcome.EXEMPT: ("○", "exempt", "magenta"),
}


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def check(path: Path, as_json: bool) -> None:
    """Print the scorecards of the checkout at PATH, with the built-in scorecards, offline."""
    with assessed(path) as (portal, _):
        cards = _cards(portal)
    if as_json:
        click.echo(json.dumps(cards, indent=2, default=str))
    else:
        _show(cards)
    errors = any(problem["severity"] == "error" for problem in cards["problems"])
    sys.exit(1 if errors or not cards["entities"] else 0)


def _cards(portal: Portal) -> dict[str, Any]:
    """Everything there is to say, as JSON has it."""
    by_name = {scorecard.name: scorecard for scorecard in portal.scorecards}
    with portal.database.read() as connection:
        page = problems.list_problems(connection, limit=500)
        rows = entities.by_query(connection, EntityQuery(limit=MOST_ENTITIES, count=False)).items
        cards = [
            {
                "ref": row.ref,
                "scorecards": [
                    _card(by_name[found.result.scorecard], found.result)
                    for found in results.for_entity(connection, row.id)
                ],
            }
            for row in sorted(rows, key=lambda row: row.kind != "component")
        ]
        failed = [item.problem for item in locations.list_locations(connection) if item.problem]
    return {
        "entities": cards,
        "problems": [
            *(problem.as_dict() for problem in failed),
            *(row.problem.as_dict() for row in page.items),
        ],
    }


def _card(scorecard: Scorecard, result: Any) -> dict[str, Any]:
    return {
        "name": scorecard.name,
        "title": scorecard.title,
        "level": scorecard.levels[result.proven].name,
        "possibleLevel": scorecard.levels[result.possible].name,
        "checks": [
            {
                "id": check.id,
                "title": check.title,
                "level": scorecard.levels[check.level].name,
                "outcome": said.outcome,
                "observed": {
                    o.title: said.observed[o.title]
                    for o in check.observe
                    if o.title in said.observed
                },
                "expected": check.expected,
                "reason": said.reason,
            }
            for check, said in zip(scorecard.checks, result.results, strict=True)
        ],
        "nextSteps": [step.check for step in next_steps(scorecard, result)],
    }


def _show(cards: dict[str, Any]) -> None:
    # Where nobody looks at a terminal, a table of 80 columns helps nobody either.
    console = Console(width=None if sys.stdout.isatty() else 140)
    for problem in cards["problems"]:
        show_problem(Problem(**problem))
    if not cards["entities"]:
        console.print("No entity was found. A checkout needs a catalog-info.yaml.")
    for entity in cards["entities"]:
        for card in entity["scorecards"]:
            console.print(_table(entity["ref"], card))


def _table(ref: str, card: dict[str, Any]) -> Table:
    level = card["level"]
    if card["possibleLevel"] != level:
        level += f" (possibly {card['possibleLevel']})"
    table = Table(
        title=f"{ref}: {card['title']} — {level}", title_justify="left", title_style="bold"
    )
    for name in ("", "Level", "Check", "Observed", "Expected"):
        table.add_column(name, overflow="fold")
    for row in card["checks"]:
        icon, word, style = LOOKS[Outcome(row["outcome"])]
        observed = "\n".join(f"{k}: {_words(v)}" for k, v in row["observed"].items())
        observed = observed or row["reason"]
        state = f"[{style}]{icon} {word}[/]"
        table.add_row(state, row["level"], row["title"], observed, row["expected"])
    return table


def _words(value: Any) -> str:
    """A value for people: a list as its items, and what is not there as `nothing`."""
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "nothing" if value is None else str(value)
