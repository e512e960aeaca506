"""`portal scorecard`: work on rules before and after they are published."""

from __future__ import annotations

import click

from portal.cli.lazy import Commands, Lazy

COMMANDS: Commands = {
    "lint": ("portal.cli.scorecard.lint", "lint", "Find mistakes in scorecard files, offline."),
    "test": ("portal.cli.scorecard.test", "test", "Run the tests that checks carry, offline."),
    "explain": ("portal.cli.scorecard.explain", "explain", "Say why a check says what it says."),
    "simulate": ("portal.cli.scorecard.simulate", "simulate", "Say what a changed rule would do."),
    "diff": ("portal.cli.scorecard.diff", "diff", "Compare two definitions of a scorecard."),
    "pardon": ("portal.cli.scorecard.pardon", "pardon", "Try rules again that were stopped."),
    "import": ("portal.cli.scorecard.importing", "import_", "Translate Tech Insights checks."),
}


@click.group(cls=Lazy, table=COMMANDS)
def scorecard() -> None:
    """Check, test, explain, simulate, compare, pardon and import scorecards."""
