"""`portal scorecard import`: the checks of Tech Insights in a configuration, made a scorecard."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from catalog.parsing.documents import Parsed, parse
from catalog.problems import JsonValue, Severity
from catalog.yaml_text import as_yaml
from plugins.contract import Context, FactSchema
from plugins.registry import load_plugins
from portal.cli.options import show_problem
from portal.fact_sources import schemas_of
from scorecards.definitions.shape import is_scorecard_name
from scorecards.foreign.importing import import_checks


@click.command("import")
@click.argument("config", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it there.")
@click.option(
    "--facts",
    "map_",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML object: `retriever.fact` or `fact` to a fact or an expression of ours.",
)
@click.option("--name", default="tech-insights", show_default=True, help="Of the scorecard.")
def import_(config: Path, out: Path | None, map_: Path | None, name: str) -> None:
    """Translate the Tech Insights checks of the app-config CONFIG into a scorecard, offline.

    What could not be translated is told on standard error, with line and column; the exit code is
    then 1, and the rest is written all the same.
    """
    if not is_scorecard_name(name):
        raise click.BadParameter("must be lower case letters, digits and `-`", param_hint="--name")
    with tempfile.TemporaryDirectory(prefix="plumbline-") as scratch:
        plugins, _ = load_plugins(context_for=lambda plugin: Context(cache=Path(scratch) / plugin))
    imported = import_checks(
        _text(config),
        file=str(config),
        name=name,
        facts=_map(map_) if map_ else {},
        schemas=schemas_of(plugins),
    )
    for problem in imported.problems:
        show_problem(problem)
    if imported.to_declare:
        click.echo(_declarations(imported.to_declare), err=True)
    if imported.text and out is not None:
        out.write_text(imported.text, "utf-8")
    elif imported.text:
        click.echo(imported.text, nl=False)
    untold = sum(problem.severity is Severity.ERROR for problem in imported.problems)
    click.echo(f"{len(imported.checks)} checks translated, {untold} problems", err=True)
    sys.exit(1 if untold else 0)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from None


def _map(path: Path) -> Mapping[str, str]:
    """The map of facts: one YAML object of texts."""
    parsed = parse(_text(path).encode(), file=str(path))
    data = [d.state.data for d in parsed.documents if isinstance(d.state, Parsed)]
    match data:
        case [dict() as found] if all(isinstance(value, str) for value in found.values()):
            return {key: str(value) for key, value in found.items()}
    raise click.ClickException(f"{path} is no YAML object of texts")


def _declarations(facts: Sequence[FactSchema]) -> str:
    """What to put into the configuration, so that the facts can be pushed."""
    pushed: list[JsonValue] = [
        {"name": fact.name, "type": fact.type.value, "description": "Say what it is."}
        for fact in facts
    ]
    wanted = as_yaml({"plumbline": {"facts": {"pushed": pushed}}})
    return f"\nThe scorecard uses facts that have to be declared, and pushed:\n\n{wanted}"
