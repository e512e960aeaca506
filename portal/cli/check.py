"""`portal check PATH`: the scorecards of a checkout, offline, and what a change does to them.

It works in a database in memory with the very code that the portal runs, on the working tree, so
that what it says is what the portal will say after the push.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from catalog.problems import Severity
from portal.cli.bases import checked_out
from portal.cli.card import Card, Comparison, compare, read_card
from portal.cli.card_reports import REPORTS
from portal.cli.options import rules_option, rules_or_exit
from portal.config import Settings
from scorecards.results import Outcome


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--diff", "base", metavar="BASE", help="Compare with this revision of the checkout.")
@click.option(
    "--format",
    "form",
    type=click.Choice(list(REPORTS)),
    default="text",
    show_default=True,
    help="What to print.",
)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--report",
    "reports",
    multiple=True,
    metavar="FORMAT=FILE",
    help="Write a report to a file, besides what is printed; may be given several times.",
)
@click.option(
    "--fail-on",
    type=click.Choice(["introduced", "any", "never"]),
    help="Exit with 1 for what the change introduces (the default with --diff), for any failing "
    "check or error, or never. Without it and --diff: for errors of descriptors.",
)
@click.option(
    "--scorecards",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="A scorecard file, or a folder of them, besides the built-in ones.",
)
@rules_option
def check(
    path: Path,
    base: str | None,
    form: str,
    as_json: bool,
    reports: tuple[str, ...],
    fail_on: str | None,
    scorecards: tuple[Path, ...],
    configs: tuple[Path, ...],
) -> None:
    """Print the scorecards of the checkout at PATH, offline; with --diff, what a change does."""
    files = [_report(report) for report in reports]
    rules = rules_or_exit(configs)
    if base is None:
        if fail_on == "introduced":
            raise click.UsageError("--fail-on introduced needs --diff: nothing to compare with")
        found = compare("", None, read_card(path, scorecards=scorecards, rules=rules))
    else:
        found = _compared(path, base, scorecards, rules)
    REPORTS["json" if as_json else form](found, sys.stdout)
    for kind, file in files:
        with file.open("w", encoding="utf-8") as out:
            REPORTS[kind](found, out)
    sys.exit(1 if _fails(found, fail_on) else 0)


def _report(text: str) -> tuple[str, Path]:
    kind, _, file = text.partition("=")
    if kind not in REPORTS or not file:
        known = ", ".join(REPORTS)
        raise click.UsageError(f"--report {text}: expected FORMAT=FILE, with one of {known}")
    return kind, Path(file)


def _compared(
    path: Path, base: str, scorecards: tuple[Path, ...], rules: Settings | None
) -> Comparison:
    """Both are assessed with the scorecards of the working tree: only the checkout differs."""
    with checked_out(path, base) as earlier:
        before = earlier and read_card(earlier, scorecards=scorecards, rules=rules)
    after = read_card(path, scorecards=scorecards, rules=rules)
    nothing = Card(scorecards=after.scorecards, places={}, results=(), problems=())
    return compare(base, before or nothing, after)


def _fails(found: Comparison, fail_on: str | None) -> bool:
    errors = any(problem.severity is Severity.ERROR for problem in found.card.problems)
    match fail_on or ("introduced" if found.base else "errors"):
        case "never":
            return False
        case "introduced":
            return found.introduced
        case "any":
            failing = (s.outcome is Outcome.FAIL for r in found.card.results for s in r.results)
            return errors or any(failing)
        case _:
            return errors or not found.card.places
