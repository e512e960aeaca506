"""Hearing of new keys on PostgreSQL, so that a worker need not ask all the time."""

from __future__ import annotations

import logging
import threading

import psycopg

from portal.db.engine import Database
from portal.db.patience import TCP
from portal.db.work.pending import CHANNEL

RETRY = 5.0
"""Seconds after which a lost connection is tried again."""

log = logging.getLogger(__name__)


def hear(database: Database, woken: threading.Event, stopping: threading.Event) -> None:
    """Set `woken` whenever any process puts a key, until `stopping` is set.

    Hearing is a shortcut: what is missed while the connection is away is found by the poll.
    """
    url = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while not stopping.is_set():
        try:
            with psycopg.connect(url, autocommit=True, **TCP) as connection:
                connection.execute(f"LISTEN {CHANNEL}")
                while not stopping.is_set():
                    for _ in connection.notifies(timeout=1):
                        woken.set()
        except psycopg.OperationalError as error:
            log.warning("not hearing of new work: %s", error)
            stopping.wait(RETRY)
