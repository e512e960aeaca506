"""Options that most commands share, and how they become settings."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from catalog.problems import Problem, Severity
from portal.config import Settings, environment, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])


def settings_options(command: Command) -> Command:
    """The options that make `Settings`, in the order that `--help` shows."""
    for option in reversed(
        (
            click.option(
                "--source",
                "sources",
                multiple=True,
                metavar="PATH_OR_URL",
                help="A folder of repositories, one repository, a git URL, or a descriptor file.",
            ),
            click.option(
                "--config",
                "configs",
                multiple=True,
                type=click.Path(path_type=Path),
                help="A configuration file; later ones win.",
            ),
            click.option("--host", help="Address to listen on.  [default: 127.0.0.1]"),
            click.option("--port", type=click.IntRange(1, 65535), help="[default: 7007]"),
            click.option("--database", metavar="URL", help="SQLAlchemy URL; SQLite by default."),
            click.option(
                "--data-dir",
                type=click.Path(path_type=Path),
                help="Where the portal keeps its own files.",
            ),
        )
    ):
        command = option(command)
    return command


def rules_option(command: Command) -> Command:
    """`--config` of commands that work offline; `rules_or_exit` reads it."""
    return click.option(
        "--config",
        "configs",
        multiple=True,
        type=click.Path(path_type=Path),
        help="A configuration file: its packs, facts that may be pushed, and own kinds.",
    )(command)


def rules_or_exit(configs: tuple[Path, ...]) -> Settings | None:
    """The settings of these files; None without any. Ends as `settings_or_exit` does."""
    return settings_or_exit(configs=configs) if configs else None


def settings_or_exit(**options: Any) -> Settings:
    """The settings of the options; prints every problem and exits with 2 where there is an error."""
    loaded = load_settings(environ=environment(), **options)
    if not isinstance(loaded, Settings):
        for problem in loaded:
            show_problem(problem)
        sys.exit(2)
    for problem in loaded.warnings:
        show_problem(problem)
    return loaded


def show_problem(problem: Problem) -> None:
    """One problem on standard error: where, what, and what to do."""
    color = {Severity.ERROR: "red", Severity.WARNING: "yellow"}.get(problem.severity, "blue")
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    head = click.style(f"{problem.severity}: ", fg=color)
    text = f"{problem.message}{asides(problem)}"
    click.echo(f"{head}{place + ': ' if place else ''}{text}", err=True)
    if problem.hint:
        click.echo(f"  {problem.hint}", err=True)


def asides(problem: Problem) -> str:
    """What was found and what was expected, in brackets, as far as the message does not say it."""
    told = (("found", problem.found), ("expected", problem.expected.rstrip(".")))
    parts = [f"{word} {text}" for word, text in told if text and text not in problem.message]
    return f" ({'; '.join(parts)})" if parts else ""
