"""Hosts: whom one waits for who reads a location or a repository."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from sqlalchemy import Connection

from portal.db import bulk
from portal.db.tables import locations, repositories

_SHORT = re.compile(r"(?:[^/@:]+@)?([^/@:]+):(?!//)")
"""As git writes an address for SSH: `git@github.com:acme/shop.git`."""


def of_locations(connection: Connection, ids: Collection[str]) -> dict[str, str]:
    """By id of each of these locations; '' for one on this machine."""
    columns = (locations.c.id, locations.c.type, locations.c.target)
    rows = bulk.pick(connection, columns, locations.c.id, ids)
    return {id_: host_of(target) if kind == "url" else "" for id_, kind, target in rows}


def of_repositories(connection: Connection, ids: Collection[int]) -> dict[int, str]:
    """By id of each of these repositories; '' for one on this machine."""
    rows = bulk.pick(connection, (repositories.c.id, repositories.c.url), repositories.c.id, ids)
    return {id_: host_of(url) for id_, url in rows}


def host_of(address: str) -> str:
    """The host in a URL or a git address; '' where there is none."""
    if "://" in address:
        try:
            return urlsplit(address).netloc.rpartition("@")[2].lower()
        except ValueError:
            return ""
    short = _SHORT.match(address)
    return short[1].lower() if short else ""
