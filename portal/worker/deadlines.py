"""Deadlines: what comes to its end by itself, with no one asking for it."""

from __future__ import annotations

from portal.db import exemptions
from portal.worker.jobs import Tools


def meet(tools: Tools) -> bool:
    """End what has come to its time; returns whether entities were marked for assessment.

    A look without anything to do only reads. Several processes may look at the same time.
    """
    now = tools.now()
    with tools.database.read() as connection:
        if not exemptions.has_due(connection, now=now):
            return False
    with tools.database.write() as connection:
        return exemptions.expire(connection, now=now) > 0
