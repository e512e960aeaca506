"""`portal ingest` and `portal assess`: ask for work, of the running portal or here and now."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import click
import requests
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from catalog.problems import Problem
from portal.cli.options import settings_options, settings_or_exit, show_problem
from portal.config import Settings
from portal.db.migrations import migrate
from portal.db.sources import locations
from portal.db.work import marks, pending
from portal.instance import AlreadyRunning, Instance, acquire, find
from portal.pool import Pool
from portal.wiring import Portal, open_portal, prepare, tools_of
from portal.worker import jobs, listings, publishing
from portal.worker.assessment import assessing
from portal.worker.requests import ingest_key

PATIENCE = 5.0
"""Seconds that another command which works on the database is waited for."""


@click.command()
@click.argument("location", required=False)
@click.option("--wait", is_flag=True, help="Return when it is done.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@settings_options
def ingest(location: str | None, wait: bool, as_json: bool, **options: Any) -> None:
    """Read every location again, or the one that LOCATION names (its id or its target)."""
    settings = settings_or_exit(**options)
    running = find(settings.data_dir)
    if running is not None:
        wanted = [
            item["id"]
            for item in ask(running, "GET", "/locations")["items"]
            if location in (None, item["id"], item["target"])
        ]
        _needs(wanted, location)
        tickets = [ask(running, "POST", f"/locations/{i}/refresh")["ticket"] for i in wanted]
        _wait_for(running, tickets if wait else [])
        _print({"requested": wanted}, as_json, f"{len(wanted)} locations will be read")
        return
    portal = prepared_portal(settings)
    with portal.database.read() as connection:
        found = locations.list_locations(connection)
    wanted = [item.id for item in found if location in (None, item.id, item.target)]
    _needs(wanted, location)
    _print(*_ingest_here(portal, wanted, as_json))


@click.command()
@click.argument("ref", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
@settings_options
def assess(ref: str | None, as_json: bool, **options: Any) -> None:
    """Collect facts and assess again: everything, or the entity REF (`component:default/name`)."""
    settings = settings_or_exit(**options)
    running = find(settings.data_dir)
    if running is not None:
        path = f"/entities/{ref.replace(':', '/', 1)}/refresh" if ref else "/assessments"
        ask(running, "POST", path)
        _print({"requested": ref or "all"}, as_json, f"{ref or 'everything'} will be assessed")
        return
    portal = prepared_portal(settings)
    with portal.database.write() as connection:
        if ref is None:
            marks.mark_all(connection)
        elif not marks.mark_one(connection, ref.lower()):
            raise click.ClickException(f"there is no entity {ref}")
    done = _assess_here(portal, as_json)
    _print({"assessed": done}, as_json, f"{done} entities assessed")


def opened_portal(settings: Settings) -> Portal:
    """The portal itself, when nobody else runs it: this process holds the lock until it ends.

    What is registered and published is the business of who serves: this command may be given less of the
    configuration than they are, and changes nothing by that.
    """
    if settings.database.startswith("sqlite"):
        try:
            owned = acquire(settings.data_dir, wait=PATIENCE)
        except AlreadyRunning as running:
            raise click.ClickException(str(running)) from None
        click.get_current_context().with_resource(owned)
    portal = open_portal(settings)
    migrate(portal.database)
    return portal


def prepared_portal(settings: Settings) -> Portal:
    """The same, with everything registered and published that the settings name."""
    portal = opened_portal(settings)
    prepare(portal)
    if settings.scorecard_repositories and _scorecards_changed(portal):
        portal.database.close()
        portal = open_portal(settings)
        prepare(portal)
    return portal


def _scorecards_changed(portal: Portal) -> bool:
    pool = Pool(0)
    try:
        return publishing.read_scorecards(tools_of(portal, pool))
    finally:
        pool.close()


def _ingest_here(portal: Portal, ids: list[str], quiet: bool) -> tuple[Any, bool, str]:
    pool = Pool(2)
    tools = tools_of(portal, pool)
    totals = {"repositories": 0, "added": 0, "changed": 0, "removed": 0, "rejected": 0}
    with _progress(quiet) as progress:
        for id_ in ids:  # grows by what the Locations that are read lead to
            found = listings.due(tools, [id_]) if listings.look(tools, id_) else []
            reading = jobs.ingest_all(tools, found)
            for _, done in progress.track(reading, total=len(found), description="reading"):
                ids += done.linked
                totals["repositories"] += 1
                for name in ("added", "changed", "removed", "rejected"):
                    totals[name] += getattr(done, name)
            totals["removed"] += jobs.settle(tools, id_)
    kept = {ingest_key(id_) for id_ in ids}
    with portal.database.write() as connection:
        for promise in pending.waiting(connection):
            if promise.key in kept:
                pending.done(connection, promise.key, promise.ticket)
    assessed = _assess_here(portal, quiet, pool)
    pool.close()
    words = ", ".join(f"{count} {name}" for name, count in totals.items())
    return {**totals, "assessed": assessed}, quiet, f"{words}, {assessed} assessed"


def _assess_here(portal: Portal, quiet: bool, pool: Pool | None = None) -> int:
    tools = tools_of(portal, pool or Pool(2))
    total = 0
    with _progress(quiet) as progress:
        task = progress.add_task("assessing", total=None)
        while done := assessing.assess_round(tools):
            total += done
            progress.update(task, description=f"assessing: {total} entities")
    if pool is None:
        tools.pool.close()
    return total


def _progress(quiet: bool) -> Progress:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    return Progress(*columns, disable=quiet or not sys.stderr.isatty(), transient=True)


def ask(running: Instance, method: str, path: str, *, about: str = "", **more: Any) -> Any:
    """What the running portal answers; ends the command where it refuses, with what it found.

    `about` is the file that was sent.
    """
    try:
        answer = requests.request(
            method,
            f"{running.url}/api/v1{path}",
            headers={"Authorization": f"Bearer {running.token}"},
            timeout=30,
            **more,
        )
    except requests.RequestException as error:
        raise click.ClickException(
            f"the portal at {running.url} does not answer: {error}"
        ) from None
    if not answer.ok:
        said = answer.json() if "json" in answer.headers["Content-Type"] else {}
        show_faults(said.get("errors", ()), about)
        raise click.ClickException(said.get("detail") or f"{answer.status_code} {answer.reason}")
    return answer.json() if answer.content else None


def show_faults(errors: Iterable[Mapping[str, Any]], file: str) -> None:
    """Those of a refusal's errors that have a place in the file, each with what to do."""
    for error in errors:
        if error.get("line"):
            show_problem(
                Problem(
                    code=error["code"],
                    message=error["detail"],
                    hint=error.get("hint", ""),
                    file=file,
                    line=error["line"],
                    column=error["column"],
                )
            )


def _wait_for(running: Instance, tickets: list[str]) -> None:
    """Wait until the work that the tickets name is done."""
    for ticket in tickets:
        while ask(running, "GET", f"/work/{ticket}")["pending"]:
            time.sleep(0.2)


def _needs(wanted: list[str], location: str | None) -> None:
    if not wanted and location is not None:
        raise click.ClickException(f"no location has the id or target {location}")


def _print(data: Any, as_json: bool, words: str) -> None:
    click.echo(json.dumps(data) if as_json else words)
