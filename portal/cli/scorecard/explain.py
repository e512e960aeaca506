"""`portal scorecard explain`: why a check says what it says, with the facts behind it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from werkzeug.exceptions import HTTPException

from catalog.errors import RefError
from catalog.refs import parse_ref
from portal.api.v1.evaluation.explanations import explained
from portal.cli.checkout import assessed
from portal.cli.options import rules_or_exit
from portal.cli.scorecard.places import live_settings, place_options
from portal.cli.work import ask, opened_portal
from portal.config import Settings
from portal.instance import Instance, find
from portal.wiring import Portal

COLORS = {"pass": "green", "fail": "red", "unknown": "yellow", "error": "yellow"}


@click.command()
@click.argument("ref")
@click.argument("scorecard")
@click.argument("check", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print the explanations as JSON.")
@place_options
def explain(
    ref: str,
    scorecard: str,
    check: str | None,
    as_json: bool,
    source: Path | None,
    scorecards: tuple[Path, ...],
    **options: Any,
) -> None:
    """Say why SCORECARD, or one CHECK of it, says what it says about the entity REF.

    Works on the running portal, on its data while it does not run, or on a checkout.
    """
    try:
        canonical = str(parse_ref(ref, default_kind="component"))
    except RefError as error:
        raise click.ClickException(str(error)) from None
    wanted = None if check is None else [check]
    if source is not None:
        rules = rules_or_exit(options["configs"])
        with assessed(source, scorecards=scorecards, rules=rules) as (portal, _):
            found = _here(portal, canonical, scorecard, wanted)
    else:
        found = _live(live_settings(**options), canonical, scorecard, wanted)
    if as_json:
        click.echo(json.dumps(found))
    else:
        _print(found)


def _live(
    settings: Settings, ref: str, scorecard: str, checks: list[str] | None
) -> list[dict[str, Any]]:
    running = find(settings.data_dir)
    if running is None:
        return _here(opened_portal(settings), ref, scorecard, checks)
    return _asked(running, ref, scorecard, checks)


def _asked(
    running: Instance, ref: str, scorecard: str, checks: list[str] | None
) -> list[dict[str, Any]]:
    entity = f"/entities/{ref.replace(':', '/', 1)}/scorecards"
    if checks is None:
        cards = ask(running, "GET", entity)
        checks = [
            c["check"] for card in cards if card["scorecard"] == scorecard for c in card["checks"]
        ]
        if not checks:
            raise click.ClickException("the scorecard does not apply to the entity, or not yet")
    return [ask(running, "GET", f"{entity}/{scorecard}/checks/{check}/explain") for check in checks]


def _here(
    portal: Portal, ref: str, scorecard: str, checks: list[str] | None
) -> list[dict[str, Any]]:
    with portal.database.read() as connection:
        try:
            return explained(portal, connection, ref, scorecard, checks)
        except HTTPException as refused:
            raise click.ClickException(refused.description or "it cannot be explained") from None


def _print(found: list[dict[str, Any]]) -> None:
    for one in found:
        head, *rest = one["words"]
        click.secho(f"{one['check']}  {head}", fg=COLORS.get(one["outcome"]), bold=True)
        for line in rest:
            click.echo(f"  {line}")
