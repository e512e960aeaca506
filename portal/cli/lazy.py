"""Groups whose commands are imported only when they are called.

Start-up matters: `portal validate` runs in a pre-commit hook, and must not wait for the imports of
a server it does not need.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import click

Commands: TypeAlias = Mapping[str, tuple[str, str, str]]
"""By name: a module, the command's name in it, and one sentence for the list."""


class NoDatabase(click.ClickException):
    """The database of a command cannot be used."""

    exit_code = 3


class Lazy(click.Group):
    """A group of such commands, in their order. One whose database cannot be used ends with the reason."""

    def __init__(self, *args: Any, table: Commands, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._table = table

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            if "sqlalchemy" not in sys.modules:  # what never opened a database need not know it
                raise
            failure = _without_database(error)
            if failure is None:
                raise
            raise failure from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in self._table:
            return None
        module, attribute, _ = self._table[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is called; one that there is not ends with the one that was meant."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            meant = self._meant(ctx, args[0])
            if not meant:
                raise
            hint = f"Did you mean '{ctx.command_path} {meant}'?"
            raise click.UsageError(f"{error.message} {hint}", ctx) from None

    def _meant(self, ctx: click.Context, name: str) -> str:
        """The command of this name in a group, or one that is called nearly so; '' where none is."""
        for group, (module, _, _) in self._table.items():
            # Such a group is a package, whose import is quick: its commands are in a table as well.
            spec = find_spec(module)
            if spec is not None and spec.submodule_search_locations:
                command = self.get_command(ctx, group)
                if isinstance(command, Lazy) and name in command.list_commands(ctx):
                    return f"{group} {name}"
        return next(iter(get_close_matches(name, self._table, n=1)), "")

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in self._table.items()])


def _without_database(error: Exception) -> NoDatabase | None:
    """What is said where this is a database that cannot be used; else None."""
    from portal.db.failures import is_damaged, is_unavailable, reason_of
    from portal.db.migrations import NewerSchema

    if isinstance(error, NewerSchema):
        return NoDatabase(f"the database cannot be used: {error}")
    if not is_unavailable(error):
        return None
    hint = "put a backup in its place with `portal restore`" if is_damaged(error) else ""
    hint = hint or "see `portal doctor`"
    return NoDatabase(f"the database cannot be used: {reason_of(error)}; {hint}")
