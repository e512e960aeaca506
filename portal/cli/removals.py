"""`portal removals`: what waits for approval, what went, and undoing either."""

from __future__ import annotations

import json
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from portal.api.v1.sources.removal_forms import held_removal, tombstone
from portal.cli.options import settings_options, settings_or_exit
from portal.cli.work import ask, opened_portal
from portal.config import Settings
from portal.db.ingest import buried, decisions, held
from portal.db.ingest.catalog_store import Store
from portal.db.state import Connection
from portal.instance import find
from portal.wiring import Portal, store_of
from portal.worker.requests import Lane, refresh_key

ACTOR = "command line"
MOST = 50
"""Tombstones that are listed."""


@click.group()
def removals() -> None:
    """Look at removals that wait for approval and at what went; approve, or undo."""


@removals.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@settings_options
def list_removals(as_json: bool, **options: Any) -> None:
    """List what waits for approval, and the entities that went last."""
    found = _listed(settings_or_exit(**options))
    if as_json:
        click.echo(json.dumps(found))
        return
    console = Console()
    for one in found["held"]:
        names = ", ".join(one["refs"][:5]) + (" …" if len(one["refs"]) > 5 else "")
        where = one["source"] or "the whole location"
        console.print(
            f"[bold]{one['id']}[/]  {len(one['refs'])} entities of {where}: {one['reason']} {names}"
        )
    if not found["held"]:
        console.print("Nothing waits for approval.")
    table = Table("Went", "Entity", "Why", "Who")
    for one in found["tombstones"]:
        table.add_row(one["removedAt"], one["ref"], one["reason"], one["actor"])
    if found["tombstones"]:
        console.print(table)


@removals.command("approve")
@click.argument("number", type=int)
@settings_options
def approve(number: int, **options: Any) -> None:
    """Let the removal with this NUMBER happen."""
    settings = settings_or_exit(**options)
    running = find(settings.data_dir)
    if running is not None:
        ask(running, "POST", f"/removals/{number}/approve")
    else:
        portal = opened_portal(settings)
        again = _write(portal, decisions.approve, number)
        if again is None:
            raise click.ClickException(f"there is no held removal {number}")
        for repository in again:
            portal.work.request(refresh_key(repository), Lane.PERSON)
    click.echo(f"removal {number} is approved: its entities go when their source is read next")


@removals.command("restore")
@click.argument("ref")
@settings_options
def restore(ref: str, **options: Any) -> None:
    """Serve the entity REF again that went, with its uid, until its file declares it again."""
    settings = settings_or_exit(**options)
    running = find(settings.data_dir)
    if running is not None:
        ask(running, "POST", "/tombstones/restore", params={"ref": ref})
    elif not _write(opened_portal(settings), decisions.restore, ref.lower()):
        raise click.ClickException(f"nothing of {ref} is kept that could be restored")
    click.echo(f"{ref} is served again")


def _listed(settings: Settings) -> dict[str, Any]:
    running = find(settings.data_dir)
    if running is not None:
        return {
            "held": ask(running, "GET", "/removals")["items"],
            "tombstones": ask(running, "GET", "/tombstones", params={"limit": MOST})["items"],
        }
    portal = opened_portal(settings)
    with portal.database.read() as connection:
        waiting = held.list_held(connection)
        gone = buried.list_tombstones(connection, limit=MOST).items
    return {
        "held": [held_removal(one) for one in waiting],
        "tombstones": [tombstone(one) for one in gone],
    }


def _write(portal: Portal, decide: Any, about: int | str) -> Any:
    store: Store = store_of(portal)
    connection: Connection
    with portal.database.write() as connection:
        return decide(store, connection, about, actor=ACTOR, now=portal.now())
