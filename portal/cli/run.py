"""`portal up`, `portal serve`, `portal worker`: the processes that stay."""

from __future__ import annotations

import errno
import os
import secrets
import signal
import socket
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from portal import logs, thrift
from portal.cli.login import sign_in_words
from portal.cli.options import settings_options, settings_or_exit, show_problem
from portal.config import Auth, Settings, StaticToken
from portal.instance import AlreadyRunning, Instance, acquire, publish
from portal.overseer import Overseer
from portal.renewal import Renewal
from portal.server import Service, say, start_engine
from portal.version import VERSION
from portal.wiring import Portal, open_portal, prepare

PATIENCE = 5.0
"""Seconds that an address is waited for."""


@click.command()
@settings_options
def up(**options: Any) -> None:
    """Migrate, serve and work, in one process: the embedded default.

    Without --source and --config it shows the sample organization.
    """
    logs.to_stderr()
    settings = settings_or_exit(**options)
    try:
        lock = acquire(settings.data_dir, wait=10)
    except AlreadyRunning as running:
        raise click.ClickException(str(running)) from None
    except OSError as error:
        place = f"{settings.data_dir} cannot be used by user {os.getuid()}"
        raise click.ClickException(f"{place}: {error.strerror}") from None
    token = secrets.token_urlsafe(32)
    own = StaticToken(token=token, subject="instance")
    settings = replace(settings, tokens=(*settings.tokens, own))
    with lock:
        _refuse_taken(settings)
        portal = open_portal(settings)
        _announce(portal)
        prepare(portal)
        if settings.auth is Auth.REQUIRED:
            say(f"  sign in:  {sign_in_words(portal, on_terminal=sys.stderr.isatty())}")
        portal.database.close()  # of connections a worker has its own
        publish(settings.data_dir, Instance(url=settings.url, token=token))
        service = Service(settings, works=True, opened=portal)
        Overseer(service, host=settings.host, port=settings.port, kept=[lock.fileno()]).run()


@click.command()
@settings_options
@click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True)
def serve(workers: int, **options: Any) -> None:
    """Serve only: one of several processes on one PostgreSQL database."""
    settings = _shared_settings(options)
    _refuse_taken(settings)
    service = Service(settings, works=False)
    Overseer(service, host=settings.host, port=settings.port, workers=workers).run()


@click.command()
@settings_options
def worker(**options: Any) -> None:
    """Work in the background only: one of several processes on one PostgreSQL database."""
    settings = _shared_settings(options)
    stop, awake = threading.Event(), threading.Event()

    def end(*_: object) -> None:
        stop.set()
        awake.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    thrift.start()
    while not stop.is_set():
        awake.clear()
        portal = open_portal(settings)
        prepare(portal)
        running = start_engine(portal, say)
        renewal = Renewal(portal, awake.set)
        renewal.start()
        say(f"working as {running.engine.settings.executor}")
        awake.wait()
        renewal.stop()
        running.stop()
        portal.database.close()


def _shared_settings(options: dict[str, Any]) -> Settings:
    logs.to_stderr()
    settings = settings_or_exit(**options)
    if settings.database.startswith("sqlite"):
        raise click.ClickException(
            "several processes need PostgreSQL: name it with --database "
            "postgresql://user@host/name, or use `portal up`, which is one process"
        )
    Path(settings.data_dir).mkdir(mode=0o700, parents=True, exist_ok=True)
    return settings


def _refuse_taken(settings: Settings) -> None:
    """End with a word where the address cannot be had, before it is announced as ours.

    The children of a portal that was killed listen for a moment longer.
    """
    deadline = time.monotonic() + PATIENCE
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    while True:
        try:
            with socket.socket(family) as tried:
                tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                tried.bind((settings.host, settings.port))
                return
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                place = f"{settings.host}:{settings.port}"
                hint = "choose another port with --port"
                raise click.ClickException(f"{place}: {error.strerror}; {hint}") from None
            time.sleep(0.2)


def _announce(portal: Portal) -> None:
    settings = portal.settings
    say(f"Plumbline {VERSION}")
    say(f"  data:     {settings.data_dir}")
    if settings.sample:
        say("  reading:  the sample organization (name your own with --source)")
    for source in settings.sources:
        say(f"  reading:  {source.target}")
    for problem in portal.problems:
        show_problem(problem)
    only = " (this host only)" if settings.is_loopback else ""
    say(f"  open:     {settings.url}{only}")
    sys.stderr.flush()
