"""Reports of CI as items to push: whose they are, and what they come to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from catalog.descriptor.descriptors import read_descriptor
from catalog.problems import JsonValue
from plugins.reports import measure
from portal.cli.options import show_problem

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Reports:
    """What the options say of reports."""

    junit: tuple[str, ...]
    coverage: tuple[str, ...]
    entity: str | None
    descriptor: Path | None
    run: str
    revision: str

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self.junit or self.coverage)


def report_options(command: Command) -> Command:
    """The options that make `Reports`, in the order that `--help` shows."""
    for option in reversed(
        (
            click.option(
                "--junit",
                multiple=True,
                metavar="PATTERN",
                help="Reports of tests in JUnit XML: a path, or a pattern in quotes.",
            ),
            click.option(
                "--coverage",
                multiple=True,
                metavar="PATTERN",
                help="Reports of coverage: Cobertura XML, JaCoCo XML or LCOV.",
            ),
            click.option("--entity", metavar="REF", help="Whose the reports are."),
            click.option(
                "--descriptor",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help="The descriptor of the one component whose they are, instead of --entity.",
            ),
            click.option("--run", default="", metavar="URL", help="Of the run that wrote them."),
            click.option("--revision", default="", help="Commit that was tested."),
        )
    ):
        command = option(command)
    return command


def item_of(reports: Reports) -> dict[str, JsonValue]:
    """What the reports say, as an item to push; prints what is wrong with them and exits with 2."""
    measured = measure(junit=reports.junit, coverage=reports.coverage)
    for problem in measured.problems:
        show_problem(problem)
    entity = _entity(reports)
    if measured.problems:
        sys.exit(2)
    said = {"run": reports.run, "revision": reports.revision}
    return {
        "entity": entity,
        **{key: text for key, text in said.items() if text},
        "facts": dict(measured.facts),
    }


def _entity(reports: Reports) -> str:
    """The reference that was given, or that of the component in the descriptor."""
    if (reports.entity is None) == (reports.descriptor is None):
        raise click.UsageError("say whose the reports are, by --entity or by --descriptor")
    if reports.entity is not None:
        return reports.entity
    file = reports.descriptor
    assert file is not None
    outcomes, problems = read_descriptor(
        file.read_bytes(), file=str(file), location="file:x", origin="file:x"
    )
    for problem in problems:
        show_problem(problem)
    refs = [str(outcome.entity.ref) for outcome in outcomes if outcome.entity is not None]
    components = [ref for ref in refs if ref.startswith("component:")]
    if len(components) != 1:
        found = ", ".join(components) or "none"
        raise click.UsageError(f"{file} has to hold one component, and there are: {found}")
    return components[0]
