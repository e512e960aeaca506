"""`portal doctor`: what is wrong with this installation, each with what to do about it."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import click

from catalog.problems import Problem, Severity
from portal.cli.options import settings_options, settings_or_exit
from portal.config import Settings
from portal.db.collection import fetched
from portal.db.engine import open_database
from portal.db.evaluation import unanswerable
from portal.db.failures import is_damaged, is_unavailable, reason_of
from portal.db.integrity import integrity_fault
from portal.db.migrations import HEAD, current, is_newer
from portal.db.sources import locations
from portal.instance import find
from portal.use_cases.packs import states
from portal.use_cases.stopping import stopped_rules
from portal.wiring import Portal, open_portal
from portal.worker.systems.scheduled import Scheduled
from scorecards.collection.recipes import Recipe

LEAST_DISK = 0.05
"""Share of the disk that has to be free."""


class Finding(NamedTuple):
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    hint: str = ""


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@settings_options
def doctor(as_json: bool, **options: Any) -> None:
    """Look at everything the portal needs; exit with 1 when something is wrong."""
    settings = settings_or_exit(**options)
    findings = [finding for look in LOOKS for finding in _looked(look, settings)]
    if as_json:
        click.echo(json.dumps([finding._asdict() for finding in findings], indent=2))
    else:
        for finding in findings:
            mark = (
                click.style("ok   ", fg="green") if finding.ok else click.style("WRONG", fg="red")
            )
            click.echo(f"{mark} {finding.name}: {finding.detail}")
            if finding.hint and not finding.ok:
                click.echo(f"      {finding.hint}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


def _looked(look: Callable[[Settings], Iterator[Finding]], settings: Settings) -> Iterator[Finding]:
    """What one look finds, as far as it comes: the others go on without a database."""
    try:
        yield from look(settings)
    except Exception as error:
        if not is_unavailable(error):
            raise
        hint = "Run `portal restore`." if is_damaged(error) else "Is the server running?"
        yield Finding("database", False, reason_of(error), hint)


def _programs(_: Settings) -> Iterator[Finding]:
    version = sys.version.split()[0]
    yield Finding("python", sys.version_info >= (3, 11), version, "Install Python 3.11 or newer.")
    git = shutil.which("git")
    said = subprocess.run([git, "--version"], capture_output=True, text=True) if git else None
    yield Finding(
        "git", said is not None, said.stdout.strip() if said else "not found", "Install git."
    )
    yield Finding("sqlite", True, f"{sqlite3.sqlite_version}, one process owns the database")


def _data_directory(settings: Settings) -> Iterator[Finding]:
    path = settings.data_dir
    if not path.exists():
        yield Finding("data directory", True, f"{path} (not there yet)")
        return
    private = path.stat().st_mode & 0o077 == 0
    detail = f"{path}, for its owner only" if private else f"{path} can be read by others"
    yield Finding("data directory", private, detail, f"chmod 700 {path}")
    writable = os.access(path, os.W_OK)
    yield Finding("writable", writable, str(path), f"Give user {os.getuid()} access to {path}.")
    usage = shutil.disk_usage(path)
    share = usage.free / usage.total
    yield Finding("disk", share >= LEAST_DISK, f"{share:.0%} free", "Free some space.")
    instance = find(path)
    yield Finding("instance", True, f"running at {instance.url}" if instance else "not running")


def _database(settings: Settings) -> Iterator[Finding]:
    sqlite = settings.database.startswith("sqlite:///")
    if sqlite and not os.path.exists(settings.database.removeprefix("sqlite:///")):
        yield Finding("database", True, "not there yet; the first start makes it")
        return
    database = open_database(settings.database)
    revision = current(database)
    fits = revision == HEAD
    hint = (
        f"A later version made it: this one knows {HEAD}."
        if is_newer(revision)
        else f"Run `portal migrate` (to {HEAD})."
    )
    yield Finding("schema", fits, str(revision), hint)
    fault = integrity_fault(database)
    yield Finding("integrity", not fault, fault or "no fault found", "Run `portal restore`.")


def _parts(settings: Settings) -> Iterator[Finding]:
    portal: Portal = open_portal(settings)
    yield from map(_configured, portal.problems)
    yield Finding("plugins", True, ", ".join(plugin.name for plugin in portal.plugins))
    yield Finding("scorecards", True, ", ".join(s.name for s in portal.scorecards))
    for state in states(portal):
        if state.switch is not None:
            hint = f"Feed it, or switch it off. `portal packs {state.pack.name}` says with what."
            yield Finding(f"pack {state.pack.name}", not state.starves, state.words, hint)
    if not settings.data_dir.exists() or current(portal.database) != HEAD:
        return
    with portal.database.read() as connection:
        for location in locations.list_locations(connection):
            detail = f"{location.target}: {location.state}"
            yield Finding("location", location.state != "failed", detail, "See its problem.")
        runs = fetched.listed(connection)
        yield from (_fetch(one, runs.get(one.name)) for one in portal.scheduled)
        yield from map(_configured, stopped_rules(portal, connection))
        for entity in unanswerable.listed(connection):
            detail = f"{entity.ref} cannot be assessed: {entity.reason}"
            yield Finding("assessment", False, detail, "See the log.")


def _fetch(one: Scheduled, run: fetched.Fetch | None) -> Finding:
    """How facts were last fetched from another system."""
    name = f"facts {one.name}"
    if run is None or run.problem is None:
        detail = "not fetched yet" if run is None else f"{run.entities} entities asked about"
        return Finding(name, True, detail)
    detail = f"{run.failed} of {run.entities} entities: {run.problem.message}"
    is_recipe = isinstance(one.how, Recipe)
    hint = "Try it: `portal facts try`." if is_recipe else run.problem.hint
    return Finding(name, False, detail, hint)


def _configured(problem: Problem) -> Finding:
    """A problem of what the operator wrote, and where."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part)
    fine = problem.severity is not Severity.ERROR
    return Finding(
        "configuration", fine, f"{place}: " * bool(place) + problem.message, problem.hint
    )


LOOKS: tuple[Callable[[Settings], Iterator[Finding]], ...] = (
    _programs,
    _data_directory,
    _database,
    _parts,
)
