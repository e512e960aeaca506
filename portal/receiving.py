"""Receiving: a delivery of a webhook becomes keys in the queue, and nothing else.

A forge waits ten seconds and does not ask again, so nothing is read here; what is answered with
"accepted" is committed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from catalog.locations import web_url
from plugins.hooks import Delivery, Ignored, Malformed, Touched, Unsigned
from plugins.hooks import receive as read_delivery
from portal.config.hooking import Hook
from portal.db import touched
from portal.db.state import Connection
from portal.wiring import Portal
from portal.worker.requests import Lane, ingest_key, refresh_key


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """What is to be read anew is committed."""

    keys: tuple[str, ...]
    """At least one."""


Received: TypeAlias = Accepted | Ignored | Malformed | Unsigned


def hook_named(portal: Portal, name: str) -> Hook | None:
    """The webhook that the configuration calls so; None: there is none, or none with a secret."""
    return next((hook for hook in portal.settings.hooks if hook.name == name), None)


def receive(portal: Portal, hook: Hook, delivery: Delivery) -> Received:
    """Ask for what a delivery is about to be read anew."""
    said = read_delivery(hook.type, delivery, secrets=hook.secrets, now=portal.now())
    if not isinstance(said, Touched):
        return said
    urls = _within(hook, said.repositories)
    if not urls:
        return Ignored(why=f"It is about nothing below {hook.url}")
    with portal.database.read() as connection:
        keys = _keys(connection, urls, said)
    if not keys:
        return Ignored(why="Nothing that the portal knows has to be read anew")
    portal.work.request_anew(keys, Lane.EVENT)
    return Accepted(keys=keys)


def _within(hook: Hook, named: Iterable[str]) -> list[str]:
    """The web URLs of those that the hook may speak for, each once."""
    parts = urlsplit(hook.url)
    home = f"{parts.scheme}://{parts.netloc}"
    urls = dict.fromkeys(web_url(f"{home}{one}" if one.startswith("/") else one) for one in named)
    return [url for url in urls if f"{url}/".lower().startswith(f"{hook.url}/".lower())]


def _keys(connection: Connection, urls: Sequence[str], said: Touched) -> tuple[str, ...]:
    at = said.revision
    ids = [id_ for url in urls for id_ in touched.repositories_at(connection, url, but_at=at)]
    listings = touched.listings_over(connection, urls) if said.listed else []
    return tuple(dict.fromkeys([*map(refresh_key, ids), *map(ingest_key, listings)]))
