"""Rationing: what anybody may have done ahead of other work, so that nobody keeps it from the others.

Whoever presses a button waits, and what they ask for goes first; a script that presses it for every
entity would be served before everybody, and use up what forges let the portal ask.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from portal.db.state import Connection
from portal.db.work import rations
from portal.db.work.rations import Ration
from portal.wiring import Portal
from portal.worker.requests import hosts_of

FOR_ONE = Ration(most=30, every=timedelta(seconds=2))
"""Of somebody: more than hands do, and few enough that the lane is free again within a minute."""

ABOUT_ONE = Ration(most=60, every=timedelta(seconds=10))
"""About a host, whoever asks: 360 an hour. What a forge is asked about one repository is about ten
requests, and GitHub's limit is 5,000 an hour."""

OF_ALL = Ration(most=2, every=timedelta(minutes=5))
"""Of runs over all that a system knows something about, whoever asks. Each asks it as much as its schedule
does: one more, for who has mended what made the first fail, and then no more than the shortest schedules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class TooOften:
    """It is not done now; nothing of it is."""

    why: str
    """A sentence for who asked."""
    seconds: int
    """After which it may be asked for again; at least 1."""


def take(portal: Portal, connection: Connection, keys: Iterable[str], by: str) -> TooOften | None:
    """Count what somebody asks for, which these keys stand for; None: it may be done.

    `by` is who asks: a name, or an address. The connection is in a write transaction.
    """
    hosts = Counter(host for host in hosts_of(connection, [*keys]).values() if host)
    wanted = {f"host:{host}": (ABOUT_ONE, number) for host, number in hosts.items()}
    return _take(portal, connection, wanted, by)


def take_run(portal: Portal, connection: Connection, name: str, by: str) -> TooOften | None:
    """Count that somebody asks for a run over all that a system is asked about; None: it may be done.

    `name` is that of its runs; the rest is as of `take`.
    """
    return _take(portal, connection, {f"run:{name}": (OF_ALL, 1)}, by)


def _take(
    portal: Portal, connection: Connection, wanted: dict[str, tuple[Ration, int]], by: str
) -> TooOften | None:
    """Take these rations, and one of who asks."""
    wanted[f"by:{by}"] = (FOR_ONE, 1)
    lacks = rations.take(connection, wanted, now=portal.now())
    if lacks is None:
        return None
    name, wait = lacks
    seconds = max(1, math.ceil(wait.total_seconds()))
    kind, _, whose = name.partition(":")
    match kind:
        case "by":
            what = f"You have asked for {FOR_ONE.most} things in a short time."
        case "run":
            what = f"{whose} has been asked about everything {OF_ALL.most} times in a short time."
        case _:
            what = f"Much has been asked of {whose} in a short time."
    why = f"{what} Ask again in {seconds} s; what was asked for goes on, and the rest on its schedule."
    return TooOften(why=why, seconds=seconds)
