"""`portal scorecard lint`: every mistake in scorecard files, before anybody is judged by them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import click

from catalog.problems import Problem, Severity
from portal.cli.options import asides, rules_option, rules_or_exit
from portal.cli.scorecard.files import FILES, Offline, load_offline, some
from scorecards.scorecard import Scorecard

_COLORS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.INFO: "blue"}


@click.command()
@FILES
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@rules_option
def lint(paths: tuple[Path, ...], as_json: bool, configs: tuple[Path, ...]) -> None:
    """Find mistakes in scorecard FILES, or in all YAML files of a folder, offline.

    Facts of all installed plugins are known, and the built-in scorecards can be extended. Exits
    with 1 where there is an error or a warning.
    """
    found = load_offline(some(paths), rules_or_exit(configs))
    found = replace(found, problems=(*found.problems, *_unasked(found.scorecards)))
    if as_json:
        click.echo(json.dumps(_json(found), indent=2))
    else:
        for problem in found.problems:
            _show(problem)
        click.echo(_summary(found))
    sys.exit(1 if found.problems else 0)


def _unasked(scorecards: Iterable[Scorecard]) -> Iterator[Problem]:
    """A warning for each ladder with levels for which nothing is asked: one is on them unawares."""
    for card in scorecards:
        asked = {check.level for check in (*card.checks, *card.drafts)}
        names = [one.name for rank, one in enumerate(card.levels) if rank and rank not in asked]
        if names:
            yield Problem(
                code="LEVEL_UNASKED",
                message=f"no check asks for {', '.join(names)}: who is on the level below is there, too",
                hint="Give it a check, or leave it out of `spec.levels`.",
                file=card.file,
                severity=Severity.WARNING,
            )


def _show(problem: Problem) -> None:
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    severity = click.style(problem.severity.value, fg=_COLORS[problem.severity])
    click.echo(f"{place}: {severity}: {problem.message}{asides(problem)} [{problem.code}]")
    if problem.hint:
        click.echo(f"    {problem.hint}")


def _summary(found: Offline) -> str:
    errors = sum(problem.severity is Severity.ERROR for problem in found.problems)
    warnings = len(found.problems) - errors
    checks = sum(len(card.checks) + len(card.drafts) for card in found.scorecards)
    return (
        f"{found.files} file{_s(found.files)}: {len(found.scorecards)} scorecard{_s(len(found.scorecards))}"
        f" with {checks} check{_s(checks)} can be used; "
        f"{errors} error{_s(errors)}, {warnings} warning{_s(warnings)}"
    )


def _s(count: int) -> str:
    return "" if count == 1 else "s"


def _json(found: Offline) -> dict[str, object]:
    return {
        "scorecards": [
            {
                "name": card.name,
                "file": card.file,
                "version": card.version,
                "checks": [check.id for check in card.checks],
                "drafts": [check.id for check in card.drafts],
            }
            for card in found.scorecards
        ],
        "problems": [problem.as_dict() for problem in found.problems],
    }
