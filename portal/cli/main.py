"""The command `portal`."""

from __future__ import annotations

import click

from portal.cli.lazy import Commands, Lazy

COMMANDS: Commands = {
    "up": ("portal.cli.run", "up", "Migrate, serve and work, in one process."),
    "serve": ("portal.cli.run", "serve", "Serve only; needs PostgreSQL."),
    "worker": ("portal.cli.run", "worker", "Work in the background only; needs PostgreSQL."),
    "ingest": ("portal.cli.work", "ingest", "Read locations again now."),
    "assess": ("portal.cli.work", "assess", "Collect facts and assess again now."),
    "removals": ("portal.cli.removals", "removals", "Look at removals, approve or undo them."),
    "explain": ("portal.cli.explain", "explain", "Say why something is (not) in the catalog."),
    "validate": ("portal.cli.validate", "validate", "Check descriptor files, offline."),
    "check": ("portal.cli.check", "check", "Print the scorecards of a checkout, offline."),
    "scorecard": ("portal.cli.scorecard", "scorecard", "Work on scorecards, offline and live."),
    "facts": ("portal.cli.facts", "facts", "Push facts that CI knows."),
    "config": ("portal.cli.config", "config", "Help to write a configuration."),
    "packs": ("portal.cli.packs", "packs", "List packs of checks, and what feeds them."),
    "migrate": ("portal.cli.admin", "migrate", "Bring the database to this version's schema."),
    "doctor": ("portal.cli.doctor", "doctor", "Say what is wrong with this installation."),
    "backup": ("portal.cli.admin", "backup", "Copy the embedded database while it is in use."),
    "restore": ("portal.cli.admin", "restore", "Put a backup in place of the database."),
    "login-link": ("portal.cli.admin", "login_link", "Print a link that signs in once."),
    "token": ("portal.cli.tokens", "token", "Make, list and revoke tokens of machines."),
    "plugins": ("portal.cli.admin", "plugins", "List the installed plugins."),
}


@click.group(cls=Lazy, table=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="plumbline", prog_name="portal")
def main() -> None:
    """Plumbline: a service catalog with scorecards."""
