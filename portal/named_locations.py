"""Named locations: what the command line and the config tell the portal to read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import urlsplit

from catalog.ingest.removal import RemovalPolicy
from plugins.contract import ReadingRule
from portal.config import Settings
from portal.db.ingest import held, registrations
from portal.db.ingest.catalog_store import Store
from portal.db.sources import locations
from portal.db.state import Connection
from portal.sample.builder import build as build_sample


def allowed_by_command(settings: Settings) -> Iterator[ReadingRule]:
    """Who names a URL on the command line has allowed its host."""
    for source in settings.sources:
        parts = urlsplit(source.target)
        if source.origin == "command" and parts.scheme in ("http", "https") and parts.netloc:
            yield ReadingRule(host=parts.netloc.rpartition("@")[2].lower())


def bring_in_line(
    store: Store, connection: Connection, settings: Settings, *, now: datetime
) -> list[str]:
    """Register what the settings name, and let go what a config named before; returns location ids.

    The sample organization never enters a catalog that reads something else. What a command line
    named once is kept, unmanaged (removal policy D6).
    """
    real = any(row.origin != "sample" for row in locations.list_locations(connection))
    named = [
        registrations.register(connection, type=kind, target=target, origin=origin, now=now)
        for kind, target, origin in _sources(settings)
        if not (origin == "sample" and real)
    ]
    # A start without a config says nothing about what a config names.
    if settings.rules is not None:
        _let_go(store, connection, named, RemovalPolicy(grace=settings.removal_grace), now=now)
    registrations.declare(store, connection, now=now)
    return named


def _sources(settings: Settings) -> list[tuple[str, str, str]]:
    if settings.sample:
        return [("file", str(build_sample(settings.data_dir / "repositories")), "sample")]
    return [(source.type, source.target, source.origin) for source in settings.sources]


def _let_go(
    store: Store,
    connection: Connection,
    named: Sequence[str],
    policy: RemovalPolicy,
    *,
    now: datetime,
) -> None:
    """Let go what the config no longer names; what is too much waits for somebody to approve of it."""
    for row in locations.list_locations(connection):
        if row.origin != "config" or row.id in named:
            continue
        ids = registrations.served(connection, row.id)
        if len(ids) > policy.limit(len(ids)):
            reason = "The config no longer names the location."
            held.hold(connection, row.id, "", ids, reason=reason, now=now)
        else:
            registrations.unregister(store, connection, [row.id], now=now, actor="")
