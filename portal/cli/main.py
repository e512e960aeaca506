"""The command `portal`. Each subcommand is imported only when it is called.

Start-up matters: `portal validate` runs in a pre-commit hook, and must not wait for the imports of
a server it does not need.
"""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "up": ("portal.cli.run", "up", "Migrate, serve and work, in one process."),
    "serve": ("portal.cli.run", "serve", "Serve only; needs PostgreSQL."),
    "worker": ("portal.cli.run", "worker", "Work in the background only; needs PostgreSQL."),
    "ingest": ("portal.cli.work", "ingest", "Read locations again now."),
    "assess": ("portal.cli.work", "assess", "Collect facts and assess again now."),
    "removals": ("portal.cli.removals", "removals", "Look at removals, approve or undo them."),
    "explain": ("portal.cli.explain", "explain", "Say why something is (not) in the catalog."),
    "validate": ("portal.cli.validate", "validate", "Check descriptor files, offline."),
    "check": ("portal.cli.check", "check", "Print the scorecards of a checkout, offline."),
    "migrate": ("portal.cli.admin", "migrate", "Bring the database to this version's schema."),
    "doctor": ("portal.cli.doctor", "doctor", "Say what is wrong with this installation."),
    "backup": ("portal.cli.admin", "backup", "Copy the embedded database while it is in use."),
    "restore": ("portal.cli.admin", "restore", "Put a backup in place of the database."),
    "login-link": ("portal.cli.admin", "login_link", "Print a link that signs in once."),
    "plugins": ("portal.cli.admin", "plugins", "List the installed plugins."),
}


class Lazy(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names, in the order of `COMMANDS`."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of this name."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `portal --help`, without importing any of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in COMMANDS.items()])


@click.group(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plumbline", prog_name="portal")
def main() -> None:
    """Plumbline: a service catalog with scorecards."""
