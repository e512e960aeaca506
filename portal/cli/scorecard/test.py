"""`portal scorecard test`: the tests that checks carry, run."""

from __future__ import annotations

import json
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import click

from catalog.problems import Severity
from portal.cli.options import rules_option, rules_or_exit, show_problem
from portal.cli.scorecard.files import FILES, Offline, load_builtin, load_offline, some
from portal.pool import Pool
from portal.worker.children import proving
from scorecards.definitions.outline import case_as_written
from scorecards.evaluation.cases import Trial


@click.command()
@FILES
@click.option("--builtin", is_flag=True, help="Test the built-in scorecards and packs.")
@click.option("-v", "--verbose", is_flag=True, help="Show the tests that hold as well.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@rules_option
def test(
    paths: tuple[Path, ...], builtin: bool, verbose: bool, as_json: bool, configs: tuple[Path, ...]
) -> None:
    """Run the tests of the checks in scorecard FILES, offline.

    Of each test that does not hold it prints what was given, what was expected, what the check
    said, and what each leaf of its rule said. Exits with 1 where one does not hold, or where a file
    has an error; with 2 where a file or folder that is named holds no scorecard.
    """
    found = load_builtin() if builtin else load_offline(some(paths), rules_or_exit(configs))
    for problem in found.problems:
        show_problem(problem)
    with closing(Pool(1)) as pool:
        tried = list(proving.tried(pool, found.scorecards, found.schemas))
    if as_json:
        click.echo(json.dumps([_json(trial) for trial in tried], indent=2))
    else:
        for trial in tried:
            if verbose or not trial.holds:
                _show(trial)
        click.echo(_summary(found, tried))
    broken = any(problem.severity is Severity.ERROR for problem in found.problems)
    if broken or not all(trial.holds for trial in tried):
        sys.exit(1)
    sys.exit(0 if found.scorecards and not _bare(paths, found) else 2)


def _bare(paths: tuple[Path, ...], found: Offline) -> bool:
    """Whether one of the paths holds nothing: a pipeline that names a wrong folder would pass for ever."""
    named = {str(path) for path in paths}
    return any(p.code == "NOT_A_SCORECARD" and p.file in named for p in found.problems)


def _show(trial: Trial) -> None:
    word = click.style("ok", fg="green") if trial.holds else click.style("FAILED", fg="red")
    click.echo(f"{word} {trial.case.file}:{trial.case.line}: {trial.check.id}: {trial.check.title}")
    written = case_as_written(trial.case)
    expected = trial.case.expect.value
    if trial.case.reason:
        expected += f", with '{trial.case.reason}' in its reason"
    given = "given" if trial.case.facts else "given nothing"
    click.echo(f"    {given}")
    for key, value in _given(written).items():
        click.echo(f"      {key}: {json.dumps(value)}")
    click.echo(f"    expected {expected}")
    click.echo(
        f"    got {trial.got.outcome.value}: {trial.got.reason or 'all that is asked holds'}"
    )
    for expression, outcome in trial.got.leaves:
        click.echo(f"      {outcome.value}: {expression}")


def _given(written: dict[str, Any]) -> dict[str, Any]:
    about = {key: written[key] for key in ("entity", "now") if written[key]}
    return {**written["given"], **about}


def _summary(found: Offline, tried: list[Trial]) -> str:
    failed = sum(not trial.holds for trial in tried)
    checks = [c for card in found.scorecards for c in (*card.checks, *card.drafts)]
    untested = sum(not check.tests for check in checks)
    return (
        f"{len(tried)} tests of {len(checks) - untested} checks: {len(tried) - failed} hold, "
        f"{failed} failed; {untested} checks have no test"
    )


def _json(trial: Trial) -> dict[str, Any]:
    return {
        "file": trial.case.file,
        "line": trial.case.line,
        "scorecard": trial.scorecard,
        "check": trial.check.id,
        "holds": trial.holds,
        **case_as_written(trial.case),
        "got": {
            "outcome": trial.got.outcome.value,
            "reason": trial.got.reason,
            "leaves": [
                {"expression": expression, "outcome": outcome.value}
                for expression, outcome in trial.got.leaves
            ],
        },
    }
