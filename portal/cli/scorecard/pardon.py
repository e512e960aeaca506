"""`portal scorecard pardon`: try rules again that are not run any more."""

from __future__ import annotations

from typing import Any

import click

from portal.cli.options import settings_options, settings_or_exit
from portal.cli.work import ask, opened_portal
from portal.config import Settings
from portal.instance import find
from portal.use_cases.stopping import pardon as pardon_rules
from portal.worker.requests import ASSESS, Lane


@click.command()
@click.argument("name")
@settings_options
def pardon(name: str, **options: Any) -> None:
    """Try the rules of the scorecard NAME again that took too long or too much memory.

    Those that do so again are stopped again.
    """
    pardoned = _pardoned(settings_or_exit(**options), name)
    for expression in pardoned:
        click.echo(f"{expression} is tried again")
    if not pardoned:
        click.echo(f"every rule of {name} is run")


def _pardoned(settings: Settings, name: str) -> list[str]:
    running = find(settings.data_dir)
    if running is not None:
        answer: list[str] = ask(running, "POST", f"/scorecards/{name}/pardon")["pardoned"]
        return answer
    portal = opened_portal(settings)
    card = portal.cards.get(name)
    if card is None:
        raise click.ClickException(f"there is no scorecard {name}")
    with portal.database.write() as connection:
        pardoned = pardon_rules(portal, connection, card)
    portal.work.request(ASSESS, Lane.PERSON)
    return pardoned
