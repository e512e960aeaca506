"""`portal migrate`, `backup`, `restore`, `login-link`, `plugins`: for whoever runs the portal."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing, suppress
from pathlib import Path
from typing import IO, Any

import click

from portal.cli.login import new_login_link
from portal.cli.options import settings_options, settings_or_exit, show_problem
from portal.config import Auth, Settings
from portal.db.engine import open_database
from portal.db.migrations import migrate as migrate_database
from portal.instance import AlreadyRunning, acquire, find
from portal.wiring import open_portal


@click.command()
@settings_options
def migrate(**options: Any) -> None:
    """Bring the database to this version's schema: all of it, or nothing."""
    settings = settings_or_exit(**options)
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    before, after = migrate_database(open_database(settings.database))
    click.echo(f"schema {after}" if before == after else f"schema {before or 'empty'} → {after}")


@click.command()
@click.argument("target", type=click.Path(path_type=Path))
@settings_options
def backup(target: Path, **options: Any) -> None:
    """Copy the embedded database to the file TARGET, also while the portal is running.

    Beside it goes TARGET.sha256, which `portal restore` checks. On PostgreSQL use pg_dump.
    """
    path = _sqlite_path(settings_or_exit(**options))
    if not path.is_file():
        raise click.ClickException(f"there is no database at {path}")
    if target.exists():
        raise click.ClickException(f"{target} exists already")
    try:
        entities = _copied(path, target)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):
            target.unlink(missing_ok=True)  # half a copy is none
        reason = error.strerror if isinstance(error, OSError) else error
        raise click.ClickException(f"{path} cannot be copied to {target}: {reason}") from None
    target.with_name(target.name + ".sha256").write_text(f"{_digest(target)}  {target.name}\n")
    click.echo(f"{target}: {entities} entities, {target.stat().st_size} bytes")


@click.command()
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@settings_options
def restore(source: Path, **options: Any) -> None:
    """Put the backup SOURCE in place of the embedded database; the old one is kept beside it."""
    settings = settings_or_exit(**options)
    path = _sqlite_path(settings)
    checksum = source.with_name(source.name + ".sha256")
    if checksum.is_file() and checksum.read_text().split()[0] != _digest(source):
        raise click.ClickException(f"{source} does not match {checksum}: it is damaged")
    try:
        entities = _sound(source)
    except sqlite3.Error as error:
        raise click.ClickException(f"{source} is no backup, or damaged: {error}") from None
    try:
        with acquire(settings.data_dir):
            aside = _exchanged(source, path)
    except AlreadyRunning as running:
        raise click.ClickException(f"{running}; stop it first") from None
    except OSError as error:
        raise click.ClickException(f"{path} is as it was: {error}") from None
    click.echo(f"{path}: {entities} entities restored")
    if aside is not None:
        click.echo(f"what was there before: {aside}")


@click.command("login-link")
@settings_options
def login_link(**options: Any) -> None:
    """Print a link that signs in whoever opens it: once, within ten minutes."""
    settings = settings_or_exit(**options)
    running = find(settings.data_dir)
    if settings.auth is Auth.OPEN and running is not None:
        click.echo("This portal is open to everyone on this host: no sign-in is needed.", err=True)
    # The port may have been named where it was started, which no setting here knows.
    url = settings.base_url or (running.url if running else "")
    click.echo(new_login_link(open_portal(settings), url))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@settings_options
def plugins(as_json: bool, **options: Any) -> None:
    """List the installed plugins and what each adds."""
    portal = open_portal(settings_or_exit(**options))
    for problem in portal.plugin_problems:
        show_problem(problem)
    if as_json:
        click.echo(json.dumps([_plugin(p) for p in portal.plugins], indent=2))
    else:
        for plugin in portal.plugins:
            added = _plugin(plugin)
            click.echo(f"{plugin.name} {plugin.version}: {plugin.summary}")
            for kind in ("sources", "collectors", "scorecards"):
                if added[kind]:
                    click.echo(f"  {kind}: {', '.join(added[kind])}")
    sys.exit(1 if portal.plugin_problems else 0)


def _plugin(plugin: Any) -> dict[str, Any]:
    return {
        "name": plugin.name,
        "version": plugin.version,
        "summary": plugin.summary,
        "sources": [source.name for source in plugin.sources],
        "collectors": list(plugin.observers),
        "scorecards": [name for name, _ in plugin.scorecards],
    }


def _sqlite_path(settings: Settings) -> Path:
    kind, _, path = settings.database.partition(":///")
    if kind != "sqlite" or not path:
        raise click.ClickException("this is for the embedded database; on PostgreSQL use pg_dump")
    return Path(path)


def _exchanged(source: Path, path: Path) -> Path | None:
    """Put a copy of `source` at `path`; returns where that is now which was there before.

    The copy is whole before anything is moved: a portal that found no database would make an empty one.
    """
    copy = path.with_name(path.name + ".restoring")
    try:
        with source.open("rb") as old, _private(copy) as new:
            shutil.copyfileobj(old, new, 1 << 20)
            new.flush()
            os.fsync(new.fileno())
        aside = _set_aside(path)
        copy.replace(path)
    finally:
        copy.unlink(missing_ok=True)
    return aside


def _set_aside(path: Path) -> Path | None:
    """Give a database with the files of its log a name that nothing has; None where there is none."""
    parts = [part for part in ("", "-wal", "-shm") if path.with_name(path.name + part).exists()]
    if not parts:
        return None
    number = 1
    while [*path.parent.glob(f"{_aside(path, number).name}*")]:
        number += 1
    aside = _aside(path, number)
    for part in parts:
        path.with_name(path.name + part).replace(aside.with_name(aside.name + part))
    return aside


def _aside(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.before-restore-{number}")


def _private(path: Path) -> IO[bytes]:
    """A new file for its owner only, to be written. Raises `OSError`."""
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _copied(path: Path, target: Path) -> int:
    """Copy a database; how many entities the copy has. Raises `sqlite3.Error` and `OSError`."""
    _private(target).close()
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(target)) as copy:
        source.backup(copy)
    return _sound(target)


def _sound(path: Path) -> int:
    """How many entities a database has that is looked through for faults. Raises `sqlite3.Error`."""
    # Immutable: nobody writes to it, and no files of a write-ahead log are left beside it.
    with closing(sqlite3.connect(f"file:{path}?immutable=1", uri=True)) as database:
        verdict = database.execute("PRAGMA integrity_check").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
        entities: int = database.execute("SELECT count(*) FROM entities").fetchone()[0]
        return entities


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
